import type { ExtendedError } from '../../core/dns/edns.ts'
import { type Budget, createBudget } from '../../core/dnssec/budget.ts'
import { failureCodes } from '../../core/dnssec/extended-error.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Failure } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import type { SharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import type { TraceEvent } from './resolver.ts'

/** One question of a caller with everything that it leads to: what it may still cost is never set back. */
export interface Task {
  readonly signal: StopSignal
  readonly budget: Budget
  readonly clock: Clock
  readonly trace: ((event: TraceEvent) => void) | undefined
  /** Whether it is to renew what is known: what ends soon is asked for again then. */
  readonly isRefresh?: boolean
  /** Counts a query about to be sent to the server; false when there must be none any more. RFC 1035 §7.1 */
  takeQuery(server: string): boolean
  /** Counts a name server that was looked up and turned out to have no address. */
  missServer(): void
  /** Whether it costs as much as any may, so that nothing more can come of it. */
  isSpent(): boolean
  /** What it costs too much of, to stand behind `more than`. */
  spentOn(): string
  /** Who was asked last, for saying whom a lookup waited for in vain. */
  lastServer(): string | undefined
  /** A part of it that may end by itself, at the same expense. */
  under(signal: StopSignal): Task
}

export interface TaskOptions {
  readonly signal: StopSignal
  readonly clock: Clock
  readonly trace?: ((event: TraceEvent) => void) | undefined
  readonly queries?: number | undefined
  readonly isRefresh?: boolean
}

export function createTask(options: TaskOptions): Task {
  const { signal, clock, trace, queries = limits.resolver.queries, isRefresh = false } = options
  const means = { budget: createBudget(), queries, sent: 0, missing: 0, last: undefined }
  return new OwnTask({ signal, clock, trace, isRefresh }, means)
}

/** What a question with all its parts has cost. */
interface Means {
  readonly budget: Budget
  readonly queries: number
  sent: number
  missing: number
  last: string | undefined
}

/** A class, as every lookup makes several. */
class OwnTask implements Task {
  readonly signal: StopSignal
  readonly clock: Clock
  readonly trace: ((event: TraceEvent) => void) | undefined
  readonly isRefresh: boolean
  readonly #means: Means

  constructor(
    { signal, clock, trace, isRefresh }: Pick<Task, 'signal' | 'clock' | 'trace' | 'isRefresh'>,
    means: Means,
  ) {
    this.signal = signal
    this.clock = clock
    this.trace = trace
    this.isRefresh = isRefresh === true
    this.#means = means
  }

  get budget(): Budget {
    return this.#means.budget
  }

  takeQuery(server: string): boolean {
    if (this.#means.sent >= this.#means.queries) return false
    this.#means.sent++
    this.#means.last = server
    return true
  }

  missServer(): void {
    this.#means.missing++
  }

  isSpent(): boolean {
    return this.#means.sent >= this.#means.queries || this.#means.missing >= limits.resolver.missingServers
  }

  spentOn(): string {
    const { sent, queries } = this.#means
    return sent >= queries ? `${queries} queries` : `${limits.resolver.missingServers} name servers without an address`
  }

  lastServer(): string | undefined {
    return this.#means.last
  }

  under(signal: StopSignal): Task {
    const { clock, trace, isRefresh } = this
    return new OwnTask({ signal, clock, trace, isRefresh }, this.#means)
  }
}

interface Joining<Value> {
  readonly key: string
  readonly task: Task
  start(task: Task): Promise<Value>
  /** Whether it ended because the means of the question that began it did. */
  isSpent(value: Value): boolean
}

/** Joins the work that another question began; where the other's means did not suffice, it is begun anew with ours. */
export function joinOnOwnMeans<Value>(work: SharedWork<Value>, joining: Joining<Value>): Promise<Value> {
  const { key, task, start } = joining
  let isOurs = false
  const begin = (signal: StopSignal) => {
    isOurs = true
    return start(task.under(signal))
  }
  const joined = work.join(key, begin, task.signal)
  // It is begun at once or not at all, and nothing stands between whoever began it and what comes of it.
  return isOurs ? joined : unlessSpent(joined, work, joining)
}

async function unlessSpent<Value>(
  joined: Promise<Value>,
  work: SharedWork<Value>,
  joining: Joining<Value>,
): Promise<Value> {
  const value = await joined
  return joining.isSpent(value) ? joinOnOwnMeans(work, joining) : value
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
  readonly ede: number
  readonly zone: Name | undefined
  readonly server: string | undefined
  /** Extended DNS Errors of the server's own. */
  readonly said?: readonly ExtendedError[] | undefined
  /** See `Failure`. */
  readonly isOurs?: true
}

/** About the memory that words take which strangers may have chosen: names in reasons, and what servers say. */
export function octetsOfWords({ reason = '', said = [] }: Words): number {
  return said.reduce((sum, { text }) => sum + 2 * text.length + 64, 2 * reason.length)
}

interface Words {
  readonly reason?: string | undefined
  readonly said?: readonly ExtendedError[] | undefined
}

/** What is wrong with what a reply says of a name and type. */
export function malformed(question: { readonly name: Name; readonly type: number }, reason: string, server: string) {
  return trouble('malformed', `${nameRrset(question)}: ${server} sent what is of no use: ${reason}`, { server })
}

export function trouble(why: Failure['why'], reason: string, more: Partial<Trouble> = {}): Trouble {
  return { ede: failureCodes[why], zone: undefined, server: undefined, ...more, why, reason }
}
