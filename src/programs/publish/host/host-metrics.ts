import { limits } from '../../../core/limits.ts'
import type { Delegations } from '../../../io/publish/delegations.ts'
import { delegationOutcomes } from '../../../io/publish/delegations.ts'
import type { ConnectionEnd } from '../../../io/publish/policy-listener.ts'
import { addProcess } from '../../daemon/metrics/readings.ts'
import { createRegistry, type Registry, type Sample } from '../../daemon/metrics/registry.ts'
import type { AnswerOutcome } from './answer.ts'
import type { CertificateEnds } from './certificate-ends.ts'
import type { FetchLedger } from './fetch-ledger.ts'
import { type HostEvent, hostEvents } from './host-log.ts'
import type { Hosting } from './hosting.ts'

/** Where a policy host counts what it does. */
export interface HostMeters {
  readonly registry: Registry
  answered(outcome: AnswerOutcome): void
  ended(end: ConnectionEnd): void
  event(name: HostEvent): void
  reloaded(isDone: boolean): void
}

const ends = [
  ...['no-hello', 'unknown-name', 'no-certificate', 'failed', 'too-slow', 'challenge', 'too-many', 'malformed'],
] as const satisfies readonly ConnectionEnd[]

const prefix = 'waxseal_policy_host'

export function createHostMeters(): HostMeters {
  const registry = createRegistry()
  // Counted for each request: there is no time to look labels up.
  const answered: Record<AnswerOutcome, number> = {
    ...{ policy: 0, 'no-such-path': 0, 'unknown-host': 0, misdirected: 0, 'bad-host': 0 },
  }
  registry.reading(
    { name: `${prefix}_requests_total`, help: 'Requests that were answered, by what came of them.', type: 'counter' },
    () => Object.entries(answered).map(([outcome, value]) => ({ labels: { outcome }, value })),
  )
  const connections = registry.counter(
    { name: `${prefix}_connections_ended_total`, help: 'Connections that came to no answer, by why.' },
    [['why', ends]],
  )
  const events = registry.counter(
    { name: `${prefix}_events_total`, help: 'Lines of the log, by the name of the event.' },
    [['event', hostEvents]],
  )
  const reloads = registry.counter(
    { name: `${prefix}_reloads_total`, help: 'Times that the configuration was read again, by what came of it.' },
    [['result', ['done', 'failed']]],
  )
  return {
    registry,
    answered: (outcome) => void answered[outcome]++,
    ended: (end) => connections.add(end),
    event: (name) => events.add(name),
    reloaded: (isDone) => reloads.add(isDone ? 'done' : 'failed'),
  }
}

export interface HostRead {
  hosting(): Hosting
  readonly ledger: FetchLedger
  readonly delegations: Delegations | undefined
  readonly ends: CertificateEnds
  readonly version: string
  connections(): number
  /** When everything was read and could be used last, in milliseconds since 1970, and whether it could the last time. */
  lastGood(): { readonly at: number; readonly isNow: boolean }
}

/** What is read when somebody looks. No stranger makes the number of series grow. */
export function addHostReadings(registry: Registry, read: HostRead): void {
  const gauge = (name: string, help: string) => ({ name: `${prefix}_${name}`, help, type: 'gauge' as const })
  const counter = (name: string, help: string) => ({ name: `${prefix}_${name}`, help, type: 'counter' as const })
  const by = (label: string, counts: Iterable<readonly [string, number]>): Sample[] =>
    [...counts].map(([key, value]) => ({ labels: { [label]: key }, value }))
  registry.reading(gauge('build_info', 'Version of Waxseal and of the Node that it runs on; always 1.'), () => [
    { labels: { version: read.version, node: process.versions.node }, value: 1 },
  ])
  registry.reading(
    counter('fetches_total', 'Policies given out, by domain; those beyond so many domains as other.'),
    () => by('domain', read.ledger.byDomain),
  )
  registry.reading(counter('fetches_by_agent_total', 'Policies given out, by what the clients call themselves.'), () =>
    by('agent', read.ledger.byAgent),
  )
  registry.reading(gauge('connections', 'Connections open.'), () => read.connections())
  registry.reading(
    gauge('domains', 'Domains of the configuration that have a policy.'),
    () => read.hosting().shelf.domains.size,
  )
  registry.reading(
    gauge('policy_troubles', 'Files of policies that cannot be used, by whether what they held is served on.'),
    () => {
      const { troubles } = read.hosting().shelf
      const served = troubles.filter(({ isServedOn }) => isServedOn).length
      return by('served_on', [
        ['yes', served],
        ['no', troubles.length - served],
      ])
    },
  )
  registry.reading(gauge('config_ok', 'Whether the configuration could be used when it was read last.'), () =>
    Number(read.lastGood().isNow),
  )
  registry.reading(
    gauge('config_last_good_timestamp_seconds', 'When it could be used last, since 1970.'),
    () => read.lastGood().at / 1000,
  )
  registry.reading(gauge('contexts_kept', 'TLS contexts in memory.'), () => read.hosting().certificates.kept)
  registry.reading(
    counter('contexts_made_total', 'TLS contexts that were made.'),
    () => read.hosting().certificates.made,
  )
  addCertificates(registry, read.ends, gauge)
  const { delegations } = read
  if (delegations !== undefined) {
    registry.reading(
      gauge('delegated_domains', 'Domains of others that are known to be delegated to us.'),
      () => delegations.size,
    )
    registry.reading(counter('delegation_lookups_total', 'Lookups of delegations, by what came of them.'), () =>
      by(
        'result',
        delegationOutcomes.map((outcome) => [outcome, delegations.counts[outcome]]),
      ),
    )
  }
  addProcess(registry)
}

function addCertificates(
  registry: Registry,
  { ends: all }: CertificateEnds,
  gauge: (name: string, help: string) => { readonly name: string; readonly help: string; readonly type: 'gauge' },
): void {
  const known = () => [...all].flatMap(([host, end]): [string, number][] => (end === undefined ? [] : [[host, end]]))
  registry.reading(
    gauge(
      'certificate_end_timestamp_seconds',
      'When the certificate of a host ends, since 1970: so many hosts, those that end first.',
    ),
    () =>
      known()
        .sort(([, one], [, other]) => one - other)
        .slice(0, limits.policyServer.countedDomains)
        .map(([host, end]) => ({ labels: { host }, value: end / 1000 })),
  )
  registry.reading(
    gauge('certificate_first_end_timestamp_seconds', 'When the first of all certificates ends, since 1970.'),
    () => {
      const first = known().reduce((least, [, end]) => Math.min(least, end), Number.POSITIVE_INFINITY)
      return Number.isFinite(first) ? first / 1000 : undefined
    },
  )
  registry.reading(
    gauge('hosts_without_certificate', 'Hosts of the configuration without any certificate.'),
    () => [...all.values()].filter((end) => end === undefined).length,
  )
}
