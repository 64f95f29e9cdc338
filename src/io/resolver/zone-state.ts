import { saidIn } from '../../core/dns/edns.ts'
import type { Ds } from '../../core/dns/rdata/records.ts'
import { describeNegativeAnchor, type NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import type { Problem } from '../../core/dnssec/problem.ts'
import type { ChainLink } from '../../core/dnssec/resolution.ts'
import type { ZoneKey } from '../../core/dnssec/zone-key.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { AnchorSource } from './anchor-source.ts'
import type { CacheRoom } from './cache.ts'
import type { KnownDenials } from './known-denials.ts'
import type { SavedReplies } from './saved-replies.ts'
import type { SignatureChecks } from './signature-checks.ts'
import { octetsOfWords, type Task, type Trouble, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

/** What is known of a zone: its keys, that it has no chain of trust, or that neither can be told. RFC 4035 §4.3 */
export type ZoneState = SecureZone | InsecureZone | FailedZone

export interface SecureZone {
  readonly kind: 'secure'
  readonly zone: Name
  readonly keys: readonly ZoneKey[]
  readonly chain: readonly ChainLink[]
  /** Milliseconds since 1970. */
  readonly until: number
}

export interface InsecureZone {
  readonly kind: 'insecure'
  /** The topmost name that is insecure. */
  readonly zone: Name
  /** One line: why. */
  readonly reason: string
  readonly chain: readonly ChainLink[]
  readonly until: number
  /** When that is why. */
  readonly negative?: NegativeAnchor | undefined
}

export interface FailedZone {
  readonly kind: 'failed'
  /** Whose DS records or keys could not be had: it may be one above. */
  readonly zone: Name
  readonly trouble: Trouble
  readonly chain: readonly ChainLink[]
  readonly until: number
}

/** Finds and remembers the states of zones. RFC 4035 §5 */
export interface Zones {
  /**
   * Of the zone with this apex, which a signature speaks of; where no zone begins at this name, of the zone that it lies
   * in.
   */
  stateOf(apex: Name, task: Task): Promise<ZoneState>
  /** Of the zone that the name lies in, found from the anchor down. */
  stateAround(name: Name, task: Task): Promise<ZoneState>
  /** Where a negative trust anchor has it that nothing at the name is validated. RFC 7646 §2 */
  exemptionOf(name: Name): InsecureZone | undefined
  /** Whether it says something of the name that the zone is insecure: not when an anchor stands between. RFC 4035 §5.1 */
  excuses(zone: InsecureZone, name: Name): boolean
}

export interface ZonesOptions {
  readonly upstream: Upstream
  readonly anchors: AnchorSource
  readonly policy: ValidationPolicy
  readonly checks: SignatureChecks
  readonly now: () => number
  /** All that the limits allow unless told. */
  readonly room?: CacheRoom | undefined
  /** Keeps the replies that proved something. */
  readonly saved?: SavedReplies | undefined
  /** Learns of every denial that is proved. */
  readonly denials?: KnownDenials | undefined
}

/** What it takes to find a state, and who finds those of other zones on the way. */
export interface ZonesWork extends ZonesOptions, Zones {}

/** No trust anchor says anything of it. RFC 4035 §4.3 */
export function withoutAnchor(zone: Name, { now }: ZonesWork): InsecureZone {
  const link: ChainLink = { zone, status: 'insecure', by: 'no-anchor', ds: [], key: undefined }
  const reason = `no trust anchor is at or above ${formatName(zone)}`
  return { kind: 'insecure', zone, reason, chain: [link], until: now() + limits.resolver.ttl * 1000 }
}

/** By a negative trust anchor: until it ends, so that nothing is remembered for longer. */
export function exempt(negative: NegativeAnchor, now: number): InsecureZone {
  const { name: zone, until } = negative
  const link: ChainLink = { zone, status: 'insecure', by: 'negative-trust-anchor', ds: [], key: undefined }
  const end = Math.min(until, now + limits.resolver.ttl * 1000)
  return { kind: 'insecure', zone, reason: describeNegativeAnchor(negative), chain: [link], until: end, negative }
}

/** Its parent vouches for it by nothing that we can check. RFC 4035 §5.2 */
export function unsupported(zone: Name, ds: readonly Ds[], parent: SecureZone): InsecureZone {
  const link: ChainLink = {
    zone,
    status: 'insecure',
    by: 'unsupported-algorithm',
    ds: ds.slice(0, limits.dnssec.dsPerRrset).map(showDs),
    key: undefined,
  }
  const reason = `${formatName(zone)} is signed with algorithms, keys or digests that are not supported`
  return { kind: 'insecure', zone, reason, chain: [...parent.chain, link], until: parent.until }
}

const withoutDsReasons = {
  'unsigned-delegation': 'is delegated without DS',
  'opt-out': 'lies in an opt-out span, where delegations may be unsigned',
  'nsec3-iterations': 'is denied with more NSEC3 iterations than are allowed',
} as const

/** Its parent proves that it has no DS records, or does not say. */
export function withoutDs(zone: Name, by: keyof typeof withoutDsReasons, parent: SecureZone): InsecureZone {
  const link: ChainLink = { zone, status: 'insecure', by, ds: [], key: undefined }
  const reason = `${formatName(zone)} ${withoutDsReasons[by]}`
  return { kind: 'insecure', zone, reason, chain: [...parent.chain, link], until: parent.until }
}

/** A digest of no known type may have any length: it is not kept. */
export function showDs({ keyTag, algorithm, digestType, digest }: Ds): ChainLink['ds'][number] {
  const isShort = digest.length <= limits.dnssec.digestOctets
  return { keyTag, algorithm, digestType, ...(isShort ? { digest } : {}) }
}

/** The same, for no longer than what it now also rests on. */
export function cap(state: SecureZone, ttl: number, { now }: ZonesWork): SecureZone {
  return { ...state, until: Math.min(state.until, now() + ttl * 1000) }
}

/** What is wrong with what a reply says of the zone. */
export function bogus({ kind, text, ede }: Problem, zone: Name, { server, message }: Reply): Trouble {
  const found = { ede, zone, server, said: saidIn(message) }
  return trouble(kind === 'limit' ? 'limit' : 'bogus', text, found)
}

/** It cannot be told, for now. */
export function fail(
  zone: Name,
  found: Trouble,
  chain: readonly ChainLink[],
  { now }: Pick<ZonesWork, 'now'>,
): FailedZone {
  const seconds = found.why === 'bogus' ? limits.resolver.bogusTtl : limits.resolver.failureTtl
  // What ended because nobody waited any more, or one question's means did, says nothing to the next who asks.
  const until = found.why === 'aborted' || found.why === 'limit' ? 0 : now() + seconds * 1000
  return { kind: 'failed', zone, trouble: found, chain, until }
}

/** The links above are kept once, by the zones that they are of; the words of a failure are its own. */
function octetsOfChain(state: ZoneState): number {
  const words = state.kind === 'failed' ? octetsOfWords(state.trouble) : 0
  return 256 * (state.chain.length + 1) + 160 * (state.chain.at(-1)?.ds.length ?? 0) + words
}

/** About the memory that it takes to remember it. */
export function octetsOfState(state: ZoneState): number {
  const keys = state.kind === 'secure' ? state.keys : []
  return keys.reduce((sum, { rdata }) => sum + 2 * rdata.length + 64, octetsOfChain(state))
}
