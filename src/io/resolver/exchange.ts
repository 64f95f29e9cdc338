import { randomBytes, randomInt } from 'node:crypto'
import { readReplyCookie } from '../../core/dns/cookie.ts'
import type { Message } from '../../core/dns/message.ts'
import { RCODE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { createEnding, type Ending } from '../ending.ts'
import type { Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import { type Cache, createCache } from './cache.ts'
import { type Cookies, createCookies, dislikesCookie } from './cookies.ts'
import { createCounters, type ResolverCounters } from './counters.ts'
import {
  type Exchanged,
  type ExchangeFault,
  type ExchangeRequest,
  matchReply,
  mixCase,
  type Query,
  type Variation,
  writeQuery,
} from './exchange-query.ts'
import { formatQuery, formatReply, formatServer } from './exchange-trace.ts'
import { createPace, type Pace } from './pace.ts'
import type { TraceEvent } from './resolver.ts'
import { createTcpConnections, type TcpConnections } from './tcp.ts'
import { askUdp, type Doubt, type DroppedDatagrams } from './udp.ts'
import { createUdpSockets, type UdpSockets } from './udp-sockets.ts'

export type { Exchanged, ExchangeFault, ExchangeRequest } from './exchange-query.ts'

export interface ExchangeOptions {
  readonly signal: StopSignal
  /** For the whole exchange, whatever it takes. */
  readonly timeoutMs: number
  readonly trace?: ((event: TraceEvent) => void) | undefined
  /** For the trace, and for what is remembered of servers. */
  readonly now: () => number
}

/** Puts single questions to single servers. */
export interface Exchange {
  /** Sends once over UDP, and over TCP when the reply is truncated or someone tries to forge it. */
  ask(request: ExchangeRequest, options: ExchangeOptions): Promise<Result<Exchanged, ExchangeFault>>
  /** Closes all sockets; questions under way end as `aborted`, and so do later ones. */
  close(): Promise<void>
}

/** Random octets drawn many at a time: to draw them costs more than to mix the case of a name. */
function createRandomBits(): (octets: number) => Uint8Array {
  let drawn = randomBytes(0)
  return (octets) => {
    if (drawn.length < octets) drawn = randomBytes(limits.names.octets * 16)
    const taken = drawn.subarray(0, octets)
    drawn = drawn.subarray(octets)
    return taken
  }
}

/** What all questions have in common. */
interface Parts {
  readonly sockets: UdpSockets
  readonly connections: TcpConnections
  readonly randomId: () => number
  readonly randomBits: (octets: number) => Uint8Array
  /** Servers that do not give the letters of a name back as they came. */
  readonly caseBlind: Cache<true>
  /** Servers that know no EDNS. */
  readonly ednsBlind: Cache<true>
  readonly cookies: Cookies
  readonly now: () => number
  readonly counters: ResolverCounters
}

/** One question on its way. */
interface Asking {
  readonly parts: Parts
  /** Where the question goes, as text. */
  readonly server: string
  readonly request: ExchangeRequest
  /** Aborts when the time is over, the caller loses interest or the exchange closes. */
  readonly signal: StopSignal
  /** Undefined when nobody listens. */
  readonly tell: ((event: Pick<TraceEvent, 'kind' | 'transport'>, text: () => string) => void) | undefined
}

/** What is left to chance, for tests. */
export interface ChanceOptions {
  readonly randomId?: () => number
  /** So many octets. */
  readonly randomBits?: (octets: number) => Uint8Array
}

/** IDs come from the system's random numbers: they must not be foreseen. RFC 5452 §9.2 */
export function createExchange(
  network: Network,
  { randomId = () => randomInt(65536), randomBits = createRandomBits() }: ChanceOptions = {},
  counters = createCounters(),
  pace: Pace = createPace(),
): Exchange {
  const connections = createTcpConnections(network, randomId)
  const sockets = createUdpSockets(network)
  const underWay = new Set<Ending>()
  const allEnded = Promise.withResolvers<void>()
  let now = () => 0
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const caseBlind = createCache<true>({ now: () => now(), ...bounds, octetsOf: () => 8 })
  const ednsBlind = createCache<true>({ now: () => now(), ...bounds, octetsOf: () => 8 })
  const cookies = createCookies(() => now(), randomBits)
  const parts: Parts = {
    ...{ sockets, connections, randomId, randomBits, caseBlind, ednsBlind, cookies, counters },
    now: () => now(),
  }
  let isClosed = false
  return {
    async ask(request, options) {
      if (isClosed) return refuse('aborted')
      const ending = createEnding(options.signal, options.timeoutMs)
      const server = formatServer(request.endpoint)
      const tell = tellerOf(server, request, options)
      now = options.now
      underWay.add(ending)
      let found: Result<Exchanged, ExchangeFault>
      try {
        found = await ask({ parts, request, server, signal: ending.signal, tell })
      } finally {
        ending.stop()
        underWay.delete(ending)
        if (isClosed && underWay.size === 0) allEnded.resolve()
      }
      const turn = pace.take()
      if (turn !== undefined) await turn
      return found
    },
    async close() {
      isClosed = true
      for (const ending of underWay) ending.abort()
      connections.close()
      sockets.close()
      if (underWay.size > 0) await allEnded.promise
    },
  }
}

/** Text is made only when somebody reads it: who listens may be after one kind of event. */
function tellerOf(server: string, { name, type }: ExchangeRequest, { trace, now }: ExchangeOptions): Asking['tell'] {
  if (trace === undefined) return undefined
  return ({ kind, transport }, text) =>
    trace({
      ...{ kind, at: now(), server, transport, name, type },
      get text() {
        return text()
      },
    })
}

function ask(asking: Asking): Promise<Result<Exchanged, ExchangeFault>> {
  if (asking.signal.aborted) return Promise.resolve(refuse('aborted'))
  return asking.request.transport === 'tcp' ? askOverTcp(asking) : askOverUdp(asking)
}

/** The name as it goes out; undefined when it goes out as it is. draft-vixie-dnsext-dns0x20 §2 */
function mixedName({ request, server, parts: { caseBlind, randomBits } }: Asking): string | undefined {
  const { name, mixCase: isMixed = false } = request
  if (!isMixed || caseBlind.get(server) !== undefined) return undefined
  return mixCase(name, randomBits((name.wire.length + 7) >> 3))
}

/** RFC 6891 §7 */
function isPlain({ request: { mayBePlain = false }, parts: { ednsBlind }, server }: Asking): boolean {
  return mayBePlain && ednsBlind.get(server) !== undefined
}

/** Who knows EDNS has it in whatever he replies. RFC 6891 §6.1.1, §7 */
function knowsNoEdns({ rcode, edns }: Message): boolean {
  return edns === undefined && (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP)
}

async function askOverUdp(
  asking: Asking,
  { isRenewed = false }: { readonly isRenewed?: boolean } = {},
): Promise<Result<Exchanged, ExchangeFault>> {
  const { request, server, signal } = asking
  const { sockets, cookies, randomId, counters } = asking.parts
  const write = (localAddress: string) =>
    writeQuery(request, {
      id: randomId(),
      mixed: mixedName(asking),
      cookie: isPlain(asking) ? undefined : cookies.of(server, localAddress),
      isPlain: isPlain(asking),
    })
  const wasPlain = isPlain(asking)
  tellQuery(asking, 'udp', wasPlain)
  counters.queries.udp++
  const { query, finding, dropped } = await askUdp(sockets, write, {
    target: { endpoint: request.endpoint, server, chosenBy: request.chosenBy },
    signal,
  })
  const cookie = query?.cookie
  noteDropped(asking, dropped)
  if (finding.kind === 'fault') {
    if (finding.fault === 'timeout' && cookie !== undefined) cookies.noteSilence(server, cookie)
    return noteFault(asking, 'udp', finding.fault)
  }
  if (finding.kind === 'doubtful') return await askWhoIsDoubted(asking, finding.why, { mixed: query?.mixed, cookie })
  const { message } = finding
  if (message !== undefined) tellReply(asking, 'udp', message)
  const hasNewCookie = cookie !== undefined && message !== undefined && cookies.learn(cookie, message)
  if (finding.kind === 'truncated') {
    note(asking, 'udp', 'truncated, asking over TCP') // RFC 7766 §5
    return await goOverToTcp(asking, { cookie })
  }
  if (dropped.wrongId > 0) {
    note(asking, 'udp', 'perhaps forged, asking over TCP') // RFC 5452 §9.3
    return await goOverToTcp(asking, { cookie })
  }
  if (cookie !== undefined && dislikesCookie(cookie, finding.message)) {
    spareCookie(asking, 'udp')
    return await askOverUdp(asking)
  }
  if (cookie !== undefined && finding.message.rcode === RCODE.BADCOOKIE) {
    const isHopeful = hasNewCookie && !isRenewed // RFC 7873 §5.3
    note(asking, 'udp', `the cookie is too old, asking ${isHopeful ? 'again' : 'over TCP'}`)
    return isHopeful ? await askOverUdp(asking, { isRenewed: true }) : await goOverToTcp(asking, { cookie })
  }
  if (request.mayBePlain === true && !isPlain(asking) && knowsNoEdns(finding.message)) {
    asking.parts.ednsBlind.put(server, true, asking.parts.now() + limits.resolver.ednsBlindKept * 1000)
    note(asking, 'udp', 'knows no EDNS, asking without')
    return await askOverUdp(asking)
  }
  return accept({ message: finding.message, octets: finding.octets, transport: 'udp' })
}

function spareCookie(asking: Asking, transport: 'udp' | 'tcp'): void {
  asking.parts.cookies.spare(asking.server)
  note(asking, transport, 'asking again without a cookie')
}

/** What a query had in it by which its reply is known. */
type Marks = Pick<Variation, 'mixed' | 'cookie'>

const doubts: Record<Doubt, string> = {
  'wrong-case': 'letters in another case',
  'wrong-cookie': 'not our cookie',
  'no-cookie': 'no cookie, which it has given before',
}

/** A forger who guessed wrong, or a server that does so over TCP as well: that one is then asked without the mark. */
async function askWhoIsDoubted(
  asking: Asking,
  why: Doubt,
  { mixed, cookie }: Marks,
): Promise<Result<Exchanged, ExchangeFault>> {
  const { server, signal } = asking
  const { cookies, caseBlind, now, counters } = asking.parts
  note(asking, 'udp', `${doubts[why]}, asking over TCP`)
  const marks = why === 'wrong-case' ? { mixed, cookie } : { cookie }
  counters.nearMisses[why === 'wrong-case' ? 'case' : 'cookie']++
  const asked = await goOverToTcp(asking, marks)
  if (signal.aborted || (asked.ok && isMarked(asked.value, why, marks, asking))) return asked
  if (why === 'wrong-case') caseBlind.put(server, true, now() + limits.resolver.caseBlindKept * 1000)
  else cookies.spare(server)
  return asked.ok ? asked : await askOverUdp(asking)
}

/** Whether over TCP, where nobody guesses, the server gives back what it did not over UDP. */
function isMarked({ message, octets }: Exchanged, why: Doubt, { mixed, cookie }: Marks, { request }: Asking): boolean {
  if (why === 'wrong-case') return matchReply(writeQuery(request, { id: message.id, mixed }), octets) === 'match'
  return cookie !== undefined && readReplyCookie(message, cookie).kind === 'right'
}

function goOverToTcp(asking: Asking, marks: Marks): Promise<Result<Exchanged, ExchangeFault>> {
  asking.parts.counters.tcpFallbacks++
  return askOverTcp(asking, marks)
}

/** Asks a second time, on a fresh connection, when the first is closed by the server. RFC 7766 §6.2.4 */
async function askOverTcp(
  asking: Asking,
  marks: Marks = {},
  { isRetry = false }: { readonly isRetry?: boolean } = {},
): Promise<Result<Exchanged, ExchangeFault>> {
  const { request, signal } = asking
  const { connections, cookies, counters } = asking.parts
  const { mixed, cookie } = marks
  const wasPlain = isPlain(asking)
  tellQuery(asking, 'tcp', wasPlain)
  const { endpoint, chosenBy } = request
  counters.queries[endpoint.tlsName === undefined ? 'tcp' : 'tls']++
  const write = (id: number): Query => writeQuery(request, { id, mixed, cookie, isPlain: isPlain(asking) })
  const asked = await connections.ask({ endpoint, chosenBy, writeQuery: write, isRetry, signal })
  if (asked.ok) {
    const { message } = asked.value
    tellReply(asking, 'tcp', message)
    if (cookie !== undefined) cookies.learn(cookie, message)
    if (cookie === undefined || !dislikesCookie(cookie, message)) return accept({ ...asked.value, transport: 'tcp' })
    spareCookie(asking, 'tcp')
    return await askOverTcp(asking, { mixed }, { isRetry })
  }
  if (asked.fault !== 'closed') return noteFault(asking, 'tcp', asked.fault)
  if (signal.aborted) return noteFault(asking, 'tcp', 'aborted')
  if (isRetry) return noteFault(asking, 'tcp', 'refused')
  note(asking, 'tcp', 'connection closed, asking again')
  return await askOverTcp(asking, marks, { isRetry: true })
}

function noteDropped(asking: Asking, dropped: Readonly<DroppedDatagrams>): void {
  const { wrongId, other, undecodable } = dropped
  if (wrongId + other + undecodable === 0) return
  asking.parts.counters.nearMisses.id += wrongId
  note(asking, 'udp', `dropped datagrams: ${wrongId} with another ID, ${other} unasked for, ${undecodable} malformed`)
}

function noteFault(asking: Asking, transport: 'udp' | 'tcp', fault: ExchangeFault): Result<never, ExchangeFault> {
  note(asking, transport, fault)
  return refuse(fault)
}

function tellQuery({ tell, request }: Asking, transport: 'udp' | 'tcp', wasPlain: boolean): void {
  tell?.({ kind: 'query', transport }, () => formatQuery(request, wasPlain))
}

function tellReply({ tell }: Asking, transport: 'udp' | 'tcp', message: Message): void {
  tell?.({ kind: 'reply', transport }, () => formatReply(message))
}

function note({ tell }: Asking, transport: 'udp' | 'tcp', text: string): void {
  tell?.({ kind: 'note', transport }, () => text)
}
