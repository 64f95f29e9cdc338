import { isAlive, refreshTime } from '../../core/mtasts/cache.ts'
import { parseStsPolicy, type StsPolicy } from '../../core/mtasts/policy.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { Store, StoredPolicy } from '../store/store.ts'

/** A policy of the store, understood. */
export interface CachedPolicy {
  readonly policy: StsPolicy
  readonly stored: StoredPolicy
}

/** The domain's policy while it lasts, and whether there was one whose time is over. RFC 8461 §3.2 */
export async function findPolicy(
  domain: DomainName,
  { store, clock }: { readonly store: Store; readonly clock: Clock },
): Promise<{ readonly cached: CachedPolicy | undefined; readonly lapsed: boolean }> {
  const stored = await store.policies.find(domain)
  if (stored === undefined) return { cached: undefined, lapsed: false }
  const alive = isAlive(stored, clock.now())
  return { cached: alive ? readStored(stored) : undefined, lapsed: !alive }
}

/** Undefined when a release before this one understood the body, and this one does not. */
export function readStored(stored: StoredPolicy): CachedPolicy | undefined {
  const parsed = parseStsPolicy(stored.body)
  return parsed.ok ? { policy: parsed.value, stored } : undefined
}

/** What to store for a policy just served. */
export function storedPolicy(
  domain: DomainName,
  served: { readonly id: string; readonly body: string; readonly policy: StsPolicy; readonly now: number },
): StoredPolicy {
  const { id, body, now } = served
  const { mode, maxAge } = served.policy
  return { domain, id, body, mode, maxAge, fetchedAt: now, refreshAt: refreshTime({ fetchedAt: now, maxAge }) }
}
