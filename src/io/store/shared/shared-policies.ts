import { limits } from '../../../core/limits.ts'
import { isAlive } from '../../../core/mtasts/cache.ts'
import type { StsPolicy } from '../../../core/mtasts/policy.ts'
import type { SharedPolicy } from '../../../core/mtasts/shared-policy.ts'
import type { DomainName } from '../../../core/name/domain.ts'
import type { Clock } from '../../clock.ts'
import { type FailedFetch, type PolicyTable, type StoredPolicy, StoreError, type StoreWarning } from '../store.ts'
import { type Fleet, FleetError, type SharedFinding } from './fleet.ts'

export interface SharedPoliciesOptions {
  readonly local: PolicyTable
  readonly fleet: Fleet
  readonly clock: Clock
  readonly onWarning: (warning: StoreWarning) => void
  /** Told when something could not be put there, and is to be offered again. */
  readonly onMissed: () => void
}

/** The policies of this machine with those of the fleet: whichever was fetched last. */
export interface SharedPolicies extends PolicyTable {
  /** What the fleet was found to have, as it counts here; kept here too where it is newer than what was. */
  adopt(domain: DomainName, found: SharedFinding): Promise<StoredPolicy | undefined>
  /** Remembers here what failed elsewhere. */
  noteFailure(failed: FailedFetch): Promise<void>
  /** Puts a policy of ours there, if it is the newer one. False when it cannot be done now. */
  offer(policy: StoredPolicy): Promise<boolean>
}

/**
 * Every policy is on this machine too, and while the fleet is away that is what counts: reading never fails by it, and
 * what is written meanwhile is offered later. RFC 8461 §10.2
 */
export function createSharedPolicies(options: SharedPoliciesOptions): SharedPolicies {
  const { local, fleet, clock, onWarning, onMissed } = options
  /** Of one domain a value is warned of once, until it is well again. */
  const warned = new Map<DomainName, string>()

  const warn = (domain: DomainName, reason: string) => {
    if (warned.get(domain) === reason) return
    // Where everything is wrong, such as the clock, enough was said.
    if (warned.size >= limits.shared.warned && !warned.has(domain)) return
    warned.set(domain, reason)
    onWarning({ kind: 'damaged-row', table: 'shared policies', key: domain, reason })
  }
  const keep = async (before: StoredPolicy | undefined, policy: StoredPolicy) => {
    const { domain, fetchedAt, refreshAt } = policy
    if (before === undefined || fetchedAt > before.fetchedAt) await local.putIfNewer(policy)
    else if (before.fetchedAt > clock.now()) await local.put(policy)
    else if (fetchedAt === before.fetchedAt && refreshAt > before.refreshAt) await local.postpone(domain, refreshAt)
  }
  const offer = async (policy: StoredPolicy, id?: string): Promise<boolean> => {
    try {
      await fleet.put(policy, policy.maxAge, id)
      return true
    } catch (error) {
      onMissed()
      return unlessAway(error, false)
    }
  }
  const mend = async (domain: DomainName, before: StoredPolicy | undefined, mark: string) => {
    await fleet.discard(domain, mark).catch((error: unknown) => unlessAway(error, undefined))
    if (before !== undefined && isAlive(before, clock.now())) await offer(before)
  }
  const join = (
    domain: DomainName,
    before: StoredPolicy | undefined,
    found: SharedFinding,
  ): { readonly policy: StoredPolicy | undefined; readonly kept: Promise<void> } => {
    const now = clock.now()
    if (found.kind === 'unusable') {
      warn(domain, `what the shared store has ${found.reason}`)
      return { policy: before, kept: found.mark === undefined ? nothing : mend(domain, before, found.mark) }
    }
    warned.delete(domain)
    const theirs = found.kind === 'policy' ? storedOf(found.policy) : undefined
    if (theirs === undefined || !isAlive(theirs, now)) return { policy: before, kept: nothing }
    const isOlder = before !== undefined && isAlive(before, now) && before.fetchedAt > theirs.fetchedAt
    if (isOlder) return { policy: before, kept: nothing }
    const isSame = before?.fetchedAt === theirs.fetchedAt && before.refreshAt > theirs.refreshAt
    return { policy: isSame ? before : theirs, kept: isSame ? nothing : keep(before, theirs) }
  }

  return {
    ...local,
    async find(domain) {
      const asked = fleet.find(domain).catch((error: unknown) => unlessAway(error, undefined))
      const [here, there] = await Promise.all([settled(local.find(domain)), asked])
      if (here instanceof StoreError) {
        // What cannot be read here may be known there; otherwise nobody knows.
        const { policy } = join(domain, undefined, there ?? { kind: 'absent' })
        if (policy === undefined) throw here
        return policy
      }
      return there === undefined ? here : join(domain, here, there).policy
    },
    async put(policy) {
      const [written] = await Promise.all([local.put(policy), offer(policy, policy.id)])
      return written
    },
    async putIfNewer(policy) {
      const written = await local.putIfNewer(policy)
      if (written === 'durable') await offer(policy)
      return written
    },
    async postpone(domain, refreshAt) {
      const before = await settled(local.find(domain))
      const written = await local.postpone(domain, refreshAt)
      if (before !== undefined && !(before instanceof StoreError))
        await fleet
          .postpone(domain, { fetchedAt: before.fetchedAt, refreshAt })
          .catch((error: unknown) => unlessAway(error, undefined))
      return written
    },
    async remove(domain) {
      await fleet.remove(domain).catch((error: unknown) => unlessAway(error, undefined))
      return local.remove(domain)
    },
    async putFailure(failed) {
      const told = fleet.putFailure(failed, failed.failure).catch((error: unknown) => unlessAway(error, undefined))
      const [written] = await Promise.all([local.putFailure(failed), told])
      return written
    },
    async adopt(domain, found) {
      const before = await settled(local.find(domain))
      const { policy, kept } = join(domain, before instanceof StoreError ? undefined : before, found)
      await kept
      return policy
    },
    async noteFailure(failed) {
      await local.putFailure(failed)
    },
    offer: (policy) => offer(policy),
  }
}

const nothing = Promise.resolve()

/** As our own tables have it. */
export function storedOf({ policy, ...shared }: SharedPolicy & { readonly policy: StsPolicy }): StoredPolicy {
  return { ...shared, mode: policy.mode, maxAge: policy.maxAge }
}

/** The value in its place when the fleet is away; any other error is a bug. */
export function unlessAway<Value>(error: unknown, value: Value): Value {
  if (error instanceof FleetError) return value
  throw error
}

async function settled<Value>(reading: Promise<Value>): Promise<Value | StoreError> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
}
