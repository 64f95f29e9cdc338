// Cold validation of many signed zones, by us and by Unbound: `bench/zones.ts [ZONES] [--txt]`.
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { readdirSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ourEdns } from '../src/core/dns/edns.ts'
import { encodeMessage, makeQuery } from '../src/core/dns/encode.ts'
import { readU16 } from '../src/core/dns/octets.ts'
import { TYPE } from '../src/core/dns/types.ts'
import { parseTrustAnchors } from '../src/core/dnssec/anchors.ts'
import type { Name } from '../src/core/name/name.ts'
import { createNetwork } from '../src/io/network-node.ts'
import { createResolver } from '../src/io/resolver/create-resolver.ts'
import type { Resolver } from '../src/io/resolver/resolver.ts'
import { expectShortLives } from '../src/programs/short-lives.ts'
import { openStage, startUnbound } from '../test/interop/servers.ts'
import { atMost, median, note, report } from './report.ts'
import { readName, serveZones } from './signed-zones.ts'

expectShortLives()

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { txt: { type: 'boolean', default: false } },
})
const count = Number(positionals[0] ?? 2000)
const inFlight = 64
const batches = 10
/** Asked about before anything is measured, by us time and again with all forgotten, so that the compiler has done its work. */
const warmUp = { zones: 2000, passes: 5 }
const unboundAddress = '127.0.0.53'
const goal = { cpu: values.txt ? 1.3 : 1, questions: values.txt ? 8.5 : 7, flatness: 1.25 }

interface Question {
  readonly name: Name
  readonly type: number
}

function questionsOf(number: number): Question[] {
  const zone = `z${number}.example.`
  const text = values.txt ? [{ name: readName(`_mta-sts.${zone}`), type: TYPE.TXT }] : []
  return [
    { name: readName(zone), type: TYPE.MX },
    { name: readName(`mx.${zone}`), type: TYPE.A },
    { name: readName(`_25._tcp.mx.${zone}`), type: TYPE.TLSA },
    ...text,
  ]
}

type Ask = (questions: readonly Question[]) => Promise<void>

/** So many questions in flight, in order. */
async function inTurns(questions: readonly Question[], ask: (question: Question) => Promise<void>): Promise<void> {
  const waiting = questions.values()
  const worker = async () => {
    for (const question of waiting) await ask(question)
  }
  await Promise.all(Array.from({ length: inFlight }, worker))
}

function askUs(resolver: Resolver): Ask {
  return (questions) =>
    inTurns(questions, async ({ name, type }) => {
      const found = await resolver.resolve(name, type)
      const isFine = found.kind !== 'failure' && found.status === 'secure'
      if (!isFine) throw new Error(`not secure: ${JSON.stringify(found)}`)
    })
}

/** One socket, as many questions in flight as it is given; each must come back validated. */
async function openStub(address: string): Promise<{ readonly ask: Ask; close(): void }> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve) => socket.connect(53, address, resolve))
  const waiting = new Map<number, (reply: Uint8Array) => void>()
  let id = 0
  socket.on('message', (reply) => waiting.get(readU16(reply, 0))?.(reply))
  const options = { recursionDesired: true, checkingDisabled: false, authenticData: true, edns: ourEdns }
  const askOne = ({ name, type }: Question) =>
    new Promise<void>((resolve, reject) => {
      id = (id + 1) % 65_536
      const own = id
      const query = encodeMessage(makeQuery(name, type, { id: own, ...options }))
      // What a busy machine drops is asked for again, as any stub does.
      const again = setInterval(() => socket.send(query), 2000)
      waiting.set(own, (reply) => {
        waiting.delete(own)
        clearInterval(again)
        const isFine = ((reply[3] ?? 0) & 0x2f) === 0x20 || ((reply[3] ?? 0) & 0x2f) === 0x23 // AD; NOERROR, NXDOMAIN
        if (isFine) resolve()
        else reject(new Error(`Unbound does not validate: ${Buffer.from(reply).toString('hex')}`))
      })
      socket.send(query)
    })
  return { ask: (questions) => inTurns(questions, askOne), close: () => socket.close() }
}

/** CPU time that a process has had, all its threads together, in microseconds. */
function cpuOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  const spent = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  )
  return spent.reduce((sum, nanoseconds) => sum + nanoseconds / 1000, 0)
}

/** Datagrams that arrived anywhere in the namespace. */
function datagrams(): number {
  const [names = '', numbers = ''] = readFileSync('/proc/net/snmp', 'utf8').match(/^Udp: .*$/gm) ?? []
  return Number(numbers.split(' ')[names.split(' ').indexOf('InDatagrams')])
}

interface Spent {
  /** Microseconds a zone. */
  readonly cpu: number
  /** Exchanges with name servers, a zone. */
  readonly exchanges: number
}

/** `clients` is how many exchanges a zone are with the asker itself. */
async function measure(ask: Ask, pid: number, from: number, zones: number, clients: number): Promise<Spent> {
  const questions = Array.from({ length: zones }, (_, index) => questionsOf(from + index)).flat()
  const before = { cpu: cpuOf(pid), datagrams: datagrams() }
  await ask(questions)
  const exchanges = (datagrams() - before.datagrams) / 2 / zones - clients
  return { cpu: (cpuOf(pid) - before.cpu) / zones, exchanges }
}

async function run(): Promise<void> {
  const stage = openStage()
  try {
    const { anchors, hints, rootAddress } = await serveZones(stage, warmUp.zones + count)
    const more = ['aggressive-nsec: no', 'rrset-cache-size: 128m', 'msg-cache-size: 64m', 'key-cache-size: 32m']
    const unbound = await startUnbound(stage, unboundAddress, { anchors, hints, more })
    const parsed = parseTrustAnchors(anchors)
    if (!parsed.ok) throw new Error('no anchors')
    const newResolver = () =>
      createResolver({
        engine: 'iterate',
        network: createNetwork({ allowPrivate: true }),
        rootHints: [{ address: rootAddress, port: 53 }],
        trustAnchors: parsed.value,
      })
    let resolver = newResolver()
    const stub = await openStub(unboundAddress)
    const clients = questionsOf(0).length
    const both = async (from: number, zones: number) => ({
      ours: await measure(askUs(resolver), process.pid, from, zones, 0),
      theirs: await measure(stub.ask, unbound.pid ?? 0, from, zones, clients),
    })
    const first = await both(0, warmUp.zones)
    for (let pass = 1; pass < warmUp.passes; pass++) {
      await resolver.close()
      resolver = newResolver()
      await measure(askUs(resolver), process.pid, 0, warmUp.zones, 0)
    }
    const all: Awaited<ReturnType<typeof both>>[] = []
    const size = Math.floor(count / batches)
    for (let batch = 0; batch < batches; batch++) all.push(await both(warmUp.zones + batch * size, size))
    stub.close()
    const withAll = megabytesInUse()
    await resolver.close()
    resolver = newResolver()
    show(first, all)
    note(`the resolver keeps ${Math.round(withAll - megabytesInUse())} MB after ${warmUp.zones + count} zones`)
    await resolver.close()
  } finally {
    await stage.stop()
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void // V8's own

function megabytesInUse(): number {
  collectGarbage()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

interface Both {
  readonly ours: Spent
  readonly theirs: Spent
}

function show(first: Both, all: readonly Both[]): void {
  const of = (value: (both: Both) => number, some = all) => median(some.map(value))
  const edge = Math.max(1, Math.floor(batches / 5))
  const flatness = of(({ ours }) => ours.cpu, all.slice(-edge)) / of(({ ours }) => ours.cpu, all.slice(0, edge))
  report(`Cold validation of ${count} zones: ${values.txt ? 'MX, A, TLSA, TXT' : 'MX, A, TLSA'}`, [
    atMost(
      'CPU a zone / that of Unbound',
      of(({ ours, theirs }) => ours.cpu / theirs.cpu),
      goal.cpu,
      ' x',
    ),
    atMost(
      'questions to name servers a zone',
      of(({ ours }) => ours.exchanges),
      goal.questions,
    ),
    atMost('CPU of the last fifth / of the first', flatness, goal.flatness, ' x'),
  ])
  const us = (value: number) => `${Math.round(value)} us`
  note(`we ${us(of(({ ours }) => ours.cpu))}, Unbound ${us(of(({ theirs }) => theirs.cpu))} a zone`)
  note(`Unbound asks ${of(({ theirs }) => theirs.exchanges).toFixed(2)} questions a zone`)
  note(
    `the first ${warmUp.zones} zones in a new process: we ${us(first.ours.cpu)}, Unbound ${us(first.theirs.cpu)} a zone`,
  )
}

/** Port 53 is free in a namespace of our own. */
function runInNamespace(): void {
  const asRoot = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const inside = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, ...process.execArgv]
  const args = [
    ...asRoot,
    '--net',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
    ...inside,
    ...process.argv.slice(1),
  ]
  const env = { ...process.env, WAXSEAL_BENCH_INSIDE: '1' }
  process.exitCode = spawnSync('unshare', args, { stdio: 'inherit', env }).status ?? 70
}

if (process.env.WAXSEAL_BENCH_INSIDE === '1') await run()
else runInNamespace()
