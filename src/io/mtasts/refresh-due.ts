import { limits } from '../../core/limits.ts'
import { expiryTime, refreshRetryTime } from '../../core/mtasts/cache.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { StopSignal } from '../stop.ts'
import { type StoredPolicy, StoreError } from '../store/store.ts'
import { fetchAndStore, obtainPolicy } from './obtain-policy.ts'
import { type CachedPolicy, findPolicy, storedPolicy } from './policy-cache.ts'
import type { StsFailure } from './sts-failure.ts'
import type { StsParts } from './sts-finding.ts'
import type { StsWork } from './sts-work.ts'

export interface RefreshOptions {
  readonly signal?: StopSignal | undefined
  /** Fetches under way at once. */
  readonly concurrency?: number | undefined
}

export interface RefreshReport {
  readonly refreshed: number
  readonly failed: number
}

/**
 * Fetches again, whatever their TXT records say, all policies whose refresh is due, so that none lapses while its host
 * still serves it. No policy twice, even if it is due again at once. Ends early when the signal says so. RFC 8461 §3.3
 */
export async function refreshDue(work: StsWork, options: RefreshOptions): Promise<RefreshReport> {
  const { signal, concurrency = limits.sts.refreshesAtOnce } = options
  const report = { refreshed: 0, failed: 0 }
  const seen = new Set<DomainName>()
  while (signal?.aborted !== true) {
    const due = await work.store.policies.due(work.clock.now(), limits.sts.refreshBatch)
    // What stays due, because it lives so shortly or the store takes no writes, must not keep us here for ever.
    const fresh = due.filter(({ domain }) => !seen.has(domain))
    if (fresh.length === 0) break
    for (const { domain } of fresh) seen.add(domain)
    await refreshAll(fresh, { work, signal, concurrency, report })
  }
  return report
}

/**
 * Fetches a policy in force again, for a message that waits: in less time than a fetch may take else, because what is
 * in force will do. RFC 8461 §3.3, §10.2
 */
export async function renewPolicy(
  { stored }: CachedPolicy,
  work: StsWork,
  signal: StopSignal,
): Promise<Pick<StsParts, 'cached' | 'lapsed' | 'served'>> {
  const { domain, id } = stored
  const deadlineMs = Math.min(work.deadlineMs ?? limits.sts.fetchMs, limits.sts.renewMs)
  const served = await obtainPolicy(stored, { ...work, deadlineMs }, signal)
  if (served.kind === 'policy') {
    const renewed = served.stored ?? storedPolicy(domain, { ...served, id, now: work.clock.now() })
    return { cached: { policy: served.policy, stored: renewed }, lapsed: false }
  }
  if (served.isElsewhere !== true) await postponeRefresh(stored, served.failure, work)
  return { ...(await findPolicy(domain, work)), served }
}

interface Batch {
  readonly work: StsWork
  readonly signal: StopSignal | undefined
  readonly concurrency: number
  readonly report: { refreshed: number; failed: number }
}

async function refreshAll(due: readonly StoredPolicy[], batch: Batch): Promise<void> {
  const queue = due.values()
  const worker = async () => {
    for (const stored of queue) {
      if (batch.signal?.aborted === true) return
      await refreshOne(stored, batch)
    }
  }
  await Promise.all(Array.from({ length: batch.concurrency }, worker))
}

async function refreshOne(stored: StoredPolicy, { work, signal, report }: Batch): Promise<void> {
  try {
    // What another machine is at comes here by itself.
    const served = await fetchAndStore(stored, { ...work, turnMs: 0 }, signal)
    if (served.kind === 'policy') report.refreshed++
    else if (served.isElsewhere !== true) {
      report.failed++
      await postponeRefresh(stored, served.failure, work)
    }
  } catch (error) {
    if (error instanceof StoreError) report.failed++
    else if (signal?.aborted !== true) throw error
  }
}

async function postponeRefresh(stored: StoredPolicy, failure: StsFailure, work: StsWork): Promise<void> {
  const { domain, mode, maxAge } = stored
  const current = await work.store.policies.find(domain)
  // A lookup has brought a newer policy meanwhile, which has times of its own.
  if (current?.id !== stored.id || current.fetchedAt !== stored.fetchedAt) return
  const now = work.clock.now()
  const expiresAt = expiryTime(stored)
  if (mode !== 'none') {
    const lapsing = expiresAt - now < (maxAge * 1000) / 2
    work.onEvent?.({ kind: 'refresh-failed', domain, failure, expiresAt, lapsing })
  }
  await work.store.policies.postpone(domain, refreshRetryTime(stored, now))
}
