import type { CheckFacts } from '../../core/check/check-facts.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { type CheckWorldOptions, createCheckWorld } from './check-world.ts'
import { gatherFacts } from './gather.ts'
import type { GatherOptions } from './gather-io.ts'

/** Looks at one domain in a world of its own making, for who checks one now and then. */
export async function checkDomain(
  domain: DomainName,
  { signal = new AbortController().signal, ...options }: Partial<GatherOptions>,
  world: CheckWorldOptions,
): Promise<CheckFacts> {
  const made = createCheckWorld(world)
  try {
    return await gatherFacts(domain, { ...options, signal }, made)
  } finally {
    await made.close()
  }
}
