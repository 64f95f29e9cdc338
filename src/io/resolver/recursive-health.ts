import { limits } from '../../core/limits.ts'
import type { Endpoint } from '../network.ts'
import { formatServer } from './ask.ts'

/**
 * How recursive servers did lately: how fast they answered, and which are down. None is ever left out: who is down is
 * asked when the others are of no use. RFC 1035 §7.2
 */
export interface RecursiveHealth {
  /**
   * All of them: first the fastest of those that answer, then those not measured yet in the order given, then those that
   * were silent, and at last those that are down. One question in twenty has another first, which may be faster by now;
   * so has one, and one alone, when the pause of a server that was down is over.
   */
  order(servers: readonly Endpoint[]): readonly Endpoint[]
  /** `milliseconds` from question to answer; undefined for a refusal, which comes fast for no merit. */
  noteAnswer(server: string, milliseconds?: number): void
  /** Of a question sent at that time. All that wait in vain at once are one silence; some in a row, and it is down. */
  noteSilence(server: string, sentAt: number): void
  /** There is no way to it, or nothing there: it is down. */
  noteUnreachable(server: string): void
}

interface Known {
  /** Smoothed, in milliseconds. RFC 6298 §2 */
  time: number | undefined
  /** In a row. */
  silences: number
  silentAt: number
  /** Seconds: of the last time that it was down, in a row. */
  pause: number
  downUntil: number
  /** Whether somebody is finding out if it is back. */
  isTried: boolean
}

const { silencesUntilDown, downLeast, downMost, probeEvery, recursiveServersKnown } = limits.resolver

export function createRecursiveHealth(now: () => number): RecursiveHealth {
  const known = new Map<string, Known>()
  let orders = 0

  function of(server: string): Known {
    const found = known.get(server)
    if (found !== undefined) return found
    // They are the operator's; only a resolver configuration that changes without end brings so many.
    if (known.size >= recursiveServersKnown) known.clear()
    const one = {
      time: undefined,
      silences: 0,
      silentAt: Number.NEGATIVE_INFINITY,
      pause: 0,
      downUntil: 0,
      isTried: false,
    }
    known.set(server, one)
    return one
  }

  function markDown(one: Known): void {
    if (now() < one.downUntil && !one.isTried) return
    one.isTried = false
    one.silences = Math.max(one.silences, silencesUntilDown)
    one.pause = Math.min(Math.max(downLeast, 2 * one.pause), downMost)
    one.downUntil = now() + one.pause * 1000
  }

  return {
    order(servers) {
      if (servers.length < 2) return servers
      const at = now()
      const ranked = servers.map((server) => {
        const one = known.get(formatServer(server))
        return { server, one, place: placeOf(one, at), time: one?.time ?? 0 }
      })
      ranked.sort((one, other) => one.place - other.place || one.time - other.time)
      const [first] = ranked
      orders++
      // Whoever asks next need not wait for it too.
      if (first?.place === place.back && first.one !== undefined) {
        first.one.isTried = true
        first.one.downUntil = at + first.one.pause * 1000
      } else if (orders % probeEvery === 0) {
        const up = ranked.filter((one) => one.place !== place.down).length
        const other = up < 2 ? 0 : 1 + ((orders / probeEvery) % (up - 1))
        ranked.unshift(...ranked.splice(other, 1))
      }
      return ranked.map(({ server }) => server)
    },
    noteAnswer(server, milliseconds) {
      const one = of(server)
      one.silences = 0
      one.pause = 0
      one.downUntil = 0
      one.isTried = false
      if (milliseconds === undefined) return
      const sample = Math.max(0, milliseconds) // the clock may be set back
      one.time = one.time === undefined ? sample : one.time + (sample - one.time) / 8
    },
    noteSilence(server, sentAt) {
      const one = of(server)
      if (sentAt < one.silentAt) return
      one.silentAt = now()
      one.silences++
      if (one.silences >= silencesUntilDown) markDown(one)
    },
    noteUnreachable: (server) => markDown(of(server)),
  }
}

/** Where a server stands among the others. */
const place = { back: 0, measured: 1, unmeasured: 2, silent: 3, down: 4 } as const

function placeOf(one: Known | undefined, at: number): number {
  if (one === undefined) return place.unmeasured
  if (one.silences >= silencesUntilDown) return at < one.downUntil ? place.down : place.back
  if (one.silences > 0) return place.silent
  return one.time === undefined ? place.unmeasured : place.measured
}
