import type { Rrset } from '../../core/dns/rrset.ts'
import { type AnchorSet, createAnchorSet } from '../../core/dnssec/anchor-set.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { TrustPoint } from '../../core/dnssec/trust-point.ts'
import type { Name } from '../../core/name/name.ts'

/** The anchors in force, which may be others tomorrow. */
export interface AnchorSource {
  current(): AnchorSet
  /** The same without negative ones. */
  positive(): AnchorSet
  /** Has a negative anchor count no more, because what it names validates again. RFC 7646 §4 */
  lift(negative: NegativeAnchor): void
  /** How often anchors went or came: what was learnt by the former ones is to be forgotten then. */
  readonly changes: number
  /** Reads what is remembered of them; undefined when there is nothing to wait for any more. */
  load(): Promise<void> | undefined
  /**
   * Hears of every DNSKEY RRset of a name with anchors that comes, true or not; `passed` when it was not time to look.
   * RFC 5011 §2.2
   */
  observe(rrset: Rrset): 'verified' | 'unverified' | 'passed'
  /** Names whose keys are to be looked at now. */
  due(): readonly Name[]
  /** When the next are, in milliseconds since 1970; undefined when never. */
  nextDue(): number | undefined
  /** That a look came to nothing, and why. */
  lookFailed(owner: Name, reason: string): void
  /** What is thought of the keys at each name with anchors. */
  points(): readonly TrustPoint[]
}

/** Anchors that stay as they are. */
export function fixedAnchors(anchors: readonly TrustAnchor[], negative: readonly NegativeAnchor[] = []): AnchorSource {
  const set = createAnchorSet(anchors, negative)
  return {
    changes: 0,
    current: () => set,
    positive: () => createAnchorSet(anchors),
    lift: () => {},
    load: () => undefined,
    observe: () => 'passed',
    due: () => [],
    nextDue: () => undefined,
    lookFailed: () => {},
    points: () => [],
  }
}
