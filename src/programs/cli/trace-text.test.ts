import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCounters, type ResolverCounters } from '../../io/resolver/counters.ts'
import { formatCost } from './trace-text.ts'

const costs: [change: (counters: ResolverCounters) => void, text: string][] = [
  [() => {}, '# in all: nothing was sent'],
  [({ queries }) => Object.assign(queries, { udp: 1 }), '# in all: 1 query by udp'],
  [
    (counters) => {
      Object.assign(counters.queries, { udp: 7, tcp: 1, tls: 2 })
      Object.assign(counters.nearMisses, { id: 2, cookie: 1 })
      Object.assign(counters, { retries: 1, tcpFallbacks: 1, lameServers: 3 })
    },
    '# in all: 7 queries by udp, 1 query by tcp, 2 queries by tls, 1 retry, 1 fallback to tcp, 2 near misses (id), ' +
      '1 near miss (cookie), 3 lame servers',
  ],
]
for (const [change, text] of costs) {
  test(`RES-44: what a lookup cost reads "${text}"`, () => {
    const counters = createCounters()
    change(counters)
    assert.equal(formatCost(counters), text)
  })
}
