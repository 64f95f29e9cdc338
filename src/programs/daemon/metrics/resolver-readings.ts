import type { ResolverCounters } from '../../../io/resolver/counters.ts'
import type { Registry } from './registry.ts'

/** What the resolver counts, as it stands when somebody looks. */
export function addResolverReadings(registry: Registry, counters: ResolverCounters): void {
  const count = (name: string, help: string, read: () => number) =>
    registry.reading({ name: `waxseal_resolver_${name}_total`, help, type: 'counter' }, read)
  const countBy = (name: string, label: string, help: string, counts: Readonly<Record<string, number>>) =>
    registry.reading({ name: `waxseal_resolver_${name}_total`, help, type: 'counter' }, () =>
      Object.entries(counts).map(([key, value]) => ({ labels: { [label]: key }, value })),
    )
  countBy('queries', 'transport', 'Questions sent to name servers, by what carried them.', counters.queries)
  count('retries', 'Questions put to a server again that had left them unanswered.', () => counters.retries)
  count('tcp_fallbacks', 'Questions that went over from UDP to TCP.', () => counters.tcpFallbacks)
  countBy(
    'near_misses',
    'mark',
    'Datagrams that would have been the answer but for their ID, the case of letters, or the cookie.',
    counters.nearMisses,
  )
  countBy('failures', 'why', 'Lookups that came to nothing, by why.', counters.failures)
  countBy('bogus', 'ede', 'Bogus lookups among them, by their Extended DNS Error.', counters.bogus)
  count('cache_hits', 'Lookups that were answered from what was known.', () => counters.cacheHits)
  count('lame_servers', 'Times that a server did not serve a zone that is delegated to it.', () => counters.lameServers)
}
