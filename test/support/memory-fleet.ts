// A shared store in memory, for several machines of one test; test/support/fleet-contract.ts holds it and Redis together.

import { limits } from '../../src/core/limits.ts'
import {
  formatSharedPolicy,
  parseSharedPolicy,
  parseSharedTimes,
  type SharedAttempt,
} from '../../src/core/mtasts/shared-policy.ts'
import type { DomainName } from '../../src/core/name/domain.ts'
import type { Clock } from '../../src/io/clock.ts'
import { type Fleet, FleetError, type FleetState, type SharedFinding } from '../../src/io/store/shared/fleet.ts'

export interface MemoryFleet {
  /** What one machine has of it. */
  join(clock: Clock): Fleet
  state: FleetState
  /** As text, by domain: tests may write there what they like. */
  readonly values: Map<string, string>
  readonly turns: Map<string, string>
  readonly attempts: Map<string, SharedAttempt & { readonly agoMs: number }>
  /** Forgets everything. */
  flush(): void
}

export function createMemoryFleet(): MemoryFleet {
  const values = new Map<string, string>()
  const turns = new Map<string, string>()
  const attempts: MemoryFleet['attempts'] = new Map()
  const places = new Map<string, number>()
  let place = 0
  let epoch = 1
  const tell = (domain: string) => places.set(domain, ++place)
  const fleet: MemoryFleet = {
    ...{ values, turns, attempts, state: { kind: 'up' } },
    flush() {
      for (const map of [values, turns, attempts, places]) map.clear()
      place = 0
      epoch++
    },
    join: (clock) => joined(clock),
  }
  /** Runs what it is given where the shared store does so. */
  const does = <Value>(isWrite: boolean, work: () => Value): Promise<Value> => {
    const { state } = fleet
    if (state.kind === 'away' || (state.kind === 'refusing' && isWrite))
      return Promise.reject(new FleetError(state.kind))
    return Promise.resolve(work())
  }
  const find = (domain: DomainName, now: number): SharedFinding => {
    const text = values.get(domain)
    if (text === undefined) return { kind: 'absent' }
    const read = parseSharedPolicy(text, domain, now)
    if (read.ok) return { kind: 'policy', policy: read.value }
    return { kind: 'unusable', reason: read.fault, mark: read.fault === 'damaged' ? text : undefined }
  }
  const times = (domain: DomainName) => {
    const text = values.get(domain)
    const read = text === undefined ? undefined : parseSharedTimes(text)
    if (read === undefined) return { kind: 'absent' } as const
    if (read.ok) return { kind: 'policy', ...read.value } as const
    return { kind: read.fault === 'version' ? 'newer-form' : 'unusable' } as const
  }
  const joined = (clock: Clock): Fleet => ({
    get state() {
      return fleet.state
    },
    find: (domain) => does(false, () => find(domain, clock.now())),
    put: (policy, _maxAge, id) =>
      does(true, () => {
        const { domain, fetchedAt, refreshAt } = policy
        if (id !== undefined) attempts.set(`${domain} ${id}`, { kind: 'stored', agoMs: 0 })
        const before = times(domain)
        if (before.kind === 'newer-form') return 'kept'
        const counts = before.kind === 'policy' && before.fetchedAt <= clock.now() + limits.shared.clockSkewMs
        if (counts && before.fetchedAt > fetchedAt) return 'kept'
        if (counts && before.fetchedAt === fetchedAt && before.refreshAt >= refreshAt) return 'kept'
        values.set(domain, formatSharedPolicy(policy))
        tell(domain)
        return 'put'
      }),
    postpone: (domain, { fetchedAt, refreshAt }) =>
      does(true, () => {
        const found = find(domain, clock.now())
        if (found.kind !== 'policy' || found.policy.fetchedAt !== fetchedAt) return
        if (found.policy.refreshAt >= refreshAt) return
        values.set(domain, formatSharedPolicy({ ...found.policy, refreshAt }))
        tell(domain)
      }),
    remove: (domain) => does(true, () => void values.delete(domain)),
    discard: (domain, mark) =>
      does(true, () => {
        if (values.get(domain) === mark) values.delete(domain)
      }),
    putFailure: ({ domain, id }, failure) =>
      does(true, () => void attempts.set(`${domain} ${id}`, { kind: 'failed', failure, agoMs: 0 })),
    askTurn: ({ domain, id }, token) =>
      does(true, () => {
        const key = `${domain} ${id}`
        const isOurs = !turns.has(key)
        if (isOurs) turns.set(key, token)
        return { isOurs, found: find(domain, clock.now()), attempt: attempts.get(key) }
      }),
    keepTurn: ({ domain, id }, token) => does(true, () => turns.get(`${domain} ${id}`) === token),
    endTurn: ({ domain, id }, token) =>
      does(true, () => {
        if (turns.get(`${domain} ${id}`) === token) turns.delete(`${domain} ${id}`)
      }),
    changes: (after) =>
      does(false, () => {
        const { followedAtOnce } = limits.shared
        const later = [...places].filter(([, at]) => at > after).sort(([, one], [, other]) => one - other)
        const page = later.slice(0, followedAtOnce)
        return {
          epoch: String(epoch),
          changed: page.map(([domain]) => ({ domain: domain as DomainName, times: times(domain as DomainName) })), // as put
          next: page.at(-1)?.[1] ?? after,
          isAll: page.length < followedAtOnce,
        }
      }),
    times: (domains) => does(false, () => domains.map(times)),
    tryWrite: () => does(true, () => {}),
    close: () => {},
  })
  return fleet
}
