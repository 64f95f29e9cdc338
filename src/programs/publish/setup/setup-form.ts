import type { SetupStep, StepState } from '../../../core/publish/setup/report.ts'
import { formatSeconds } from '../../cli/durations.ts'

/** In words, of a step. */
export const stateWords: Record<StepState, string> = {
  done: 'done',
  'to-do': 'to do',
  others: 'somebody else must act',
  later: 'later',
  unseen: 'cannot be seen from outside',
  unknown: 'could not be told',
}

/** `Then wait 5 min: …` */
export function waitText({ wait, state }: SetupStep): string | undefined {
  if (wait === null || state === 'unseen') return undefined
  return `then wait ${formatSeconds(wait.seconds)}: ${wait.why}`
}

/** Who, where it is not the reader. */
export function actorText({ who, whoseName, state }: SetupStep): string | undefined {
  if (who === 'you' || who === 'nobody' || state === 'done') return undefined
  return `who must act: ${who}${whoseName === null ? '' : ` (${whoseName})`}`
}

/** `after 1, 3`, by the numbers of those steps. */
export function afterText({ after }: SetupStep, steps: readonly SetupStep[]): string | undefined {
  const numbers = after.map((id) => steps.findIndex((one) => one.id === id) + 1)
  return numbers.length === 0 ? undefined : `after ${numbers.length === 1 ? 'step' : 'steps'} ${numbers.join(', ')}`
}
