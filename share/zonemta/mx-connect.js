// DANE for mx-connect, from lookups validated by Waxseal: mxConnect({ target, dane: createDane(waxseal) }).
'use strict'

/** @param waxseal what `createWaxseal` of the package made */
exports.createDane = (waxseal) => ({
  enabled: true,

  /** TLSA records that are secure, and usable for SMTP (RFC 7672 §3.1); none where they are proved absent or not signed. */
  async resolveTlsa(name) {
    const found = await lookUp(waxseal, name, 'TLSA')
    if (found.kind !== 'answer' || found.status !== 'secure') return []
    const records = found.records.map(({ rdata }) => readTlsa(rdata)).filter((record) => record !== undefined)
    if (records.length > 0) return records
    // mx-connect would take records of which it knows nothing for a match, or for none at all: better that mail waits.
    throw new Error(`${name}: no TLSA record can be used`)
  },

  /** Whether the addresses of a host are secure: without that its TLSA records count for nothing. RFC 7672 §2.2.2 */
  async checkDnssecSecure(host) {
    const found = await Promise.all(['A', 'AAAA'].map((type) => lookUp(waxseal, host, type)))
    const answers = found.filter(({ kind }) => kind === 'answer')
    return { secure: answers.length > 0 && answers.every(({ status }) => status === 'secure') }
  },
})

/** A lookup that fails is never "no records": it throws, and mx-connect holds the mail back. */
async function lookUp(waxseal, name, type) {
  const found = await waxseal.resolve(name, type)
  if (found.kind !== 'failure') return found
  throw Object.assign(new Error(`${name} ${type}: ${found.reason}`), { code: 'ESERVFAIL' })
}

const digestOctets = { 1: 32, 2: 64 }

/** As Node's own resolveTlsa has them. mx-connect would match usages 0 and 1, and any digest that it does not know. */
function readTlsa(data) {
  const [usage, selector, matchingType, ...rest] = data
  const association = Buffer.from(rest)
  const isUsable =
    (usage === 2 || usage === 3) &&
    (selector === 0 || selector === 1) &&
    (matchingType === 0 ? association.length > 0 : association.length === digestOctets[matchingType])
  if (!isUsable) return undefined
  return {
    certUsage: usage,
    usage,
    selector,
    match: matchingType,
    mtype: matchingType,
    data: association,
    cert: association,
  }
}
