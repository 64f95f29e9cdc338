import { limits } from '../../../core/limits.ts'
import { currentTerm, type StsState } from '../../../core/publish/sts-state.ts'
import type { ActResult } from './publish-step.ts'
import type { Way } from './way.ts'

/** What is to be done next on a way into MTA-STS or out of it, and what is to be remembered before that. */
export interface WayPlan {
  readonly state: StsState
  /** In one line without a full stop, what took another turn than was planned. */
  readonly turn?: string | undefined
  readonly step: { readonly kind: string }
}

/** One way: how it goes on from what is remembered and seen, and how its steps are taken. */
export interface Steps<Look, Plan extends WayPlan> {
  /** A look at the domain, or the status to end with where there is nothing to lead. */
  look(): Promise<Look | number>
  plan(state: StsState, look: Look): Plan
  /** Undefined where there is nothing to do now. */
  take(plan: Plan, look: Look): Promise<ActResult> | undefined
  /** Whether all there is to do is to look again, now that this is remembered. */
  isPassed?(plan: Plan): boolean
}

/** Where one run ended: at the last plan, after these acts, of which the last may have failed. */
export interface Walked<Plan> {
  readonly plan: Plan
  readonly acts: readonly ActResult[]
  readonly turns: readonly string[]
}

/**
 * Takes all steps that may be taken now, each remembered before it is taken, and looked for before the next: one that does
 * not show after it was taken takes its time.
 */
export async function walkWay<Look, Plan extends WayPlan>(
  { file, isDry }: Pick<Way, 'file' | 'isDry'>,
  steps: Steps<Look, Plan>,
): Promise<Walked<Plan> | number> {
  const acts: ActResult[] = []
  const turns: string[] = []
  let state = file.read()
  let lastTried: string | undefined
  for (let looks = 1; ; looks++) {
    const look = await steps.look()
    if (typeof look === 'number') return look
    const plan = steps.plan(state, look)
    const walked = { plan, acts, turns }
    if (plan.turn !== undefined) turns.push(plan.turn)
    if (isDry) return walked
    await file.write(plan.state)
    state = plan.state
    if (looks >= limits.stsWays.looks) return walked
    if (steps.isPassed?.(plan) === true) continue
    const key = `${plan.step.kind} ${currentTerm(state)?.id}`
    const act = key === lastTried ? undefined : await steps.take(plan, look)
    if (act === undefined) return walked
    acts.push(act)
    lastTried = key
    if (act.kind !== 'done') return walked
  }
}
