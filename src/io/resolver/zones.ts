import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import { limits } from '../../core/limits.ts'
import { isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { createSharedWork } from '../shared-work.ts'
import { createCache, wholeRoom } from './cache.ts'
import { createFailureTimes, isOutage } from './failure-times.ts'
import { renewalTime } from './link-cache.ts'
import { joinOnOwnMeans, type Task } from './task.ts'
import { cross, crossWithKeys } from './zone-crossing.ts'
import { readKeys } from './zone-keys.ts'
import {
  exempt,
  type InsecureZone,
  octetsOfState,
  withoutAnchor,
  type ZoneState,
  type Zones,
  type ZonesOptions,
  type ZonesWork,
} from './zone-state.ts'

/** What is remembered of a zone; keys that end soon are asked for again by what renews data that they signed. */
interface KnownState {
  readonly state: ZoneState
  renewableFrom: number
  isRenewing: boolean
}

/** Finds the states of zones from the trust anchors down. */
export function createZones(options: ZonesOptions): Zones {
  const { now, room = wholeRoom } = options
  const { entries, octets } = room
  const known = createCache<KnownState>({ now, entries, octets, octetsOf: ({ state }) => octetsOfState(state) })
  const failures = createFailureTimes(now, room)
  const underWay = createSharedWork<ZoneState>()

  /** `isLikely` when something speaks for a zone at this name, so that its keys will be wanted. */
  async function find(apex: Name, task: Task, isLikely: boolean): Promise<ZoneState> {
    const cached = known.get(apex.key)?.value
    if (cached !== undefined && !isToRenew(cached, task)) return cached.state
    const start = async (own: Task) => {
      if (cached !== undefined) cached.isRenewing = true
      const state = await findState(apex, isLikely, own, work).finally(() => {
        if (cached !== undefined) cached.isRenewing = false
      })
      const still = state.kind === 'failed' ? known.get(apex.key)?.value.state : undefined
      // A failure takes nothing away that still holds.
      if (still !== undefined) return still
      if (!own.signal.aborted) known.put(apex.key, knownState(state), endOf(apex, state))
      return state
    }
    const isSpent = (state: ZoneState) => state.kind === 'failed' && state.trouble.why === 'limit'
    return joinOnOwnMeans(underWay, { key: apex.key, task, start, isSpent })
  }

  /** Its own failures are remembered for longer each time in a row; those of a zone above as long as they are there. */
  function endOf(apex: Name, state: ZoneState): number {
    if (state.kind !== 'failed') failures.forget(apex.key)
    if (state.kind !== 'failed' || !sameName(state.zone, apex) || state.until <= now()) return state.until
    const { why } = state.trouble
    return now() + (isOutage(apex, why) ? limits.resolver.failureTtl : failures.next(apex.key, why)) * 1000
  }

  function knownState(state: ZoneState): KnownState {
    const renewableFrom = state.kind === 'secure' ? renewalTime(now(), state.until) : Number.POSITIVE_INFINITY
    return { state, renewableFrom, isRenewing: false }
  }

  /** Begun once; whoever renews something meanwhile waits for it, or would have it for what is left of the old. */
  function isToRenew(cached: KnownState, { isRefresh }: Task): boolean {
    if (isRefresh !== true || (now() < cached.renewableFrom && !cached.isRenewing)) return false
    cached.renewableFrom = Number.POSITIVE_INFINITY
    return true
  }

  const stateOf: Zones['stateOf'] = (apex, task) => find(apex, task, true)

  /** Top down, so that nothing below an insecure cut is ever asked for. */
  async function stateAround(name: Name, task: Task): Promise<ZoneState> {
    const [anchor] = options.anchors.current().closest(name)
    const parent = parentOfName(name)
    if (anchor === undefined || parent === undefined || sameName(anchor.owner, name)) {
      return find(name, task, true)
    }
    const above = await stateAround(parent, task)
    return above.kind === 'secure' ? find(name, task, false) : above
  }

  function exemptionOf(name: Name): InsecureZone | undefined {
    const negative = options.anchors.current().negativeFor(name, now())
    return negative && exempt(negative, now())
  }

  function excuses({ zone }: InsecureZone, name: Name): boolean {
    const [anchor] = options.anchors.current().closest(name)
    return anchor === undefined || !isBelow(anchor.owner, zone)
  }

  const work: ZonesWork = { ...options, stateOf, stateAround, exemptionOf, excuses }
  return { stateOf, stateAround, exemptionOf, excuses }
}

async function findState(apex: Name, isLikely: boolean, task: Task, work: ZonesWork): Promise<ZoneState> {
  const exemption = work.exemptionOf(apex)
  if (exemption !== undefined) return exemption
  const anchors = work.anchors.current().closest(apex)
  const [anchor] = anchors
  if (anchor === undefined) return withoutAnchor(apex, work)
  if (sameName(anchor.owner, apex)) return readAnchored(apex, anchors, task, work)
  return isLikely ? crossWithKeys(apex, task, work) : cross(apex, undefined, task, work)
}

/**
 * By the anchors of the zone itself; where none of those leads to its keys, by its parent, when an anchor is above that
 * too: any success counts, and the zone is insecure only if all have it so. RFC 6840 §5.10
 */
async function readAnchored(
  zone: Name,
  anchors: readonly TrustAnchor[],
  task: Task,
  work: ZonesWork,
): Promise<ZoneState> {
  const own = await readKeys(zone, { kind: 'anchors', anchors, chain: [] }, task, work)
  if (own.kind !== 'failed' || own.trouble.why !== 'bogus') return own
  if (work.anchors.current().above(zone).length === 0) return own
  const state = await cross(zone, undefined, task, work)
  return state.kind === 'secure' && sameName(state.zone, zone) ? state : own
}
