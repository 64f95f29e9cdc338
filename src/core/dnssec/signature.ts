import { latin1 } from '../dns/octets.ts'
import { readNsec } from '../dns/rdata/records.ts'
import type { ReceivedSignature, Rrset } from '../dns/rrset.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { limits } from '../limits.ts'
import { isAtOrBelow, isBelow, type Name, sameName, withoutLabels } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import type { Budget } from './budget.ts'
import { signedData, signedLabelCount } from './canonical.ts'
import { type Checking, type CheckResult, checkAtOnce, type SignatureCheck } from './checking.ts'
import type { ValidationPolicy } from './policy.ts'
import { nameRrset, type Problem, type ProblemKind, problem, showTime } from './problem.ts'
import { isRevoked, isZoneKey, type ZoneKey } from './zone-key.ts'

/** Not exported, so that nothing outside this file can make a `VerifiedRrset`. */
const verifiedBrand: unique symbol = Symbol('VerifiedRrset')

/** An RRset that a key of its zone signed. Only `verifyRrset` makes one; proofs take nothing else. */
export interface VerifiedRrset extends Rrset {
  /** Capped as RFC 4035 §5.3.3 wants, from the time of verification. */
  readonly ttl: number
  /** The zone. */
  readonly signer: Name
  /** When the signature ends, in seconds since 1970 as a 32-bit serial number. */
  readonly expiration: number
  /** The key that it verified with. */
  readonly key: { readonly keyTag: number; readonly algorithm: number }
  /** Set for a wildcard's expansion, which proves nothing without the absence of a closer match. RFC 4035 §5.3.4 */
  readonly closestEncloser: Name | undefined
  readonly [verifiedBrand]: true
}

/** What judging takes beside the data. `keys` are those of the authenticated DNSKEY RRset of `zone`. */
export interface VerifyOptions {
  readonly zone: Name
  readonly keys: readonly ZoneKey[]
  /** Seconds since 1970. */
  readonly now: number
  readonly budget: Budget
  readonly policy: ValidationPolicy
}

export type RrsetVerdict =
  | { readonly verdict: 'secure'; readonly rrset: VerifiedRrset }
  | { readonly verdict: 'bogus'; readonly problem: Problem }

/**
 * Verifies an RRset of `zone`: one good signature is enough. RFC 4035 §5.3, RFC 6840 §5.4
 *
 * Checks at most `limits.dnssec.signaturesPerRrset` pairs of a signature and a key that it names.
 */
export function verifyRrset(rrset: Rrset, options: VerifyOptions): RrsetVerdict {
  return checkAtOnce(verifyRrsetInSteps(rrset, options))
}

/** The same, for whoever makes the checks elsewhere. */
export function* verifyRrsetInSteps(rrset: Rrset, options: VerifyOptions): Checking<RrsetVerdict> {
  const wrong = rrset.damaged ? problem('damaged', `${nameRrset(rrset)} is malformed`) : checkOwner(rrset, options.zone)
  if (wrong !== undefined) return { verdict: 'bogus', problem: wrong }
  let closest: Problem | undefined
  let checksLeft: number = limits.dnssec.signaturesPerRrset
  for (const signature of rrset.signatures) {
    const found = checkSignature(rrset, signature, options) ?? keysFor(rrset, signature, options)
    if (!Array.isArray(found)) {
      closest = closerOf(closest, found)
      continue
    }
    for (const key of found.slice(0, checksLeft)) {
      checksLeft--
      const failed = yield* checkWith(key, { rrset, signature }, options)
      if (failed === undefined) return { verdict: 'secure', rrset: verified(rrset, signature, options) }
      if (failed.kind === 'limit') return { verdict: 'bogus', problem: failed }
      closest = closerOf(closest, failed)
    }
  }
  closest ??= problem('no-signature', `${nameRrset(rrset)} has no signature by ${formatName(options.zone)}`)
  return { verdict: 'bogus', problem: closest }
}

/** Of several failures that says most which came closest to a good signature. */
function closerOf(one: Problem | undefined, other: Problem): Problem {
  return one !== undefined && closeness[other.kind] <= closeness[one.kind] ? one : other
}

const closeness: Readonly<Record<ProblemKind, number>> = {
  // Not of one signature: these end the search, or belong to other steps.
  ...{ damaged: 0, owner: 0, limit: 0, clock: 0, 'ds-mismatch': 0, 'anchor-mismatch': 0, unproved: 0 },
  'no-signature': 1,
  signer: 2,
  labels: 3,
  expanded: 4,
  'no-key': 5,
  'no-zone-key': 6,
  'inverted-times': 7,
  expired: 8,
  'not-yet-valid': 9,
  'invalid-key': 10,
  'wrong-signature': 11,
}

/** What only certain owners may have, whoever signed it. */
function checkOwner(rrset: Rrset, zone: Name): Problem | undefined {
  const { name, type } = rrset
  const misplaced = () => problem('owner', `${nameRrset(rrset)} does not belong into the zone ${formatName(zone)}`)
  if (rrset.class !== CLASS.IN || !isAtOrBelow(name, zone)) return misplaced()
  switch (type) {
    case TYPE.DS: // of the parent's side alone
      return isBelow(name, zone) ? undefined : misplaced()
    case TYPE.DNSKEY:
    case TYPE.SOA:
      return sameName(name, zone) ? undefined : misplaced()
    case TYPE.NSEC3:
      return isHashOwner(name, zone) ? undefined : misplaced()
    case TYPE.NSEC:
      return rrset.rdatas.every((rdata) => staysIn(rdata, zone)) ? undefined : misplaced()
    default:
      return undefined
  }
}

/** One label of 32 base32hex digits, a SHA-1 hash, right below the zone. RFC 5155 §3 */
function isHashOwner(name: Name, zone: Name): boolean {
  return name.labelCount === zone.labelCount + 1 && /^\x20[0-9a-v]{32}$/.test(name.key.slice(0, 33))
}

function staysIn(rdata: Uint8Array, zone: Name): boolean {
  const nsec = readNsec(rdata)
  return nsec.ok && isAtOrBelow(nsec.value.next, zone)
}

/** Types that must stand where they were signed; an expanded denial would prove anything (CVE-2017-15105). */
const neverExpanded: ReadonlySet<number> = new Set([TYPE.NSEC, TYPE.NSEC3, TYPE.DNSKEY, TYPE.DS, TYPE.SOA, TYPE.DNAME])

/** All but the cryptography. RFC 4035 §5.3.1 */
function checkSignature(
  rrset: Rrset,
  signature: ReceivedSignature,
  { zone, now, policy }: VerifyOptions,
): Problem | undefined {
  // Texts are made of what fails alone: most signatures are good.
  const wrong = (kind: ProblemKind, why: string) => problem(kind, `${nameSignature(rrset, signature)} ${why}`)
  if (signature.typeCovered !== rrset.type) return wrong('no-signature', 'covers another type')
  if (!sameName(signature.signer, zone)) {
    return wrong('signer', `is by ${formatName(signature.signer)}, not by ${formatName(zone)}`)
  }
  const ownerLabels = signedLabelCount(rrset.name)
  // Fewer labels than the zone has would be a wildcard above it (CVE-2026-44690).
  if (signature.labels > ownerLabels || signature.labels < zone.labelCount) {
    return wrong('labels', `is for ${signature.labels} labels`)
  }
  if (signature.labels < ownerLabels && neverExpanded.has(rrset.type)) {
    return problem('expanded', `${nameRrset(rrset)} is the expansion of a wildcard`)
  }
  const { inception, expiration } = signature
  if (!isSerialAtMost(inception, expiration)) return wrong('inverted-times', 'ends before it begins')
  if (!isSerialAtMost(inception, now + policy.inceptionSkew)) {
    return wrong('not-yet-valid', `begins ${showTime(inception)}`)
  }
  return isSerialAtMost(now, expiration) ? undefined : wrong('expired', `ended ${showTime(expiration)}`)
}

/** Serial number arithmetic, which outlives 2106. RFC 4034 §3.1.5, RFC 1982 §3.2 */
export function isSerialAtMost(one: number, other: number): boolean {
  return (other - one) >>> 0 < 0x80000000
}

/** The keys that a signature names, or why it must not be checked with any. RFC 4035 §5.3.1 */
function keysFor(
  rrset: Rrset,
  signature: ReceivedSignature,
  { zone, keys, policy }: VerifyOptions,
): ZoneKey[] | Problem {
  const wrong = (kind: ProblemKind, why: string) => problem(kind, `${nameSignature(rrset, signature)} ${why}`)
  const named = keys.filter((key) => key.keyTag === signature.keyTag && key.algorithm === signature.algorithm)
  if (named.length === 0) return wrong('no-key', `is by a key that ${formatName(zone)} does not have`)
  if (!policy.algorithms.has(signature.algorithm)) return wrong('no-key', 'is of an unsupported algorithm')
  const fit = named.filter((key) => isZoneKey(key) && (!isRevoked(key) || rrset.type === TYPE.DNSKEY))
  if (fit.length === 0) return wrong('no-zone-key', 'is by a key that must not sign it')
  return fit.slice(0, limits.dnssec.keysWithOneTag)
}

/** The cryptography; undefined when the signature is good. */
function* checkWith(
  key: ZoneKey,
  { rrset, signature }: { rrset: Rrset; signature: ReceivedSignature },
  { budget, policy }: VerifyOptions,
): Checking<Problem | undefined> {
  const by = () => nameSignature(rrset, signature)
  if (!budget.takeCheck()) return problem('limit', `too many signature checks, before ${by()}`)
  const found = yield* checkOnce({ key, data: signedData(rrset, signature), signature: signature.signature, policy })
  if (found === 'right') return undefined
  budget.countFailure()
  return found === 'no-key'
    ? problem('invalid-key', `${by()} is by a key that is none`)
    : problem('wrong-signature', `${by()} does not verify`)
}

/** What is known to be right is not checked again. */
function* checkOnce(check: SignatureCheck): Checking<CheckResult> {
  const { key, data, signature, policy } = check
  const { verified: known } = policy
  const mark = known && `${key.id} ${latin1(signature)}`
  if (mark !== undefined && known?.has(mark, data) === true) return 'right'
  const found = yield check
  if (found === 'right' && mark !== undefined) known?.add(mark, data)
  return found
}

function nameSignature(rrset: Rrset, { algorithm, keyTag }: ReceivedSignature): string {
  return `signature ${algorithm}/${keyTag} over ${nameRrset(rrset)}`
}

function verified(rrset: Rrset, signature: ReceivedSignature, { zone, now }: VerifyOptions): VerifiedRrset {
  const { labels, originalTtl, expiration, keyTag, algorithm } = signature
  const isExpanded = labels < signedLabelCount(rrset.name)
  return {
    ...rrset,
    ttl: Math.min(rrset.ttl, signature.ttl, originalTtl, (expiration - now) >>> 0),
    signer: zone,
    expiration,
    key: { keyTag, algorithm },
    closestEncloser: isExpanded ? withoutLabels(rrset.name, rrset.name.labelCount - labels) : undefined,
    [verifiedBrand]: true,
  }
}
