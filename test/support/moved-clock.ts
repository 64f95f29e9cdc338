import type { Clock } from '../../src/io/clock.ts'

/** A clock that stands still until a test moves it. */
export interface MovedClock extends Clock {
  /** Seconds, forward or back. */
  move(seconds: number): void
}

export function movedClock(milliseconds: number): MovedClock {
  let now = milliseconds
  return {
    now: () => now,
    move: (seconds) => {
      now += seconds * 1000
    },
  }
}
