import { describeTarget, matchesPattern, type OverrideTarget } from '../../core/decision/override.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createDecisions, type Decisions, type Destination, type Outcome } from '../../io/decisions/decisions.ts'
import type { World, WorldEvent } from '../cli/world.ts'
import { decisionOptionsOf } from '../config/decision-options.ts'
import type { DryRun } from '../config/settings.ts'
import type { AllAnswerCounts } from './answer-counts.ts'
import type { History } from './events/history.ts'
import type { Watch } from './events/watch.ts'
import { readHttpToken } from './http/token.ts'
import type { ServiceLog } from './log.ts'
import type { Meters } from './metrics/meters.ts'
import { createPostfixAnswers, type PostfixAnswers } from './postfix-answers.ts'
import { createReadiness, type Readiness } from './readiness.ts'
import { type ServedView, viewsWith } from './view.ts'

/** What is behind all ways of asking: the decisions, and the world that they are made from. */
export interface Service {
  readonly world: World
  readonly decisions: Decisions<ServedView>
  readonly postfix: PostfixAnswers
  readonly counts: AllAnswerCounts
  readonly history: History
  readonly readiness: Readiness
  /** What clients of the HTTP interface must show; undefined when they need not. */
  readonly httpToken: string | undefined
  /** Forgets decisions that operators have overridden since, or whose overrides have ended; to be called every second. */
  followOverrides(): Promise<void>
  close(): Promise<void>
}

/** What a service writes to and counts in: the same for every configuration that comes. */
export interface Ledger {
  readonly meters: Meters
  readonly history: History
  readonly watch: Watch
  readonly counts: AllAnswerCounts
  told(event: WorldEvent): void
  resolved(resolution: Resolution): void
}

/** Takes the world over: closing the service closes it. Throws ConfigError, before it does, for what cannot be used. */
export function createService(world: World, log: ServiceLog, ledger: Ledger): Service {
  const { resolver, sts, clock, settings, overrides } = world
  const { meters, history, watch, counts } = ledger
  const httpToken = readHttpToken(settings)
  const testingLevel = settings['testing-level']
  const decisions = createDecisions<ServedView>({
    ...{ resolver, sts, clock, random: Math.random, decision: decisionOptionsOf(settings) },
    deadlineMs: world.timeoutMs,
    overrides: () => overrides.current,
    ...viewsWith({
      mixed: settings['mixed-hosts'],
      testingLevel: testingLevel === 'none' ? undefined : testingLevel,
      withLines: settings.lines.length > 0,
      isDryRun: (name) => isDryRun(settings['dry-run'], name),
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
    postfix: createPostfixAnswers(decisions, clock, counts.socketmap),
    async followOverrides() {
      const targets = await overrides.refresh()
      if (targets.length === 0) return
      const count = decisions.forgetWhere((destination, outcome) => isConcerned(targets, destination, outcome))
      log.event('overrides', `overrides changed: ${namesOf(targets)}; decisions to be made anew: ${count}`)
    },
    async close() {
      readiness.close()
      await decisions.close()
      await world.close()
    },
  }
}

/** The first of them, for one line. */
function namesOf(targets: readonly OverrideTarget[]): string {
  const named = targets.slice(0, targetsNamed).map(describeTarget)
  const others = targets.length - named.length
  return [...named, ...(others > 0 ? [`${others} more`] : [])].join(', ')
}

const targetsNamed = 3

export function isDryRun(setting: DryRun, name: DomainName): boolean {
  return setting === 'all' || setting.some((pattern) => matchesPattern(pattern, name))
}

/** Where nobody remembers by way of which hosts mail goes, it may be by one of these. */
function isConcerned(
  targets: readonly OverrideTarget[],
  { nextHop }: Destination,
  outcome: Outcome | undefined,
): boolean {
  const name = nextHop.kind === 'domain' ? nextHop.domain : nextHop.host
  const hosts = outcome?.kind === 'decided' ? outcome.facts.hosts : undefined
  return targets.some(({ domain, host }) => {
    if (domain !== undefined && !matchesPattern(domain, name)) return false
    return host === undefined || hosts === undefined || hosts.some((one) => matchesPattern(host, one.host))
  })
}
