// DANE for mx-connect, from lookups validated by Waxseal: mxConnect({ target, dane: createDane(waxseal) }), and after the
// handshake `judge(mx, socket)`. See docs/other-mail-servers.md.
'use strict'

const crypto = require('node:crypto')

/** @param waxseal what `createWaxseal` of the package made */
exports.createDane = (waxseal) => ({
  enabled: true,

  /** TLSA records that are secure, and usable for SMTP (RFC 7672 §3.1); none where they, or the addresses, are absent or not signed. */
  async resolveTlsa(name) {
    if (!(await hasSecureAddresses(waxseal, name.replace(/^_\d+\._tcp\./, '')))) return [] // RFC 7672 §2.2.2
    const found = await lookUp(waxseal, name, 'TLSA')
    if (found.kind !== 'answer' || found.status !== 'secure') return []
    const records = found.records.map(({ rdata }) => readTlsa(rdata)).filter((record) => record !== undefined)
    if (records.length > 0) return records
    // mx-connect would take records of which it knows nothing for a match, or for none at all: better that mail waits.
    throw new Error(`${name}: no TLSA record can be used`)
  },
})

async function hasSecureAddresses(waxseal, host) {
  const found = await Promise.all(['A', 'AAAA'].map((type) => lookUp(waxseal, host, type)))
  const answers = found.filter(({ kind }) => kind === 'answer')
  return answers.length > 0 && answers.every(({ status }) => status === 'secure')
}

/**
 * Undefined, or why no mail must go over this connection, once it is secured. mx-connect's own verifier knows no keys
 * (selector 1), and Node asks it only about certificates that an authority vouches for.
 */
exports.judge = ({ hostname, tlsaRecords }, socket) => {
  if (!tlsaRecords || tlsaRecords.length === 0) return undefined
  // Not getPeerX509Certificate: with that Node forgets the certificate, and a connection may be used again.
  const { raw } = socket.getPeerCertificate?.() ?? {}
  if (raw === undefined) return new Error(`${hostname} shows no certificate, and must`)
  const certificate = new crypto.X509Certificate(raw)
  if (tlsaRecords.some((record) => matches(record, certificate))) return undefined
  return new Error(`${hostname}: its certificate matches none of its DANE-EE records`)
}

/** DANE-EE alone (RFC 7672 §3.1.1): for DANE-TA the chain has to be built, which cannot be done here. */
function matches({ usage, selector, mtype, data }, certificate) {
  if (usage !== 3) return false
  const part = selector === 0 ? certificate.raw : certificate.publicKey.export({ type: 'spki', format: 'der' })
  const digest = [undefined, 'sha256', 'sha512'][mtype]
  const shown = digest === undefined ? part : crypto.createHash(digest).update(part).digest()
  return Buffer.compare(shown, data) === 0
}

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
