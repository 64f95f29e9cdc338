import { limits } from '../../core/limits.ts'
import { parseDomainName } from '../../core/name/domain.ts'
import { accept, refuse } from '../../core/result.ts'
import type { Clock } from '../clock.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import { openTls } from '../https/tls-handshake.ts'
import type { Network } from '../network.ts'
import { formatServer } from './ask.ts'
import { createEnding } from './ending.ts'
import { createExchange, type Exchange } from './exchange.ts'

export interface TlsOptions {
  readonly network: Network
  /** The authorities that a server's certificate must chain to. */
  readonly trust: () => PkixTrust
  readonly clock: Clock
  /** Told once, in one line, of a server that cannot be authenticated, and why. */
  readonly onWarning?: ((warning: string) => void) | undefined
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
    made ??= createExchange(tlsNetwork(options))
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
  return {
    async connectTcp(endpoint, dial) {
      const name = parseDomainName(endpoint.tlsName ?? '')
      if (!name.ok) return refuse('unauthenticated')
      const dialled = await network.connectTcp(endpoint, dial)
      if (!dialled.ok) return dialled
      const ending = createEnding(dial.signal, limits.resolver.tlsHandshakeMs)
      const { signal } = ending
      const options = { host: name.value, trust: trust(), clock, signal, protocol: 'dot' }
      const shaken = await openTls(dialled.value, options)
      ending.stop()
      const server = formatServer(endpoint)
      if (shaken.kind === 'open') {
        told.delete(server)
        // One end of the two must not outlive the other.
        shaken.socket.once('close', () => dialled.value.destroy())
        return accept(shaken.socket)
      }
      if (signal.aborted) return refuse(signal.reason === 'timeout' ? 'timeout' : 'aborted')
      const { reason } = shaken.problem
      if (told.get(server) !== reason) onWarning(`resolver ${server} is not used: ${reason}`)
      told.set(server, reason)
      return refuse('unauthenticated')
    },
    openUdp: async () => refuse('forbidden'),
  }
}
