import { limits } from '../../core/limits.ts'
import { isPaused } from '../../core/mtasts/cache.ts'
import type { StopSignal } from '../stop.ts'
import type { StoredPolicy } from '../store/store.ts'
import { findPolicy, readStored, storedPolicy } from './policy-cache.ts'
import { loadPolicy, type ServedPolicy } from './policy-source.ts'
import { formatStsFailure, parseStsFailure, type StsFailure } from './sts-failure.ts'
import type { PolicyKey, StsWork } from './sts-work.ts'

/** Fetches and stores, unless that failed for this id in the last minutes: then the failure stands. RFC 8461 §3.3 */
export async function obtainPolicy(
  key: PolicyKey,
  work: StsWork,
  signal: StopSignal | undefined,
): Promise<ServedPolicy> {
  const failed = await work.store.policies.findFailure(key.domain, key.id)
  if (failed !== undefined && isPaused(failed.at, work.clock.now())) {
    return { kind: 'failed', failure: parseStsFailure(failed.failure), evidence: undefined }
  }
  return fetchAndStore(key, work, signal)
}

/** One fetch at a time for a domain and id; what it yields is on disk before anybody hears of it. */
export function fetchAndStore(key: PolicyKey, work: StsWork, signal: StopSignal | undefined): Promise<ServedPolicy> {
  return work.fetches.join(`${key.domain} ${key.id}`, (shared) => load(key, work, shared), signal)
}

/** In a fleet, one machine fetches, and the others wait for what comes of it. */
async function load(key: PolicyKey, work: StsWork, signal: StopSignal): Promise<ServedPolicy> {
  const { turns } = work.store
  if (turns === undefined) return loadHere(key, work, signal)
  const { domain, id, fetchedAt: after } = key
  const waitMs = work.turnMs ?? work.deadlineMs ?? limits.sts.fetchMs
  const turn = await turns.take({ domain, id, after }, { signal, waitMs })
  switch (turn.kind) {
    case 'ours':
      try {
        return await loadHere(key, work, signal)
      } finally {
        await turn.end()
      }
    case 'fetched':
      return servedBefore(turn.policy)
    case 'failed':
      return { kind: 'failed', failure: parseStsFailure(turn.failed.failure), evidence: undefined }
    case 'busy':
      return { kind: 'failed', failure: fetchedElsewhere, evidence: undefined, isElsewhere: true }
  }
}

const fetchedElsewhere: StsFailure = {
  ...{ resultType: 'sts-policy-fetch-error', fault: 'timeout' },
  reason: 'another machine is fetching the policy',
}

function servedBefore(stored: StoredPolicy): ServedPolicy {
  const known = readStored(stored)
  if (known !== undefined) return { kind: 'policy', ...known, body: stored.body, evidence: undefined }
  const failure = {
    resultType: 'sts-policy-invalid',
    fault: 'policy-invalid',
    reason: 'the policy is invalid',
  } as const
  return { kind: 'failed', failure, evidence: undefined }
}

async function loadHere({ domain, id }: PolicyKey, work: StsWork, signal: StopSignal): Promise<ServedPolicy> {
  const before = await work.store.policies.find(domain)
  const served = await loadPolicy(domain, { ...work, signal })
  if (served.kind === 'policy') {
    const current = await work.store.policies.find(domain)
    // A fetch for another id has overtaken this one, and what it brought is newer.
    if (current === undefined || current.id === before?.id) await keepPolicy({ domain, id }, served, work)
    return served
  }
  signal.throwIfAborted()
  await keepFailure({ domain, id }, served.failure, work)
  return served
}

async function keepPolicy(
  { domain, id }: PolicyKey,
  served: Extract<ServedPolicy, { kind: 'policy' }>,
  { store, clock, onEvent }: StsWork,
): Promise<void> {
  const written = await store.policies.put(storedPolicy(domain, { ...served, id, now: clock.now() }))
  if (written === 'durable') onEvent?.({ kind: 'policy-stored', domain, id, mode: served.policy.mode })
}

async function keepFailure({ domain, id }: PolicyKey, failure: StsFailure, work: StsWork): Promise<void> {
  await work.store.policies.putFailure({ domain, id, at: work.clock.now(), failure: formatStsFailure(failure) })
  const { cached } = await findPolicy(domain, work)
  // RFC 8461 §3.3, §10.2: who has withdrawn MTA-STS by mode none may well take the policy host down.
  if (cached?.policy.mode !== 'none') work.onEvent?.({ kind: 'fetch-failed', domain, failure })
}
