import { formatMoment } from './durations.ts'

/** What of a failed lookup tells about our clock. */
interface OutOfTime {
  /** RFC 8914 */
  readonly code: number
  /** How many zones could be verified. */
  readonly verified: number
}

/** Signature Expired, Signature Not Yet Valid. RFC 8914 §4.8, §4.9 */
const outOfTime = new Set([7, 8])

/**
 * Whether our clock may be what is wrong when signatures are out of their time: `likely` for those over the keys that
 * validation starts from, which everybody else verifies too, `possible` below them, else undefined.
 */
export function doubtClock({ code, verified }: OutOfTime): 'likely' | 'possible' | undefined {
  if (!outOfTime.has(code)) return undefined
  return verified === 0 ? 'likely' : 'possible'
}

/** One sentence without a full stop that asks to look at the clock. */
export function clockAdvice(now: number): string {
  return `see whether the clock of this machine is right: it says ${formatMoment(now)}`
}
