import { problemCodes } from '../../core/dnssec/problem.ts'
import type { Failure, Resolution } from '../../core/dnssec/resolution.ts'

/**
 * What a resolver did since it was made; whoever hands it over reads it whenever he likes. Integers that only grow: no
 * text is made for them, and no name is in them.
 */
export interface ResolverCounters {
  /** Questions sent to servers, by what carried them. */
  readonly queries: Record<'udp' | 'tcp' | 'tls', number>
  /** Questions put to a server again because it had left them unanswered. */
  retries: number
  /** Questions that went over to TCP: their answer was truncated or in doubt. RFC 7766 §5 */
  tcpFallbacks: number
  /**
   * Datagrams from the address of a server that was asked, with our question and another `id`, in other letters (`case`),
   * or without its `cookie`: somebody guesses, or, but for the first, the server does so itself. RFC 5452 §9.3
   */
  readonly nearMisses: Record<'id' | 'case' | 'cookie', number>
  /** Lookups by the status of what they found; those that came to nothing are in `failures`. */
  readonly found: Record<'secure' | 'insecure', number>
  /** Lookups that came to nothing, by why. Those that reached a limit are `limit` and `overload`. */
  readonly failures: Record<Failure['why'], number>
  /** Bogus lookups among them, by the number of their Extended DNS Error, which is ours. RFC 8914 §4 */
  readonly bogus: Record<number, number>
  /** Lookups that were answered from what was known, denials and failures included. */
  cacheHits: number
  /** Times that a server was found not to serve a zone. RFC 4697 §2.1 */
  lameServers: number
}

export function createCounters(): ResolverCounters {
  return {
    queries: { udp: 0, tcp: 0, tls: 0 },
    retries: 0,
    tcpFallbacks: 0,
    nearMisses: { id: 0, case: 0, cookie: 0 },
    found: { secure: 0, insecure: 0 },
    failures: {
      ...{ bogus: 0, timeout: 0, servfail: 0, refused: 0, malformed: 0, unreachable: 0 },
      ...{ limit: 0, overload: 0, aborted: 0, 'alias-loop': 0, config: 0 },
    },
    bogus: Object.fromEntries(problemCodes.map((code) => [code, 0])),
    cacheHits: 0,
    lameServers: 0,
  }
}

/** Counts what a lookup came to, and returns it. */
export function countResult(counters: ResolverCounters, resolution: Resolution): Resolution {
  if (resolution.kind === 'failure') {
    const { why, ede, cached } = resolution
    counters.failures[why]++
    if (why === 'bogus') counters.bogus[ede] = (counters.bogus[ede] ?? 0) + 1
    if (cached) counters.cacheHits++
    return resolution
  }
  counters.found[resolution.status]++
  if (resolution.evidence.cached) counters.cacheHits++
  return resolution
}
