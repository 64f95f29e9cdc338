import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { rootName } from '../../core/name/name.ts'
import type { Resolver } from './resolver.ts'
import { answerHere } from './results.ts'

/**
 * Looks up who serves the root as soon as anything is asked, and again when that is out of date: what is true of it is
 * for the resolver's upstream to learn. Nothing waits for it. RFC 9609 §3
 */
export function withPriming(resolver: Resolver, now: () => number): Resolver {
  let dueAt = 0

  async function prime(): Promise<void> {
    dueAt = now() + limits.resolver.failureTtl * 1000
    const found = await resolver.resolve(rootName, TYPE.NS)
    if (found.kind !== 'failure') dueAt = now() + found.ttl * 1000
  }

  return {
    resolve(name, type, options) {
      const resolution = resolver.resolve(name, type, options)
      if (now() >= dueAt && answerHere({ name, type }) === undefined) void prime()
      return resolution
    },
    ...(resolver.inside !== undefined && { inside: resolver.inside }),
    close: () => resolver.close(),
  }
}
