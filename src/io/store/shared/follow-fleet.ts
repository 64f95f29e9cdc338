import { setTimeout as pause } from 'node:timers/promises'
import { limits } from '../../../core/limits.ts'
import { isAlive } from '../../../core/mtasts/cache.ts'
import type { SharedPolicyTimes } from '../../../core/mtasts/shared-policy.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { Clock } from '../../clock.ts'
import type { StopSignal } from '../../stop.ts'
import { type PolicyTable, type StoredPolicy, StoreError } from '../store.ts'
import { type Fleet, FleetError, type SharedTimes } from './fleet.ts'
import type { SharedPolicies } from './shared-policies.ts'

export interface FollowOptions {
  readonly fleet: Fleet
  readonly local: PolicyTable
  readonly policies: SharedPolicies
  readonly clock: Clock
}

/** Keeps this machine and the fleet knowing the same, so that either may be lost. */
export interface FleetFollower {
  /** Takes over what others fetched since; then offers the next part of what is known here, or all if the fleet forgot. */
  follow(signal: StopSignal): Promise<void>
  /** Has all offered again, next time. */
  fallBehind(): void
}

export function createFleetFollower({ fleet, local, policies, clock }: FollowOptions): FleetFollower {
  let epoch: string | undefined
  let place = 0
  /** Where the walk through what is known here stands; undefined at its beginning. */
  let offered: DomainName | undefined
  let isBehind = true

  const fallBehind = () => {
    isBehind = true
    offered = undefined
  }
  const takeOver = async (signal: StopSignal): Promise<void> => {
    for (;;) {
      const changes = await fleet.changes(place)
      if (changes.epoch !== epoch) {
        // Redis was emptied, or is another one: it is asked, and told, everything again.
        const wasKnown = epoch !== undefined
        epoch = changes.epoch
        fallBehind()
        if (wasKnown && place !== 0) {
          place = 0
          continue
        }
      }
      await Promise.all(changes.changed.map(({ domain, times }) => compare(domain, times)))
      place = changes.next
      if (changes.isAll || signal.aborted) return
    }
  }
  const compare = async (domain: DomainName, times: SharedTimes): Promise<void> => {
    if (times.kind !== 'policy') return
    const here = await local.find(domain)
    if (here === undefined || isLater(times, here)) await policies.adopt(domain, await fleet.find(domain))
  }
  const offerPart = async (): Promise<boolean> => {
    const known = await local.list(limits.shared.followedAtOnce, offered)
    const alive = known.filter((policy) => isAlive(policy, clock.now()))
    const times = await fleet.times(alive.map(({ domain }) => domain))
    const done = await Promise.all(alive.map((policy, at) => level(policy, times[at])))
    if (done.includes(false)) throw new FleetError('it takes no policies')
    offered = known.length < limits.shared.followedAtOnce ? undefined : known.at(-1)?.domain
    return offered === undefined
  }
  const level = async (policy: StoredPolicy, there: SharedTimes | undefined): Promise<boolean> => {
    if (there === undefined || there.kind === 'newer-form') return true
    const isFuture = there.kind === 'policy' && there.fetchedAt > clock.now() + limits.shared.clockSkewMs
    if (there.kind !== 'policy' || isFuture || isLater(policy, there)) return policies.offer(policy)
    if (isLater(there, policy)) await policies.adopt(policy.domain, await fleet.find(policy.domain))
    return true
  }
  const offer = async (signal: StopSignal): Promise<void> => {
    while (isBehind && !signal.aborted) if (await offerPart()) isBehind = false
    // What Redis lost since, to make room for one, is put back in time.
    await offerPart()
  }
  return {
    async follow(signal) {
      try {
        await takeOver(signal)
        if (fleet.state.kind === 'refusing') await fleet.tryWrite()
        await offer(signal)
      } catch (error) {
        if (!(error instanceof FleetError) && !(error instanceof StoreError)) throw error
        // What could not be written meanwhile is to be found.
        fallBehind()
      }
    },
    fallBehind,
  }
}

function isLater(one: SharedPolicyTimes, other: SharedPolicyTimes): boolean {
  if (one.fetchedAt !== other.fetchedAt) return one.fetchedAt > other.fetchedAt
  return one.refreshAt > other.refreshAt
}

export interface FollowLoopOptions {
  /** From 0 to 1, so that machines do not all look at once. */
  readonly random: () => number
  readonly onFailed: (error: unknown) => void
}

/** Follows until it is closed, which waits for what is under way. */
export function followAlways({ follow }: FleetFollower, { random, onFailed }: FollowLoopOptions) {
  const closing = new AbortController()
  const { signal } = closing
  const run = async () => {
    while (!signal.aborted) {
      await pause(limits.shared.followMs * (0.5 + random()), undefined, { signal, ref: false })
      await follow(signal).catch(onFailed)
    }
  }
  const running = run().catch(() => {}) // the pause that closing ended
  return {
    async close() {
      closing.abort()
      await running
    },
  }
}
