import { type ExtendedError, saidIn } from '../../core/dns/edns.ts'
import { findPart, proofsOf, type ReplyPart, soaOf } from '../../core/dns/reply.ts'
import type { Rrset } from '../../core/dns/rrset.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { Checking } from '../../core/dnssec/checking.ts'
import { proveDenial, proveWildcard } from '../../core/dnssec/denial.ts'
import { codeOfInsecureZone, tooManyIterations } from '../../core/dnssec/extended-error.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import type { Problem } from '../../core/dnssec/problem.ts'
import { nameRrset, problem } from '../../core/dnssec/problem.ts'
import type { ChainLink, Security } from '../../core/dnssec/resolution.ts'
import { type VerifiedRrset, verifyRrsetInSteps } from '../../core/dnssec/signature.ts'
import { verifyProofsInSteps, whyUnproved } from '../../core/dnssec/verified-proofs.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { KnownDenials } from './known-denials.ts'
import { negativeTtl } from './negative-ttl.ts'
import type { SignatureChecks } from './signature-checks.ts'
import { malformed, secondsOf, type Task, type Trouble } from './task.ts'
import type { Reply } from './upstream.ts'
import { bogus, type SecureZone, type ZoneState, type Zones } from './zone-state.ts'

/** What one reply says of one name and type, judged. Nothing of a reply that failed is in it. */
export type Link =
  | (Judged & { readonly kind: 'rrset'; readonly rrset: Rrset })
  | (Judged & { readonly kind: 'alias'; readonly via: 'CNAME' | 'DNAME'; readonly target: Name })
  | (Judged & {
      readonly kind: 'nodata' | 'nxdomain'
      /** Whether it is proved that nothing exists below the name either. RFC 8020 §2 */
      readonly isCut?: boolean
    })
  | FailedLink

export interface Judged {
  readonly status: Security
  /** Seconds. */
  readonly ttl: number
  readonly signer: Name | undefined
  readonly expiration: number | undefined
  readonly chain: readonly ChainLink[]
  /** Why it is insecure, in one line. */
  readonly reason: string | undefined
  readonly server: string
  /** Extended DNS Error number of why it is insecure. */
  readonly ede?: number | undefined
  /** Extended DNS Errors of the server's own. */
  readonly said?: readonly ExtendedError[] | undefined
  /** By which it is insecure. */
  readonly negative?: NegativeAnchor | undefined
}

export interface FailedLink {
  readonly kind: 'failed'
  readonly trouble: Trouble
  readonly chain: readonly ChainLink[]
}

export interface Validator {
  /** Judges what the reply says of the name. Never rejects but for an abort. RFC 4035 §5 */
  judge(reply: Reply, question: { readonly name: Name; readonly type: number }, task: Task): Promise<Link>
}

interface Work {
  readonly zones: Zones
  readonly policy: ValidationPolicy
  readonly checks: SignatureChecks
  readonly task: Task
  readonly reply: Reply
  /** Learns of every denial that is proved. */
  readonly denials?: KnownDenials | undefined
}

export function createValidator({ zones, policy, checks, denials }: Omit<Work, 'task' | 'reply'>): Validator {
  return {
    judge(reply, { name, type }, task) {
      const part = findPart(reply, name, type)
      return judgePart(part, { name, type }, { zones, policy, checks, denials, task, reply })
    },
  }
}

type Question = { readonly name: Name; readonly type: number }

async function judgePart(part: ReplyPart, question: Question, work: Work): Promise<Link> {
  const { server } = work.reply
  switch (part.kind) {
    case 'rrset': {
      const verdict = await judgeRrset(part.rrset, question.name, work)
      if (verdict.kind === 'failed') return verdict
      return { ...verdict, kind: 'rrset', rrset: part.rrset }
    }
    case 'alias': {
      const verdict = await judgeRrset(part.rrset, question.name, work)
      if (verdict.kind === 'failed') return verdict
      return { ...verdict, kind: 'alias', via: part.via, target: part.target }
    }
    case 'denial':
      return judgeDenial(question, part.isNameError, work)
    case 'broken':
      return { kind: 'failed', trouble: malformed(question, part.reason, server), chain: [] }
    case 'none':
      return { kind: 'failed', trouble: malformed(question, 'nothing about it', server), chain: [] }
  }
}

type Verdict = (Judged & { readonly kind: 'judged' }) | FailedLink

/** A signature that verifies decides; else only a proof that its zone has no chain of trust excuses. RFC 4035 §5.2 */
async function judgeRrset(rrset: Rrset, name: Name, work: Work): Promise<Verdict> {
  const { zones, checks, task, reply } = work
  const owner = rrset.type === TYPE.DS ? (parentOfName(rrset.name) ?? rrset.name) : rrset.name
  const exemption = zones.exemptionOf(owner)
  if (exemption !== undefined) return insecure(rrset.ttl, exemption, work)
  let first: FailedLink | undefined
  for (const signer of signersOf(rrset)) {
    const state = await zones.stateOf(signer, task)
    if (state.kind === 'failed') first ??= { kind: 'failed', trouble: state.trouble, chain: state.chain }
    if (state.kind === 'insecure' && zones.excuses(state, owner)) return insecure(rrset.ttl, state, work)
    if (state.kind !== 'secure') continue
    const verdict = await checks.run(verifySigned(rrset, name, state, work), task.signal)
    if (verdict.kind === 'judged') return verdict
    first ??= { kind: 'failed', trouble: bogus(verdict.problem, state.zone, reply), chain: state.chain }
  }
  // With nothing left to spend, nothing more can be found out of its zone.
  if (first?.trouble.why === 'limit') return first
  return excuse(await zones.stateAround(owner, task), { rrset, first }, work)
}

/** Zones that claim to have signed it, the lowest first; a few are enough to be misled by. */
function signersOf(rrset: Rrset): Name[] {
  const isPossible = (signer: Name) =>
    rrset.type === TYPE.DS ? isBelow(rrset.name, signer) : isAtOrBelow(rrset.name, signer)
  const signers: Name[] = []
  for (const { signer } of rrset.signatures) {
    if (!signers.some((other) => sameName(other, signer)) && isPossible(signer)) signers.push(signer)
  }
  return signers.sort((one, other) => other.labelCount - one.labelCount).slice(0, 2)
}

type SignedVerdict = (Judged & { readonly kind: 'judged' }) | { readonly kind: 'wrong'; readonly problem: Problem }

function* verifySigned(rrset: Rrset, name: Name, zone: SecureZone, work: Work): Checking<SignedVerdict> {
  const options = verifyOptions(zone, work)
  const verdict = yield* verifyRrsetInSteps(rrset, options)
  if (verdict.verdict === 'bogus') return { kind: 'wrong', problem: verdict.problem }
  const { closestEncloser } = verdict.rrset
  if (closestEncloser === undefined) return secure([verdict.rrset], zone, work)
  const verified = yield* verifyProofsInSteps(proofsOf(work.reply), options)
  const { proofs } = verified
  const proved = proveWildcard({ ...options, name, proofs, closestEncloser })
  if (proved.kind === 'unproved') return { kind: 'wrong', problem: whyUnproved(verified, proved.problem) }
  const judged = secure([verdict.rrset, ...proofs], zone, work)
  if (proved.status === 'secure') {
    const { server } = work.reply
    work.denials?.learn({ zone, proofs, wildcard: verdict.rrset, ttl: limits.resolver.negativeTtl, server })
  }
  return proved.status === 'secure' ? judged : { ...judged, ...weakened(proved.because) }
}

function verifyOptions({ zone, keys }: SecureZone, { policy, task }: Work) {
  return { zone, keys, policy, budget: task.budget, now: secondsOf(task) }
}

async function judgeDenial(question: Question, isNameError: boolean, work: Work): Promise<Link> {
  const { zones, checks, task, reply } = work
  const kind = isNameError ? 'nxdomain' : 'nodata'
  const ttl = negativeTtl(reply, question.name)
  let first: FailedLink | undefined
  const limit = question.type === TYPE.DS ? (parentOfName(question.name) ?? question.name) : question.name
  const exemption = zones.exemptionOf(limit)
  if (exemption !== undefined) return { ...insecure(ttl, exemption, work), kind }
  const possible = signersOfProofs(reply)
    .filter((signer) => isAtOrBelow(limit, signer))
    .slice(0, 2)
  for (const signer of possible) {
    const state = await zones.stateOf(signer, task)
    if (state.kind === 'failed') first ??= { kind: 'failed', trouble: state.trouble, chain: state.chain }
    if (state.kind === 'insecure' && zones.excuses(state, limit)) return { ...insecure(ttl, state, work), kind }
    if (state.kind !== 'secure') continue
    const verdict = await checks.run(proveAbsence(question, isNameError, state, work), task.signal)
    if (verdict.kind !== 'failed') return verdict
    first ??= verdict
  }
  if (first?.trouble.why === 'limit') return first
  const missing = problem('unproved', `${nameRrset(question)} is not denied: the reply has no signed proof`)
  const state = await zones.stateAround(limit, task)
  if (state.kind === 'insecure') return { ...insecure(ttl, state, work), kind }
  if (state.kind === 'failed') return { kind: 'failed', trouble: state.trouble, chain: state.chain }
  return first ?? { kind: 'failed', trouble: bogus(missing, state.zone, reply), chain: state.chain }
}

/** Each once, in the order in which proofs name them. */
function signersOfProofs(reply: Reply): Name[] {
  const signers: Name[] = []
  for (const proof of proofsOf(reply)) {
    for (const signer of signersOf(proof)) {
      if (!signers.some((other) => sameName(other, signer))) signers.push(signer)
    }
  }
  return signers
}

function* proveAbsence(question: Question, isNameError: boolean, zone: SecureZone, work: Work): Checking<Link> {
  const { reply, task, policy } = work
  const verified = yield* verifyProofsInSteps(proofsOf(reply), verifyOptions(zone, work))
  const { proofs } = verified
  const verdict = proveDenial({ ...question, isNameError, zone: zone.zone, proofs, budget: task.budget, policy })
  if (verdict.kind === 'unproved') {
    const found = bogus(whyUnproved(verified, verdict.problem), zone.zone, reply)
    return { kind: 'failed', trouble: found, chain: zone.chain }
  }
  const soa = yield* verifySoa(zone, work)
  if (soa !== undefined) return { kind: 'failed', trouble: bogus(soa, zone.zone, reply), chain: zone.chain }
  const judged = secure(proofs, zone, work)
  const ttl = Math.min(judged.ttl, negativeTtl(reply, question.name))
  const weak = verdict.status === 'secure' ? {} : weakened(verdict.because)
  if (verdict.status === 'secure') work.denials?.learn({ zone, proofs, ttl, server: reply.server })
  // Below an opt-out span there may be unsigned names. RFC 5155 §6
  const isCut = verdict.kind === 'nxdomain' && verdict.status === 'secure' && verdict.isCompact !== true
  return { ...judged, ...weak, ttl, kind: verdict.kind, isCut }
}

/** A SOA record of the zone itself, which says how long the denial lasts, must be as good as the rest. RFC 4035 §3.1.3 */
function* verifySoa(zone: SecureZone, work: Work): Checking<Problem | undefined> {
  const soa = soaOf(work.reply)
  if (soa === undefined || !sameName(soa.name, zone.zone)) return undefined
  const verdict = yield* verifyRrsetInSteps(soa, verifyOptions(zone, work))
  return verdict.verdict === 'bogus' ? verdict.problem : undefined
}

/** What could not be verified is no harm where there is no chain of trust, and bogus anywhere else. */
function excuse(
  state: ZoneState,
  { rrset, first }: { readonly rrset: Rrset; readonly first: FailedLink | undefined },
  work: Work,
): Verdict {
  if (state.kind === 'insecure') return insecure(rrset.ttl, state, work)
  if (state.kind === 'failed') return { kind: 'failed', trouble: state.trouble, chain: state.chain }
  const text = `${nameRrset(rrset)} has no signature by ${formatName(state.zone)}, which signs its records`
  const missing = bogus(problem('no-signature', text), state.zone, work.reply)
  return first ?? { kind: 'failed', trouble: missing, chain: state.chain }
}

function secure(used: readonly VerifiedRrset[], zone: SecureZone, work: Work): Judged & { readonly kind: 'judged' } {
  let expiration: number | undefined
  for (const one of [...used, ...zone.chain]) {
    if (one.expiration !== undefined) expiration = Math.min(expiration ?? one.expiration, one.expiration)
  }
  return {
    ...{ kind: 'judged', status: 'secure', signer: zone.zone, chain: zone.chain, reason: undefined },
    ttl: capTtl(Math.min(...used.map(({ ttl }) => ttl)), zone, work),
    expiration,
    ...{ server: work.reply.server, said: saidIn(work.reply.message) },
  }
}

function insecure(
  ttl: number,
  state: ZoneState & { kind: 'insecure' },
  work: Work,
): Judged & { readonly kind: 'judged' } {
  const { chain, reason, negative } = state
  const link = chain.at(-1)
  return {
    ...{ kind: 'judged', status: 'insecure', signer: undefined, expiration: undefined, chain, reason, negative },
    ttl: capTtl(ttl, state, work),
    ede: link && codeOfInsecureZone(link),
    ...{ server: work.reply.server, said: saidIn(work.reply.message) },
  }
}

const weakness = {
  'opt-out': 'the proof has an opt-out span, where unsigned names may exist',
  'nsec3-iterations': 'the proof has more NSEC3 iterations than are allowed',
  'unsigned-delegation': 'the name is delegated without DS',
} as const

function weakened(because: keyof typeof weakness | undefined) {
  const ede = because === 'nsec3-iterations' ? tooManyIterations : undefined
  return { status: 'insecure', signer: undefined, reason: because && weakness[because], ede } as const
}

function capTtl(ttl: number, { until }: { readonly until: number }, { task }: Work): number {
  const left = Math.floor((until - task.clock.now()) / 1000)
  return Math.max(0, Math.min(ttl, left, limits.resolver.ttl))
}
