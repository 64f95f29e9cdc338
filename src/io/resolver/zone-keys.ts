import type { Rrset } from '../../core/dns/rrset.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { Checking } from '../../core/dnssec/checking.ts'
import { authenticateKeysInSteps } from '../../core/dnssec/ds.ts'
import type { ChainLink } from '../../core/dnssec/resolution.ts'
import type { VerifiedRrset } from '../../core/dnssec/signature.ts'
import { limits } from '../../core/limits.ts'
import { type Name, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { isSaved } from './saved-replies.ts'
import { secondsOf, type Task, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'
import { bogus, type FailedZone, fail, showDs, unsupported, type ZoneState, type ZonesWork } from './zone-state.ts'

/** By what the keys of a zone are known: DS records of its parent, or trust anchors. */
export type VouchedFor = { readonly chain: readonly ChainLink[]; readonly until?: number } & (
  | { readonly kind: 'ds'; readonly rrset: VerifiedRrset }
  | { readonly kind: 'anchors'; readonly anchors: readonly TrustAnchor[] }
)

/** The zone's keys, from every source until some are what the DS records or anchors say. RFC 4035 §5.2 */
export async function readKeys(
  zone: Name,
  by: VouchedFor,
  task: Task,
  work: ZonesWork,
  early?: ReturnType<Upstream['fetch']>,
): Promise<ZoneState> {
  const avoid = new Set<string>()
  let failed: FailedZone | undefined
  let first = early
  while (avoid.size < limits.resolver.serversTriedWhenBogus && !task.budget.isSpent) {
    const fetched = await (first ?? work.upstream.fetch({ name: zone, type: TYPE.DNSKEY }, task, avoid))
    first = undefined
    if (!fetched.ok)
      return failed ?? fail(zone, { ...fetched.trouble, zone: fetched.trouble.zone ?? zone }, by.chain, work)
    const { reply } = fetched
    const rrset = reply.answer.find(({ name, type }) => type === TYPE.DNSKEY && sameName(name, zone))
    const judged = await work.checks.run(judgeKeys(zone, rrset, { by, reply }, task, work), task.signal)
    if (judged.kind !== 'failed') return judged
    failed ??= judged
    avoid.add(reply.source)
  }
  if (failed !== undefined) return failed
  const reason = `too many signature checks before DNSKEY of ${formatName(zone)}`
  return fail(zone, trouble('limit', reason, { ede: 6 }), by.chain, work)
}

function* judgeKeys(
  zone: Name,
  rrset: Rrset | undefined,
  { by, reply }: { readonly by: VouchedFor; readonly reply: Reply },
  task: Task,
  work: ZonesWork,
): Checking<ZoneState> {
  const { policy, now } = work
  if (rrset === undefined) {
    const reason = `${formatName(zone)} has no DNSKEY records, and its ${by.kind === 'ds' ? 'parent' : 'anchor'} says it is signed`
    return fail(zone, trouble('bogus', reason, { ede: 9, zone, server: reply.server }), by.chain, work)
  }
  const vouching = by.kind === 'anchors' ? { ...by, anchors: anchorsAfter(rrset, reply, zone, work) } : by
  const options = { zone, rrset, by: vouching, policy, budget: task.budget, now: secondsOf(task) }
  const verdict = yield* authenticateKeysInSteps(options)
  const end = (ttl: number) => Math.min(by.until ?? Number.POSITIVE_INFINITY, now() + ttl * 1000)
  switch (verdict.verdict) {
    case 'bogus':
      return fail(zone, bogus(verdict.problem, zone, reply), by.chain, work)
    case 'insecure': {
      const until = end(Math.min(rrset.ttl, limits.resolver.ttl))
      return unsupported(zone, verdict.ds, { kind: 'secure', zone, keys: [], chain: by.chain, until })
    }
    case 'secure': {
      const { keys, ds } = verdict
      const { key, expiration } = verdict.rrset
      const link: ChainLink = {
        ...{ zone, status: 'secure', by: by.kind === 'ds' ? 'ds' : 'anchor' },
        ...{ ds: ds.map(showDs), key, expiration },
      }
      const ttl = Math.min(
        verdict.rrset.ttl,
        limits.resolver.ttl,
        by.kind === 'ds' ? by.rrset.ttl : limits.resolver.ttl,
      )
      work.saved?.keep({ name: zone, type: TYPE.DNSKEY }, reply, ttl)
      return { kind: 'secure', zone, keys, chain: [...by.chain, link], until: end(ttl) }
    }
  }
}

/**
 * Those in force when the keys were looked at by them: a key may be revoked by the very RRset that is to be judged. What
 * was saved says nothing of what the zone publishes now, which is what time is counted by. RFC 5011 §2.3, §2.4.1
 */
function anchorsAfter(rrset: Rrset, reply: Reply, zone: Name, { anchors }: ZonesWork): readonly TrustAnchor[] {
  if (!isSaved(reply)) anchors.observe(rrset)
  return anchors.current().closest(zone)
}
