import { base32hex } from '../../src/core/dns/base32hex.ts'
import { compareOctets } from '../../src/core/dns/octets.ts'
import { writeNsec, writeNsec3 } from '../../src/core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../src/core/dns/types.ts'
import { nsec3Hash } from '../../src/core/dnssec/nsec3.ts'
import type { VerifiedRrset } from '../../src/core/dnssec/signature.ts'
import {
  compareNames,
  isAtOrBelow,
  isBelow,
  type Name,
  prependLabels,
  withoutLabels,
} from '../../src/core/name/name.ts'
import { formatName } from '../../src/core/name/text.ts'
import { verifiedBy } from './dnssec-vectors.ts'
import { makeKey, signRrset } from './sign.ts'

/** A zone as its owner knows it: what its names have, those out of its authority left out. */
export interface MadeZone {
  readonly origin: Name
  readonly owners: readonly Owner[]
}

export interface Owner {
  readonly name: Name
  readonly types: ReadonlySet<number>
}

/** The owners as a zone: without those below delegations and DNAME, with an apex, each once. */
export function makeZone(origin: Name, owners: readonly Owner[]): MadeZone {
  const apex = { name: origin, types: new Set<number>([TYPE.NS, TYPE.SOA]) }
  const distinct = [...new Map([...owners, apex].map((owner) => [owner.name.key, owner])).values()]
  const isHidden = (name: Name) => distinct.some((one) => isHandedOn(one) && isBelow(name, one.name))
  return { origin, owners: distinct.filter(({ name }) => !isHidden(name)).sort(byName) }
}

function byName(one: Owner, other: Owner): number {
  return compareNames(one.name, other.name)
}

export function isCut({ types }: Pick<Owner, 'types'>): boolean {
  return types.has(TYPE.NS) && !types.has(TYPE.SOA)
}

function isHandedOn(owner: Owner): boolean {
  return isCut(owner) || owner.types.has(TYPE.DNAME)
}

/** What is true of a name in the zone. */
export type Truth =
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'owner'; readonly types: ReadonlySet<number> }
  | { readonly kind: 'empty' }
  | { readonly kind: 'wildcard'; readonly types: ReadonlySet<number> }
  | { readonly kind: 'nothing' }

/** RFC 1034 §4.3.2, RFC 4592 §3.3 */
export function truthOf({ origin, owners }: MadeZone, name: Name): Truth {
  if (!isAtOrBelow(name, origin)) return { kind: 'elsewhere' }
  if (owners.some((owner) => isHandedOn(owner) && isBelow(name, owner.name))) return { kind: 'elsewhere' }
  const own = owners.find((owner) => owner.name.key === name.key)
  if (own !== undefined) return { kind: 'owner', types: own.types }
  const exists = (one: Name) => owners.some((owner) => isAtOrBelow(owner.name, one))
  if (exists(name)) return { kind: 'empty' }
  const wildcard = prependLabels(['*'], closestEncloserOf({ origin, owners }, name))
  const standing = owners.find((owner) => owner.name.key === wildcard?.key)
  if (standing !== undefined) return { kind: 'wildcard', types: standing.types }
  return wildcard !== undefined && exists(wildcard) ? { kind: 'wildcard', types: new Set() } : { kind: 'nothing' }
}

/** Of a name that does not exist. */
export function closestEncloserOf({ owners }: MadeZone, name: Name): Name {
  let encloser = withoutLabels(name, 1)
  while (!owners.some((owner) => isAtOrBelow(owner.name, encloser))) encloser = withoutLabels(encloser, 1)
  return encloser
}

const key = makeKey(15)

export function proofOf(origin: Name, name: Name, type: number, rdata: Uint8Array): VerifiedRrset {
  const rrset = { name, type, class: CLASS.IN, ttl: 300, rdatas: [rdata], signatures: [], damaged: false }
  return verifiedBy(signRrset(rrset, key, origin), { zone: formatName(origin), keys: [key] })
}

/** The zone's NSEC records in order, verified. RFC 4034 §4 */
export function nsecChain({ origin, owners }: MadeZone): VerifiedRrset[] {
  return owners.map(({ name, types }, at) => {
    const next = owners[(at + 1) % owners.length]?.name ?? origin
    return proofOf(origin, name, TYPE.NSEC, writeNsec({ next, types: new Set([...types, TYPE.RRSIG, TYPE.NSEC]) }))
  })
}

export interface Nsec3Options {
  readonly optOut?: boolean
  readonly salt?: Uint8Array
  readonly iterations?: number
}

/** The zone's NSEC3 records, verified; with opt-out, unsigned delegations have none. RFC 5155 §7.1 */
export function nsec3Chain({ origin, owners }: MadeZone, options: Nsec3Options = {}): VerifiedRrset[] {
  const { optOut = false, salt = new Uint8Array(), iterations = 0 } = options
  const listed = owners.filter((owner) => !(optOut && isCut(owner) && !owner.types.has(TYPE.DS)))
  const links = withEmpty(origin, listed)
    .map(({ name, types }) => ({ hash: nsec3Hash(name, { salt, iterations }), types }))
    .sort((one, other) => compareOctets(one.hash, other.hash))
  return links.map(({ hash, types }, at) => {
    const next = links[(at + 1) % links.length]?.hash ?? hash
    const rdata = writeNsec3({ hashAlgorithm: 1, flags: optOut ? 1 : 0, iterations, salt, next, types })
    const name = prependLabels([base32hex(hash)], origin)
    if (name === undefined) throw new Error('no name for a hash')
    return proofOf(origin, name, TYPE.NSEC3, rdata)
  })
}

/** With the empty non-terminals above the owners. */
function withEmpty(origin: Name, owners: readonly Owner[]): Owner[] {
  const all = new Map<string, Owner>()
  for (const { name } of owners) {
    for (let above = name; isBelow(above, origin); above = withoutLabels(above, 1)) {
      all.set(above.key, { name: above, types: new Set() })
    }
  }
  for (const owner of owners) all.set(owner.name.key, owner)
  return [...all.values()]
}
