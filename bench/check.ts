// What checks of domains take: round trips of one, processor time and memory of many. `bench/check.ts [DOMAINS]` checks
// so many for memory, 2,000 unless told; 20,000 take a while.
import { loadavg } from 'node:os'
import { measureBatch, measureMemory } from './check/measure-batch.ts'
import { checkOneDomain } from './check/one-domain.ts'
import type { Engine } from './decider.ts'
import { atMost, median, note, type Row, report } from './report.ts'

const goals = { first: 10, all: 60, bare: 2, growthMb: 8 } as const
const size = { domains: 1000, hosts: 200, domainsOfZone: 1 } as const
const rounds = 3

async function tripsOf(engine: Engine): Promise<Row[]> {
  const polite = await checkOneDomain({ engine, isPolite: true })
  const hasty = await checkOneDomain({ engine, isPolite: false })
  return [
    atMost(`${engine}, until the first section is shown`, polite.first, goals.first),
    atMost(`${engine}, until all is done`, polite.all, goals.all),
    atMost(`${engine}, without pauses between connections`, hasty.all, goals.all),
  ]
}

async function measureMany(): Promise<void> {
  const found = await measureBatch(size, rounds)
  const ratio = median(found.rounds.map(({ ours, bare }) => ours / bare))
  report(`${size.domains} domains on ${size.hosts} MX hosts`, [
    atMost('CPU / of bare TLS sessions and signature checks', ratio, goals.bare, ' x'),
    atMost('probes of an MX host, at most', found.probes, 1),
  ])
  const withSockets = median(found.rounds.map(({ ours, bare, sockets }) => ours / (bare + sockets)))
  const of = (pick: (round: (typeof found.rounds)[number]) => number) => median(found.rounds.map(pick))
  note(`${Math.round(of(({ ours }) => ours))} us a domain, bare ${Math.round(of(({ bare }) => bare))} us:`)
  note(
    `  ${of(({ checks }) => checks).toFixed(1)} signature checks that differ, of ${of(({ made }) => made).toFixed(1)} made,`,
  )
  note(
    `  and ${(2 * size.hosts) / size.domains} TLS sessions; ${of(({ queries }) => queries).toFixed(1)} DNS queries over UDP`,
  )
  note(`  which alone take ${Math.round(of(({ sockets }) => sockets))} us; with them, ${withSockets.toFixed(2)} x`)
  note(`medians of ${rounds} rounds that take turns; load ${loadavg()[0]?.toFixed(1)}`)
}

async function measureLong(domains: number): Promise<void> {
  const { samples, growthMb } = await measureMemory({ domains, hosts: 200, domainsOfZone: 20 })
  report(`Memory of one process, ${domains} domains`, [
    atMost('growth from 1,000 domains on', Math.max(0, growthMb), goals.growthMb, ' MB'),
  ])
  note(`heap and buffers ${samples.map((mb) => Math.round(mb)).join(' ')} MB`)
}

const [domains = 2000] = process.argv.slice(2).map(Number)
report('Round trips of a check, nothing known before', [...(await tripsOf('iterate')), ...(await tripsOf('forward'))])
await measureMany()
await measureLong(domains)
