import { proofsOf, type SortedReply, soaOf } from '../../core/dns/reply.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Checking } from '../../core/dnssec/checking.ts'
import { judgeDsDenial } from '../../core/dnssec/denial.ts'
import { readDsRrset, usableDs } from '../../core/dnssec/ds.ts'
import type { Problem } from '../../core/dnssec/problem.ts'
import { type VerifiedRrset, verifyRrsetInSteps } from '../../core/dnssec/signature.ts'
import { verifyProofsInSteps, whyUnproved } from '../../core/dnssec/verified-proofs.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { createEnding } from '../ending.ts'
import { negativeTtl } from './negative-ttl.ts'
import { secondsOf, type Task, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'
import { readKeys } from './zone-keys.ts'
import {
  bogus,
  cap,
  type FailedZone,
  fail,
  type SecureZone,
  unsupported,
  withoutDs,
  type ZoneState,
  type ZonesWork,
} from './zone-state.ts'

/** The keys come while the parent's word on them is being proved. */
export async function crossWithKeys(apex: Name, task: Task, work: ZonesWork): Promise<ZoneState> {
  const ending = createEnding(task.signal)
  let isUnderWay = true
  const keys = work.upstream
    .fetch({ name: apex, type: TYPE.DNSKEY }, task.under(ending.signal), new Set())
    .finally(() => {
      isUnderWay = false
    })
  try {
    return await cross(apex, keys, task, work)
  } finally {
    ending.stop()
    if (isUnderWay) ending.abort()
  }
}

/** What the parent says of a cut at the name, from every source until one says something true. RFC 4035 §5.2 */
export async function cross(
  apex: Name,
  keys: ReturnType<Upstream['fetch']> | undefined,
  task: Task,
  work: ZonesWork,
): Promise<ZoneState> {
  const avoid = new Set<string>()
  let failed: FailedZone | undefined
  while (avoid.size < limits.resolver.serversTriedWhenBogus && !task.budget.isSpent) {
    const fetched = await work.upstream.fetch({ name: apex, type: TYPE.DS }, task, avoid)
    if (!fetched.ok) return failed ?? fail(apex, fetched.trouble, [], work)
    const { reply } = fetched
    const parent = await parentState(apex, reply, task, work)
    if (parent.kind !== 'secure') return parent
    const crossing = await work.checks.run(judgeCrossing(apex, reply, parent, task, work), task.signal)
    if (crossing.kind !== 'wrong') {
      const end =
        crossing.kind === 'state'
          ? crossing.state.until
          : Math.min(parent.until, work.now() + crossing.rrset.ttl * 1000)
      work.saved?.keep({ name: apex, type: TYPE.DS }, reply, (end - work.now()) / 1000)
    }
    if (crossing.kind === 'state') return crossing.state
    if (crossing.kind === 'ds') {
      const by = { kind: 'ds', rrset: crossing.rrset, chain: parent.chain, until: parent.until } as const
      return readKeys(apex, by, task, work, keys)
    }
    failed ??= fail(apex, bogus(crossing.problem, apex, reply), parent.chain, work)
    avoid.add(reply.source)
  }
  if (failed !== undefined) return failed
  return fail(
    apex,
    trouble('limit', `too many signature checks before DS of ${formatName(apex)}`, { ede: 6 }),
    [],
    work,
  )
}

/** Signatures hint at the parent; without one it is looked for from the anchor down. DNSSEC never rests on the hint. */
async function parentState(apex: Name, reply: SortedReply, task: Task, work: ZonesWork): Promise<ZoneState> {
  const [anchor] = work.anchors.current().closest(apex)
  const hint = anchor && findSigner(reply, (signer) => isBelow(apex, signer) && isAtOrBelow(signer, anchor.owner))
  if (hint !== undefined) {
    const state = await work.stateOf(hint, task)
    // Who is not a zone's apex, or insecure, is no parent to go by: the walk from the top decides.
    if (state.kind === 'secure' && sameName(state.zone, hint)) return state
  }
  const parent = parentOfName(apex)
  return work.stateAround(parent ?? apex, task)
}

function findSigner(reply: SortedReply, isFit: (signer: Name) => boolean): Name | undefined {
  for (const { signatures } of [...reply.answer, ...proofsOf(reply)]) {
    for (const { signer } of signatures) if (isFit(signer)) return signer
  }
  return undefined
}

type Crossing =
  | { readonly kind: 'ds'; readonly rrset: VerifiedRrset }
  | { readonly kind: 'state'; readonly state: ZoneState }
  | { readonly kind: 'wrong'; readonly problem: Problem }

function* judgeCrossing(apex: Name, reply: Reply, parent: SecureZone, task: Task, work: ZonesWork): Checking<Crossing> {
  const { zone, keys } = parent
  const { policy } = work
  const options = { zone, keys, policy, budget: task.budget, now: secondsOf(task) }
  const sections = [...reply.answer, ...reply.authority]
  const ds = sections.find(({ name, type }) => type === TYPE.DS && sameName(name, apex))
  if (ds !== undefined) {
    const verdict = yield* verifyRrsetInSteps(ds, options)
    return verdict.verdict === 'secure'
      ? judgeDsRrset(verdict.rrset, apex, parent, work)
      : { kind: 'wrong', problem: verdict.problem }
  }
  const cname = reply.answer.find(({ name, type }) => type === TYPE.CNAME && sameName(name, apex))
  if (cname !== undefined) {
    const verdict = yield* verifyRrsetInSteps(cname, options)
    // What has an alias is no apex: that has a SOA record. RFC 1034 §3.6.2
    if (verdict.verdict === 'secure') return { kind: 'state', state: cap(parent, verdict.rrset.ttl, work) }
    return { kind: 'wrong', problem: verdict.problem }
  }
  return yield* judgeAbsence(apex, reply, parent, task, work)
}

function judgeDsRrset(rrset: VerifiedRrset, apex: Name, parent: SecureZone, work: ZonesWork): Crossing {
  const all = readDsRrset(rrset)
  if (usableDs(all, work.policy).length > 0) return { kind: 'ds', rrset }
  return { kind: 'state', state: unsupported(apex, all, cap(parent, rrset.ttl, work)) }
}

function* judgeAbsence(apex: Name, reply: Reply, parent: SecureZone, task: Task, work: ZonesWork): Checking<Crossing> {
  const { zone, keys } = parent
  const { policy } = work
  const options = { zone, keys, policy, budget: task.budget, now: secondsOf(task) }
  const verified = yield* verifyProofsInSteps(proofsOf(reply), options)
  const { proofs } = verified
  const denial = judgeDsDenial({ name: apex, zone, proofs, budget: task.budget, policy })
  // A referral has no SOA record, which would say how long denials live. RFC 9077 §3
  const zoneTtl = soaOf(reply) === undefined ? limits.resolver.negativeTtl : negativeTtl(reply, apex)
  const ttl = Math.min(zoneTtl, ...proofs.map((proof) => proof.ttl))
  if (denial.kind !== 'unproved') work.denials?.learn({ zone: parent, proofs, ttl, server: reply.server })
  switch (denial.kind) {
    case 'no-cut':
    case 'nothing-below':
      return { kind: 'state', state: cap(parent, ttl, work) }
    case 'insecure-delegation':
      return { kind: 'state', state: withoutDs(apex, denial.because, cap(parent, ttl, work)) }
    case 'opt-out':
      return { kind: 'state', state: withoutDs(apex, 'opt-out', cap(parent, ttl, work)) }
    case 'unproved':
      return { kind: 'wrong', problem: whyUnproved(verified, denial.problem) }
  }
}
