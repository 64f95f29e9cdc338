// Machines of a fleet, each with a store of its own in memory, on one shared store.
import type { TestContext } from 'node:test'
import { openStore } from '../../src/io/store/open-store.ts'
import type { Fleet } from '../../src/io/store/shared/fleet.ts'
import { type SharedStore, shareStore } from '../../src/io/store/shared/open-shared-store.ts'
import type { TurnResult } from '../../src/io/store/shared/take-turns.ts'
import type { Store, StoredPolicy, StoreWarning } from '../../src/io/store/store.ts'
import { domain } from './domain.ts'
import type { MovedClock } from './moved-clock.ts'

export interface Machine extends SharedStore {
  readonly local: Store
  readonly warnings: StoreWarning[]
  readonly turnResults: TurnResult[]
  /** One round of taking over and offering. */
  follow(): Promise<void>
}

export function startMachine(context: TestContext, join: (clock: MovedClock) => Fleet, clock: MovedClock): Machine {
  const local = openStore(':memory:')
  const warnings: StoreWarning[] = []
  const turnResults: TurnResult[] = []
  const shared = shareStore(local, join(clock), {
    ...{ clock, random: () => 0.5, onWarning: (warning) => warnings.push(warning) },
    onTurn: (result) => turnResults.push(result),
  })
  context.after(() => shared.store.close())
  const { signal } = new AbortController()
  return { ...shared, local, warnings, turnResults, follow: () => shared.follower.follow(signal) }
}

export const maxAge = 864_000

export function policyOf(name: string, fetchedAt: number, more: Partial<StoredPolicy> = {}): StoredPolicy {
  const body = `version: STSv1\r\nmode: enforce\r\nmx: mx.${name}\r\nmax_age: ${maxAge}\r\n`
  const refreshAt = fetchedAt + 86_400_000
  return { domain: domain(name), id: '1', body, mode: 'enforce', maxAge, fetchedAt, refreshAt, ...more }
}
