import { limits } from '../limits.ts'

/** When a policy was fetched, and for how long it may be used. Milliseconds since 1970, and seconds. RFC 8461 §3.2 */
export interface PolicyLife {
  readonly fetchedAt: number
  readonly maxAge: number
}

/** End of the policy's life, in milliseconds since 1970. Counted from the last fetch, not from a look at the record. */
export function expiryTime({ fetchedAt, maxAge }: PolicyLife): number {
  return fetchedAt + maxAge * 1000
}

/** Whether it may be used now. One from the future, after the clock went back, may not. RFC 8461 §3.2 */
export function isAlive(life: PolicyLife, now: number): boolean {
  return life.fetchedAt <= now && now < expiryTime(life)
}

/**
 * When to fetch again although nothing has changed: after a day, or half way to the end. RFC 8461 §3.3, §10.2
 */
export function refreshTime({ fetchedAt, maxAge }: PolicyLife): number {
  return fetchedAt + Math.min(limits.sts.refreshEvery, maxAge / 2) * 1000
}

/**
 * When to try a refresh again that failed: a quarter of what is left of its life, five minutes to six hours. In whole
 * milliseconds, as the store takes no others.
 */
export function refreshRetryTime(life: PolicyLife, now: number): number {
  const left = (expiryTime(life) - now) / 1000
  return now + Math.floor(Math.min(Math.max(left / 4, limits.sts.fetchPause), limits.sts.refreshRetryMax) * 1000)
}

/** Whether a failed fetch for the same domain and id is too recent for another. RFC 8461 §3.3 */
export function isPaused(failedAt: number, now: number): boolean {
  return failedAt <= now && now < failedAt + limits.sts.fetchPause * 1000
}
