import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { type Result, refuse } from '../../core/result.ts'
import type { ChosenBy, Endpoint } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import { createCounters } from './counters.ts'
import type { Exchange, Exchanged, ExchangeFault } from './exchange.ts'
import type { Task } from './task.ts'

export interface Ask {
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly name: Name
  readonly type: number
  readonly recursive: boolean
  readonly checkingDisabled: boolean
  readonly authenticData?: boolean
  /** See `ExchangeRequest`. */
  readonly mixCase?: boolean
  /** See `ExchangeRequest`. */
  readonly mayBePlain?: boolean
  readonly transport?: 'udp' | 'tcp'
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
  const underWay = createSharedWork<Result<Exchanged, AskFault>>()
  return async (ask, task) => {
    if (task.signal.aborted) return refuse('aborted')
    if (!task.takeQuery(formatServer(ask.endpoint))) return refuse('limit')
    if (ask.round !== undefined && ask.round > 0) counters.retries++
    const { endpoint, name, type, recursive, checkingDisabled, transport = 'udp' } = ask
    const { authenticData = false, mayBePlain = false } = ask
    const flags = `${recursive ? 'r' : ''}${checkingDisabled ? 'c' : ''}${authenticData ? 'a' : ''}${mayBePlain ? 'p' : ''}`
    const key = `${formatServer(endpoint)} ${transport} ${flags} ${type} ${name.key}`
    const { trace, clock } = task
    const request = { ...ask, recursionDesired: recursive }
    const options = { timeoutMs: ask.timeoutMs, trace, now: () => clock.now() }
    try {
      return await underWay.join(key, (signal) => exchange.ask(request, { ...options, signal }), task.signal)
    } catch (error) {
      if (task.signal.aborted) return refuse('aborted')
      throw error
    }
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
  const ask = { ...question, ...to, recursive: false, checkingDisabled: true, mixCase: true } as const
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
