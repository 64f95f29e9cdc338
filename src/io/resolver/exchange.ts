import { randomInt } from 'node:crypto'
import { accept, type Result, refuse } from '../../core/result.ts'
import type { Network } from '../network.ts'
import { createEnding, type Ending } from './ending.ts'
import { type Exchanged, type ExchangeFault, type ExchangeRequest, writeQuery } from './exchange-query.ts'
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
  /** For the trace alone. */
  readonly now: () => number
}

/** Puts single questions to single servers. */
export interface Exchange {
  /** Sends once over UDP, and over TCP when the reply is truncated or someone tries to forge it. */
  ask(request: ExchangeRequest, options: ExchangeOptions): Promise<Result<Exchanged, ExchangeFault>>
  /** Closes all sockets; questions under way end as `aborted`, and so do later ones. */
  close(): Promise<void>
}

/** One question on its way. */
interface Asking {
  readonly network: Network
  readonly connections: TcpConnections
  readonly randomId: () => number
  readonly request: ExchangeRequest
  /** Aborts when the time is over, the caller loses interest or the exchange closes. */
  readonly signal: AbortSignal
  readonly tell: (event: Pick<TraceEvent, 'kind' | 'transport'>, text: () => string) => void
}

/** IDs come from the system's random numbers: they must not be foreseen. RFC 5452 §9.2 */
export function createExchange(
  network: Network,
  { randomId = () => randomInt(65536) }: { readonly randomId?: () => number } = {},
): Exchange {
  const connections = createTcpConnections(network, randomId)
  const underWay = new Map<Ending, Promise<unknown>>()
  let isClosed = false
  return {
    async ask(request, options) {
      if (isClosed) return refuse('aborted')
      const ending = createEnding(options.signal, options.timeoutMs)
      const tell = tellerOf(request, options)
      const asked = ask({ network, connections, randomId, request, signal: ending.signal, tell })
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

async function askOverUdp(asking: Asking): Promise<Result<Exchanged, ExchangeFault>> {
  const { network, request, signal, tell } = asking
  const query = writeQuery(request, asking.randomId())
  tell({ kind: 'query', transport: 'udp' }, () => formatQuery(request))
  const { finding, dropped } = await askUdp(network, query, { ...request, signal })
  noteDropped(asking, dropped)
  if (finding.kind === 'fault') return noteFault(asking, 'udp', finding.fault)
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

/** Asks a second time, on a fresh connection, when the first is closed by the server. RFC 7766 §6.2.4 */
async function askOverTcp(asking: Asking, isRetry = false): Promise<Result<Exchanged, ExchangeFault>> {
  const { connections, request, signal, tell } = asking
  tell({ kind: 'query', transport: 'tcp' }, () => formatQuery(request))
  const { endpoint, chosenBy } = request
  const write = (id: number) => writeQuery(request, id)
  const asked = await connections.ask({ endpoint, chosenBy, writeQuery: write, isRetry, signal })
  if (asked.ok) {
    tell({ kind: 'reply', transport: 'tcp' }, () => formatReply(asked.value.message))
    return accept({ ...asked.value, transport: 'tcp' })
  }
  if (asked.fault !== 'closed') return noteFault(asking, 'tcp', asked.fault)
  if (signal.aborted) return noteFault(asking, 'tcp', 'aborted')
  if (isRetry) return noteFault(asking, 'tcp', 'refused')
  tell({ kind: 'note', transport: 'tcp' }, () => 'connection closed, asking again')
  return await askOverTcp(asking, true)
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
