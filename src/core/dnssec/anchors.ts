import { type Ds, readDnskey, readDs } from '../dns/rdata/records.ts'
import { TYPE } from '../dns/types.ts'
import { parseZoneEntries, type ZoneFault } from '../dns/zone-text.ts'
import { isAtOrBelow, type Name } from '../name/name.ts'
import { accept, type Result, refuse } from '../result.ts'
import type { ValidationPolicy } from './policy.ts'
import { looksLikeXml, parseRootAnchors, type RootAnchorFault } from './root-anchors.ts'
import { isRevoked, isZoneKey, readZoneKey } from './zone-key.ts'

/** A key that is trusted without a parent. RFC 4035 §4.4 */
export type TrustAnchor =
  | { readonly kind: 'ds'; readonly owner: Name; readonly ds: Ds; readonly period?: AnchorPeriod | undefined }
  | { readonly kind: 'dnskey'; readonly owner: Name; readonly rdata: Uint8Array }
  /** That no key matches: of an owner all of whose keys were revoked, or count at other times. RFC 5011 §5 */
  | { readonly kind: 'none'; readonly owner: Name }

/** When an anchor counts, in milliseconds since 1970; for ever where it has no end. RFC 9718 §2.2 */
export interface AnchorPeriod {
  readonly from: number
  readonly until: number | undefined
}

export type AnchorFault = ZoneFault | RootAnchorFault | 'not-an-anchor' | 'no-anchors'

/**
 * Reads DS and DNSKEY records in zone text, of one owner or several, or IANA's `root-anchors.xml`. `at` counts characters.
 */
export function parseTrustAnchors(text: string): Result<TrustAnchor[], AnchorFault> {
  if (looksLikeXml(text)) return parseRootAnchors(text)
  const entries = parseZoneEntries(text, { ttl: 0 })
  if (!entries.ok) return entries
  const anchors: TrustAnchor[] = []
  for (const { record, at } of entries.value) {
    const { name: owner, type, rdata } = record
    const ds = type === TYPE.DS ? readDs(rdata) : undefined
    if (ds?.ok === true) anchors.push({ kind: 'ds', owner, ds: ds.value })
    else if (type === TYPE.DNSKEY && readDnskey(rdata).ok) anchors.push({ kind: 'dnskey', owner, rdata })
    else return refuse('not-an-anchor', at)
  }
  return anchors.length > 0 ? accept(anchors) : refuse('no-anchors')
}

/**
 * The anchors that count at a time. An owner all of whose anchors count at other times has one that no key matches: what is
 * below it is bogus then, and not unsigned.
 */
export function anchorsAt(anchors: readonly TrustAnchor[], now: number): readonly TrustAnchor[] {
  const counting = anchors.filter((anchor) => countsAt(anchor, now))
  if (counting.length === anchors.length) return anchors
  const owners = new Set(counting.map(({ owner }) => owner.key))
  const left = new Map(anchors.flatMap(({ owner }) => (owners.has(owner.key) ? [] : [[owner.key, owner] as const])))
  return [...counting, ...[...left.values()].map((owner): TrustAnchor => ({ kind: 'none', owner }))]
}

/** Around a time, from when and until when just these anchors count. */
export function spanOf(
  anchors: readonly TrustAnchor[],
  now: number,
): { readonly from: number; readonly until: number } {
  let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const time of anchors.flatMap(turnsOf)) {
    if (time <= now) from = Math.max(from, time)
    else until = Math.min(until, time)
  }
  return { from, until }
}

function turnsOf(anchor: TrustAnchor): number[] {
  if (anchor.kind !== 'ds' || anchor.period === undefined) return []
  const { from, until } = anchor.period
  return until === undefined ? [from] : [from, until]
}

function countsAt(anchor: TrustAnchor, now: number): boolean {
  if (anchor.kind !== 'ds' || anchor.period === undefined) return true
  const { from, until } = anchor.period
  return from <= now && (until === undefined || now < until)
}

/** The anchors of the closest owner at or above `name`; none when no anchor is. RFC 6840 §5.10 */
export function closestAnchors(anchors: readonly TrustAnchor[], name: Name): TrustAnchor[] {
  const above = anchors.filter(({ owner }) => isAtOrBelow(name, owner))
  const most = Math.max(...above.map(({ owner }) => owner.labelCount))
  return above.filter(({ owner }) => owner.labelCount === most)
}

/**
 * An owner all of whose anchors are of no use: an unknown algorithm or digest, a key that is revoked or no zone key.
 *
 * Below it everything would be bogus, so that whoever configures it had better hear of it at once. RFC 4035 §4.4
 */
export function unusableOwner(anchors: readonly TrustAnchor[], policy: ValidationPolicy): Name | undefined {
  const usable = new Set(anchors.filter((anchor) => isUsable(anchor, policy)).map(({ owner }) => owner.key))
  return anchors.find(({ owner }) => !usable.has(owner.key))?.owner
}

function isUsable(anchor: TrustAnchor, { algorithms, digests }: ValidationPolicy): boolean {
  if (anchor.kind === 'ds') {
    const { algorithm, digestType, digest } = anchor.ds
    return algorithms.has(algorithm) && digests.get(digestType)?.octets === digest.length
  }
  if (anchor.kind === 'none') return false
  const key = readZoneKey(anchor.rdata)
  if (key === undefined || !isZoneKey(key) || isRevoked(key)) return false
  return algorithms.get(key.algorithm)?.fits(key.publicKey) === true
}

/** KSK-2017 and KSK-2024 of the root; either will do. RFC 9718 §2.3 */
export const rootAnchors: readonly TrustAnchor[] = readBuiltIn(`
. DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D
. DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16
`)

function readBuiltIn(text: string): TrustAnchor[] {
  const anchors = parseTrustAnchors(text)
  if (!anchors.ok) throw new Error(`built-in trust anchors: ${anchors.fault}`)
  return anchors.value
}
