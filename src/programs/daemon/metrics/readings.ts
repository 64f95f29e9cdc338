import { readdir } from 'node:fs/promises'
import { performance } from 'node:perf_hooks'
import type { Service } from '../service.ts'
import type { Registry } from './registry.ts'

/** What is read when somebody looks. */
export interface Read {
  /** The one there is now: another comes with another configuration. */
  service(): Service
  readonly version: string
  isReady(): boolean
  connections(): Readonly<Record<string, number>>
}

/** How long a count of stored policies is good for: counting goes through an index of all of them. */
const countKeptMs = 60_000

export function addReadings(registry: Registry, { service, version, isReady, connections }: Read): void {
  const gauge = (name: string, help: string) => ({ name, help, type: 'gauge' as const })
  registry.reading(gauge('waxseal_build_info', 'Version of Waxseal and of the Node that it runs on; always 1.'), () => [
    { labels: { version, node: process.versions.node }, value: 1 },
  ])
  registry.reading(gauge('waxseal_ready', 'Whether questions can be answered.'), () => Number(isReady()))
  registry.reading(
    {
      name: 'waxseal_questions_total',
      help: 'Questions of mail servers, by how they were asked and answered.',
      type: 'counter',
    },
    () =>
      Object.entries(service().counts).flatMap(([by, counts]) =>
        Object.entries(counts).map(([result, value]) => ({ labels: { by, result }, value })),
      ),
  )
  registry.reading(gauge('waxseal_decisions_kept', 'Decisions in memory.'), () => service().decisions.size)
  registry.reading(
    gauge('waxseal_decisions_under_way', 'Destinations being looked at, and those waiting for their turn.'),
    () => service().decisions.underWay,
  )
  registry.reading(
    gauge('waxseal_decisions_waiting', 'Destinations waiting for their turn.'),
    () => service().decisions.waiting,
  )
  registry.reading(gauge('waxseal_connections', 'Connections open, by what is spoken on them.'), () =>
    Object.entries(connections()).map(([protocol, value]) => ({ labels: { protocol }, value })),
  )
  registry.reading(gauge('waxseal_policies_stored', 'MTA-STS policies in the store.'), createPolicyCount(service))
  registry.reading(
    gauge('waxseal_shared_store_up', 'Whether the store that machines share does all it is asked.'),
    () => {
      const { shared } = service().world.store
      return shared === undefined ? undefined : Number(shared().kind === 'up')
    },
  )
  addProcess(registry)
}

/** The store is asked once a minute at most. */
function createPolicyCount(service: () => Service): () => Promise<number | undefined> {
  let counted: { readonly at: number; readonly count: Promise<number | undefined> } | undefined
  return () => {
    const { store, clock } = service().world
    const now = clock.now()
    if (counted === undefined || now - counted.at >= countKeptMs || now < counted.at) {
      const count = store.policies.count?.().catch(() => undefined) ?? Promise.resolve(undefined)
      counted = { at: now, count }
    }
    return counted.count
  }
}

/** As all programs name them that Prometheus watches. */
export function addProcess(registry: Registry): void {
  const started = Date.now() / 1000 - process.uptime()
  registry.reading(
    { name: 'process_cpu_seconds_total', help: 'Time that the process spent on processors.', type: 'counter' },
    () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    },
  )
  registry.reading(
    { name: 'process_resident_memory_bytes', help: 'Memory that the process has resident.', type: 'gauge' },
    () => process.memoryUsage.rss(),
  )
  registry.reading(
    { name: 'process_start_time_seconds', help: 'When the process began, since 1970.', type: 'gauge' },
    () => started,
  )
  registry.reading({ name: 'process_open_fds', help: 'Descriptors that are open.', type: 'gauge' }, async () =>
    readdir('/proc/self/fd').then(
      (names) => names.length - 1, // but the one that this was read by
      () => undefined,
    ),
  )
  registry.reading(
    {
      name: 'waxseal_event_loop_utilization_ratio',
      help: 'Part of the time since the start in which the process had work to do.',
      type: 'gauge',
    },
    () => performance.eventLoopUtilization().utilization,
  )
}
