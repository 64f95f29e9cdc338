import { limits } from '../../core/limits.ts'
import { createCache, wholeRoom } from './cache.ts'
import { createFailureTimes } from './failure-times.ts'

/**
 * How servers did lately: how fast they answered, and which did not answer at all. Those are asked after the others,
 * never left out. RFC 1035 §7.2
 */
export interface ServerHealth {
  noteSilence(server: string): void
  /** `milliseconds` from question to answer. */
  noteAnswer(server: string, milliseconds: number): void
  /** The smoothed time that it takes to answer, in milliseconds; undefined for a server not measured. RFC 6298 §2 */
  timeOf(server: string): number | undefined
  /**
   * The servers that are about as fast as the fastest in the order given, then the slower ones by their times, those
   * that were silent last. A server not measured is given the benefit of the doubt.
   */
  orderBySpeed<Server>(servers: readonly Server[], textOf: (server: Server) => string): Server[]
}

export function createServerHealth(now: () => number, room = wholeRoom): ServerHealth {
  const bounds = { now, entries: room.entries, octets: room.octets }
  const silent = createCache<true>({ ...bounds, octetsOf: () => 8 })
  const measured = createCache<number>({ ...bounds, octetsOf: () => 8 })
  const times = createFailureTimes(now, room)

  const timeOf = (server: string) => measured.get(server)?.value
  return {
    noteSilence(server) {
      // Many questions may wait for it at once: that is one silence, not many in a row.
      if (silent.get(server) === undefined) silent.put(server, true, now() + times.next(server, 'timeout') * 1000)
    },
    noteAnswer(server, milliseconds) {
      silent.delete(server)
      times.forget(server)
      const before = timeOf(server)
      const time = before === undefined ? milliseconds : before + (milliseconds - before) / 8
      measured.put(server, Math.max(0, time), now() + limits.resolver.learntKept * 1000)
    },
    timeOf,
    orderBySpeed(servers, textOf) {
      const timed = servers.map((server) => ({ server, time: timeOf(textOf(server)) ?? 0 }))
      const best = Math.min(...timed.map(({ time }) => time))
      const isFast = ({ time }: { readonly time: number }) => time <= best + limits.resolver.fastEnoughMs
      const slow = timed.filter((one) => !isFast(one)).sort((one, other) => one.time - other.time)
      const sorted = [...timed.filter(isFast), ...slow].map(({ server }) => server)
      const isSilent = (server: (typeof servers)[number]) => silent.get(textOf(server)) !== undefined
      return [...sorted.filter((server) => !isSilent(server)), ...sorted.filter(isSilent)]
    },
  }
}
