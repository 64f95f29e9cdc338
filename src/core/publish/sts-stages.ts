import type { StsPolicy } from '../mtasts/policy.ts'

/** Stages of the way up, from nothing that anyone must keep to, to weeks of enforcing. RFC 8461 §8.3, §10.2 */
export const rampStages = ['none', 'testing-day', 'testing-week', 'enforce-day', 'enforce-weeks'] as const

export type RampStage = (typeof rampStages)[number]

/** Stages of the way out: mode `none` is served, the record is gone, the policy host is. RFC 8461 §8.3 */
export const wayOutStages = ['withdrawing', 'unannounced', 'retired'] as const

export type StsStage = RampStage | (typeof wayOutStages)[number]

/** For the last stage, in seconds: four weeks, so that nobody forgets the policy over a holiday. RFC 8461 §10.2 */
export const usualMaxAge = 2_419_200
/** For the first stages, and for the way out. RFC 8461 §8.3 */
export const dayMaxAge = 86_400
const weekMaxAge = 604_800

const terms: Record<RampStage, { readonly mode: StsPolicy['mode']; readonly maxAge: number; readonly lasts: string }> =
  {
    none: { mode: 'none', maxAge: dayMaxAge, lasts: 'a day' },
    'testing-day': { mode: 'testing', maxAge: dayMaxAge, lasts: 'a day' },
    'testing-week': { mode: 'testing', maxAge: weekMaxAge, lasts: 'a week' },
    'enforce-day': { mode: 'enforce', maxAge: dayMaxAge, lasts: 'a day' },
    'enforce-weeks': { mode: 'enforce', maxAge: usualMaxAge, lasts: 'weeks' },
  }

/** Mode and max_age of a stage. */
export function termsOf(stage: RampStage): { readonly mode: StsPolicy['mode']; readonly maxAge: number } {
  return terms[stage]
}

/** `mode testing, remembered for a week`. */
export function stageText(stage: RampStage): string {
  return `mode ${terms[stage].mode}, remembered for ${terms[stage].lasts}`
}

/** The stage that a policy found in the world is most like. */
export function stageOf({ mode, maxAge }: Pick<StsPolicy, 'mode' | 'maxAge'>): RampStage {
  if (mode === 'none') return 'none'
  if (mode === 'testing') return maxAge > dayMaxAge ? 'testing-week' : 'testing-day'
  return maxAge > dayMaxAge ? 'enforce-weeks' : 'enforce-day'
}

/** The stage at which the way to a mode ends. */
export function lastStageOf(mode: StsPolicy['mode']): RampStage {
  return mode === 'none' ? 'none' : mode === 'testing' ? 'testing-week' : 'enforce-weeks'
}

export function rankOf(stage: RampStage): number {
  return rampStages.indexOf(stage)
}

export function nextStage(stage: RampStage): RampStage {
  return rampStages[rankOf(stage) + 1] ?? stage
}
