// Senders that keep to RFC 8461, each unlucky in a way of its own, in a world where time passes by hours.
import { isAlive, refreshTime } from '../../src/core/mtasts/cache.ts'
import { listsMx, type StsPolicy } from '../../src/core/mtasts/policy.ts'
import type { DomainName } from '../../src/core/name/domain.ts'
import { createRandom } from '../fuzz/mutate.ts'

export const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/** What a domain shows to senders at one moment. */
export interface StsWorld {
  /** What each address of the policy host serves; undefined where it serves none. */
  readonly served: readonly (StsPolicy | undefined)[]
  /** The id that each name server has; undefined where there is no record. */
  readonly ids: readonly (string | undefined)[]
  readonly mx: readonly { readonly host: DomainName; readonly isSound: boolean }[]
  readonly txtTtl: number
  readonly mxTtl: number
}

export interface Senders {
  /** Everybody has mail to deliver, once. Yields how many hold it back. */
  deliver(now: number, world: StsWorld): number
  /** How many hold a policy in this mode that has not ended. */
  holding(now: number, mode: StsPolicy['mode']): number
}

interface Sender {
  /** How often a fetch, and a lookup of the record, comes to nothing: 0 never, 1 always. */
  readonly fetchFails: number
  readonly lookupFails: number
  /** Whether it fetches again every day though the id is the same. RFC 8461 §3.3 */
  readonly refreshes: boolean
  kept: { policy: StsPolicy; id: string; fetchedAt: number; refreshAt: number } | undefined
  record: { id: string | undefined; until: number } | undefined
  mx: { hosts: StsWorld['mx']; until: number } | undefined
}

/** As many senders, of which the first has the worst luck with fetches that there can be. */
export function createSenders(count: number, seed: number): Senders {
  const next = createRandom(seed)
  const random = () => next(1_000_000) / 1_000_000
  const senders = Array.from({ length: count }, (_, at): Sender => {
    const fetchFails = at % 4 === 0 ? 1 : at % 4 === 1 ? 0.9 : at % 4 === 2 ? 0.2 : 0
    return {
      ...{ fetchFails, lookupFails: at % 3 === 0 ? 0.5 : 0, refreshes: at % 2 === 0 },
      ...{ kept: undefined, record: undefined, mx: undefined },
    }
  })
  return {
    deliver: (now, world) => senders.filter((sender) => !delivers(sender, now, world, random)).length,
    holding: (now, mode) =>
      senders.filter(({ kept }) => kept !== undefined && isKept(kept, now) && kept.policy.mode === mode).length,
  }
}

function isKept({ policy, fetchedAt }: NonNullable<Sender['kept']>, now: number): boolean {
  return isAlive({ fetchedAt, maxAge: policy.maxAge }, now)
}

/** RFC 8461 §5, §5.1 */
function delivers(sender: Sender, now: number, world: StsWorld, random: () => number): boolean {
  if (sender.mx === undefined || sender.mx.until <= now) {
    sender.mx = { hosts: world.mx, until: now + world.mxTtl * 1000 }
  }
  const kept = sender.kept !== undefined && isKept(sender.kept, now) ? sender.kept : undefined
  sender.kept = kept
  const id = lookUp(sender, now, world, random)
  const isNews = id !== undefined && id !== kept?.id
  const isDue = kept !== undefined && sender.refreshes && kept.refreshAt <= now
  if (isNews || isDue) fetch(sender, id ?? kept?.id ?? '', now, world, random)
  const policy = sender.kept?.policy
  if (policy?.mode !== 'enforce') return true
  const sound = new Set(world.mx.filter(({ isSound }) => isSound).map(({ host }) => host))
  return sender.mx.hosts.some(({ host }) => listsMx(policy.mx, host) && sound.has(host))
}

function lookUp(sender: Sender, now: number, world: StsWorld, random: () => number): string | undefined {
  if (sender.record !== undefined && sender.record.until > now) return sender.record.id
  if (random() < sender.lookupFails) return undefined
  const id = world.ids[Math.floor(random() * world.ids.length)]
  sender.record = { id, until: now + world.txtTtl * 1000 }
  return id
}

/** The first fetch of all may succeed: who never had a policy is in nobody's way. */
function fetch(sender: Sender, id: string, now: number, world: StsWorld, random: () => number): void {
  if (sender.kept !== undefined && random() < sender.fetchFails) return
  const policy = world.served[Math.floor(random() * world.served.length)]
  if (policy === undefined) return
  sender.kept = { policy, id, fetchedAt: now, refreshAt: refreshTime({ fetchedAt: now, maxAge: policy.maxAge }) }
}
