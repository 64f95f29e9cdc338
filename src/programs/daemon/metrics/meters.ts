import type { Resolution } from '../../../core/dnssec/resolution.ts'
import type { Made, Outcome } from '../../../io/decisions/decisions.ts'
import { questionResults } from '../../../io/store/shared/redis-link.ts'
import { turnResults } from '../../../io/store/shared/take-turns.ts'
import type { WorldEvent } from '../../cli/world.ts'
import { type EventName, eventNames } from '../events/event.ts'
import { type ThreatKind, threatKinds } from '../events/threats.ts'
import type { ServedView } from '../view.ts'
import type { Registry } from './registry.ts'

/** Where the parts of the service count what they do. */
export interface Meters {
  decided(made: Made<ServedView>, outcome: Outcome): void
  told(event: WorldEvent): void
  resolved(resolution: Resolution): void
  event(name: EventName): void
  threat(kind: ThreatKind): void
  /** A request over HTTP: the name of its route, or `none`, and the status of its answer. */
  answered(route: string, status: number): void
}

const levels = ['dane-only', 'dane', 'secure', 'encrypt', 'may', 'NOTFOUND', 'TEMP', 'PERM'] as const
const outcomes = ['deliver', 'defer', 'bounce', 'failed'] as const

/** Seconds: from what the cache answers to the longest that a decision may take. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** The same for turns at fetches, most of which are had at once. */
const waits = [0.005, 0.05, 0.5, 5, 30]

const fetchResults = ['stored', 'sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid'] as const

export function createMeters(registry: Registry, routes: readonly string[]): Meters {
  const decisions = registry.counter(
    { name: 'waxseal_decisions_total', help: 'Decisions made, by what Postfix is told and what becomes of mail.' },
    [
      ['level', levels],
      ['outcome', outcomes],
    ],
  )
  const durations = registry.histogram(
    { name: 'waxseal_decision_duration_seconds', help: 'Time that decisions took, lookups and waiting included.' },
    ['why', ['asked', 'renewed']],
    bounds,
  )
  const fetches = registry.counter(
    { name: 'waxseal_policy_fetches_total', help: 'Fetches of MTA-STS policies, by what came of them.' },
    [['result', fetchResults]],
  )
  const turns = registry.histogram(
    {
      name: 'waxseal_fetch_turn_wait_seconds',
      help: 'Time that was waited for a turn at a fetch where machines share policies, by what came of it.',
    },
    ['result', turnResults],
    waits,
  )
  const questions = registry.counter(
    { name: 'waxseal_shared_store_questions_total', help: 'Questions to the shared store, by what came of them.' },
    [['result', questionResults]],
  )
  const lapses = registry.counter(
    {
      name: 'waxseal_policy_lapse_warnings_total',
      help: 'Refreshes that failed in the second half of the life of a policy.',
    },
    [],
  )
  const lookups = registry.counter(
    { name: 'waxseal_resolver_lookups_total', help: 'Questions put to the resolver, by the status of what it found.' },
    [['status', ['secure', 'insecure', 'bogus', 'indeterminate']]],
  )
  const events = registry.counter(
    { name: 'waxseal_events_total', help: 'Lines of the log, by the name of the event.' },
    [['event', eventNames]],
  )
  const threats = registry.counter(
    {
      name: 'waxseal_downgrade_attempts_total',
      help: 'Alarms about destinations that were protected before, by what is wrong.',
    },
    [['kind', threatKinds]],
  )
  const requests = registry.counter(
    { name: 'waxseal_http_requests_total', help: 'Requests over HTTP, by route and class of status.' },
    [
      ['route', [...routes, 'none']],
      ['code', ['2xx', '4xx', '5xx']],
    ],
  )
  return {
    decided({ view, why, tookMs }, outcome) {
      decisions.add(view.word, outcome.kind === 'failed' ? 'failed' : outcome.decision.action)
      durations.observe(why, tookMs / 1000)
    },
    told(told) {
      if (told.kind === 'turn') turns.observe(told.result, told.waitedMs / 1000)
      if (told.kind === 'shared-question') questions.add(told.result)
      if (told.kind !== 'policy') return
      const { event } = told
      if (event.kind === 'policy-stored') fetches.add('stored')
      else if (event.kind === 'fetch-failed') fetches.add(event.failure.resultType)
      else if (event.lapsing) lapses.add()
    },
    resolved(resolution) {
      if (resolution.kind !== 'failure') lookups.add(resolution.status)
      else lookups.add(resolution.why === 'bogus' ? 'bogus' : 'indeterminate')
    },
    event: (name) => events.add(name),
    threat: (kind) => threats.add(kind),
    answered: (route, status) => requests.add(route, `${Math.floor(status / 100)}xx`),
  }
}
