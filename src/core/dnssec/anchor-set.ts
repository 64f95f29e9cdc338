import { isAtOrBelow, isBelow, type Name } from '../name/name.ts'
import type { TrustAnchor } from './anchors.ts'
import type { NegativeAnchor } from './negative-anchors.ts'

/** Where validation starts, and where it must not. */
export interface AnchorSet {
  /** The anchors of the closest owner at or above the name; none when no anchor is. RFC 6840 §5.10 */
  closest(name: Name): readonly TrustAnchor[]
  /** The same of the closest owner above the name. */
  above(name: Name): readonly TrustAnchor[]
  /**
   * The closest negative anchor in force at or above the name, unless an anchor stands between them: that counts for
   * what is below it. At one name with an anchor, the negative one wins. RFC 7646 §2.1, §3
   */
  negativeFor(name: Name, now: number): NegativeAnchor | undefined
}

const none: readonly TrustAnchor[] = []

export function createAnchorSet(anchors: readonly TrustAnchor[], negative: readonly NegativeAnchor[] = []): AnchorSet {
  const byOwner = groupByOwner(anchors)
  const exempt = negative.toSorted((one, other) => other.name.labelCount - one.name.labelCount)
  const closest = (name: Name) => byOwner.find(([{ owner }]) => isAtOrBelow(name, owner)) ?? none
  return {
    closest,
    above: (name) => byOwner.find(([{ owner }]) => isBelow(name, owner)) ?? none,
    negativeFor(name, now) {
      if (exempt.length === 0) return undefined
      const found = exempt.find(({ name: top, until }) => isAtOrBelow(name, top) && now < until)
      if (found === undefined) return undefined
      const [anchor] = closest(name)
      return anchor !== undefined && isBelow(anchor.owner, found.name) ? undefined : found
    },
  }
}

type Group = readonly [TrustAnchor, ...TrustAnchor[]]

/** The lowest owners first. */
function groupByOwner(anchors: readonly TrustAnchor[]): readonly Group[] {
  const groups = new Map<string, [TrustAnchor, ...TrustAnchor[]]>()
  for (const anchor of anchors) {
    const group = groups.get(anchor.owner.key)
    if (group === undefined) groups.set(anchor.owner.key, [anchor])
    else group.push(anchor)
  }
  return [...groups.values()].sort(([one], [other]) => other.owner.labelCount - one.owner.labelCount)
}
