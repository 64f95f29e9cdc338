import { hex } from '../dns/octets.ts'
import type { TlsaFields } from '../dns/rdata/records.ts'
import { accept, type Result, refuse } from '../result.ts'
import { parseCertificate, parseSpki } from '../x509/certificate.ts'

/** A TLSA record as published, whether or not we can use it. RFC 6698 §2.1 */
export type Tlsa = TlsaFields

/** A record that we can match with on port 25: DANE-TA or DANE-EE, well formed. RFC 7672 §3.1 */
export interface UsableTlsa extends TlsaFields {
  readonly usage: 2 | 3
  readonly selector: 0 | 1
  readonly matchingType: 0 | 1 | 2
}

/** Digests by the names that they have beyond TLSA, the stronger first: the default order of RFC 7671 §9. */
export const digests = ['sha2-512', 'sha2-256'] as const
export type Digest = (typeof digests)[number]

const typeOfDigest = { 'sha2-256': 1, 'sha2-512': 2 } as const satisfies Record<Digest, 1 | 2>

/** Octets that a digest of each matching type has. RFC 6698 §2.1.3 */
const digestOctets = { 1: 32, 2: 64 } as const

/** Why a record cannot be used; undefined when it can. RFC 6698 §4.1, RFC 7672 §3.1.3 */
export function whyUnusable(record: Tlsa): string | undefined {
  const { usage, selector, matchingType, data } = record
  if (usage === 0 || usage === 1) return `usage ${usage} has no meaning for SMTP`
  if (usage !== 2 && usage !== 3) return `usage ${usage} is unknown`
  if (selector !== 0 && selector !== 1) return `selector ${selector} is unknown`
  if (matchingType !== 0 && matchingType !== 1 && matchingType !== 2) return `matching type ${matchingType} is unknown`
  if (data.length === 0) return 'it has no data'
  if (matchingType === 0) return wholeFault(selector, data)
  const octets = digestOctets[matchingType]
  return data.length === octets ? undefined : `its digest has ${data.length} octets, not ${octets}`
}

function wholeFault(selector: 0 | 1, data: Uint8Array): string | undefined {
  if (selector === 1) return parseSpki(data) === undefined ? 'its data is no public key' : undefined
  return parseCertificate(data) === undefined ? 'its data is no certificate' : undefined
}

export function isUsable(record: Tlsa): record is UsableTlsa {
  return whyUnusable(record) === undefined
}

/**
 * The records to match with: the usable ones, and of digests those preferred of each usage and selector. RFC 7671 §9
 *
 * Full data is always kept. Malformed records are dropped first, so that they displace no good one.
 */
export function selectUsable(records: readonly Tlsa[], preferred: Digest = digests[0]): UsableTlsa[] {
  const best = typeOfDigest[preferred]
  const usable = records.filter(isUsable)
  return usable.filter(({ usage, selector, matchingType }) => {
    if (matchingType === 0 || matchingType === best) return true
    return !usable.some((other) => other.usage === usage && other.selector === selector && other.matchingType === best)
  })
}

/** `3 1 1 4793aa…`, one line, lower case. RFC 6698 §2.2 */
export function formatTlsa({ usage, selector, matchingType, data }: Tlsa): string {
  return `${usage} ${selector} ${matchingType} ${hex(data)}`
}

export type TlsaFault = 'missing-field' | 'number' | 'hex' | 'no-data'

/** RFC 7218 §2 */
const acronyms: readonly ReadonlyMap<string, number>[] = [
  mapOf({ 'pkix-ta': 0, 'pkix-ee': 1, 'dane-ta': 2, 'dane-ee': 3, privcert: 255 }),
  mapOf({ cert: 0, spki: 1, privsel: 255 }),
  mapOf({ full: 0, 'sha2-256': 1, 'sha2-512': 2, privmatch: 255 }),
]

/** Reads the text form; white space and parentheses may stand inside the data. RFC 6698 §2.2, RFC 7218 §2 */
export function parseTlsa(text: string): Result<Tlsa, TlsaFault> {
  const words = [...text.matchAll(/[^\s()]+/g)].map((match) => ({ text: match[0], at: match.index }))
  const numbers: number[] = []
  for (const acronym of acronyms) {
    const word = words.shift()
    if (word === undefined) return refuse('missing-field', text.length)
    const value = /^\d{1,3}$/.test(word.text) ? Number(word.text) : acronym.get(word.text.toLowerCase())
    if (value === undefined || value > 255) return refuse('number', word.at)
    numbers.push(value)
  }
  const first = words[0]
  if (first === undefined) return refuse('no-data', text.length)
  const digits = words.map((word) => word.text).join('')
  if (!/^(?:[0-9a-fA-F]{2})+$/.test(digits)) return refuse('hex', first.at)
  const [usage = 0, selector = 0, matchingType = 0] = numbers
  return accept({ usage, selector, matchingType, data: Buffer.from(digits, 'hex') })
}

/** An object would also find what every object inherits, such as `constructor`. */
function mapOf(values: Readonly<Record<string, number>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(values))
}
