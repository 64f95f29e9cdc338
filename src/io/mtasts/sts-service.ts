import type { StsFinding } from '../../core/decision/facts.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createEnding, type Ending } from '../ending.ts'
import { createSharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import { StoreError } from '../store/store.ts'
import { obtainPolicy } from './obtain-policy.ts'
import { findPolicy } from './policy-cache.ts'
import type { ServedPolicy } from './policy-source.ts'
import { type RefreshOptions, type RefreshReport, refreshDue, renewPolicy } from './refresh-due.ts'
import { findingOf, findingUnreadable } from './sts-finding.ts'
import { lookupStsRecord } from './sts-record.ts'
import type { StsServiceOptions, StsWork } from './sts-work.ts'

interface Signalled {
  readonly signal?: StopSignal | undefined
}

/** Knows the MTA-STS policy of any domain, from the store or from the network. RFC 8461 */
export interface StsService {
  /**
   * The policy that applies to mail for the domain now. One whose refresh is due is fetched again first, so that none
   * lapses where nobody calls `refreshDue`. Concurrent lookups of a domain share one. Rejects with the signal's reason
   * when given up, because that is no word about a policy.
   */
  lookup(domain: DomainName, options?: Signalled): Promise<StsFinding>
  /**
   * Fetches the policy in force again whatever the TXT record says, unless that failed in the last minutes; undefined
   * when none is in force. Rejects with StoreError when the store cannot be read.
   */
  refresh(domain: DomainName, options?: Signalled): Promise<ServedPolicy | undefined>
  /** Refreshes every policy whose time has come. RFC 8461 §3.3, §10.2 */
  refreshDue(options?: RefreshOptions): Promise<RefreshReport>
  /** Gives up what is under way, and resolves when it has ended; the store stays open. */
  close(): Promise<void>
}

export function createStsService(options: StsServiceOptions): StsService {
  const lookups = createSharedWork<StsFinding>()
  const work: StsWork = { ...options, fetches: createSharedWork<ServedPolicy>() }
  const runs = new Map<Ending, Promise<RefreshReport>>()
  let isClosed = false
  return {
    lookup: (domain, { signal } = {}) => lookups.join(domain, (shared) => lookup(domain, work, shared), signal),
    refresh: async (domain, { signal } = {}) => {
      signal?.throwIfAborted()
      const { cached } = await findPolicy(domain, work)
      return cached && obtainPolicy(cached.stored, work, signal)
    },
    refreshDue: ({ signal, ...rest } = {}) => {
      const ending = createEnding(signal)
      if (isClosed) ending.abort()
      const run = refreshDue(work, { ...rest, signal: ending.signal }).finally(() => {
        ending.stop()
        runs.delete(ending)
      })
      runs.set(ending, run)
      return run
    },
    close: async () => {
      isClosed = true
      for (const ending of runs.keys()) ending.abort()
      await Promise.all([lookups.close(), work.fetches.close()])
      await Promise.allSettled(runs.values())
    },
  }
}

async function lookup(domain: DomainName, work: StsWork, signal: StopSignal): Promise<StsFinding> {
  try {
    return await find(domain, work, signal)
  } catch (error) {
    if (error instanceof StoreError) return findingUnreadable(error.message)
    throw error
  }
}

async function find(domain: DomainName, work: StsWork, signal: StopSignal): Promise<StsFinding> {
  const record = await lookupStsRecord(domain, { resolver: work.resolver, signal })
  signal.throwIfAborted()
  const before = await findPolicy(domain, work)
  // RFC 8461 §5.1: an id that is no news leaves the policy in force as it is, and so does a record that is not there.
  if (record.kind !== 'valid' || before.cached?.stored.id === record.id) {
    const now = work.clock.now()
    const isDue = before.cached !== undefined && before.cached.stored.refreshAt <= now
    const known = isDue ? await renewPolicy(before.cached, work, signal) : before
    return findingOf({ record, ...known, now: work.clock.now() })
  }
  const served = await obtainPolicy({ domain, id: record.id }, work, signal)
  // While a fetch failed, the policy in force may have lapsed or been refreshed.
  const known = served.kind === 'failed' ? await findPolicy(domain, work) : before
  return findingOf({ record, ...known, served, now: work.clock.now() })
}
