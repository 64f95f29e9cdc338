import type { CheckFacts } from '../../check/check-facts.ts'
import { setupOf } from '../../check/setup.ts'
import { viewOf } from '../../check/view.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import { mailSteps, outgoingStep } from './mail-steps.ts'
import type { SetupPlan, SetupStep, SetupWishes, StepDraft, StepState } from './report.ts'
import { reportsStep } from './reports-step.ts'
import { stsSteps } from './sts-steps.ts'

export interface PlanContext {
  /** Milliseconds since 1970. */
  readonly now: number
  /** CAA records at the policy host and above it, to the first name that has any. RFC 8659 §3 */
  readonly caa?: readonly Resolution[] | undefined
}

/**
 * Everything that belongs to a set-up, in its order: what is there already as done, the rest with its texts and waiting
 * times. What senders would suffer from comes after what they profit by: reports before policies, testing before enforce.
 */
export function planSetup(facts: CheckFacts, wishes: SetupWishes, { now, caa = [] }: PlanContext): SetupPlan {
  const view = viewOf(facts, now)
  const around = { view, setup: setupOf(facts, now), wishes, caa }
  const drafts = [
    ...mailSteps(around),
    reportsStep(around),
    ...(wishes.sts ? stsSteps(around) : []),
    outgoingStep(around),
  ]
  const steps = placed(drafts, wishes.start)
  const more = view.hosts.length - around.setup.hosts.length
  return {
    ...{ schema: 'waxseal.setup/1', domain: facts.domain, checkedAt: facts.at, steps },
    leftOut: [
      ...facts.leftOut,
      ...(more > 0 ? [`${more} more MX hosts, each of which is to be set up like the others`] : []),
    ],
    state: stateOf(steps.map(({ state }) => state)),
  }
}

/** What can be seen from outside and be done now. */
export const watchedStates: ReadonlySet<StepState> = new Set(['to-do', 'others', 'unknown'])

function stateOf(states: readonly StepState[]): SetupPlan['state'] {
  const order = ['to-do', 'unknown', 'others'] as const
  return order.find((state) => states.includes(state)) ?? (states.includes('later') ? 'to-do' : 'done')
}

function placed(drafts: readonly StepDraft[], start: number | undefined): SetupStep[] {
  const steps: SetupStep[] = []
  /** When each step that is not done is over, with its waiting time. */
  const overAt = new Map<string, number>()
  for (const { needs, ...draft } of drafts) {
    const open = steps.filter(
      ({ id, state }) => state !== 'done' && needs.some((need) => id === need || id.startsWith(`${need} `)),
    )
    const isOpen = draft.state !== 'done' && draft.state !== 'unseen'
    const from = start === undefined ? undefined : Math.max(start, ...open.map(({ id }) => overAt.get(id) ?? start))
    const seconds = draft.state === 'done' ? 0 : (draft.wait?.seconds ?? 0)
    if (from !== undefined) overAt.set(draft.id, from + seconds * 1000)
    steps.push({
      ...draft,
      after: isOpen ? open.map(({ id }) => id) : [],
      from: from === undefined || draft.state === 'done' ? null : new Date(from).toISOString(),
      wait: draft.state === 'done' ? null : draft.wait,
    })
  }
  return steps
}
