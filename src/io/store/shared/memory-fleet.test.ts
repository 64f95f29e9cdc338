// The shared store in memory, which the tests beside this one rest on, does as Redis does.

import { fleetContract } from '../../../../test/support/fleet-contract.ts'
import { createMemoryFleet } from '../../../../test/support/memory-fleet.ts'
import { movedClock } from '../../../../test/support/moved-clock.ts'

const now = Date.UTC(2026, 0, 1)

fleetContract(now, async () => {
  const memory = createMemoryFleet()
  return {
    fleet: memory.join(movedClock(now)),
    write: async (name, text) => void memory.values.set(name, text),
    flush: async () => memory.flush(),
  }
})
