import { listsMx, type MxPattern, type StsPolicy } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import type { ReportTally } from '../tlsrpt/report-tally.ts'
import { patternsFor, patternsWith } from './mx-patterns.ts'
import type { PolicyTrial } from './policy-trial.ts'
import { type Hindrance, hindrancesOfHosts, hindrancesOfReports } from './sts-gates.ts'
import { beginRamp, highestId } from './sts-ramp-begin.ts'
import type { StsSeen } from './sts-seen.ts'
import { dayMaxAge, lastStageOf, nextStage, type RampStage, rankOf, stageOf, stageText, termsOf } from './sts-stages.ts'
import { currentTerm, noteServed, publish, type ServedTerm, type StsState } from './sts-state.ts'
import { nextStep, type PublishStep } from './sts-steps.ts'

/** Where the way is to end, and how. */
export interface RampWish {
  readonly to: StsPolicy['mode']
  /** Days for which each stage but the first lasts at least, all of them without reports of failures. */
  readonly days: number
  /** Of the last stage, in seconds; undefined leaves what is there. */
  readonly maxAge: number | undefined
  /** In the place of the MX hosts as they are. */
  readonly mx: readonly MxPattern[] | undefined
  readonly mustHaveReports: boolean
  /** Whether a policy that somebody else put there is taken over. */
  readonly adopts: boolean
}

/** What is known at this moment. */
export interface RampLook {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly seen: StsSeen
  /** MX hosts as they are. */
  readonly hosts: readonly DomainName[]
  /** What of the check is not green. */
  readonly check: readonly Hindrance[]
  readonly tally: ReportTally | undefined
  tryPolicy(policy: StsPolicy): PolicyTrial
}

/** What is to be done now, and the state to remember before it is done. */
export interface RampPlan {
  readonly state: StsState
  readonly stage: RampStage
  readonly step: PublishStep | { readonly kind: 'done' } | { readonly kind: 'hold' } | { readonly kind: 'refused' }
  /** What is wrong, or what is waited for; with `done` what is wrong where the way has ended. */
  readonly hindrances: readonly Hindrance[]
  /** What this plan changes about the stage, one line without a full stop. */
  readonly turn: string | undefined
  readonly calendar: readonly CalendarEntry[]
}

/** A stage that is to come, and the earliest moment at which it may. */
export interface CalendarEntry {
  readonly stage: RampStage
  readonly at: number
}

const msPerDay = 86_400_000

/**
 * What is to be done for a domain on its way to a mode. RFC 8461 §8.1, §10.2
 *
 * One stage follows the other when it has been live for some days, no report tells of a failure in them, and the check is
 * green; before mode `enforce` every MX host must pass as well. The way down is taken at once: it holds nobody's mail back.
 * Run again at any point, and with any part of a step done or not, it goes on from what is seen.
 */
export function planRamp(before: StsState, look: RampLook, wish: RampWish): RampPlan {
  const { now, seen } = look
  const begun = beginRamp(before, look, wish.adopts)
  const { refusal } = begun
  if (refusal !== undefined) return planFor(begun.state, begun.stage, { kind: 'refused' }, look, wish, [refusal])
  const isDown = rankOf(begun.stage) > rankOf(lastStageOf(wish.to))
  const wrong = isDown ? [] : unfit(begun.state, begun.stage, look, wish)
  if (wrong.length > 0) return planFor(before, begun.stage, { kind: 'refused' }, look, wish, wrong)
  if (isDown) return goDown(begun.state, begun.stage, look, wish)
  const { stage } = begun
  const isNew = currentTerm(begun.state)?.mode !== termsOf(stage).mode
  const state = noteServed(
    isNew ? enter(begun.state, stage, look, wish) : widen(begun.state, stage, look, wish),
    seen,
    now,
  )
  const turn = begun.turn ?? (isNew ? `begins with ${stageText(stage)}` : undefined)
  const step = stepOf(state, seen)
  if (step.kind === 'live')
    return { ...goOn({ ...state, liveAt: state.liveAt ?? now }, stage, look, wish), ...(turn && { turn }) }
  return stepBack(state, stage, look, wish) ?? { ...planFor(state, stage, step, look, wish), turn }
}

function planFor(
  state: StsState,
  stage: RampStage,
  step: RampPlan['step'],
  look: RampLook,
  wish: RampWish,
  hindrances: readonly Hindrance[] = [],
): RampPlan {
  return { state, stage, step, hindrances, turn: undefined, calendar: calendarOf(state, stage, look, wish) }
}

function stepOf(state: StsState, seen: StsSeen): PublishStep {
  return nextStep(currentTerm(state) as ServedTerm, seen) // there is one since it began
}

/** From a stage that is live: to the next, or not yet. */
function goOn(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): RampPlan {
  if (stage === lastStageOf(wish.to)) {
    const wrong = hindrancesTo(stage, state, look, wish).filter(({ kind }) => kind !== 'time')
    return planFor(state, stage, { kind: 'done' }, look, wish, wrong)
  }
  const next = nextStage(stage)
  const hindrances = hindrancesTo(next, state, look, wish)
  if (hindrances.length > 0) return planFor(state, stage, { kind: 'hold' }, look, wish, hindrances)
  const entered = enter(state, next, look, wish)
  return { ...planFor(entered, next, stepOf(entered, look.seen), look, wish), turn: `on to ${stageText(next)}` }
}

/** At once: no sender holds back under a lower mode what it would not have held back under the higher. RFC 8461 §5 */
function goDown(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): RampPlan {
  const last = lastStageOf(wish.to)
  const entered = noteServed(enter(state, last, look, wish), look.seen, look.now)
  const turn = `back from mode ${termsOf(stage).mode} to mode ${termsOf(last).mode}`
  return { ...planFor(entered, last, stepOf(entered, look.seen), look, wish), turn }
}

/**
 * A step up that was begun and that nobody can have met yet must not be finished when it would break mail by now. The stage
 * before it is published anew, as the file of the step may lie there already.
 */
function stepBack(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): RampPlan | undefined {
  const term = currentTerm(state) as ServedTerm // there is one since it began
  const former = state.served.findLast((other) => stageOf(other) !== stage)
  if (term.mode !== 'enforce' || state.liveAt !== undefined || former === undefined) return undefined
  const isMet = look.seen.served.some((at) => at.kind === 'policy' && stageOf(at.policy) === stage)
  const isAnnounced = look.seen.announced.some((at) => at.kind === 'id' && at.id === term.id)
  if (isMet || isAnnounced) return undefined
  const red = [...look.check, ...hindrancesOfHosts(look.tryPolicy(policyOf(term)))]
  if (red.length === 0) return undefined
  const back = stageOf(former)
  const entered = enter(state, back, look, wish)
  const plan = planFor(entered, back, stepOf(entered, look.seen), look, wish, red)
  return { ...plan, turn: `back to ${stageText(back)}, before anybody met what was to come` }
}

/** A list that leaves out who takes mail now would have that held back; and some hosts no policy can list. */
function unfit(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): Hindrance[] {
  if (wish.to === 'none') return []
  if (look.hosts.length === 0 && stage !== 'none') return [{ kind: 'host', text: 'no MX host is known' }]
  const patterns = patternsNow(state, look, wish)
  const left = look.hosts.filter((host) => !listsMx(patterns, host))
  const odd = patterns.filter(({ name }) => name.includes('_'))
  return [
    ...left.map((host): Hindrance => ({ kind: 'host', text: `${host} takes mail and is not in the list of --mx` })),
    ...odd.map(({ name }): Hindrance => {
      return { kind: 'host', text: `${name} has a name that no policy can list: list it by a wildcard with --mx` }
    }),
  ]
}

function enter(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): StsState {
  const { mode, maxAge } = termsOf(stage)
  const wished = stage === 'enforce-weeks' ? (wish.maxAge ?? maxAge) : maxAge
  const entered: StsState = { ...state, stage, liveAt: undefined, goneAt: undefined }
  const mx = mode === 'none' ? [] : patternsNow(state, look, wish)
  return publish(entered, { mode, maxAge: wished, mx }, highestId(look.seen), look.now)
}

/** Whoever takes mail now is listed, and nobody is left out again unless told: to list more holds nobody's mail back. */
function widen(state: StsState, stage: RampStage, look: RampLook, wish: RampWish): StsState {
  const { mode, maxAge } = currentTerm(state) as ServedTerm // asked for where there is one
  const wished = stage === 'enforce-weeks' ? (wish.maxAge ?? maxAge) : maxAge
  const mx = mode === 'none' ? [] : patternsNow(state, look, wish)
  return publish(state, { mode, maxAge: wished, mx }, highestId(look.seen), look.now)
}

function patternsNow(state: StsState, { hosts }: RampLook, { mx }: RampWish): readonly MxPattern[] {
  if (mx !== undefined) return mx
  const listed = state.served.findLast((term) => term.mx.length > 0)?.mx
  return listed === undefined ? patternsFor(hosts) : patternsWith(listed, hosts)
}

function policyOf({ mode, maxAge, mx }: Pick<ServedTerm, 'mode' | 'maxAge' | 'mx'>): StsPolicy {
  return mode === 'none' ? { mode, maxAge, warnings: [] } : { mode, maxAge, mx, warnings: [] }
}

/** What keeps a live stage from being followed by this one. */
function hindrancesTo(next: RampStage, state: StsState, look: RampLook, wish: RampWish): readonly Hindrance[] {
  const { now, check, tally } = look
  const isFirst = state.stage === 'none'
  const since = state.liveAt ?? now
  const days = isFirst ? 0 : wish.days
  const until = since + days * msPerDay
  const mx = patternsNow(state, look, wish)
  const { mode } = termsOf(next)
  const hosts: Hindrance[] =
    mode === 'enforce'
      ? hindrancesOfHosts(look.tryPolicy({ mode, maxAge: dayMaxAge, mx, warnings: [] }))
      : mode === 'testing' && mx.length === 0
        ? [{ kind: 'host', text: 'no MX host is known' }]
        : []
  const { mustHaveReports } = wish
  const reports = isFirst ? [] : hindrancesOfReports({ tally, since, days, mustHaveReports }, now)
  const time: Hindrance[] =
    until <= now ? [] : [{ kind: 'time', text: `this stage has to last ${days} ${days === 1 ? 'day' : 'days'}`, until }]
  return [...check, ...hosts, ...reports, ...time]
}

/** When the stages to come may be entered at the earliest, if nothing goes wrong. */
function calendarOf(
  { liveAt }: StsState,
  stage: RampStage,
  { now }: RampLook,
  { to, days }: RampWish,
): CalendarEntry[] {
  const entries: CalendarEntry[] = []
  const last = lastStageOf(to)
  let at = liveAt ?? now
  for (let from = stage; rankOf(from) < rankOf(last); from = nextStage(from)) {
    at = Math.max(now, at + (from === 'none' ? 0 : days * msPerDay))
    entries.push({ stage: nextStage(from), at })
  }
  return entries
}
