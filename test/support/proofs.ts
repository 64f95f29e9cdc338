import { base32hex } from '../../src/core/dns/base32hex.ts'
import type { Nsec3Parameters } from '../../src/core/dns/rdata/records.ts'
import { nsec3Hash } from '../../src/core/dnssec/nsec3.ts'
import type { VerifiedRrset } from '../../src/core/dnssec/signature.ts'
import { verifiedBy } from './dnssec-vectors.ts'
import { makeKey, nameOf, rrsetOf, signRrset } from './sign.ts'

const key = makeKey(15)

/** An RRset in zone text as the key of its zone signed it. */
export function verified(text: string, zone = 'example.'): VerifiedRrset {
  return verifiedBy(signRrset(rrsetOf(text), key, nameOf(zone)), { zone, keys: [key] })
}

export interface Nsec3Text {
  readonly zone?: string
  readonly types?: string
  readonly flags?: number
  readonly iterations?: number
  /** In hexadecimal. */
  readonly salt?: string
  readonly hashAlgorithm?: number
}

/** An NSEC3 record at a name, whose next owner is `next`, or what comes right after it. */
export function nsec3At(name: string, next: string | undefined, given: Nsec3Text = {}): VerifiedRrset {
  const from = hashOf(name, given)
  return nsec3(from, next === undefined ? neighbour(from, 1) : hashOf(next, given), given)
}

/** The smallest NSEC3 record that covers a name. RFC 7129 Appendix B */
export function nsec3Around(name: string, given: Nsec3Text = {}): VerifiedRrset {
  const hash = hashOf(name, given)
  return nsec3(neighbour(hash, -1), neighbour(hash, 1), { types: 'A RRSIG', ...given })
}

function nsec3(from: Uint8Array, next: Uint8Array, given: Nsec3Text): VerifiedRrset {
  const { zone = 'example.', types = '', flags = 0, iterations = 0, salt = '', hashAlgorithm = 1 } = given
  const fields = `${hashAlgorithm} ${flags} ${iterations} ${salt === '' ? '-' : salt} ${base32hex(next)} ${types}`
  return verified(`${base32hex(from)}.${zone === '.' ? '' : zone} NSEC3 ${fields}`, zone)
}

function hashOf(name: string, { salt = '', iterations = 0 }: Nsec3Text): Uint8Array {
  const parameters: Pick<Nsec3Parameters, 'salt' | 'iterations'> = { salt: Buffer.from(salt, 'hex'), iterations }
  return nsec3Hash(nameOf(name), parameters)
}

/** The hash before or after; the last octet of a hash may wrap, which no test name's does. */
function neighbour(hash: Uint8Array, step: number): Uint8Array {
  const last = hash.at(-1) ?? 0
  if (last + step < 0 || last + step > 255) throw new Error('choose another name')
  return Uint8Array.from(hash, (octet, at) => (at === hash.length - 1 ? octet + step : octet))
}
