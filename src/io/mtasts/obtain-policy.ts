import { isPaused } from '../../core/mtasts/cache.ts'
import { storedPolicy } from './policy-cache.ts'
import { loadPolicy, type ServedPolicy } from './policy-source.ts'
import { formatStsFailure, parseStsFailure } from './sts-failure.ts'
import type { PolicyKey, StsWork } from './sts-work.ts'

/** Fetches and stores, unless that failed for this id in the last minutes: then the failure stands. RFC 8461 §3.3 */
export async function obtainPolicy(key: PolicyKey, work: StsWork, signal: AbortSignal): Promise<ServedPolicy> {
  const failed = await work.store.policies.findFailure(key.domain, key.id)
  if (failed !== undefined && isPaused(failed.at, work.clock.now())) {
    return { kind: 'failed', failure: parseStsFailure(failed.failure), evidence: undefined }
  }
  return fetchAndStore(key, work, signal)
}

/** One fetch at a time for a domain and id; what it yields is on disk before anybody hears of it. */
export function fetchAndStore(key: PolicyKey, work: StsWork, signal: AbortSignal | undefined): Promise<ServedPolicy> {
  return work.fetches.join(`${key.domain} ${key.id}`, (shared) => load(key, work, shared), signal)
}

async function load({ domain, id }: PolicyKey, work: StsWork, signal: AbortSignal): Promise<ServedPolicy> {
  const { store, clock, onEvent } = work
  const served = await loadPolicy(domain, { ...work, signal })
  const now = clock.now()
  if (served.kind === 'policy') {
    await store.policies.put(storedPolicy(domain, { ...served, id, now }))
    onEvent?.({ kind: 'policy-stored', domain, id, mode: served.policy.mode })
    return served
  }
  signal.throwIfAborted()
  await store.policies.putFailure({ domain, id, at: now, failure: formatStsFailure(served.failure) })
  onEvent?.({ kind: 'fetch-failed', domain, failure: served.failure })
  return served
}
