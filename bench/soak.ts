// Looks up for minutes over a bad network, and shows that nothing is left behind: `npm run soak -- [MINUTES]`.
import { setTimeout as wait } from 'node:timers/promises'
import { parseType } from '../src/core/dns/types.ts'
import type { Resolution } from '../src/core/dnssec/resolution.ts'
import { parseName } from '../src/core/name/text.ts'
import { systemClock } from '../src/io/clock.ts'
import { passingRoom } from '../src/io/resolver/cache.ts'
import { createResolver } from '../src/io/resolver/create-resolver.ts'
import type { Resolver } from '../src/io/resolver/resolver.ts'
import { type Lab, startLab } from '../src/programs/lab/lab.ts'
import { anchorsOf, type Engine } from './decider.ts'
import { atMost, median, note, report } from './report.ts'
import { makeRough, type RoughNetwork } from './rough-network.ts'

const minutes = Number(process.argv[2] ?? 10)
const atOnce = 64
const sampleMs = 10_000
const roughness = { lost: 0.05, doubled: 0.05, lateMs: 60, broken: 0.1 }
/** What one sample of memory may differ from another by, beside what leaks. */
const growthMb = 6

const big = Array.from({ length: 9 }, (_, number) => `zone *.big.whole.example TXT "${number}${'x'.repeat(200)}"`).join(
  '\n',
)

const worldText = `world  A bad network
zone whole.example algorithm=ecdsap256
zone a.whole.example A 192.0.2.1
zone *.wild.whole.example A 192.0.2.2
zone alias.whole.example CNAME a.hashed.example
${big}
zone hashed.example algorithm=ed25519 denial=nsec3
zone a.hashed.example A 192.0.2.3
zone open.example algorithm=ecdsap384 denial=opt-out
zone a.open.example A 192.0.2.4
zone plain.example signed=no
zone a.plain.example A 192.0.2.5
zone misled.example ds=wrong
zone a.misled.example A 192.0.2.6
zone a.whole.example TXT "spoilt" bogus
`

/** A name, where `?` stands for another label each time, and all that may be said of it beside that it failed. */
const questions: readonly (readonly [name: string, type: string, right: string])[] = [
  ['a.whole.example', 'A', 'answer secure'],
  ['?.whole.example', 'A', 'nxdomain secure'],
  ['?.wild.whole.example', 'A', 'answer secure'],
  ['?.wild.whole.example', 'MX', 'nodata secure'],
  ['alias.whole.example', 'A', 'answer secure'],
  ['?.big.whole.example', 'TXT', 'answer secure'],
  ['?.hashed.example', 'A', 'nxdomain secure'],
  ['?.open.example', 'A', 'nxdomain insecure'],
  ['?.plain.example', 'A', 'nxdomain insecure'],
  ['a.misled.example', 'A', 'bogus'],
  ['?.misled.example', 'MX', 'bogus'],
  ['a.whole.example', 'TXT', 'bogus'],
]

interface Tally {
  asked: number
  right: number
  failed: number
  givenUp: number
  readonly wrong: string[]
}

function verdictOf(resolution: Resolution): string {
  return resolution.kind === 'failure' ? resolution.why : `${resolution.kind} ${resolution.status}`
}

/** One question after the other until it is told to stop; one in ten is given up before it can have ended. */
async function keepAsking(resolver: Resolver, tally: Tally, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const [name, type, right] = questions[Math.floor(Math.random() * questions.length)] as (typeof questions)[number]
    const parsed = parseName(`${name.replace('?', Math.random().toString(36).slice(2))}.`)
    if (!parsed.ok) throw new Error(`no name: ${name}`)
    const stop = new AbortController()
    const timer = Math.random() < 0.1 ? setTimeout(() => stop.abort(), Math.random() * 200) : undefined
    const verdict = verdictOf(await resolver.resolve(parsed.value, parseType(type) ?? 0, { signal: stop.signal }))
    clearTimeout(timer)
    tally.asked++
    if (verdict === right) tally.right++
    else if (verdict === 'aborted' && stop.signal.aborted) tally.givenUp++
    else if (['timeout', 'unreachable', 'overload', 'malformed', 'limit'].includes(verdict)) tally.failed++
    else tally.wrong.push(`${name} ${type}: ${verdict}, not ${right}`)
  }
}

interface Sample {
  readonly heapMb: number
  readonly open: number
  readonly timers: number
}

function countResources(kind: string): number {
  return process.getActiveResourcesInfo().filter((one) => one.includes(kind)).length
}

async function soak(engine: Engine, lab: Lab): Promise<void> {
  const rough = makeRough(lab.network, roughness)
  await wait(1000) // what was before is gone then
  const before = { sockets: countResources('UDP') + countResources('TCP'), timers: countResources('Timeout') }
  const resolver = createResolver({
    ...{ engine, network: rough.network, rootHints: lab.rootHints, servers: [lab.forwarder] },
    // Caches that are full within a minute: whether they stay as they are is what shows.
    ...{ trustAnchors: anchorsOf(lab), clock: lab.clock, room: passingRoom },
  })
  const tally: Tally = { asked: 0, right: 0, failed: 0, givenUp: 0, wrong: [] }
  const end = performance.now() + minutes * 30_000 // each engine has half of the time
  const isOver = () => performance.now() >= end
  const asking = Promise.all(Array.from({ length: atOnce }, () => keepAsking(resolver, tally, isOver)))
  const samples: Sample[] = []
  while (!isOver()) {
    await wait(sampleMs)
    lab.reset() // its diary is no memory of the resolver
    samples.push(takeSample(rough))
    process.stderr.write(`${engine}: ${tally.asked} asked, heap ${samples.at(-1)?.heapMb.toFixed(1)} MB\n`)
  }
  await asking
  await resolver.close()
  await wait(2 * roughness.lateMs) // datagrams still on their way
  showResult(engine, { tally, samples, rough, before })
}

function takeSample({ counts }: RoughNetwork): Sample {
  globalThis.gc?.()
  return { heapMb: process.memoryUsage().heapUsed / 2 ** 20, open: counts.open, timers: countResources('Timeout') }
}

interface Soaked {
  readonly tally: Tally
  readonly samples: readonly Sample[]
  readonly rough: RoughNetwork
  readonly before: { readonly sockets: number; readonly timers: number }
}

/** Caches fill at first: growth is counted from the middle on. */
function showResult(engine: Engine, { tally, samples, rough, before }: Soaked): void {
  const heap = samples.map(({ heapMb }) => heapMb)
  const middle = Math.floor(heap.length / 2)
  const quarter = Math.max(1, Math.floor(heap.length / 4))
  const growth = median(heap.slice(-quarter)) - median(heap.slice(middle, middle + quarter))
  const { counts } = rough
  report(`${engine}, ${minutes / 2} minutes`, [
    atMost('answers that are wrong', tally.wrong.length, 0),
    atMost('sockets of the resolver left open', counts.open, 0),
    atMost('sockets of the process left over', countResources('UDP') + countResources('TCP') - before.sockets, 0),
    atMost('timers left over', countResources('Timeout') - before.timers, 0),
    atMost('growth of the heap in the second half', Math.max(0, growth), growthMb, ' MB'),
  ])
  for (const wrong of new Set(tally.wrong)) note(wrong)
  note(`${tally.asked} questions: ${tally.right} right, ${tally.failed} failed, ${tally.givenUp} given up`)
  note(
    `${counts.sent} datagrams: ${counts.lost} lost, ${counts.doubled} doubled; ` +
      `${counts.connections} connections, ${counts.broken} broken`,
  )
  const most = (values: readonly number[]) => Math.max(...values)
  note(`heap ${heap.map((mb) => Math.round(mb)).join(' ')} MB`)
  note(
    `at most ${most(samples.map(({ open }) => open))} sockets and ${most(samples.map(({ timers }) => timers))} timers`,
  )
}

if (globalThis.gc === undefined) throw new Error('memory cannot be measured without --expose-gc: use "npm run soak"')
for (const engine of ['iterate', 'forward'] as const) {
  const lab = await startLab(worldText, { clock: systemClock, dnsCookies: true })
  try {
    await soak(engine, lab)
  } finally {
    await lab.close()
  }
}
