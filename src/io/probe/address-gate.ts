import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'
import { createTurns, type Turns } from '../decisions/turns.ts'
import type { StopSignal } from '../stop.ts'
import type { Pause } from './probe-io.ts'

/** Holds us to few connections to one address at once, with a pause before each further one, whoever wants them. */
export interface AddressGate {
  /** Resolves when a connection may be made, with what to call when it is closed. Rejects when given up. */
  enter(address: string, signal: StopSignal | undefined): Promise<() => void>
}

interface Entry {
  readonly turns: Turns
  /** When the next connection may be made. */
  next: number
  users: number
}

export function createAddressGate(clock: Clock, pause: Pause): AddressGate {
  const entries = new Map<string, Entry>()

  /** Forgets addresses that nobody uses, once there are many, from the longest unused. */
  function tidy(): void {
    for (const [address, { users, next }] of entries) {
      if (entries.size <= limits.probe.results) return
      if (users === 0 && next <= clock.now()) entries.delete(address)
    }
  }

  function obtain(address: string): Entry {
    const entry = entries.get(address) ?? {
      turns: createTurns(limits.probe.connectionsAtOnce, Number.POSITIVE_INFINITY),
      next: Number.NEGATIVE_INFINITY,
      users: 0,
    }
    entries.delete(address)
    entries.set(address, entry)
    tidy()
    return entry
  }

  return {
    async enter(address, signal) {
      const entry = obtain(address)
      entry.users++
      let done = () => {}
      const leave = () => {
        entry.users--
        done()
      }
      try {
        done = (await entry.turns.take()) ?? done
        signal?.throwIfAborted()
        const now = clock.now()
        const start = Math.max(now, entry.next)
        entry.next = start + limits.probe.pauseMs
        if (start > now) await pause(start - now, signal)
        return leave
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}
