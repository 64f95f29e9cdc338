import type { Clock } from '../../io/clock.ts'

/** The lab's time: it goes as its base goes, and can be moved. */
export interface LabClock extends Clock {
  moveTo(time: number): void
}

/** A clock that stands until it is moved. */
export function createStandingClock(start: number): LabClock {
  let time = start
  return {
    now: () => time,
    moveTo: (to) => {
      time = to
    },
  }
}

/** A clock that shows `start` now and goes as `base` goes. */
export function createGoingClock(base: Clock, start = base.now()): LabClock {
  let ahead = start - base.now()
  return {
    now: () => base.now() + ahead,
    moveTo: (to) => {
      ahead = to - base.now()
    },
  }
}
