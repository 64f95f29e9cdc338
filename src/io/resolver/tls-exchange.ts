import type { Socket } from 'node:net'
import { limits } from '../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import { openTls } from '../https/tls-handshake.ts'
import type { DialFault, DialOptions, Endpoint, Network } from '../network.ts'
import { formatServer } from './ask.ts'
import type { ResolverCounters } from './counters.ts'
import { createExchange, type Exchange } from './exchange.ts'
import type { Pace } from './pace.ts'

export interface TlsOptions {
  readonly network: Network
  /** The authorities that a server's certificate must chain to. */
  readonly trust: () => PkixTrust
  readonly clock: Clock
  /** Told once, in one line, of a server that cannot be authenticated, and why. */
  readonly onWarning?: ((warning: string) => void) | undefined
  readonly counters?: ResolverCounters | undefined
  readonly pace?: Pace | undefined
}

/**
 * Puts questions to servers that have a name over TLS, and to others as `plain` does.
 *
 * The strict profile alone: whoever cannot show a certificate for the name is not asked, by TLS or without it.
 * RFC 7858 §3, RFC 8310 §5
 */
export function withTls(plain: Exchange, options: TlsOptions): Exchange {
  let made: Exchange | undefined
  const overTls = () => {
    made ??= createExchange(tlsNetwork(options), {}, options.counters, options.pace)
    return made
  }
  return {
    ask(request, given) {
      const { endpoint } = request
      if (endpoint.tlsName === undefined) return plain.ask(request, given)
      const { trace } = given
      const server = formatServer(endpoint)
      const told = trace && ((event: Parameters<typeof trace>[0]) => trace({ ...event, server, transport: 'tls' }))
      return overTls().ask(
        { ...request, transport: 'tcp', mixCase: false, isPadded: true },
        { ...given, ...(told === undefined ? {} : { trace: told }) },
      )
    },
    async close() {
      await plain.close()
      await made?.close()
    },
  }
}

/** Connections on which the server has shown who it is before anything is sent. */
function tlsNetwork({ network, trust, clock, onWarning = () => {} }: TlsOptions): Network {
  const told = new Map<string, string>()

  async function connect(
    endpoint: Endpoint,
    host: DomainName,
    dial: DialOptions,
  ): Promise<Result<Socket, DialFault | 'lost'>> {
    const dialled = await network.connectTcp(endpoint, dial)
    if (!dialled.ok) return dialled
    const ending = createEnding(dial.signal, limits.resolver.tlsHandshakeMs)
    const { signal } = ending
    const shaken = await openTls(dialled.value, { host, trust: trust(), clock, signal, protocol: 'dot' })
    ending.stop()
    const server = formatServer(endpoint)
    if (shaken.kind === 'open') {
      told.delete(server)
      // One end of the two must not outlive the other.
      shaken.socket.once('close', () => dialled.value.destroy())
      return accept(shaken.socket)
    }
    if (signal.aborted) return refuse(signal.reason === 'timeout' ? 'timeout' : 'aborted')
    if (shaken.isLost) return refuse('lost')
    const { reason } = shaken.problem
    if (told.get(server) !== reason) onWarning(`resolver ${server} is not used: ${reason}`)
    told.set(server, reason)
    return refuse('unauthenticated')
  }

  return {
    async connectTcp(endpoint, dial) {
      const name = parseDomainName(endpoint.tlsName ?? '')
      if (!name.ok) return refuse('unauthenticated')
      // As with a connection that is closed before the reply comes, another may do better, once. RFC 7766 §6.2.4
      for (let tries = 0; tries < 2; tries++) {
        const connected = await connect(endpoint, name.value, dial)
        if (connected.ok) return connected
        if (connected.fault !== 'lost') return refuse(connected.fault)
      }
      return refuse('refused')
    },
    openUdp: async () => refuse('forbidden'),
  }
}
