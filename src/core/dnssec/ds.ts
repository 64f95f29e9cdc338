import { fromLatin1, sameOctets } from '../dns/octets.ts'
import { type Ds, readDs } from '../dns/rdata/records.ts'
import type { Rrset } from '../dns/rrset.ts'
import { TYPE } from '../dns/types.ts'
import { limits } from '../limits.ts'
import { mapKnown } from '../lists.ts'
import { type Name, sameName } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import { acceptedValue } from '../result.ts'
import type { TrustAnchor } from './anchors.ts'
import { type Checking, checkAtOnce } from './checking.ts'
import { suspectClock } from './clock.ts'
import type { ValidationPolicy } from './policy.ts'
import { type Problem, problem } from './problem.ts'
import { type VerifiedRrset, type VerifyOptions, verifyRrsetInSteps } from './signature.ts'
import { isRevoked, isZoneKey, readZoneKey, type ZoneKey } from './zone-key.ts'

/** DS digest of a key under its owner's name; undefined for an unsupported digest. RFC 4034 §5.1.4 */
export function dsDigest(
  { owner, rdata, digestType }: { owner: Name; rdata: Uint8Array; digestType: number },
  policy: Pick<ValidationPolicy, 'digests'>,
): Uint8Array | undefined {
  return policy.digests.get(digestType)?.digest(Buffer.concat([fromLatin1(owner.key), rdata]))
}

/**
 * The DS that a chain may go on with; none makes the zone insecure. RFC 4035 §5.2, RFC 6840 §5.2
 *
 * SHA-1 does not count beside a better digest (RFC 4509 §3). A digest of the wrong length counts, and never matches.
 */
export function usableDs(ds: readonly Ds[], policy: ValidationPolicy): Ds[] {
  const usable = ds.filter(
    ({ algorithm, digestType }) => policy.algorithms.has(algorithm) && policy.digests.has(digestType),
  )
  const better = usable.filter(({ digestType }) => digestType !== 1)
  return better.length > 0 ? better : usable
}

/** All DS of a verified RRset. */
export function readDsRrset({ rdatas }: VerifiedRrset): Ds[] {
  return mapKnown(rdatas, (rdata) => acceptedValue(readDs(rdata)))
}

export interface AuthenticateOptions extends Omit<VerifyOptions, 'keys'> {
  /** The DNSKEY RRset of `zone`. */
  readonly rrset: Rrset
  readonly by:
    | { readonly kind: 'ds'; readonly rrset: VerifiedRrset }
    | { readonly kind: 'anchors'; readonly anchors: readonly TrustAnchor[] }
}

export type KeysVerdict =
  | {
      readonly verdict: 'secure'
      readonly keys: readonly ZoneKey[]
      readonly rrset: VerifiedRrset
      /** DS that vouched for the key; empty for an anchor given as a key. */
      readonly ds: readonly Ds[]
    }
  | { readonly verdict: 'insecure'; readonly ds: readonly Ds[] }
  | { readonly verdict: 'bogus'; readonly problem: Problem }

/**
 * Authenticates a zone's keys by its parent's DS or by anchors. RFC 4035 §5.2
 *
 * Insecure only where the parent vouches for nothing but what is unsupported: unknown algorithms or digests, or keys too
 * small to deal with. One DS that could be used and leads to no key makes the zone bogus, as does any fault of anchors.
 */
export function authenticateKeys(options: AuthenticateOptions): KeysVerdict {
  return checkAtOnce(authenticateKeysInSteps(options))
}

/** The same, for whoever makes the checks elsewhere. */
export function* authenticateKeysInSteps(options: AuthenticateOptions): Checking<KeysVerdict> {
  const { zone, rrset, by, policy } = options
  const given = by.kind === 'ds' ? readDsRrset(by.rrset) : anchoredDs(by.anchors, zone)
  if (!isAbout(options)) return mismatch(options)
  const ds = usableDs(given, policy)
  if (by.kind === 'ds' && ds.length === 0) return { verdict: 'insecure', ds: given }
  const keys = mapKnown(rrset.rdatas.slice(0, limits.dnssec.keysPerRrset), readZoneKey)
  const entry = keys.filter((key) => isZoneKey(key) && !isRevoked(key))
  const matches = matchDs(entry, ds.slice(0, limits.dnssec.dsPerRrset), options)
  const anchored = by.kind === 'ds' ? [] : anchoredKeys(by.anchors, zone)
  const trusted = [
    ...matches.map(({ key }) => key),
    ...entry.filter((key) => anchored.some((one) => sameOctets(one, key.rdata))),
  ]
  const sized = trusted.filter((key) => policy.algorithms.get(key.algorithm)?.fits(key.publicKey) === true)
  if (sized.length === 0) {
    // A DS without its key may be that of a key of good size, which someone left out.
    const isAllSmall = by.kind === 'ds' && ds.every((one) => matches.some((match) => match.ds === one))
    return isAllSmall ? { verdict: 'insecure', ds: given } : mismatch(options)
  }
  const verdict = yield* verifyRrsetInSteps(rrset, { ...options, keys: sized })
  if (verdict.verdict === 'bogus') return by.kind === 'ds' ? verdict : suspectClock(verdict, options)
  const { keyTag, algorithm } = verdict.rrset.key
  const used = matches.filter(({ key }) => key.keyTag === keyTag && key.algorithm === algorithm)
  return { verdict: 'secure', keys: keys.filter(isZoneKey), rrset: verdict.rrset, ds: used.map((match) => match.ds) }
}

/** Whether it is the zone's DNSKEY RRset that is to be judged, by the zone's DS records, all of which can be read. */
function isAbout({ zone, rrset, by }: AuthenticateOptions): boolean {
  if (rrset.type !== TYPE.DNSKEY || !sameName(rrset.name, zone)) return false
  if (by.kind === 'anchors') return true
  const { name, type, rdatas } = by.rrset
  return type === TYPE.DS && sameName(name, zone) && rdatas.length > 0 && readDsRrset(by.rrset).length === rdatas.length
}

function matchDs(keys: readonly ZoneKey[], ds: readonly Ds[], { zone, policy }: AuthenticateOptions) {
  const found: { readonly key: ZoneKey; readonly ds: Ds }[] = []
  let failed = 0
  for (const one of ds) {
    const named = keys.filter((key) => key.keyTag === one.keyTag && key.algorithm === one.algorithm)
    for (const key of named) {
      if (failed >= limits.dnssec.failedDsMatches) return found
      const digest = dsDigest({ owner: zone, rdata: key.rdata, digestType: one.digestType }, policy)
      if (digest !== undefined && sameOctets(digest, one.digest)) found.push({ key, ds: one })
      else failed++
    }
  }
  return found
}

function anchoredDs(anchors: readonly TrustAnchor[], zone: Name): Ds[] {
  return mapKnown(anchors, (anchor) => (anchor.kind === 'ds' && sameName(anchor.owner, zone) ? anchor.ds : undefined))
}

function anchoredKeys(anchors: readonly TrustAnchor[], zone: Name): Uint8Array[] {
  return mapKnown(anchors, (anchor) =>
    anchor.kind === 'dnskey' && sameName(anchor.owner, zone) ? anchor.rdata : undefined,
  )
}

function mismatch({ zone, by }: AuthenticateOptions): KeysVerdict {
  const text = by.kind === 'ds' ? 'no key matches the DS records' : 'no key matches the trust anchors'
  return {
    verdict: 'bogus',
    problem: problem(by.kind === 'ds' ? 'ds-mismatch' : 'anchor-mismatch', `${text} of ${formatName(zone)}`),
  }
}
