import { limits } from '../../core/limits.ts'
import type { Clock } from '../../io/clock.ts'
import { createCounters } from '../../io/resolver/counters.ts'
import type { WorldObserver } from '../cli/world.ts'
import { createAllAnswerCounts } from './answer-counts.ts'
import type { ServiceEvent } from './events/event.ts'
import { createHistory } from './events/history.ts'
import { createWatch } from './events/watch.ts'
import { anchorTrouble, anchorTroubleIn, eventOf } from './events/world-events.ts'
import type { ServiceLog } from './log.ts'
import type { Meters } from './metrics/meters.ts'
import type { Ledger } from './service.ts'

/** What the service remembers and counts for as long as the process lives, with the log that it tells by. */
export interface ServiceLedger extends Ledger, WorldObserver {
  /** Where events go from now on; those from before there was a log come first. */
  useLog(log: ServiceLog): void
}

export function createLedger(meters: Meters, clock: Clock): ServiceLedger {
  const early: ServiceEvent[] = []
  let log: ServiceLog | undefined
  let anchorToldAt = Number.NEGATIVE_INFINITY
  const tell = (event: ServiceEvent) => {
    if (log === undefined) early.push(event)
    else log.tell(event)
  }
  const counts = createAllAnswerCounts()
  return {
    ...{ meters, history: createHistory(clock), counts },
    answered: () => counts.socketmap.hit + counts['tcp-table'].hit + counts.lines.hit,
    counters: createCounters(),
    watch: createWatch({ clock, tell, onThreat: (kind) => meters.threat(kind) }),
    told(told) {
      meters.told(told)
      const event = eventOf(told)
      if (event !== undefined) tell(event)
    },
    resolved(resolution) {
      meters.resolved(resolution)
      const trouble = anchorTroubleIn(resolution)
      const now = clock.now()
      // Every lookup fails by it.
      if (trouble === undefined || now - anchorToldAt < limits.events.repeatMs) return
      anchorToldAt = now
      tell(anchorTrouble(trouble))
    },
    useLog(next) {
      log = next
      for (const event of early.splice(0)) log.tell(event)
    },
  }
}
