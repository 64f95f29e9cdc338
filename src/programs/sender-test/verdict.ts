import type { Due, TestDeclaration } from '../lab/world/world.ts'
import type { Arrival, Outcome, Trial } from './round.ts'

/** What an outcome is worth: `leaked` went out where it must not, `refused` stayed where it must go out. */
export type Verdict = 'delivered' | 'held' | 'leaked' | 'refused'

export interface Judged {
  readonly trial: Trial
  readonly outcome: Outcome
  readonly verdict: Verdict
}

/** How far a sender keeps to a mechanism; `unknown` where nothing shows it. */
export interface Enforcement {
  readonly answer: 'yes' | 'partly' | 'no' | 'unknown'
  /** Where mail went out against it. */
  readonly leaked: readonly Trial[]
  /** How many faults there are that it stops, and how many of them were stopped. */
  readonly faults: number
  readonly stopped: number
}

/** What a round shows of its sender. */
export interface Findings {
  readonly judged: readonly Judged[]
  readonly dane: Enforcement
  readonly sts: Enforcement
  /** What went out that should have stayed, and what stayed that should have gone out. */
  readonly leaked: readonly Trial[]
  readonly refused: readonly Trial[]
}

/** Judges a sender as one that enforces both is to be judged, and says of each mechanism how far it was kept to. */
export function judgeRound(outcomes: ReadonlyMap<Trial, Outcome>): Findings {
  const judged = [...outcomes].map(([trial, outcome]) => ({
    trial,
    outcome,
    verdict: judge(outcome, trial.test, trial.test.both),
  }))
  const trialsWith = (verdict: Verdict) => judged.filter((one) => one.verdict === verdict).map(({ trial }) => trial)
  return {
    judged,
    dane: enforcementOf(judged, 'dane'),
    sts: enforcementOf(judged, 'sts'),
    leaked: trialsWith('leaked'),
    refused: trialsWith('refused'),
  }
}

/** What an outcome is worth where this was due. */
export function judge(outcome: Outcome, { via }: Pick<TestDeclaration, 'via'>, due: Due): Verdict {
  if (outcome.kind === 'arrived') {
    return outcome.arrivals.every((arrival) => mayArrive(arrival, due, via)) ? 'delivered' : 'leaked'
  }
  return due === 'hold' || due === 'bounce' || due === 'either' ? 'held' : 'refused'
}

function mayArrive({ host, tls }: Arrival, due: Due, via: string | undefined): boolean {
  if (due === 'second') return host === via && tls !== undefined
  if (due === 'tls') return tls !== undefined
  return due === 'deliver' || due === 'either'
}

/** By the faults at which this mechanism makes the difference, be the other one kept to as well or not. */
function enforcementOf(judged: readonly Judged[], by: 'dane' | 'sts'): Enforcement {
  const own = judged.filter(({ trial: { test } }) => test[by] === test.both && test[by] !== test.opportunistic)
  const faults = own.filter(({ trial: { test } }) => test[by] === 'hold' || test[by] === 'second')
  const leaks = own.filter(({ verdict }) => verdict === 'leaked')
  const stopped = faults.filter(({ verdict }) => verdict !== 'leaked')
  const isAlive = own.some(({ trial: { test }, verdict }) => test[by] === 'tls' && verdict === 'delivered')
  // What a sender that enforces nothing holds back as well shows no will to enforce.
  const isIgnored = stopped.every(({ trial: { test } }) => test.opportunistic !== 'deliver')
  return {
    answer: answerOf(isAlive, leaks.length === 0, isIgnored),
    leaked: leaks.map(({ trial }) => trial),
    faults: faults.length,
    stopped: stopped.length,
  }
}

/** Who delivers nothing where all is well shows nothing by delivering nothing where something is wrong. */
function answerOf(isAlive: boolean, isKept: boolean, isIgnored: boolean): Enforcement['answer'] {
  if (isKept) return isAlive ? 'yes' : 'unknown'
  return isIgnored ? 'no' : 'partly'
}
