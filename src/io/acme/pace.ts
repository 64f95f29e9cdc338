import { authorityBackOff } from '../../core/acme/back-off.ts'
import { type IssuanceBudget, roomAt, type SpentBudget, spendOne } from '../../core/acme/issuance-budget.ts'
import type { Clock } from '../clock.ts'
import { type AcmeFailure, concernsAll } from './acme-failure.ts'
import type { IssuingEvent } from './issuing-event.ts'

/** How fast orders may follow each other, over all names: the budget, and pauses when the authority fails. */
export interface Pace {
  /** Goes on from what was spent before; undefined when nobody knows. */
  restore(spent: SpentBudget | undefined): void
  readonly spent: SpentBudget
  /** When the budget has room for one more than is spent and held. */
  roomAt(now: number): number
  /** Holds a place in the budget while it is looked whether a name can be ordered for; then it is spent or given back. */
  hold(): void
  spendHeld(): void
  giveBackHeld(): void
  /** Nothing is ordered before. */
  readonly pausedUntil: number
  /** The authority has issued. */
  succeed(): void
  /** Leaves the authority alone after what would happen to any name, longer each time in a row. */
  fail(failure: AcmeFailure): void
}

export function createPace(clock: Clock, budget: IssuanceBudget, tell: (event: IssuingEvent) => void): Pace {
  let spent: SpentBudget = []
  let held = 0
  let failures = 0
  let pausedUntil = 0
  return {
    restore(before) {
      spent = before ?? []
      if (before !== undefined) return
      tell({ kind: 'damaged', what: 'what was ordered lately cannot be read: an hour passes before the next order' })
      for (let each = 0; each < budget.perHour; each++) spent = spendOne(spent, clock.now())
    },
    get spent() {
      return spent
    },
    roomAt(now) {
      let all = spent
      for (let each = 0; each < held; each++) all = spendOne(all, now)
      return roomAt(all, now, budget)
    },
    hold() {
      held++
    },
    spendHeld() {
      held--
      spent = spendOne(spent, clock.now())
    },
    giveBackHeld() {
      held--
    },
    get pausedUntil() {
      return pausedUntil
    },
    succeed() {
      failures = 0
    },
    fail(failure) {
      if (!concernsAll(failure)) {
        // The authority has answered; a name that leads elsewhere says nothing of it.
        if (failure.fault !== 'elsewhere' && failure.fault !== 'aborted') failures = 0
        return
      }
      failures++
      // A limit may be one of a single domain: the name keeps to what it asks for, and all only as long as it fails.
      const asked = failure.fault === 'rate-limited' ? 0 : failure.retryAfterMs
      const until = clock.now() + authorityBackOff(failures, asked)
      if (until <= pausedUntil) return
      pausedUntil = until
      tell({ kind: 'paused', failure, until })
    },
  }
}
