import type { KeyObject, X509Certificate } from 'node:crypto'
import { digested, matches } from '../../dane/match.ts'
import { isUsable, type Tlsa, type UsableTlsa } from '../../dane/tlsa.ts'
import { sameOctets } from '../../dns/octets.ts'
import type { DomainName } from '../../name/domain.ts'
import { parseSpki, spkiOf } from '../../x509/certificate.ts'
import { bearsName, judgeDates, pathOf } from '../../x509/peer.ts'

/** What records can be of: a server's own key of one kind, or an authority above its certificates. */
export type KeyKind = 'rsa' | 'ecdsa' | 'authority'

/** `3 1 1`: the usage, selector and matching type that records have. */
export interface Combination {
  readonly usage: 2 | 3
  readonly selector: 0 | 1
  readonly matchingType: 1 | 2
}

/** A SubjectPublicKeyInfo, or the certificate of an authority, in DER. */
export interface Material {
  readonly kind: KeyKind
  readonly octets: Uint8Array
}

/** What a server presents, or shall. */
export interface Shown {
  /** Of the server's own key. */
  readonly spki: Uint8Array
  /** Its certificate first, as they are sent; undefined where only a key is known. */
  readonly chain: readonly X509Certificate[] | undefined
}

/** Why the records of one combination do not hold for what is shown. */
export interface Mismatch {
  /** `2 1 1` */
  readonly combination: string
  readonly why: 'no-match' | 'needs-certificate'
}

export function combinationOf({ usage, selector, matchingType }: Tlsa | Combination): string {
  return `${usage} ${selector} ${matchingType}`
}

/** RSA in all its forms, or any other key. Undefined for what is no key. */
export function kindOfSpki(spki: Uint8Array): 'rsa' | 'ecdsa' | undefined {
  const key: KeyObject | undefined = parseSpki(spki)
  if (key?.asymmetricKeyType === undefined) return undefined
  return key.asymmetricKeyType.startsWith('rsa') ? 'rsa' : 'ecdsa'
}

/** The record of a key or an authority in one combination; undefined where the two do not go together. */
export function recordOf({ kind, octets }: Material, combination: Combination): UsableTlsa | undefined {
  const { usage, selector, matchingType } = combination
  if ((usage === 2) !== (kind === 'authority') || (usage === 3 && selector === 0)) return undefined
  const selected = kind === 'authority' && selector === 1 ? spkiOf(octets) : octets
  return selected && { usage, selector, matchingType, data: digested(selected, matchingType) }
}

/**
 * The combinations of usable records in which nothing holds for what is shown. Each must hold by itself: some senders
 * look at one alone, and of two digests all look at the stronger. RFC 7671 §8, §9
 */
export function mismatches(
  records: readonly Tlsa[],
  shown: Shown,
  { host, now }: { readonly host: DomainName; readonly now: number },
): Mismatch[] {
  const groups = new Map<string, UsableTlsa[]>()
  for (const record of records.filter(isUsable)) {
    const combination = combinationOf(record)
    groups.set(combination, [...(groups.get(combination) ?? []), record])
  }
  return [...groups].flatMap(([combination, group]): Mismatch[] => {
    if (group.some((record) => holds(record, shown, host, now))) return []
    const isOfKey = group.every(({ usage, selector }) => usage === 3 && selector === 1)
    const why = shown.chain === undefined && !isOfKey ? 'needs-certificate' : 'no-match'
    return [{ combination, why }]
  })
}

function holds(record: UsableTlsa, { spki, chain }: Shown, host: DomainName, now: number): boolean {
  const { usage, selector, matchingType, data } = record
  if (usage === 3 && selector === 1) return sameOctets(digested(spki, matchingType), data)
  const [leaf] = chain ?? []
  if (leaf === undefined) return false
  return usage === 3 ? matches(record, leaf) : leadsTo(record, chain ?? [], host, now)
}

/**
 * Whether the server's certificate leads to one of the record by signatures, in date, with the host's name in it. A
 * sender's own OpenSSL has the last word; this keeps what it would certainly refuse from being deployed. RFC 7672 §3.1.2
 */
function leadsTo(record: UsableTlsa, chain: readonly X509Certificate[], host: DomainName, now: number): boolean {
  const path = pathOf(chain)
  const [leaf] = path
  if (leaf === undefined || !bearsName(leaf, host)) return false
  for (const [at, issuer] of path.entries()) {
    const below = path[at - 1]
    if (below === undefined) continue
    if (!below.verify(issuer.publicKey)) return false
    if (matches(record, issuer)) return judgeDates(path.slice(0, at + 1), now) === undefined
  }
  return false
}

/** Whether what is shown has this key, or this authority above its certificate. */
export function shows({ spki, chain = [] }: Shown, { kind, octets }: Material): boolean {
  if (kind !== 'authority') return sameOctets(spki, octets)
  const authority = spkiOf(octets)
  return chain.slice(1).some(({ raw }) => {
    const own = spkiOf(raw)
    return own !== undefined && authority !== undefined && sameOctets(own, authority)
  })
}

/** What PEM certificates show when a server presents them in this order; undefined for none, or a damaged one. */
export function shownBy(chain: readonly X509Certificate[]): Shown | undefined {
  const [leaf] = chain
  const spki = leaf && spkiOf(leaf.raw)
  return spki && { spki, chain }
}
