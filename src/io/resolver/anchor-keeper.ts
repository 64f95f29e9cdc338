import { createHash } from 'node:crypto'
import type { Rrset } from '../../core/dns/rrset.ts'
import { type AnchorSet, createAnchorSet } from '../../core/dnssec/anchor-set.ts'
import { anchorsAt, spanOf, type TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import { showTime } from '../../core/dnssec/problem.ts'
import {
  type AnchorEvent,
  addAnchors,
  anchorsInForce,
  beginTrustPoint,
  isDue,
  type KeyAnchor,
  lookFailed,
  type Observed,
  observeKeys,
  showsRevocation,
  type TrustPoint,
} from '../../core/dnssec/trust-point.ts'
import { formatTrustPoint, parseTrustPoint } from '../../core/dnssec/trust-point-text.ts'
import { describeEvents, warnOfRootRoll } from '../../core/dnssec/trust-point-words.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'
import type { TrustPointTable } from '../store/store.ts'
import type { AnchorSource } from './anchor-source.ts'

export interface AnchorKeeperOptions {
  readonly anchors: readonly TrustAnchor[]
  readonly negative: readonly NegativeAnchor[]
  /** Whether the anchors in force follow what their zones publish; else that is only told of. */
  readonly follows: boolean
  /** Whether the anchors are those that come with a release, which adds its own to what is remembered. */
  readonly areBuiltIn: boolean
  /** Where it is remembered; without one, for as long as the process lives. */
  readonly table?: (() => TrustPointTable) | undefined
  readonly policy: ValidationPolicy
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly onWarning?: ((warning: string) => void) | undefined
}

/** A name with anchors, and what is known of its keys. */
interface Kept {
  readonly given: readonly KeyAnchor[]
  point: TrustPoint
  /** Whether it was said already that nobody could look for long. */
  isStale: boolean
}

/** Keeps anchors up to date by RFC 5011, in memory and in the store. */
export function createAnchorKeeper(options: AnchorKeeperOptions): AnchorSource {
  const { follows, policy, onWarning = () => {} } = options
  let { negative } = options
  const seconds = () => Math.floor(options.now() / 1000)
  // Those that are followed become others by RFC 5011 alone: when they were given to count is looked at once.
  const anchors = follows ? anchorsAt(options.anchors, options.now()) : options.anchors
  let span = follows || !anchors.some(isTimed) ? always : spanOf(anchors, options.now())
  const points = new Map<string, Kept>()
  for (const [key, given] of groupByOwner(anchors)) {
    const point = beginTrustPoint(given[0].owner, given, seconds())
    points.set(key, { given, point, isStale: false })
  }
  let set = setOf()
  let changes = 0
  let loading: Promise<void> | undefined
  let isLoaded = false

  function setOf(exempt = negative): AnchorSet {
    if (!follows) return createAnchorSet(anchorsAt(anchors, options.now()), exempt)
    const followed = [...points.values()].flatMap(({ point }) => anchorsInForce(point))
    return createAnchorSet([...followed, ...anchors.filter(({ kind }) => kind === 'none')], exempt)
  }

  /** Some anchors count for a time. A clock that is set takes back what it brought. RFC 9718 §2.2 */
  function keepTime(): void {
    if (span === always) return
    const now = options.now()
    if (now >= span.from && now < span.until) return
    span = spanOf(anchors, now)
    set = setOf()
    changes++
    tellOfTime()
  }

  function tellOfTime(): void {
    const now = options.now()
    for (const anchor of anchorsAt(anchors, now)) {
      if (anchor.kind !== 'none') continue
      const zone = formatName(anchor.owner)
      onWarning(`no trust anchor of ${zone} counts at this time: all names below it fail, and mail waits`)
    }
  }

  /** What is remembered, with what was given since. */
  function recall({ given, point }: Kept, text: string | undefined): TrustPoint {
    const known = text === undefined ? undefined : parseTrustPoint(text)
    if (text !== undefined && known === undefined) {
      const zone = formatName(point.owner)
      onWarning(`what was remembered of the trust anchors of ${zone} cannot be read: those that were given count`)
    }
    return known === undefined ? point : addAnchors(known, given, { now: seconds(), policy })
  }

  async function recallAll(table: TrustPointTable): Promise<void> {
    for (const kept of points.values()) kept.point = recall(kept, await table.find(keyOf(kept, options)))
    set = setOf()
    begin()
  }

  function begin(): void {
    isLoaded = true
    const inForce = [...points.values()].flatMap(({ given, point }) => (follows ? anchorsInForce(point) : given))
    const warning = warnOfRootRoll(anchorsAt(inForce, options.now()).filter(isKeyAnchor), seconds())
    if (warning !== undefined) onWarning(warning)
    tellOfTime()
  }

  /** The store's word counts before ours: another process may have looked meanwhile. */
  function settle(kept: Kept, rrset: Rrset, first: Observed): Observed {
    if (!follows || options.table === undefined) return first
    const look = { now: seconds(), policy }
    let observed = first
    void options.table().update(keyOf(kept, options), (text) => {
      observed = observeKeys(recall(kept, text), rrset, look)
      return formatTrustPoint(observed.point)
    })
    return observed
  }

  function adopt(kept: Kept, point: TrustPoint, events: readonly AnchorEvent[]): void {
    const lines = describeEvents(point, events, kept.point, { follows, isKept: options.table !== undefined })
    kept.point = point
    kept.isStale = false
    set = setOf()
    if (follows && events.some(({ kind }) => kind === 'trusted' || kind === 'revoked')) changes++
    for (const line of lines) onWarning(line)
  }

  return {
    get changes() {
      keepTime()
      return changes
    },
    current: () => set,
    positive: () => setOf([]),
    lift(anchor) {
      if (!negative.includes(anchor)) return
      negative = negative.filter((other) => other !== anchor)
      set = setOf()
      changes++
      const zone = formatName(anchor.name)
      onWarning(
        `${zone} validates again: its negative trust anchor counts no more, and may be removed (${anchor.reason})`,
      )
    },
    load() {
      if (isLoaded) return undefined
      if (follows && options.table !== undefined) {
        loading ??= recallAll(options.table())
        return loading
      }
      begin()
      return undefined
    },
    observe(rrset) {
      const kept = points.get(rrset.name.key)
      if (kept === undefined) return 'passed'
      if (!isDue(kept.point, seconds()) && !showsRevocation(kept.point, rrset, policy)) return 'passed'
      const first = observeKeys(kept.point, rrset, { now: seconds(), policy })
      // Anyone can send what does not verify: the time of the next look is not moved for it, and nothing is written.
      if (first.problem !== undefined && first.events.length === 0) return 'unverified'
      const { point, events, problem } = settle(kept, rrset, first)
      adopt(kept, point, events)
      return problem === undefined ? 'verified' : 'unverified'
    },
    due: () =>
      follows ? [...points.values()].flatMap(({ point }) => (isDue(point, seconds()) ? [point.owner] : [])) : [],
    nextDue() {
      if (!follows || points.size === 0) return undefined
      return Math.min(...[...points.values()].map(({ point }) => point.askAt)) * 1000
    },
    lookFailed(owner, reason) {
      const kept = points.get(owner.key)
      if (kept === undefined) return
      const { observedAt } = kept.point
      kept.point = lookFailed(kept.point, seconds())
      if (kept.isStale || observedAt === undefined || seconds() - observedAt < limits.dnssec.anchorQueryMax) return
      kept.isStale = true
      const since = showTime(observedAt)
      onWarning(
        `the keys of ${formatName(owner)} could not be verified since ${since}, so that new ones are missed: ${reason}`,
      )
    },
    points: () => [...points.values()].map(({ point }) => point),
  }
}

/** Of anchors that do not come and go with the time. */
const always = { from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }

function isTimed(anchor: TrustAnchor): boolean {
  return anchor.kind === 'ds' && anchor.period !== undefined
}

function isKeyAnchor(anchor: TrustAnchor): anchor is KeyAnchor {
  return anchor.kind !== 'none'
}

function groupByOwner(anchors: readonly TrustAnchor[]): Map<string, [KeyAnchor, ...KeyAnchor[]]> {
  const groups = new Map<string, [KeyAnchor, ...KeyAnchor[]]>()
  for (const anchor of anchors.filter(isKeyAnchor)) {
    const group = groups.get(anchor.owner.key)
    if (group === undefined) groups.set(anchor.owner.key, [anchor])
    else group.push(anchor)
  }
  return groups
}

/**
 * Where it is remembered: those of an operator under what they began with, so that other anchors begin anew, and never
 * count together with what was trusted before.
 */
function keyOf({ given, point }: Kept, { areBuiltIn }: AnchorKeeperOptions): string {
  const owner = formatName(point.owner)
  if (areBuiltIn) return owner
  const begun = formatTrustPoint(beginTrustPoint(point.owner, given, 0))
  return `${owner} ${createHash('sha256').update(begun).digest('hex').slice(0, 32)}`
}
