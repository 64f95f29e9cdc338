import { performance } from 'node:perf_hooks'
import { type Lab, startLab } from '../src/programs/lab/lab.ts'
import { createDecider, type Decider, type Engine, expectTls } from './decider.ts'
import { atMost, median, type Row, report } from './report.ts'

const delayMs = 20
const goal = { cold: 6, warm: 0 }
const runs = 5

/** A kind of domain; every run has one of its own, so that nothing of it is known. */
interface Case {
  readonly what: string
  readonly tls: 'dane' | 'pkix'
  domain(run: number): string
  /** Statements of a world. */
  world(domain: string): string
}

const cases: readonly Case[] = [
  {
    what: 'DANE',
    tls: 'dane',
    domain: (run) => `dane${run}.example`,
    world: (domain) => `
zone   ${domain}
zone   ${domain} MX 10 mx.${domain}
zone   _25._tcp.mx.${domain} TLSA 3 1 1 {mx.${domain}.spki.sha256}
host   mx.${domain}`,
  },
  {
    what: 'DANE at a provider in another zone',
    tls: 'dane',
    domain: (run) => `customer${run}.example`,
    world: (domain) => `
zone   ${domain}
zone   ${domain} MX 10 in.provider-of-${domain}
zone   provider-of-${domain}
zone   _25._tcp.in.provider-of-${domain} TLSA 3 1 1 {in.provider-of-${domain}.spki.sha256}
host   in.provider-of-${domain}`,
  },
  {
    what: 'MTA-STS',
    tls: 'pkix',
    domain: (run) => `sts${run}.example`,
    world: (domain) => `
zone   ${domain} signed=no
zone   ${domain} MX 10 mx.${domain}
host   mx.${domain}
policy ${domain} mx=mx.${domain}`,
  },
]

/** Something else below the same top-level domain, by which root and TLD become known. */
const acquaintance = `
zone   known.example
zone   known.example MX 10 mx.known.example
host   mx.known.example`

const worldText = [
  'world  Domains to decide about',
  acquaintance,
  ...Array.from({ length: runs }, (_, run) => cases.map(({ domain, world }) => world(domain(run)))).flat(),
  '',
].join('\n')

interface Measured {
  /** DNS questions that each waited for the answer before, at most. */
  readonly rounds: number
  /** Wall time over the delay. */
  readonly delays: number
}

/** Cold and warm decisions, one engine and kind of domain after the other. */
export async function measureDecisions(): Promise<Row[]> {
  const lab = await startLab(worldText, { dnsDelayMs: delayMs })
  try {
    const rows: Row[] = []
    for (const engine of ['iterate', 'forward'] as const) {
      for (const one of cases) rows.push(...(await measureCase(lab, engine, one)))
    }
    return rows
  } finally {
    await lab.close()
  }
}

async function measureCase(lab: Lab, engine: Engine, one: Case): Promise<Row[]> {
  const cold: Measured[] = []
  const warm: Measured[] = []
  for (let run = 0; run < runs; run++) {
    const decider = createDecider(lab, engine)
    try {
      await decider.decide('known.example')
      cold.push(await measure(lab, decider, one, run))
      warm.push(await measure(lab, decider, one, run))
    } finally {
      await decider.close()
    }
  }
  return [
    ...rowsOf(`${engine}, ${one.what}, cold`, cold, goal.cold),
    ...rowsOf(`${engine}, ${one.what}, warm`, warm, goal.warm),
  ]
}

async function measure(lab: Lab, decider: Decider, { domain, tls }: Case, run: number): Promise<Measured> {
  lab.reset()
  const start = performance.now()
  const decision = await decider.decide(domain(run))
  const delays = (performance.now() - start) / delayMs
  expectTls(domain(run), decision, tls)
  return { rounds: lab.rounds(), delays }
}

/** Only the count has a goal: wall time is the machine's business too. */
function rowsOf(what: string, measured: readonly Measured[], most: number): Row[] {
  const rounds = Math.max(...measured.map((one) => one.rounds))
  const row = atMost(what, rounds, most)
  return [{ ...row, measured: `${row.measured} (${median(measured.map(({ delays }) => delays)).toFixed(1)})` }]
}

report(`Sequential DNS round trips (wall time in delays of ${delayMs} ms)`, await measureDecisions())
