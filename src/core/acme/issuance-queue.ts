import type { DomainName } from '../name/domain.ts'
import type { RenewalWindow } from './renewal-information.ts'
import { type Lifetime, renewalTime } from './renewal-time.ts'

/** What is known of one name that has a certificate or wants one; times in milliseconds since 1970. */
export interface NameState {
  readonly name: DomainName
  /** Since when it wants a certificate, or has one. */
  readonly askedAt: number
  readonly lifetime: Lifetime | undefined
  readonly window: RenewalWindow | undefined
  /** In a row. */
  readonly failures: number
  /** Not to be tried before. */
  readonly retryAt: number
}

/** When its certificate is to be ordered: at once when it has none, and not before a failure is past. */
export function orderTime({ askedAt, lifetime, window, retryAt }: NameState): number {
  return Math.max(retryAt, lifetime === undefined ? askedAt : renewalTime(lifetime, window))
}

/**
 * Which of two names that are due comes first, as for `sort`. Those that have a certificate come before those that have none,
 * however many of these there are: what works shall go on working. Among them the one that ends first, else whoever
 * has waited longest.
 */
export function compareUrgency(one: NameState, other: NameState): number {
  const ends =
    (one.lifetime?.notAfter ?? Number.POSITIVE_INFINITY) - (other.lifetime?.notAfter ?? Number.POSITIVE_INFINITY)
  return Number.isNaN(ends) ? one.askedAt - other.askedAt : ends
}
