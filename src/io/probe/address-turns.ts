import { limits } from '../../core/limits.ts'
import { createTurns, type Turns } from '../decisions/turns.ts'

/** Lets one host at a time have an address, and so many addresses be looked at at once. */
export interface AddressTurns {
  /** Resolves when it is one's turn, with what to call when done. Who waits for an address keeps no other waiting. */
  take(address: string): Promise<() => void>
}

interface Queue {
  readonly turns: Turns
  users: number
}

export function createAddressTurns(): AddressTurns {
  const queues = new Map<string, Queue>()
  const all = createTurns(limits.probe.addressesAtOnce, Number.POSITIVE_INFINITY)
  return {
    async take(address) {
      const queue = queues.get(address) ?? { turns: createTurns(1, Number.POSITIVE_INFINITY), users: 0 }
      queues.set(address, queue)
      queue.users++
      const leave = await queue.turns.take()
      const done = await all.take()
      return () => {
        done?.()
        leave?.()
        queue.users--
        if (queue.users === 0) queues.delete(address)
      }
    },
  }
}
