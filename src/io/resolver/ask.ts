import { limits } from '../../core/limits.ts'
import { type Result, refuse } from '../../core/result.ts'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import { createCounters } from './counters.ts'
import type { Exchange, Exchanged, ExchangeFault, ExchangeRequest } from './exchange.ts'
import type { Task } from './task.ts'

/** A question on its way to a server, over UDP unless it says otherwise. */
export interface Ask extends ExchangeRequest {
  readonly timeoutMs: number
  /** How often the server was asked before, in vain. */
  readonly round?: number
}

/** `limit` when the question has cost as many queries as any may. */
export type AskFault = ExchangeFault | 'limit'

/** RFC 7858 §3.1 */
export const tlsPort = 853

/** Puts questions to servers: the same one to the same server once at a time. RFC 5452 §5 */
export type Asker = (ask: Ask, task: Task) => Promise<Result<Exchanged, AskFault>>

export function createAsker(exchange: Exchange, counters = createCounters()): Asker {
  const underWay = createSharedWork<Result<Exchanged, AskFault>>({ whenGivenUp: aborted })
  const nowOf = createNowOf()
  return (ask, task) => {
    if (task.signal.aborted) return Promise.resolve(aborted)
    const server = formatServer(ask.endpoint)
    if (!task.takeQuery(server)) return Promise.resolve(refuse('limit'))
    const { round = 0, timeoutMs } = ask
    if (round > 0) counters.retries++
    const { trace, clock } = task
    const start = (signal: StopSignal) => exchange.ask(ask, { timeoutMs, trace, now: nowOf(clock), signal })
    return underWay.join(keyOf(ask, server), start, task.signal)
  }
}

const aborted = refuse('aborted')

function keyOf(ask: Ask, server: string): string {
  const { name, type, recursionDesired, checkingDisabled, authenticData, mayBePlain, transport = 'udp' } = ask
  const flags = `${recursionDesired ? 'r' : ''}${checkingDisabled ? 'c' : ''}${authenticData === true ? 'a' : ''}${mayBePlain === true ? 'p' : ''}`
  return `${server} ${transport} ${flags} ${type} ${name.key}`
}

/** One function for each clock, of which there is one as a rule. */
function createNowOf(): (clock: Clock) => () => number {
  let known: { readonly clock: Clock; readonly now: () => number } | undefined
  return (clock) => {
    if (known?.clock !== clock) known = { clock, now: () => clock.now() }
    return known.now
  }
}

/**
 * The n-th question to a server of zones, counted from 0, of those that any server is asked: the last goes over TCP.
 * RFC 1035 §4.2.1, RFC 7766 §5
 */
export function askAuthority(
  question: Pick<Ask, 'name' | 'type'>,
  to: Pick<Ask, 'endpoint' | 'chosenBy' | 'mayBePlain' | 'timeoutMs'> & { readonly round: number },
): Ask {
  const ask = { ...question, ...to, recursionDesired: false, checkingDisabled: true, mixCase: true } as const
  return to.round === limits.resolver.retriesPerServer - 1 ? { ...ask, transport: 'tcp' } : ask
}

/** `192.0.2.1`, with `#port` when it is not 53; `tls://192.0.2.1#dns.example` over TLS, as in the configuration. */
export function formatServer({ address, port, tlsName }: Endpoint): string {
  if (tlsName !== undefined) {
    const host = address.includes(':') ? `[${address}]` : address
    return `tls://${host}${port === tlsPort ? '' : `:${port}`}#${tlsName}`
  }
  return port === 53 ? address : `${address}#${port}`
}
