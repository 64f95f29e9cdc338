import { limits } from '../../../core/limits.ts'
import type { SetupPlan, SetupStep } from '../../../core/publish/setup/report.ts'
import type { Clock } from '../../../io/clock.ts'

export interface VerifyAround {
  readonly clock: Clock
  readonly signal: AbortSignal
  pause(milliseconds: number, signal: AbortSignal): Promise<void>
  /** Looks again; `withHosts` when a step is open that mail servers decide about. */
  look(withHosts: boolean): Promise<SetupPlan>
  tell(news: VerifyNews): void
}

export type VerifyNews =
  | { readonly kind: 'live'; readonly step: SetupStep; readonly at: number }
  /** It was live, and is not any more. */
  | { readonly kind: 'lost'; readonly step: SetupStep; readonly at: number }
  /** A name server has it, or something else is there than before. */
  | { readonly kind: 'changed'; readonly step: SetupStep; readonly at: number }
  /** Before each pause. */
  | { readonly kind: 'waiting'; readonly open: readonly SetupStep[]; readonly pauseMs: number }

export type VerifyEnd = 'live' | 'given-up' | 'stopped'

const ofHosts = /^(?:starttls|certificates|tlsa )/

/**
 * Watches until every step is live that can be done now: what can be seen, and does not wait for weeks of reports. Looks
 * again after pauses that grow while nothing happens, up to a moment in milliseconds since 1970.
 */
export async function verifySetup(first: SetupPlan, until: number, around: VerifyAround): Promise<VerifyEnd> {
  const { clock, signal, pause, look, tell } = around
  const watched = new Set(first.steps.filter(isWatched).map(({ id }) => id))
  // Mode enforce has its time after weeks of reports: only where nothing else is left is it waited for.
  const isLast = first.steps.every((step) => step.state === 'done' || !isWatched(step))
  if (isLast && first.steps.some(({ id, state }) => id === 'enforce' && state !== 'later')) watched.add('enforce')
  const live = new Set(first.steps.filter(({ state }) => state === 'done').map(({ id }) => id))
  let pauseMs: number = limits.setup.pauseMs
  for (let plan = first; ; ) {
    const open = plan.steps.filter(({ id, state }) => watched.has(id) && state !== 'done')
    if (open.length === 0) return 'live'
    if (signal.aborted) return 'stopped'
    const left = until - clock.now()
    if (left <= 0) return 'given-up'
    const waits = Math.min(pauseMs, left)
    tell({ kind: 'waiting', open, pauseMs: waits })
    await pause(waits, signal)
    if (signal.aborted) return 'stopped'
    const next = await look(open.some(({ id }) => ofHosts.test(id)))
    if (signal.aborted) return 'stopped'
    const news = newsBetween(plan, next, live, clock.now())
    for (const one of news) tell(one)
    // Steps of hosts that were not there before are as much part of it.
    for (const step of next.steps)
      if (isWatched(step) && !plan.steps.some(({ id }) => id === step.id)) watched.add(step.id)
    const grown = Math.min((pauseMs * limits.setup.pauseGrowth) / 100, limits.setup.pauseMostMs)
    pauseMs = news.length > 0 ? limits.setup.pauseMs : grown
    plan = next
  }
}

/** What nobody sees, and what waits for weeks, is not watched for. */
function isWatched({ id, state }: SetupStep): boolean {
  return state !== 'unseen' && id !== 'enforce'
}

/** What was live stays so while it cannot be told; `live` is kept in step. */
function newsBetween(before: SetupPlan, after: SetupPlan, live: Set<string>, at: number): VerifyNews[] {
  return after.steps.flatMap((step): VerifyNews[] => {
    const { id, state, seen } = step
    if (state === 'unseen') return []
    if (state === 'done') {
      if (live.has(id)) return []
      live.add(id)
      return [{ kind: 'live', step, at }]
    }
    if (live.has(id)) {
      if (state === 'unknown') return []
      live.delete(id)
      return [{ kind: 'lost', step, at }]
    }
    const known = before.steps.find((one) => one.id === id)
    return known === undefined || known.seen.join('\n') === seen.join('\n') ? [] : [{ kind: 'changed', step, at }]
  })
}
