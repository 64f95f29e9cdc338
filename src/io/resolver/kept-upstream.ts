import { limits } from '../../core/limits.ts'
import { createSharedWork } from '../shared-work.ts'
import { createCache } from './cache.ts'
import { octetsOfReply } from './delegations.ts'
import { joinOnOwnMeans } from './task.ts'
import type { Fetched, Reply, Upstream } from './upstream.ts'

/**
 * The upstream, with what it fetched kept for a short while: who serves a zone, and where those are, is the same for all
 * questions in it, and for all zones of one provider.
 */
export function keepFetched(upstream: Upstream, now: () => number): Upstream {
  const bounds = { now, entries: limits.resolver.compared, octets: limits.resolver.heardOctets }
  const kept = createCache<Reply>({ ...bounds, octetsOf: octetsOfReply })
  const underWay = createSharedWork<Fetched>()
  return {
    async fetch(question, task, avoid) {
      task.signal.throwIfAborted()
      // Who avoids a source wants another's word.
      if (avoid.size > 0) return upstream.fetch(question, task, avoid)
      const key = `${question.type} ${question.name.key}`
      const known = kept.get(key)
      if (known !== undefined) return { ok: true, reply: known.value }
      const isSpent = (fetched: Fetched) => !fetched.ok && fetched.trouble.why === 'limit'
      return joinOnOwnMeans(underWay, {
        ...{ key, task, isSpent },
        async start(own) {
          const fetched = await upstream.fetch(question, own, avoid)
          if (fetched.ok) kept.put(key, fetched.reply, now() + secondsFor(fetched.reply) * 1000)
          return fetched
        },
      })
    },
    close: () => underWay.close(),
  }
}

function secondsFor({ answer }: Reply): number {
  return Math.min(limits.resolver.comparedKept, ...answer.map(({ ttl }) => ttl))
}
