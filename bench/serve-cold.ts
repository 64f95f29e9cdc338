// Cold decisions by the policy service, every answer of DNS 20 ms away, and what those who ask for known ones feel of it.
// Needs two processors, cc and taskset.
//
// The service may use both processors, as it does where it runs: its second thread and those of V8 are part of what is
// measured. Who asks for known destinations has the second one beside them, and never waits between two questions.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { accept } from '../src/core/result.ts'
import { createDecisions } from '../src/io/decisions/decisions.ts'
import { createPkixTrust } from '../src/io/https/pkix-trust.ts'
import { createStsService } from '../src/io/mtasts/sts-service.ts'
import type { Datagrams, Network } from '../src/io/network.ts'
import { createResolver } from '../src/io/resolver/create-resolver.ts'
import { createPace } from '../src/io/resolver/pace.ts'
import { openStore } from '../src/io/store/open-store.ts'
import { createAnswerCounts } from '../src/programs/daemon/answer-counts.ts'
import { createPostfixAnswers } from '../src/programs/daemon/postfix-answers.ts'
import { createSocketmapServer } from '../src/programs/daemon/socketmap-server.ts'
import { viewsWith } from '../src/programs/daemon/view.ts'
import { type Lab, startLab } from '../src/programs/lab/lab.ts'
import { anchorsOf, createDecider } from './decider.ts'
import { createRecording } from './replay.ts'
import { atLeast, atMost, median, note, report } from './report.ts'
import { compileLoad, runLoad } from './serve/processes.ts'

const delayMs = 20
/** The first domains are known when the others are asked for. */
const known = 100
const cold = 1000
const alone = 20
const warmUpRounds = 1
const rounds = 5
const goals = { atOnce: 20, twice: 0, hits: 2 / 3, p99: 5 } as const

const domains = Array.from({ length: known + alone + cold }, (_, at) => `d${at}.example`)
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

/** Every question by server, name and type, and how often it was put. */
type Asked = Map<string, number>

/** A network whose answers take their time. */
function delayed(network: Network, asked: Asked): Network {
  return {
    ...network,
    async openUdp(endpoint, options) {
      const opened = await network.openUdp(endpoint, options)
      return opened.ok ? accept(delay(opened.value, endpoint.address, asked)) : opened
    },
  }
}

function delay(datagrams: Datagrams, address: string, asked: Asked): Datagrams {
  const slow: Datagrams = {
    localAddress: datagrams.localAddress,
    onMessage: undefined,
    send(query) {
      const question = Buffer.from(query.subarray(12, query.indexOf(0, 12) + 5))
        .toString('latin1')
        .toLowerCase()
      const key = `${address} ${question}`
      asked.set(key, (asked.get(key) ?? 0) + 1)
      datagrams.send(query)
    },
    close: () => datagrams.close(),
  }
  datagrams.onMessage = (reply) => setTimeout(() => slow.onMessage?.(reply), delayMs)
  return slow
}

interface Cold {
  readonly port: number
  readonly asked: Asked
  /** The decision about each of them, all at once; milliseconds until the last. */
  askAll(some: readonly string[]): Promise<number>
  close(): Promise<void>
}

/** A service that knows nothing yet. */
async function startCold(lab: Lab, network: Network): Promise<Cold> {
  const asked: Asked = new Map()
  const counts = createAnswerCounts()
  const { clock, rootHints } = lab
  const slow = delayed(network, asked)
  const options = { engine: 'iterate', network: slow, clock, rootHints, trustAnchors: anchorsOf(lab) } as const
  const resolver = createResolver({ ...options, pace: createPace({ others: () => counts.hit }) })
  const store = openStore(':memory:')
  const sts = createStsService({ resolver, network: slow, store, clock, trust: createPkixTrust(lab.ca) })
  const views = viewsWith({ mixed: 'dane-only', testingLevel: undefined, withLines: false })
  const decisions = createDecisions({ resolver, sts, clock, random: Math.random, ...views })
  const answers = createPostfixAnswers(decisions, clock, counts)
  const socketmap = createSocketmapServer(answers, clock)
  const server = createServer({ allowHalfOpen: true }, socketmap.accept)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port, // of a TCP socket
    asked,
    async askAll(some) {
      const start = performance.now()
      const replies = await Promise.all(some.map(async (domain) => answers.answer(`QUERY ${domain}`)))
      const wrong = replies.find((reply) => reply !== '12:OK dane-only,')
      if (wrong !== undefined) throw new Error(`answered ${wrong}`)
      return performance.now() - start
    },
    async close() {
      socketmap.destroy()
      server.close()
      await decisions.close()
      await sts.close()
      await resolver.close()
      await store.close()
    },
  }
}

async function record(lab: Lab): Promise<Network> {
  const { recorder, player } = createRecording(lab.network)
  // Twice: what is asked differs while servers are not known yet.
  for (let pass = 0; pass < 2; pass++) {
    const decider = createDecider({ ...lab, network: recorder }, 'iterate')
    for (const domain of domains) await decider.decide(domain)
    await decider.close()
  }
  return player
}

/** As many under way at any time, until told to stop. */
async function keepAsking(service: Cold, some: readonly string[], isOver: () => boolean): Promise<void> {
  const waiting = [...some]
  const worker = async () => {
    for (let domain = waiting.pop(); domain !== undefined && !isOver(); domain = waiting.pop()) {
      await service.askAll([domain])
    }
  }
  await Promise.all(Array.from({ length: 64 }, worker))
}

interface Round {
  /** Milliseconds of one decision alone, and of all at once. */
  readonly one: number
  readonly all: number
  readonly askedTwice: number
  /** Answers from memory a second. */
  readonly calm: number
  readonly busy: number
  /** Microseconds. */
  readonly calmP99: number
  readonly busyP99: number
  readonly besideP99: number
}

async function measureRound(lab: Lab, player: Network, load: string): Promise<Round> {
  const others = domains.slice(known + alone)
  const warm = async () => {
    const service = await startCold(lab, player)
    await service.askAll(domains.slice(0, known))
    return service
  }
  const first = await warm()
  const times: number[] = []
  for (const domain of domains.slice(known, known + alone)) times.push(await first.askAll([domain]))
  first.asked.clear()
  const all = await first.askAll(others)
  const askedTwice = [...first.asked.values()].filter((count) => count > 1).length
  await first.close()

  const second = await warm()
  const hits = { connections: 16, seconds: 1, keys: known }
  // The machine is faster at one moment than at the next: what is compared is measured around what it is compared with.
  const before = await runLoad(load, second, hits)
  const flood = second.askAll(others)
  const busy = await runLoad(load, second, { ...hits, seconds: all / 1000 })
  await flood
  const after = await runLoad(load, second, hits)
  await second.close()

  const third = await warm()
  let isOver = false
  const asking = keepAsking(third, others, () => isOver)
  const beside = await runLoad(load, third, { ...hits, seconds: 0.5 })
  isOver = true
  await asking
  await third.close()

  const rate = (one: { readonly questions: number; readonly seconds: number }) => one.questions / one.seconds
  return {
    one: median(times),
    ...{ all, askedTwice },
    calm: (rate(before) + rate(after)) / 2,
    busy: rate(busy),
    calmP99: Math.max(before.p99, after.p99),
    ...{ busyP99: busy.p99, besideP99: beside.p99 },
  }
}

async function measure(lab: Lab, player: Network, load: string): Promise<void> {
  const found: Round[] = []
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    const one = await measureRound(lab, player, load)
    if (round >= warmUpRounds) found.push(one)
  }
  const all = (of: (round: Round) => number) => found.map(of)
  const floods = all((round) => round.all / round.one)
  const hits = all(({ busy, calm }) => busy / calm)
  const besides = all(({ besideP99 }) => besideP99 / 1000)
  report(`Cold decisions, answers of DNS ${delayMs} ms away, medians of ${rounds}`, [
    atMost(`${cold} at once / one alone`, median(floods), goals.atOnce, ' x'),
    atMost('upstream questions that were asked twice', Math.max(...all(({ askedTwice }) => askedTwice)), goals.twice),
    atLeast(`answers from memory meanwhile / before and after`, median(hits), goals.hits, ' x'),
    atMost('p99 of answers from memory, 64 cold ones under way', median(besides), goals.p99, ' ms'),
  ])
  const list = (digits: number, values: readonly number[]) => values.map((value) => value.toFixed(digits)).join(', ')
  const each = (digits: number, of: (round: Round) => number) => list(digits, all(of))
  note(`one alone ${each(0, ({ one }) => one)} ms, ${cold} at once ${each(0, (round) => round.all)} ms:`)
  note(`  ${list(1, floods)} x`)
  note(`from memory ${each(0, ({ calm }) => calm / 1000)} k/s, meanwhile ${each(0, ({ busy }) => busy / 1000)} k/s:`)
  note(`  ${list(2, hits)} x`)
  note(`p99 ${each(1, ({ calmP99 }) => calmP99 / 1000)} ms,`)
  note(`  beside ${cold} at once ${each(1, ({ busyP99 }) => busyP99 / 1000)} ms, beside 64 ${list(1, besides)} ms`)
}

const folder = mkdtempSync(join(tmpdir(), 'waxseal-bench-'))
const lab = await startLab(worldText)
try {
  await measure(lab, await record(lab), compileLoad(folder))
} finally {
  await lab.close()
  rmSync(folder, { recursive: true })
}
