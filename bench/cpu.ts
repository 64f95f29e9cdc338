import { fork } from 'node:child_process'
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import { once } from 'node:events'
import { TYPE } from '../src/core/dns/types.ts'
import type { Algorithm } from '../src/core/dnssec/algorithms.ts'
import { rawToDer } from '../src/core/dnssec/ecdsa-der.ts'
import { createPolicy, type ValidationPolicy } from '../src/core/dnssec/policy.ts'
import { type Name, rootName } from '../src/core/name/name.ts'
import { parseName } from '../src/core/name/text.ts'
import type { Network } from '../src/io/network.ts'
import { fixedAnchors } from '../src/io/resolver/anchor-source.ts'
import { createAsker } from '../src/io/resolver/ask.ts'
import { patienceBy } from '../src/io/resolver/attempts.ts'
import { createExchange } from '../src/io/resolver/exchange.ts'
import { createForwarder } from '../src/io/resolver/forward.ts'
import { createIterator } from '../src/io/resolver/iterate.ts'
import { createTask } from '../src/io/resolver/task.ts'
import type { Upstream } from '../src/io/resolver/upstream.ts'
import { createValidatingResolver } from '../src/io/resolver/validating-resolver.ts'
import { type Lab, startLab } from '../src/programs/lab/lab.ts'
import { anchorsOf, decideWith, type Engine, expectTls } from './decider.ts'
import { createRecording, type Recording } from './replay.ts'
import { atMost, median, note, report } from './report.ts'

const goal = 2
const engines = ['iterate', 'forward'] as const
const processes = 3
/** Domains decided about before anything is measured, time and again, so that the compiler has done its work. */
const warmUp = { domains: 200, passes: 25 }
const batches = 30
const batchSize = 10
/** Time over CPU time from which on a batch counts as disturbed by other processes, and is left out. */
const disturbed = 1.05
const leastQuiet = 20
const mostPasses = 10

const domains = Array.from({ length: warmUp.domains + batches * batchSize }, (_, index) => `zone${index}.example`)

/** P-256 everywhere, with keys of its own in every zone; nobody connects to the hosts. */
const worldText = [
  'world  Many domains with DANE',
  ...domains.map(
    (domain) => `
zone   ${domain} algorithm=ecdsap256
zone   ${domain} MX 10 mx.${domain}
zone   mx.${domain} A 192.0.2.1
zone   _25._tcp.mx.${domain} TLSA 3 1 1 ${'5a'.repeat(32)}`,
  ),
  '',
].join('\n')

/** A signature check as it was made, ready to be made again by the crypto library alone. */
interface Check {
  readonly data: Uint8Array
  readonly key: KeyObject
  readonly signature: Uint8Array
}

/** CPU time in microseconds. */
interface Batch {
  readonly deciding: number
  /** Of it in the crypto library: reading new keys, and checking signatures. */
  readonly inCrypto: number
  /** The same keys and signatures again, one right behind the other. */
  readonly alone: number
  readonly checks: number
  readonly keys: number
}

function createUpstream(engine: Engine, network: Network, { clock, rootHints, forwarder }: Lab): Upstream {
  const asker = createAsker(createExchange(network))
  return engine === 'forward'
    ? createForwarder({
        asker,
        servers: () => [forwarder],
        anchors: [],
        patience: patienceBy(4),
        now: () => clock.now(),
      })
    : createIterator({
        asker,
        rootHints,
        minimise: true,
        random: Math.random,
        patience: patienceBy(),
        now: () => clock.now(),
      })
}

/** Asks everything that decisions ask, and validates nothing: no key may be known before it is measured. */
async function record(engine: Engine, network: Network, lab: Lab): Promise<void> {
  const stop = new AbortController()
  for (const question of [rootName, readName('example')].flatMap(keysOf).concat(domains.flatMap(questionsOf))) {
    // Each from the root, so that every server on the way has answered every question.
    const upstream = createUpstream(engine, network, lab)
    const fetched = await upstream.fetch(question, createTask({ signal: stop.signal, clock: lab.clock }), new Set())
    if (!fetched.ok) throw new Error(fetched.trouble.reason)
  }
}

interface Question {
  readonly name: Name
  readonly type: number
}

function keysOf(name: Name): Question[] {
  const ds = name.labelCount > 0 ? [{ name, type: TYPE.DS }] : []
  return [{ name, type: TYPE.DNSKEY }, ...ds]
}

function questionsOf(domain: string): Question[] {
  const host = readName(`mx.${domain}`)
  return [
    ...keysOf(readName(domain)),
    { name: readName(domain), type: TYPE.MX },
    { name: readName(`_mta-sts.${domain}`), type: TYPE.TXT },
    { name: host, type: TYPE.A },
    { name: host, type: TYPE.AAAA },
    { name: readName(`_25._tcp.mx.${domain}`), type: TYPE.TLSA },
  ]
}

function readName(text: string): Name {
  const name = parseName(text)
  if (!name.ok) throw new Error(`no name: ${text}`)
  return name.value
}

interface Spent {
  microseconds: number
}

/** The usual policy; every check that it makes is told, and what the crypto library takes for all is summed up. */
function watch(onCheck: (check: Check) => void, crypto: Spent): ValidationPolicy {
  const policy = createPolicy()
  // One check is much shorter than the millisecond by which CPU clocks advance on some systems.
  const timed = <Value>(work: () => Value): Value => {
    const before = performance.now()
    const value = work()
    crypto.microseconds += (performance.now() - before) * 1000
    return value
  }
  const watched = (algorithm: Algorithm): Algorithm => ({
    ...algorithm,
    importKey: (publicKey) => timed(() => algorithm.importKey(publicKey)),
    verify(data, key, signature) {
      onCheck({ data, key, signature })
      return timed(() => algorithm.verify(data, key, signature))
    },
  })
  return { ...policy, algorithms: new Map([...policy.algorithms].map(([number, one]) => [number, watched(one)])) }
}

async function measureCpu(engine: Engine): Promise<{ readonly first: number; readonly batches: readonly Batch[] }> {
  const lab = await startLab(worldText)
  try {
    const recording = createRecording(lab.network)
    await record(engine, recording.recorder, lab)
    return await decideAll(engine, recording, lab)
  } finally {
    await lab.close()
  }
}

async function decideAll(engine: Engine, { player: network, spent }: Recording, lab: Lab) {
  const checks: Check[] = []
  const crypto = { microseconds: 0 }
  /** Decides about some domains, one after the other, with a resolver that knows nothing yet. */
  const withNewResolver = async <Value>(work: (decideAbout: DecideAbout) => Promise<Value>): Promise<Value> => {
    const resolver = createValidatingResolver({
      upstream: createUpstream(engine, network, lab),
      anchors: fixedAnchors(anchorsOf(lab)),
      policy: watch((check) => checks.push(check), crypto),
      clock: lab.clock,
    })
    const decider = decideWith(resolver, { ...lab, network })
    try {
      return await work(async (some) => {
        for (const domain of some) expectTls(domain, await decider.decide(domain), 'dane')
      })
    } finally {
      await decider.close()
    }
  }
  const first = await withNewResolver((decideAbout) => cpuOf(() => decideAbout(domains.slice(0, 1))))
  for (let pass = 0; pass < warmUp.passes; pass++) {
    await withNewResolver((decideAbout) => decideAbout(domains.slice(0, warmUp.domains)))
    checks.length = 0
  }
  const measured: Batch[] = []
  for (let pass = 0; pass < mostPasses && measured.length < leastQuiet; pass++) {
    await withNewResolver(async (decideAbout) => {
      await decideAbout(domains.slice(0, 1)) // root and top-level domain are known then
      for (let at = warmUp.domains; at < domains.length; at += batchSize) {
        checks.length = 0
        crypto.microseconds = 0
        spent.microseconds = 0
        const { cpu, isDisturbed } = await watchedCpuOf(() => decideAbout(domains.slice(at, at + batchSize)))
        // Sockets would take longer, but nothing of that is ours.
        const deciding = cpu - spent.microseconds
        const batch = { deciding, inCrypto: crypto.microseconds, ...(await checkAgain(checks)) }
        // Time that others took would count as the crypto library's.
        if (!isDisturbed) measured.push(batch)
      }
    })
  }
  if (measured.length < leastQuiet) throw new Error('other processes take the processor: run this on a quiet machine')
  return { first, batches: measured }
}

type DecideAbout = (some: readonly string[]) => Promise<void>

/** The same without anything between: every key comes as numbers, as it does from DNS, and is read once. */
async function checkAgain(checks: readonly Check[]): Promise<Pick<Batch, 'alone' | 'checks' | 'keys'>> {
  const numbers = new Map(checks.map(({ key }) => [key, key.export({ format: 'jwk' })]))
  const ready = checks.map(({ data, key, signature }) => ({ data, key, signature: rawToDer(signature) }))
  const alone = await cpuOf(async () => {
    const keys = new Map([...numbers].map(([key, jwk]) => [key, readKey(jwk)]))
    for (const { data, key, signature } of ready) {
      if (!verify('sha256', data, keys.get(key) ?? key, signature)) throw new Error('a good signature is bad now')
    }
  })
  return { alone, checks: checks.length, keys: numbers.size }
}

function readKey(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: 'jwk' })
}

/** CPU time of the process in microseconds, its helping threads included. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

async function watchedCpuOf(
  work: () => Promise<void>,
): Promise<{ readonly cpu: number; readonly isDisturbed: boolean }> {
  const thread = process.threadCpuUsage()
  const start = performance.now()
  const cpu = await cpuOf(work)
  const took = (performance.now() - start) * 1000
  const { user, system } = process.threadCpuUsage(thread)
  return { cpu, isDisturbed: took > (user + system) * disturbed }
}

/** The batches with garbage collections count by their length here. */
function meanOf(quiet: readonly Batch[]): number {
  const sum = (of: (batch: Batch) => number) => quiet.reduce((total, batch) => total + of(batch), 0)
  return sum(({ deciding }) => deciding) / sum(({ inCrypto }) => inCrypto)
}

/** What one process found. CPU times are in microseconds, and those but the first are medians for one decision. */
interface Found {
  readonly ratio: number
  readonly deciding: number
  readonly inCrypto: number
  readonly alone: number
  readonly checks: number
  readonly keys: number
  readonly withCollections: number
  readonly first: number
}

function summarise({ first, batches: quiet }: Awaited<ReturnType<typeof measureCpu>>): Found {
  const each = (of: (batch: Batch) => number) => median(quiet.map(of)) / batchSize
  return {
    ratio: median(quiet.map(({ deciding, inCrypto }) => deciding / inCrypto)),
    deciding: each(({ deciding }) => deciding),
    inCrypto: each(({ inCrypto }) => inCrypto),
    alone: each(({ alone }) => alone),
    checks: each(({ checks }) => checks),
    keys: each(({ keys }) => keys),
    withCollections: meanOf(quiet),
    first,
  }
}

/** In a process of its own. */
async function measureApart(engine: Engine): Promise<Found> {
  const child = fork(import.meta.filename, [engine])
  const found = await new Promise<Found>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Found)) // as it was sent, below
    child.once('disconnect', () => reject(new Error(`${engine} could not be measured`)))
  })
  if (child.exitCode === null) await once(child, 'exit')
  return found
}

/** In turns: how fast the machine is changes, and no process lays out its memory and its code as another does. */
async function measureAll(): Promise<void> {
  const all: Record<Engine, Found[]> = { iterate: [], forward: [] }
  for (let round = 0; round < processes; round++) {
    for (const engine of engines) all[engine].push(await measureApart(engine))
  }
  report(
    'CPU of a cold decision / of its signature checks (P-256)',
    engines.map((engine) => {
      const ratios = all[engine].map(({ ratio }) => ratio)
      return atMost(`${engine}, DANE, cold: the median of ${processes} processes`, median(ratios), goal, ' x')
    }),
  )
  for (const engine of engines) tell(engine, all[engine])
}

function tell(engine: Engine, found: readonly Found[]): void {
  const all = (of: (one: Found) => number) => found.map((one) => of(one).toFixed(2)).join(', ')
  const middle = (of: (one: Found) => number) => median(found.map(of))
  note(`${engine}: each ${all(({ ratio }) => ratio)} x;`)
  note(`  with all garbage collections ${all(({ withCollections }) => withCollections)} x;`)
  note(
    `  ${Math.round(middle(({ deciding }) => deciding))} us a decision, ` +
      `${Math.round(middle(({ inCrypto }) => inCrypto))} us of it for ${middle(({ checks }) => checks)} checks ` +
      `by ${middle(({ keys }) => keys)} new keys,`,
  )
  note(`  which take ${Math.round(middle(({ alone }) => alone))} us one right behind the other;`)
  note(`  the first decision in a process takes ${Math.round(middle(({ first }) => first) / 1000)} ms`)
}

const asked = engines.find((engine) => engine === process.argv[2])
if (asked === undefined) await measureAll()
else process.send?.(summarise(await measureCpu(asked)))
