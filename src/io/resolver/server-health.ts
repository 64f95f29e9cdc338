import { limits } from '../../core/limits.ts'
import { createCache } from './cache.ts'
import { createFailureTimes } from './failure-times.ts'

/** Which servers gave no answer lately. They are asked after the others, never left out. RFC 1035 §7.2 */
export interface ServerHealth {
  noteSilence(server: string): void
  noteAnswer(server: string): void
  /** The servers in the order given, those that were silent last. */
  order<Server>(servers: readonly Server[], textOf: (server: Server) => string): Server[]
}

export function createServerHealth(now: () => number): ServerHealth {
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const silent = createCache<true>({ ...bounds, octetsOf: () => 8 })
  const times = createFailureTimes(now)
  return {
    noteSilence(server) {
      // Many questions may wait for it at once: that is one silence, not many in a row.
      if (silent.get(server) === undefined) silent.put(server, true, now() + times.next(server, 'timeout') * 1000)
    },
    noteAnswer(server) {
      silent.delete(server)
      times.forget(server)
    },
    order(servers, textOf) {
      const isSilent = (server: (typeof servers)[number]) => silent.get(textOf(server)) !== undefined
      return [...servers.filter((server) => !isSilent(server)), ...servers.filter(isSilent)]
    },
  }
}
