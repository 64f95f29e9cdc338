import { sameOctets } from '../dns/octets.ts'
import type { Rrset } from '../dns/rrset.ts'
import { limits } from '../limits.ts'
import type { Name } from '../name/name.ts'
import type { TrustAnchor } from './anchors.ts'
import { createBudget } from './budget.ts'
import { authenticateKeys, dsDigest } from './ds.ts'
import type { ValidationPolicy } from './policy.ts'
import type { Problem } from './problem.ts'
import { type VerifiedRrset, verifyRrset } from './signature.ts'
import { isRevoked, isSecureEntryPoint, isZoneKey, readZoneKey, withoutRevoke, type ZoneKey } from './zone-key.ts'

/** What is thought of a key; one of which nothing is known is in state Start. RFC 5011 §4.2 */
export type AnchorState = 'add-pend' | 'valid' | 'missing' | 'revoked' | 'removed'

/** A key at a trust point, with what is thought of it. */
export interface TrackedAnchor {
  /** As it was given, or the key as it was first seen: without its REVOKE bit. */
  readonly anchor: KeyAnchor
  readonly state: AnchorState
  /** When it came into this state: seconds since 1970. */
  readonly since: number
  /** Of `add-pend`: not trusted before. RFC 5011 §2.4.1 */
  readonly holdUntil: number | undefined
}

export type KeyAnchor = Extract<TrustAnchor, { kind: 'ds' | 'dnskey' }>

/** A zone whose keys are followed from one to the next. Times are seconds since 1970. RFC 5011 §2 */
export interface TrustPoint {
  readonly owner: Name
  readonly anchors: readonly TrackedAnchor[]
  /** When its keys were last seen and verified. */
  readonly observedAt: number | undefined
  /** When to look again. RFC 5011 §2.3 */
  readonly askAt: number
  /** How long to wait when a look fails. */
  readonly retryAfter: number
}

/** What an operator may want to hear of. `keyTag` is that of the key without REVOKE. */
export interface AnchorEvent {
  readonly kind: 'pending' | 'dropped' | 'trusted' | 'missing' | 'back' | 'revoked' | 'removed'
  readonly keyTag: number
  readonly algorithm: number
  /** Of `pending`. */
  readonly holdUntil: number | undefined
}

export interface Observed {
  readonly point: TrustPoint
  readonly events: readonly AnchorEvent[]
  /** Why the RRset could not be verified; nothing but a revocation is learnt of such. */
  readonly problem: Problem | undefined
}

export interface ObserveOptions {
  /** Seconds since 1970. */
  readonly now: number
  readonly policy: ValidationPolicy
}

/** The anchors given are trusted at once, and their keys are to be looked at at once. */
export function beginTrustPoint(owner: Name, anchors: readonly KeyAnchor[], now: number): TrustPoint {
  const tracked = anchors.map((anchor) => tracking(anchor, 'valid', now))
  return { owner, anchors: tracked, observedAt: undefined, askAt: now, retryAfter: limits.dnssec.anchorQueryMin }
}

/**
 * Takes in anchors that came with a newer release, or from the operator: trusted at once, unless what is known of them is
 * that they were revoked.
 */
export function addAnchors(
  point: TrustPoint,
  given: readonly KeyAnchor[],
  { now, policy }: ObserveOptions,
): TrustPoint {
  let { anchors } = point
  for (const anchor of given) {
    const known = anchors.find((one) => sameKey(one.anchor, anchor, policy))
    if (known === undefined) anchors = [...anchors, tracking(anchor, 'valid', now)]
    else if (known.state === 'add-pend') {
      anchors = anchors.map((one) => (one === known ? tracking(one.anchor, 'valid', now) : one))
    }
  }
  return anchors === point.anchors ? point : { ...point, anchors, askAt: Math.min(point.askAt, now) }
}

function tracking(anchor: KeyAnchor, state: AnchorState, since: number, holdUntil?: number): TrackedAnchor {
  return { anchor, state, since, holdUntil }
}

/**
 * What validation may start from. A missing key still counts. RFC 5011 §4.2
 *
 * RFC 5011 §5 says that a point all of whose keys are revoked is no trust point any more, so that what is below it is
 * unsigned. Here it stays one that no key matches: everything below is bogus, because nobody is to take protection away
 * without a word from the operator.
 */
export function anchorsInForce({ owner, anchors }: TrustPoint): readonly TrustAnchor[] {
  const trusted = anchors.filter(({ state }) => state === 'valid' || state === 'missing').map(({ anchor }) => anchor)
  return trusted.length > 0 ? trusted : [{ kind: 'none', owner }]
}

/** Whether it is time to look. A clock that was set back, or was far ahead once, must not put it off for long. */
export function isDue({ askAt, observedAt }: TrustPoint, now: number): boolean {
  return now >= askAt || askAt - now > limits.dnssec.anchorQueryMax || (observedAt !== undefined && now < observedAt)
}

/** Whether a key that is trusted, or about to be, stands there as revoked: that is not to wait until it is time to look. */
export function showsRevocation({ anchors }: TrustPoint, rrset: Rrset, policy: ValidationPolicy): boolean {
  const open = anchors.filter(({ state }) => state !== 'revoked' && state !== 'removed')
  return revokedKeys(rrset).some((key) => open.some(({ anchor }) => isOf(key, anchor, policy)))
}

/** One look at the DNSKEY RRset of the point. RFC 5011 §4 */
export function observeKeys(point: TrustPoint, rrset: Rrset, { now, policy }: ObserveOptions): Observed {
  const events: AnchorEvent[] = []
  const budget = createBudget()
  const options = { zone: point.owner, policy, budget, now }
  // Before anything else: such a key must not vouch for others any more. RFC 5011 §2.1
  const anchors = point.anchors.map((tracked) =>
    isSelfRevoked(tracked, rrset, options) ? enter(tracked, 'revoked', now, events) : tracked,
  )
  const by = { kind: 'anchors', anchors: anchorsInForce({ ...point, anchors }) } as const
  const verdict = authenticateKeys({ ...options, rrset, by })
  if (verdict.verdict !== 'secure') {
    const problem = verdict.verdict === 'bogus' ? verdict.problem : undefined
    return { point: { ...point, anchors, askAt: now + point.retryAfter }, events, problem }
  }
  const keys = verdict.keys.filter((key) => !isRevoked(key))
  const { originalTtl, left } = lifeOf(rrset, verdict.rrset, now)
  const kept = anchors.flatMap((tracked) => pass(tracked, { keys, now, policy, events }))
  const found = newKeys(kept, keys, policy).map((key) => {
    const holdUntil = now + Math.max(limits.dnssec.anchorHoldDown, originalTtl)
    const tracked = tracking({ kind: 'dnskey', owner: point.owner, rdata: key.rdata }, 'add-pend', now, holdUntil)
    events.push(eventOf('pending', tracked))
    return tracked
  })
  const times = {
    observedAt: now,
    askAt: now + queryInterval(originalTtl, left),
    retryAfter: retryInterval(originalTtl, left),
  }
  return { point: { ...point, ...times, anchors: [...kept, ...found] }, events, problem: undefined }
}

/** Without a look that says anything: the next one is to come sooner. RFC 5011 §2.3 */
export function lookFailed(point: TrustPoint, now: number): TrustPoint {
  return { ...point, askAt: now + point.retryAfter }
}

type VerifyOptions = Pick<Parameters<typeof verifyRrset>[1], 'zone' | 'policy' | 'budget' | 'now'>

/** Whether the key has the REVOKE bit in an RRset that it signed itself. RFC 5011 §2.1 */
function isSelfRevoked({ anchor, state }: TrackedAnchor, rrset: Rrset, options: VerifyOptions): boolean {
  if (state === 'revoked' || state === 'removed') return false
  return revokedKeys(rrset)
    .filter((key) => isOf(key, anchor, options.policy))
    .some((key) => verifyRrset(rrset, { ...options, keys: [key] }).verdict === 'secure')
}

function revokedKeys({ rdatas }: Rrset): ZoneKey[] {
  const keys = rdatas.slice(0, limits.dnssec.keysPerRrset).flatMap((rdata) => readZoneKey(rdata) ?? [])
  return keys.filter((key) => isRevoked(key) && isZoneKey(key))
}

interface Pass extends ObserveOptions {
  /** Those of the verified RRset that are not revoked. */
  readonly keys: readonly ZoneKey[]
  readonly events: AnchorEvent[]
}

/** The state table of RFC 5011 §4, but for what is revoked; a key back in state Start is not tracked. */
function pass(tracked: TrackedAnchor, { keys, now, policy, events }: Pass): readonly TrackedAnchor[] {
  const key = keys.find((one) => isOf(one, tracked.anchor, policy))
  switch (tracked.state) {
    case 'add-pend':
      if (key === undefined) {
        events.push(eventOf('dropped', tracked))
        return []
      }
      return [now >= (tracked.holdUntil ?? now) ? enter(tracked, 'valid', now, events) : tracked]
    case 'valid':
      return [key === undefined ? enter(tracked, 'missing', now, events) : tracked]
    case 'missing':
      return [key === undefined ? tracked : enter(tracked, 'valid', now, events)]
    case 'revoked': {
      const isOver = now >= tracked.since + limits.dnssec.anchorRemoveHoldDown
      return [isOver ? enter(tracked, 'removed', now, events) : tracked]
    }
    case 'removed':
      return [tracked]
  }
}

const eventFor: Readonly<Record<AnchorState, (before: AnchorState) => AnchorEvent['kind']>> = {
  'add-pend': () => 'pending',
  valid: (before) => (before === 'missing' ? 'back' : 'trusted'),
  missing: () => 'missing',
  revoked: () => 'revoked',
  removed: () => 'removed',
}

function enter(tracked: TrackedAnchor, state: AnchorState, now: number, events: AnchorEvent[]): TrackedAnchor {
  events.push(eventOf(eventFor[state](tracked.state), tracked))
  return tracking(tracked.anchor, state, now)
}

function eventOf(kind: AnchorEvent['kind'], { anchor, holdUntil }: TrackedAnchor): AnchorEvent {
  return { kind, ...numbersOf(anchor), holdUntil: kind === 'pending' ? holdUntil : undefined }
}

/** By which a key is known to people. */
export function numbersOf(anchor: KeyAnchor): { readonly keyTag: number; readonly algorithm: number } {
  if (anchor.kind === 'ds') return { keyTag: anchor.ds.keyTag, algorithm: anchor.ds.algorithm }
  const key = readZoneKey(anchor.rdata)
  return { keyTag: key?.keyTag ?? 0, algorithm: key?.algorithm ?? 0 }
}

/** Keys of which nothing is known yet, and that could be trusted one day. RFC 5011 §2.2, §2.4.3 */
function newKeys(tracked: readonly TrackedAnchor[], keys: readonly ZoneKey[], policy: ValidationPolicy): ZoneKey[] {
  const room = Math.max(0, limits.dnssec.trackedAnchors - tracked.length)
  const fits = (key: ZoneKey) => policy.algorithms.get(key.algorithm)?.fits(key.publicKey) === true
  return keys
    .filter((key) => isSecureEntryPoint(key) && isZoneKey(key) && fits(key))
    .filter((key) => !tracked.some(({ anchor }) => isOf(key, anchor, policy)))
    .slice(0, room)
    .map((key) => ({ ...key, rdata: Uint8Array.from(key.rdata) })) // the message that it came in is not to be kept for it
}

/** Whether this is the anchor's key, revoked or not. */
function isOf(key: ZoneKey, anchor: KeyAnchor, policy: ValidationPolicy): boolean {
  return sameKey(anchor, { kind: 'dnskey', owner: anchor.owner, rdata: withoutRevoke(key.rdata) }, policy)
}

function sameKey(one: KeyAnchor, other: KeyAnchor, policy: ValidationPolicy): boolean {
  if (one.kind === 'dnskey' && other.kind === 'dnskey') return sameOctets(one.rdata, other.rdata)
  if (one.kind === 'ds' && other.kind === 'ds') {
    return one.ds.digestType === other.ds.digestType && sameOctets(one.ds.digest, other.ds.digest)
  }
  const [digested, whole] = one.kind === 'ds' ? [one, other] : [other, one]
  if (digested.kind !== 'ds' || whole.kind !== 'dnskey') return false
  const { digestType, digest, keyTag } = digested.ds
  // Before the digest is made: most keys have another tag.
  if (numbersOf(whole).keyTag !== keyTag) return false
  const made = dsDigest({ owner: whole.owner, rdata: whole.rdata, digestType }, policy)
  return made !== undefined && sameOctets(made, digest)
}

/** The original TTL of the RRset, and how long the signature that counted still lasts. */
function lifeOf({ signatures, ttl }: Rrset, { key, expiration }: VerifiedRrset, now: number) {
  const used = signatures.find(
    (one) => one.keyTag === key.keyTag && one.algorithm === key.algorithm && one.expiration === expiration,
  )
  return { originalTtl: used?.originalTtl ?? ttl, left: (expiration - now) >>> 0 }
}

/** RFC 5011 §2.3 */
export function queryInterval(originalTtl: number, left: number): number {
  const { anchorQueryMin, anchorQueryMax } = limits.dnssec
  return Math.max(anchorQueryMin, Math.min(anchorQueryMax, Math.floor(originalTtl / 2), Math.floor(left / 2)))
}

/** RFC 5011 §2.3 */
export function retryInterval(originalTtl: number, left: number): number {
  const { anchorQueryMin, anchorRetryMax } = limits.dnssec
  return Math.max(anchorQueryMin, Math.min(anchorRetryMax, Math.floor(originalTtl / 10), Math.floor(left / 10)))
}
