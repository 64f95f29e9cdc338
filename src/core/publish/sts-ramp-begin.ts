import type { Hindrance } from './sts-gates.ts'
import type { StsSeen } from './sts-seen.ts'
import { type RampStage, rampStages, rankOf, stageOf, termsOf } from './sts-stages.ts'
import { adopt, currentTerm, foreignPolicies, type StsState } from './sts-state.ts'

/** Where the way goes on from. */
export interface Begun {
  readonly state: StsState
  readonly stage: RampStage
  readonly turn: string | undefined
  readonly refusal: Hindrance | undefined
}

/**
 * Where a domain stands: by what is remembered, or by the policy that it has already. What is served and was never published
 * from here is somebody's doing, and is neither undone nor built upon unless that is asked for.
 */
export function beginRamp(
  before: StsState,
  { seen, now }: { readonly seen: StsSeen; readonly now: number },
  adopts: boolean,
): Begun {
  const known = stageIn(before)
  const foreign = foreignPolicies(before, seen)
  const base = { state: before, stage: known ?? 'none', turn: undefined, refusal: undefined } as const
  const [first] = foreign
  if (first === undefined) {
    if (known !== undefined) {
      const liveAt = known === before.stage ? before.liveAt : undefined
      return { ...base, state: { ...before, stage: known, liveAt, goneAt: undefined } }
    }
    const unknown = whyUnknown(seen)
    if (unknown !== undefined) return { ...base, refusal: { kind: 'check', text: unknown } }
    const isAnnounced = seen.announced.some(({ kind }) => kind === 'id' || kind === 'invalid')
    if (!isAnnounced || adopts)
      return { ...base, state: { ...before, stage: 'none', liveAt: undefined, goneAt: undefined } }
    const text = 'a policy is announced, and none can be read: mend the policy host, or give --adopt to begin afresh'
    return { ...base, refusal: { kind: 'check', text } }
  }
  if (currentTerm(before) !== undefined && !adopts) {
    const text = `a policy in mode ${first.mode} is served that was not published from here: --adopt takes it over`
    return { ...base, refusal: { kind: 'check', text } }
  }
  const id = highestId(seen) ?? 'unannounced'
  const taken = foreign.reduce((state, policy) => adopt(state, policy, id, now), before)
  const stages = [...foreign.map(stageOf), ...(known === undefined ? [] : [known])]
  const stage = stages.reduce(lower)
  const state: StsState = { ...taken, stage, liveAt: undefined, goneAt: undefined }
  return { ...base, state, stage, turn: `takes over the policy in mode ${first.mode} that is served` }
}

/** Where every look for the record failed, there may be a policy that would be written over. */
function whyUnknown({ announced }: StsSeen): string | undefined {
  const failed = announced.flatMap((at) => (at.kind === 'failed' ? [at] : []))
  const [first] = failed
  if (failed.length < announced.length) return undefined
  const why = first === undefined ? 'nobody was asked for its record' : `${first.server}: ${first.reason}`
  return `whether there is a policy already cannot be told: ${why}`
}

/**
 * Whoever was on the way out, and is to come back, begins afresh: mode `none` is what he serves, if anything. Where a lower
 * mode was published than the stage has, as by hand, the way goes on from there.
 */
function stageIn({ stage, served }: StsState): RampStage | undefined {
  const known = rampStages.find((one) => one === stage)
  const last = served.at(-1)
  const there = last && stageOf(last)
  if (known === undefined) return stage === undefined ? there : 'none'
  return last !== undefined && there !== undefined && last.mode !== termsOf(known).mode ? lower(known, there) : known
}

function lower(one: RampStage, other: RampStage): RampStage {
  return rankOf(one) < rankOf(other) ? one : other
}

/** The id that servers announce; where they differ, the latest of ours. */
export function highestId({ announced }: StsSeen): string | undefined {
  return announced
    .flatMap((at) => (at.kind === 'id' ? [at.id] : []))
    .toSorted()
    .at(-1)
}
