import type { CheckReport } from '../../../core/check/report.ts'
import { type Notice, type Watched, watchStep } from '../../../core/check/watch/watch.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import type { Clock } from '../../../io/clock.ts'
import type { StopSignal } from '../../../io/stop.ts'
import { formatMoment } from '../../cli/durations.ts'
import { EXIT } from '../../cli/exit.ts'
import { reasonOf } from '../../file-error.ts'
import { checkInOrder, type ManyWork } from '../check-many.ts'
import { deliverPending, isDue } from './deliver.ts'
import { summaryOf } from './summary.ts'
import type { Target } from './targets.ts'
import type { WatchPlan } from './watch-options.ts'
import { type Pending, type StateFile, type WatchState, watchedIn } from './watch-state.ts'

export interface WatchIo {
  readonly work: ManyWork
  readonly clock: Clock
  readonly state: StateFile
  readonly targets: readonly Target[]
  /** Whether notices are printed as JSON. */
  readonly json: boolean
  /** Resolves after so long, or as soon as the signal is aborted. */
  pause(milliseconds: number, signal: StopSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export type WatchRound = Pick<WatchPlan, 'everyMs' | 'isOnce' | 'warnDays' | 'untoldAfter' | 'isPartial'>

/**
 * Checks domains round after round, and tells of what changed, until it is told to end. What is remembered is in its place
 * before anybody is told: who is told twice after a crash is told the same, and nobody is left out. Yields the exit status.
 */
export async function runWatch(domains: readonly DomainName[], plan: WatchRound, io: WatchIo): Promise<number> {
  const { work, clock, pause } = io
  const { out, signal } = work
  let state: WatchState
  try {
    state = await io.state.read((text) => out.warn(text))
    state = onlyOf(state, domains, plan.isOnce ? 0 : undefined)
    while (!signal.aborted) {
      if (isDue(state.nextAt, clock.now(), plan.everyMs * 1.1)) state = await round(domains, state, plan, io)
      state = await deliverPending(state, { ...io, isLast: plan.isOnce })
      if (plan.isOnce) break
      const due = Math.min(state.nextAt, ...io.targets.flatMap(({ name }) => nextTry(state, name)))
      await pause(Math.max(0, due - clock.now()), signal)
    }
  } catch (error) {
    if (signal.aborted) return plan.isOnce ? EXIT.interrupted : EXIT.done
    out.warn(escapeText(`the watch ends: ${reasonOf(error)}`))
    return EXIT.cannotCreate
  }
  if (!plan.isOnce) return EXIT.done
  if (signal.aborted) return EXIT.interrupted
  return state.pending.length > 0 ? EXIT.temporary : EXIT.done
}

/** When a target is told next: later notices wait for the first. */
function nextTry({ pending }: WatchState, name: string): number[] {
  return pending
    .filter(({ to }) => to === name)
    .slice(0, 1)
    .map(({ nextAt }) => nextAt)
}

/** Forgets domains that are not watched any more; one that is new is not kept waiting. */
function onlyOf(state: WatchState, domains: readonly DomainName[], nextAt: number | undefined): WatchState {
  const known = [...state.domains].filter(([domain]) => domains.some((one) => one === domain))
  const isNew = domains.some((domain) => !state.domains.has(domain))
  return { ...state, domains: new Map(known), nextAt: nextAt ?? (isNew ? 0 : state.nextAt) }
}

async function round(
  domains: readonly DomainName[],
  before: WatchState,
  plan: WatchRound,
  io: WatchIo,
): Promise<WatchState> {
  const { work, clock } = io
  const all = new Map<string, Watched>(before.domains)
  const notices: Notice[] = []
  await checkInOrder(domains, work, (report) => {
    const { after, notice } = watchStep(watchedIn(before, report.domain), report, plan)
    all.set(report.domain, after)
    if (notice !== undefined) notices.push(notice)
    tell(report, notice, io)
  })
  const now = clock.now()
  // A tenth earlier or later: machines that were set up alike should not all ask at once.
  const usual = now + Math.round(plan.everyMs * (0.9 + io.random() * 0.2))
  // A round that was broken off is begun anew by the next start.
  const nextAt = work.signal.aborted ? 0 : usual
  const fresh = notices.flatMap((notice) =>
    io.targets.map(({ name }) => ({ to: name, notice, attempts: 0, madeAt: now, nextAt: now })),
  )
  const pending = bounded([...before.pending, ...fresh], io)
  const state: WatchState = { nextAt, domains: all, pending }
  await io.state.write(state)
  return state
}

/** A line for each check: what changed, or that nothing did. */
function tell(report: CheckReport, notice: Notice | undefined, { json, work: { out } }: WatchIo): void {
  if (json) {
    if (notice !== undefined) out.line(JSON.stringify(notice))
    return
  }
  const text = notice === undefined ? `${report.domain}: ${report.verdict}` : summaryOf(notice)
  out.line(`${formatMoment(report.checkedAt)} ${text}`)
}

/** The latest of them, as many as may wait, so that the state can be read again. */
function bounded(pending: WatchState['pending'], { work: { out } }: WatchIo): WatchState['pending'] {
  let octets = 0
  const isOver = (entry: Pending) => {
    octets += Buffer.byteLength(JSON.stringify(entry))
    return octets > limits.watch.pendingOctets
  }
  const last = pending.findLastIndex(isOver)
  const over = Math.max(last + 1, pending.length - limits.watch.pending)
  if (over > 0) out.warn(`too many notices wait to be delivered: the oldest are given up, ${over} of them`)
  return pending.slice(Math.max(0, over))
}
