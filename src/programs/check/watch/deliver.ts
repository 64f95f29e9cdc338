import { limits } from '../../../core/limits.ts'
import type { WatchIo } from './run-watch.ts'
import { summaryOf } from './summary.ts'
import type { Pending, WatchState } from './watch-state.ts'

type DeliverIo = Pick<WatchIo, 'work' | 'clock' | 'state' | 'targets' | 'random'> & {
  /** Whether this is the only try of this run: then it is made whatever the time. */
  readonly isLast: boolean
}

/**
 * Tells what waits to be told and is due, to each target in the order in which it happened: while one notice fails, later
 * ones for the same target wait. What arrived is forgotten at once.
 */
export async function deliverPending(before: WatchState, io: DeliverIo): Promise<WatchState> {
  let state = before
  for (const target of io.targets) {
    for (const entry of before.pending.filter(({ to }) => to === target.name)) {
      if (io.work.signal.aborted) return state
      if (!io.isLast && !isDue(entry.nextAt, io.clock.now(), limits.watch.retryMaxMs * 1.1)) break
      const why = await target.deliver(entry.notice, io.work.signal)
      if (io.work.signal.aborted && why !== undefined) return state
      const after = why === undefined ? undefined : failed(entry, why, io)
      state = replace(state, entry, after)
      await io.state.write(state)
      if (after !== undefined) break
    }
  }
  return state
}

/** Something further away than can have been meant is due: a clock was wrong, or `--every` is another now. */
export function isDue(at: number, now: number, most: number): boolean {
  return at <= now || at > now + most
}

/** When it is tried again; undefined once it was tried for long enough. */
function failed(entry: Pending, why: string, { clock, random, work: { out } }: DeliverIo): Pending | undefined {
  const now = clock.now()
  const what = `${entry.to} was not told "${summaryOf(entry.notice)}": ${why}`
  if (now - entry.madeAt >= limits.watch.keptMs) {
    out.warn(`${what}; that was tried for a week, and is given up`)
    return undefined
  }
  const { retryMinMs, retryMaxMs } = limits.watch
  const pause = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(entry.attempts, 20)) * (0.9 + random() * 0.2)
  const nextAt = now + Math.round(pause)
  out.warn(`${what}; it is tried again`)
  return { ...entry, attempts: entry.attempts + 1, nextAt }
}

function replace(state: WatchState, entry: Pending, by: Pending | undefined): WatchState {
  return { ...state, pending: state.pending.flatMap((one) => (one === entry ? (by ?? []) : one)) }
}
