import { createDecisions, type Decisions } from '../../io/decisions/decisions.ts'
import type { World } from '../cli/world.ts'
import type { ServiceLog } from './log.ts'
import { createPostfixAnswers, type PostfixAnswers } from './postfix-answers.ts'
import { presentWith, type ServedView } from './view.ts'

/** What is behind all ways of asking: the decisions, and the world that they are made from. */
export interface Service {
  readonly world: World
  readonly decisions: Decisions<ServedView>
  readonly postfix: PostfixAnswers
  close(): Promise<void>
}

/** Takes the world over: closing the service closes it. */
export function createService(world: World, log: ServiceLog): Service {
  const { resolver, sts, clock, settings } = world
  const testingLevel = settings['testing-level']
  const decisions = createDecisions<ServedView>({
    ...{ resolver, sts, clock, random: Math.random },
    deadlineMs: world.timeoutMs,
    present: presentWith({
      mixed: settings['mixed-hosts'],
      testingLevel: testingLevel === 'none' ? undefined : testingLevel,
    }),
    onMade: (made, _, before) => log.decided(made, before?.made),
  })
  return {
    ...{ world, decisions, postfix: createPostfixAnswers(decisions, clock) },
    async close() {
      await decisions.close()
      await world.close()
    },
  }
}
