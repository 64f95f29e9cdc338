import { randomBytes, randomInt } from 'node:crypto'
import { limits } from '../../core/limits.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import type { Network } from '../network.ts'
import { type Cache, createCache } from './cache.ts'
import { createEnding, type Ending } from './ending.ts'
import {
  type Exchanged,
  type ExchangeFault,
  type ExchangeRequest,
  matchReply,
  mixCase,
  type Query,
  writeQuery,
} from './exchange-query.ts'
import { formatQuery, formatReply, formatServer } from './exchange-trace.ts'
import type { TraceEvent } from './resolver.ts'
import { createTcpConnections, type TcpConnections } from './tcp.ts'
import { askUdp, type DroppedDatagrams } from './udp.ts'

export type { Exchanged, ExchangeFault, ExchangeRequest } from './exchange-query.ts'

export interface ExchangeOptions {
  readonly signal: AbortSignal
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

/** One question on its way. */
interface Asking {
  readonly network: Network
  readonly connections: TcpConnections
  readonly randomId: () => number
  readonly randomBits: (octets: number) => Uint8Array
  /** Servers that do not give the letters of a name back as they came. */
  readonly caseBlind: Cache<true>
  readonly now: () => number
  readonly request: ExchangeRequest
  /** Aborts when the time is over, the caller loses interest or the exchange closes. */
  readonly signal: AbortSignal
  readonly tell: (event: Pick<TraceEvent, 'kind' | 'transport'>, text: () => string) => void
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
): Exchange {
  const connections = createTcpConnections(network, randomId)
  const underWay = new Map<Ending, Promise<unknown>>()
  let now = () => 0
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const caseBlind = createCache<true>({ now: () => now(), ...bounds, octetsOf: () => 8 })
  let isClosed = false
  return {
    async ask(request, options) {
      if (isClosed) return refuse('aborted')
      const ending = createEnding(options.signal, options.timeoutMs)
      const tell = tellerOf(request, options)
      now = options.now
      const parts = { network, connections, randomId, randomBits, caseBlind, now }
      const asked = ask({ ...parts, request, signal: ending.signal, tell })
      underWay.set(ending, asked)
      try {
        return await asked
      } finally {
        ending.stop()
        underWay.delete(ending)
      }
    },
    async close() {
      isClosed = true
      for (const ending of underWay.keys()) ending.abort()
      connections.close()
      await Promise.allSettled(underWay.values())
    },
  }
}

/** Text is made only when somebody listens. */
function tellerOf({ endpoint, name, type }: ExchangeRequest, { trace, now }: ExchangeOptions): Asking['tell'] {
  return ({ kind, transport }, text) =>
    trace?.({ kind, at: now(), server: formatServer(endpoint), transport, name, type, text: text() })
}

async function ask(asking: Asking): Promise<Result<Exchanged, ExchangeFault>> {
  if (asking.signal.aborted) return refuse('aborted')
  return asking.request.transport === 'tcp' ? await askOverTcp(asking) : await askOverUdp(asking)
}

/** The name as it goes out; undefined when it goes out as it is. draft-vixie-dnsext-dns0x20 §2 */
function mixedName({ request, caseBlind, randomBits }: Asking): string | undefined {
  const { name, mixCase: isMixed = false, endpoint } = request
  if (!isMixed || caseBlind.get(formatServer(endpoint)) !== undefined) return undefined
  return mixCase(name, randomBits((name.wire.length + 7) >> 3))
}

async function askOverUdp(asking: Asking): Promise<Result<Exchanged, ExchangeFault>> {
  const { network, request, signal, tell } = asking
  const query = writeQuery(request, asking.randomId(), mixedName(asking))
  tell({ kind: 'query', transport: 'udp' }, () => formatQuery(request))
  const { finding, dropped } = await askUdp(network, query, { ...request, signal })
  noteDropped(asking, dropped)
  if (finding.kind === 'fault') return noteFault(asking, 'udp', finding.fault)
  if (finding.kind === 'wrong-case') return await askWhoChangesCase(asking)
  const { message } = finding
  if (message !== undefined) tell({ kind: 'reply', transport: 'udp' }, () => formatReply(message))
  if (finding.kind === 'truncated') {
    tell({ kind: 'note', transport: 'udp' }, () => 'truncated, asking over TCP') // RFC 7766 §5
    return await askOverTcp(asking)
  }
  if (dropped.wrongId > 0) {
    tell({ kind: 'note', transport: 'udp' }, () => 'perhaps forged, asking over TCP') // RFC 5452 §9.3
    return await askOverTcp(asking)
  }
  return accept({ message: finding.message, octets: finding.octets, transport: 'udp' })
}

/** A forger who guessed wrong, or a server that does so over TCP as well: that one is then asked in plain letters. */
async function askWhoChangesCase(asking: Asking): Promise<Result<Exchanged, ExchangeFault>> {
  const { request, caseBlind, now, signal, tell } = asking
  tell({ kind: 'note', transport: 'udp' }, () => 'letters in another case, asking over TCP')
  const mixed = mixedName(asking)
  const asked = await askOverTcp(asking, { mixed })
  const isSame = asked.ok && matchReply(writeQuery(request, asked.value.message.id, mixed), asked.value.octets)
  if (isSame === 'match' || signal.aborted) return asked
  caseBlind.put(formatServer(request.endpoint), true, now() + limits.resolver.caseBlindKept * 1000)
  return asked.ok ? asked : await askOverUdp(asking)
}

/** Asks a second time, on a fresh connection, when the first is closed by the server. RFC 7766 §6.2.4 */
async function askOverTcp(
  asking: Asking,
  { isRetry = false, mixed }: { readonly isRetry?: boolean; readonly mixed?: string | undefined } = {},
): Promise<Result<Exchanged, ExchangeFault>> {
  const { connections, request, signal, tell } = asking
  tell({ kind: 'query', transport: 'tcp' }, () => formatQuery(request))
  const { endpoint, chosenBy } = request
  const write = (id: number): Query => writeQuery(request, id, mixed)
  const asked = await connections.ask({ endpoint, chosenBy, writeQuery: write, isRetry, signal })
  if (asked.ok) {
    tell({ kind: 'reply', transport: 'tcp' }, () => formatReply(asked.value.message))
    return accept({ ...asked.value, transport: 'tcp' })
  }
  if (asked.fault !== 'closed') return noteFault(asking, 'tcp', asked.fault)
  if (signal.aborted) return noteFault(asking, 'tcp', 'aborted')
  if (isRetry) return noteFault(asking, 'tcp', 'refused')
  tell({ kind: 'note', transport: 'tcp' }, () => 'connection closed, asking again')
  return await askOverTcp(asking, { isRetry: true, mixed })
}

function noteDropped({ tell }: Asking, dropped: Readonly<DroppedDatagrams>): void {
  const { wrongId, other, undecodable } = dropped
  if (wrongId + other + undecodable === 0) return
  const text = () => `dropped datagrams: ${wrongId} with another ID, ${other} unasked for, ${undecodable} malformed`
  tell({ kind: 'note', transport: 'udp' }, text)
}

function noteFault({ tell }: Asking, transport: 'udp' | 'tcp', fault: ExchangeFault): Result<never, ExchangeFault> {
  tell({ kind: 'note', transport }, () => fault)
  return refuse(fault)
}
