import type { Resolver } from '../../../io/resolver/resolver.ts'
import type { Judge } from '../dns/service.ts'

/** Lets a resolver of ours judge for the lab's forwarder. */
export function judgeWith(resolver: Resolver): Judge {
  return async ({ name, type }) => {
    const found = await resolver.resolve(name, type)
    return found.kind === 'failure' ? 'failed' : found.status
  }
}
