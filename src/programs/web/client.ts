import type { IncomingMessage } from 'node:http'
import { isWithin, type Prefix, plainOctets, subscriberOf } from '../../core/address/prefix.ts'

/**
 * Who asks, for rates: an IPv4 address, or the /64 of an IPv6 address. `X-Forwarded-For` counts as far as proxies of the
 * operator's wrote it, from its end on; what stands before was said by a stranger. Who comes by a Unix socket is a proxy.
 */
export function clientOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  proxies: readonly Prefix[],
): string {
  const peer = socket.remoteAddress
  if (peer !== undefined && !isAmong(peer, proxies)) return subscriberOf(peer)
  const named = headers['x-forwarded-for']
  const hops = (Array.isArray(named) ? named.join(',') : (named ?? '')).split(',').map(addressIn)
  const client = hops.findLast((hop) => hop !== '' && !isAmong(hop, proxies))
  return subscriberOf(client ?? peer ?? 'unix')
}

/** Some proxies write ports behind addresses. */
function addressIn(hop: string): string {
  const [, bracketed, plain] = /^\s*(?:\[([^\]]*)\](?::\d+)?|([^\s:]+):\d+)\s*$/.exec(hop) ?? []
  return bracketed ?? plain ?? hop.trim()
}

export function isAmong(address: string, prefixes: readonly Prefix[]): boolean {
  const octets = plainOctets(address)
  return octets !== undefined && prefixes.some((prefix) => isWithin(octets, prefix))
}
