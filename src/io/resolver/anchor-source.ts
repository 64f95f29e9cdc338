import { type AnchorSet, createAnchorSet } from '../../core/dnssec/anchor-set.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'

/** The anchors in force, which may be others tomorrow. */
export interface AnchorSource {
  current(): AnchorSet
}

/** Anchors that stay as they are. */
export function fixedAnchors(anchors: readonly TrustAnchor[], negative: readonly NegativeAnchor[] = []): AnchorSource {
  const set = createAnchorSet(anchors, negative)
  return { current: () => set }
}
