import type { Failure } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { createCache, wholeRoom } from './cache.ts'

/** How long failures are remembered: longer each time in a row. RFC 9520 §3.2 */
export interface FailureTimes {
  /** Seconds, for a failure that has just come. */
  next(key: string, why: Failure['why']): number
  /** Ends the row. */
  forget(key: string): void
}

export function createFailureTimes(now: () => number, { entries, octets } = wholeRoom): FailureTimes {
  const bounds = { now, entries, octets }
  const last = createCache<number>({ ...bounds, octetsOf: () => 8 })
  return {
    next(key, why) {
      const least = why === 'bogus' ? limits.resolver.bogusTtl : limits.resolver.failureTtl
      const doubled = 2 * (last.get(key)?.value ?? 0)
      const seconds = Math.min(Math.max(least, doubled), limits.resolver.failureTtlMax)
      last.put(key, seconds, now() + 2 * limits.resolver.failureTtlMax * 1000)
      return seconds
    },
    forget: (key) => last.delete(key),
  }
}

/**
 * Nobody answers for the root: it is we who are cut off, and not for longer because it has lasted. All that is asked waits
 * for it, and one question in five seconds is no burden. RFC 9520 §3.2
 */
export function isOutage(name: Name, why: Failure['why']): boolean {
  return name.labelCount === 0 && (why === 'timeout' || why === 'unreachable')
}
