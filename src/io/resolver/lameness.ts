import type { Message } from '../../core/dns/message.ts'
import { RCODE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { createCache, wholeRoom } from './cache.ts'
import type { ResolverCounters } from './counters.ts'

/** Which servers do not serve a zone that is delegated to them. RFC 4697 §2.1 */
export interface Lameness {
  note(server: string, zone: Name): void
  /** Of a server that serves it after all. */
  forget(server: string, zone: Name): void
  /** Whether it was so in the last minutes: then it is asked when nobody else is left. */
  isLame(server: string, zone: Name): boolean
}

export function createLameness(
  now: () => number,
  counters: Pick<ResolverCounters, 'lameServers'>,
  { entries, octets } = wholeRoom,
): Lameness {
  const bounds = { now, entries, octets }
  const lame = createCache<true>({ ...bounds, octetsOf: () => 8 })
  const keyOf = (server: string, zone: Name) => `${server} ${zone.key}`
  return {
    note(server, zone) {
      counters.lameServers++
      lame.put(keyOf(server, zone), true, now() + limits.resolver.lameKept * 1000)
    },
    // Mostly there is none, and this is asked for every server.
    forget: (server, zone) => lame.size > 0 && lame.delete(keyOf(server, zone)),
    isLame: (server, zone) => lame.size > 0 && lame.get(keyOf(server, zone)) !== undefined,
  }
}

/** Whether it says so itself: it may not serve us, has no such zone, or failed to load it. */
export function saysLame({ rcode }: Message): boolean {
  return rcode === RCODE.REFUSED || rcode === RCODE.SERVFAIL || rcode === RCODE.NOTAUTH
}
