import { type Name, rootName, sameName } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import { rootAnchors } from './anchors.ts'
import { showTime } from './problem.ts'
import { type AnchorEvent, type AnchorState, type KeyAnchor, numbersOf, type TrustPoint } from './trust-point.ts'

/** What is said of a look at a trust point: `follows` tells whether the anchors in force change with it. */
export interface WordsOptions {
  readonly follows: boolean
  /** Whether what is learnt is there again at the next start. */
  readonly isKept: boolean
}

/** Lines for an operator, without full stops: what became of the keys at a trust point. */
export function describeEvents(
  { owner, anchors, observedAt }: TrustPoint,
  events: readonly AnchorEvent[],
  before: Pick<TrustPoint, 'observedAt'>,
  options: WordsOptions,
): string[] {
  const zone = formatName(owner)
  const isFirst = before.observedAt === undefined && observedAt !== undefined
  const lines = events.flatMap((event) => {
    // At the first look it says no more than that several anchors are known, of which one does not count yet or any more.
    if (event.kind === 'missing' && isFirst && anchors.some(({ state }) => state === 'valid')) return []
    // Whoever took only some keys of a zone for anchors knows of the others; the root is everybody's.
    if (event.kind === 'pending' && isFirst && !options.follows && !isNewsOfRoot(event, owner)) return []
    const line = describeEvent(event, zone, options)
    return line === undefined ? [] : [line]
  })
  const isEmpty = !anchors.some(({ state }) => state === 'valid' || state === 'missing')
  if (isEmpty && events.some(({ kind }) => kind === 'revoked')) {
    lines.push(
      `every trust anchor of ${zone} is revoked: all names below it fail, and mail waits, until new ones are installed`,
    )
  }
  return lines
}

function isNewsOfRoot({ keyTag }: AnchorEvent, owner: Name): boolean {
  return sameName(owner, rootName) && !builtIn.some((anchor) => numbersOf(anchor).keyTag === keyTag)
}

const builtIn = rootAnchors.flatMap((anchor) => (anchor.kind === 'none' ? [] : [anchor]))

function describeEvent(
  { kind, keyTag, algorithm, holdUntil }: AnchorEvent,
  zone: string,
  { follows, isKept }: WordsOptions,
): string | undefined {
  const key = `key ${keyTag} (algorithm ${algorithm}) of ${zone}`
  switch (kind) {
    case 'pending': {
      if (!follows) return `${key} is no trust anchor here: its owner may be about to change keys`
      const end = showTime(holdUntil ?? 0)
      return isKept
        ? `${key} is new: it becomes a trust anchor if it is still there ${end} (RFC 5011)`
        : `${key} is new: nothing here lives long enough to trust it one day; a store would, or a newer release`
    }
    case 'dropped':
      return `${key} is gone again before it became a trust anchor`
    case 'trusted':
      return follows ? `${key} is a trust anchor from now on (RFC 5011)` : undefined
    case 'missing':
      return `${key} is a trust anchor, and is no longer among the keys of the zone`
    case 'back':
      return `${key}, a trust anchor, is among the keys of the zone again`
    case 'revoked':
      return follows
        ? `${key} was revoked by its owner, and is no trust anchor any more (RFC 5011)`
        : `${key} was revoked by its owner: take it out of the trust anchors`
    case 'removed':
      return undefined
  }
}

/** In few words, what is thought of a key. */
export const stateWords: Readonly<Record<AnchorState, string>> = {
  'add-pend': 'new, and not trusted yet',
  valid: 'trusted',
  missing: 'trusted, but not among the keys of the zone',
  revoked: 'revoked by its owner',
  removed: 'revoked long ago',
}

/** What is announced of the keys of the root: the key that comes signs from 2026-10-11 on. Seconds. RFC 9718 §2.3 */
const rootRoll = { leaving: 20_326, coming: 38_696, signsFrom: 1_791_676_800, warnAhead: 180 * 86_400 }

/**
 * One line when the anchors that are in force for the root will soon, or already, lead nowhere by what is announced: the
 * key that leaves is among them, and none that comes. Undefined for anchors that are others altogether.
 */
export function warnOfRootRoll(anchors: readonly KeyAnchor[], now: number): string | undefined {
  const { leaving, coming, signsFrom, warnAhead } = rootRoll
  if (now < signsFrom - warnAhead) return undefined
  const atRoot = anchors.filter(({ owner }) => sameName(owner, rootName)).map((anchor) => numbersOf(anchor).keyTag)
  if (!atRoot.includes(leaving) || atRoot.some((tag) => tag !== leaving)) return undefined
  const when = now < signsFrom ? 'will be signed' : 'is signed'
  return (
    `the trust anchors of the root are those of key ${leaving} alone, and the root ${when} by key ${coming} from ` +
    `${showTime(signsFrom).slice(0, 10)} on: without that one all names fail, and mail waits`
  )
}
