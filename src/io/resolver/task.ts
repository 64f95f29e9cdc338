import { type Budget, createBudget } from '../../core/dnssec/budget.ts'
import type { Failure } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import type { TraceEvent } from './resolver.ts'

/** One question of a caller with everything that it leads to: what it may still cost is never set back. */
export interface Task {
  readonly signal: AbortSignal
  readonly budget: Budget
  readonly clock: Clock
  readonly trace: ((event: TraceEvent) => void) | undefined
  /** Counts a query about to be sent; false when there must be none any more. RFC 1035 §7.1 */
  takeQuery(): boolean
  /** How many queries were sent. */
  readonly queries: number
}

export interface TaskOptions {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly trace?: ((event: TraceEvent) => void) | undefined
  readonly queries?: number | undefined
}

export function createTask({ signal, clock, trace, queries = limits.resolver.queries }: TaskOptions): Task {
  let sent = 0
  return {
    signal,
    clock,
    trace,
    budget: createBudget(),
    takeQuery() {
      if (sent >= queries) return false
      sent++
      return true
    },
    get queries() {
      return sent
    },
  }
}

/** Seconds since 1970, as signatures count. */
export function secondsOf({ clock }: Pick<Task, 'clock'>): number {
  return Math.floor(clock.now() / 1000)
}

/** Why a lookup came to nothing, before it is known whose lookup it was. */
export interface Trouble {
  readonly why: Failure['why']
  /** One line, without a full stop. */
  readonly reason: string
  readonly ede: number | undefined
  readonly zone: Name | undefined
  readonly server: string | undefined
}

export function trouble(why: Failure['why'], reason: string, more: Partial<Trouble> = {}): Trouble {
  return { ede: undefined, zone: undefined, server: undefined, ...more, why, reason }
}
