import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import type { Store, StoreWarning } from '../store.ts'
import type { Fleet } from './fleet.ts'
import { createFleetFollower, type FleetFollower, followAlways } from './follow-fleet.ts'
import { createSharedPolicies } from './shared-policies.ts'
import { createFetchTurns, type TurnResult } from './take-turns.ts'

export interface ShareOptions {
  readonly clock: Clock
  /** From 0 to 1. */
  readonly random: () => number
  readonly onWarning: (warning: StoreWarning) => void
  readonly onTurn?: ((result: TurnResult, waitedMs: number) => void) | undefined
}

/** A store whose policies a fleet shares, and one round of keeping it and the fleet the same. */
export interface SharedStore {
  readonly store: Store
  readonly follower: FleetFollower
}

/** Joins this machine's store to the fleet. Certificates, trust anchors and overrides stay with each machine. */
export function shareStore(local: Store, fleet: Fleet, options: ShareOptions): SharedStore {
  const { clock, random, onWarning, onTurn } = options
  const policies = createSharedPolicies({
    ...{ local: local.policies, fleet, clock, onWarning },
    onMissed: () => follower.fallBehind(),
  })
  const turns = createFetchTurns({ fleet, policies, clock, random, token: () => randomUUID(), onTurn })
  const follower: FleetFollower = createFleetFollower({ fleet, local: local.policies, policies, clock })
  const close = async () => {
    fleet.close()
    await local.close()
  }
  return { store: { ...local, policies, turns, shared: () => fleet.state, close }, follower }
}

/** As `shareStore`, following until it is closed. */
export function openSharedStore(local: Store, fleet: Fleet, options: ShareOptions): Store {
  const { store, follower } = shareStore(local, fleet, options)
  const { random, onWarning } = options
  const following = followAlways(follower, {
    random,
    onFailed: (error) => onWarning({ kind: 'read-failed', table: 'shared policies', key: '', reason: String(error) }),
  })
  return {
    ...store,
    async close() {
      await following.close()
      await store.close()
    },
  }
}
