import type { Resolution } from '../../core/dnssec/resolution.ts'
import { createDecisions, type Decisions } from '../../io/decisions/decisions.ts'
import type { World, WorldEvent } from '../cli/world.ts'
import type { History } from './events/history.ts'
import type { Watch } from './events/watch.ts'
import { readHttpToken } from './http/token.ts'
import type { ServiceLog } from './log.ts'
import type { Meters } from './metrics/meters.ts'
import { type AnswerCounts, createPostfixAnswers, type PostfixAnswers } from './postfix-answers.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import { presentWith, type ServedView } from './view.ts'

/** What is behind all ways of asking: the decisions, and the world that they are made from. */
export interface Service {
  readonly world: World
  readonly decisions: Decisions<ServedView>
  readonly postfix: PostfixAnswers
  readonly counts: Readonly<AnswerCounts>
  readonly history: History
  readonly readiness: Readiness
  /** What clients of the HTTP interface must show; undefined when they need not. */
  readonly httpToken: string | undefined
  close(): Promise<void>
}

/** What a service writes to and counts in: the same for every configuration that comes. */
export interface Ledger {
  readonly meters: Meters
  readonly history: History
  readonly watch: Watch
  readonly counts: AnswerCounts
  told(event: WorldEvent): void
  resolved(resolution: Resolution): void
}

/** Takes the world over: closing the service closes it. Throws ConfigError, before it does, for what cannot be used. */
export function createService(world: World, log: ServiceLog, ledger: Ledger): Service {
  const { resolver, sts, clock, settings } = world
  const { meters, history, watch, counts } = ledger
  const httpToken = readHttpToken(settings)
  const testingLevel = settings['testing-level']
  const decisions = createDecisions<ServedView>({
    ...{ resolver, sts, clock, random: Math.random },
    deadlineMs: world.timeoutMs,
    present: presentWith({
      mixed: settings['mixed-hosts'],
      testingLevel: testingLevel === 'none' ? undefined : testingLevel,
      withLines: settings.lines.length > 0,
    }),
    onMade(made, outcome, before) {
      log.decided(made, before?.made)
      meters.decided(made, outcome)
      history.note(made, outcome, before)
      watch.look(made.destination, outcome)
    },
    onFailed: ({ destination }, outcome) => watch.look(destination, outcome),
  })
  const readiness = createReadiness(resolver, (why) => log.event('ready', why))
  return {
    ...{ world, decisions, history, counts, readiness, httpToken },
    postfix: createPostfixAnswers(decisions, clock, counts),
    async close() {
      readiness.close()
      await decisions.close()
      await world.close()
    },
  }
}
