import { limits } from '../../core/limits.ts'
import { expiryTime, refreshRetryTime } from '../../core/mtasts/cache.ts'
import type { StoredPolicy } from '../store/store.ts'
import { fetchAndStore } from './obtain-policy.ts'
import type { StsWork } from './sts-work.ts'

export interface RefreshOptions {
  readonly signal?: AbortSignal | undefined
  /** Fetches under way at once. */
  readonly concurrency?: number | undefined
}

export interface RefreshReport {
  readonly refreshed: number
  readonly failed: number
}

/**
 * Fetches again, whatever their TXT records say, all policies whose refresh is due, so that none lapses while its host
 * still serves it. Ends early when the signal says so or the store takes no writes. RFC 8461 §3.3
 */
export async function refreshDue(work: StsWork, options: RefreshOptions): Promise<RefreshReport> {
  const { signal, concurrency = limits.sts.refreshesAtOnce } = options
  const report = { refreshed: 0, failed: 0 }
  for (;;) {
    const due = await work.store.policies.due(work.clock.now(), limits.sts.refreshBatch)
    if (due.length === 0 || signal?.aborted === true) return report
    const moved = await refreshAll(due, { work, signal, concurrency, report })
    // Without this a store that takes no writes would give us the same policies for ever.
    if (!moved) return report
  }
}

interface Batch {
  readonly work: StsWork
  readonly signal: AbortSignal | undefined
  readonly concurrency: number
  readonly report: { refreshed: number; failed: number }
}

/** Whether any policy of the batch has a later refresh time now. */
async function refreshAll(due: readonly StoredPolicy[], batch: Batch): Promise<boolean> {
  const queue = due.values()
  let moved = false
  const worker = async () => {
    for (const stored of queue) {
      if (batch.signal?.aborted === true) return
      if (await refreshOne(stored, batch)) moved = true
    }
  }
  await Promise.all(Array.from({ length: batch.concurrency }, worker))
  return moved
}

async function refreshOne(stored: StoredPolicy, { work, signal, report }: Batch): Promise<boolean> {
  const served = await fetchUnlessStopped(stored, work, signal)
  if (served === undefined) return false
  if (served.kind === 'policy') {
    report.refreshed++
    return (await work.store.policies.find(stored.domain))?.refreshAt !== stored.refreshAt
  }
  report.failed++
  const now = work.clock.now()
  const expiresAt = expiryTime(stored)
  if (stored.mode !== 'none') {
    const lapsing = expiresAt - now < (stored.maxAge * 1000) / 2
    work.onEvent?.({ kind: 'refresh-failed', domain: stored.domain, failure: served.failure, expiresAt, lapsing })
  }
  return (await work.store.policies.postpone(stored.domain, refreshRetryTime(stored, now))) === 'durable'
}

async function fetchUnlessStopped(stored: StoredPolicy, work: StsWork, signal: AbortSignal | undefined) {
  try {
    return await fetchAndStore(stored, work, signal)
  } catch (error) {
    if (signal?.aborted === true) return undefined
    throw error
  }
}
