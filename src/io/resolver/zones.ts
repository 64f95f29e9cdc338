import { saidIn } from '../../core/dns/edns.ts'
import type { Ds } from '../../core/dns/rdata/records.ts'
import { proofsOf, type SortedReply, soaOf } from '../../core/dns/reply.ts'
import type { Rrset } from '../../core/dns/rrset.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import { judgeDsDenial } from '../../core/dnssec/denial.ts'
import { authenticateKeys, readDsRrset, usableDs } from '../../core/dnssec/ds.ts'
import { describeNegativeAnchor, type NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import type { Problem } from '../../core/dnssec/problem.ts'
import type { ChainLink } from '../../core/dnssec/resolution.ts'
import { type VerifiedRrset, verifyRrset } from '../../core/dnssec/signature.ts'
import { verifyProofs, whyUnproved } from '../../core/dnssec/verified-proofs.ts'
import type { ZoneKey } from '../../core/dnssec/zone-key.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { createEnding } from '../ending.ts'
import { createSharedWork } from '../shared-work.ts'
import type { AnchorSource } from './anchor-source.ts'
import { createCache } from './cache.ts'
import { createFailureTimes } from './failure-times.ts'
import type { KnownDenials } from './known-denials.ts'
import { renewalTime } from './link-cache.ts'
import { negativeTtl } from './negative-ttl.ts'
import { isSaved, type SavedReplies } from './saved-replies.ts'
import { joinOnOwnMeans, octetsOfWords, secondsOf, type Task, type Trouble, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

/** What is known of a zone: its keys, that it has no chain of trust, or that neither can be told. RFC 4035 §4.3 */
export type ZoneState = SecureZone | InsecureZone | FailedZone

export interface SecureZone {
  readonly kind: 'secure'
  readonly zone: Name
  readonly keys: readonly ZoneKey[]
  readonly chain: readonly ChainLink[]
  /** Milliseconds since 1970. */
  readonly until: number
}

export interface InsecureZone {
  readonly kind: 'insecure'
  /** The topmost name that is insecure. */
  readonly zone: Name
  /** One line: why. */
  readonly reason: string
  readonly chain: readonly ChainLink[]
  readonly until: number
  /** When that is why. */
  readonly negative?: NegativeAnchor | undefined
}

export interface FailedZone {
  readonly kind: 'failed'
  /** Whose DS records or keys could not be had: it may be one above. */
  readonly zone: Name
  readonly trouble: Trouble
  readonly chain: readonly ChainLink[]
  readonly until: number
}

/** Finds and remembers the states of zones. RFC 4035 §5 */
export interface Zones {
  /**
   * Of the zone with this apex, which a signature speaks of; where no zone begins at this name, of the zone that it lies
   * in.
   */
  stateOf(apex: Name, task: Task): Promise<ZoneState>
  /** Of the zone that the name lies in, found from the anchor down. */
  stateAround(name: Name, task: Task): Promise<ZoneState>
  /** Where a negative trust anchor has it that nothing at the name is validated. RFC 7646 §2 */
  exemptionOf(name: Name): InsecureZone | undefined
  /** Whether it says something of the name that the zone is insecure: not when an anchor stands between. RFC 4035 §5.1 */
  excuses(zone: InsecureZone, name: Name): boolean
}

export interface ZonesOptions {
  readonly upstream: Upstream
  readonly anchors: AnchorSource
  readonly policy: ValidationPolicy
  readonly now: () => number
  /** Keeps the replies that proved something. */
  readonly saved?: SavedReplies | undefined
  /** Learns of every denial that is proved. */
  readonly denials?: KnownDenials | undefined
}

interface Work extends ZonesOptions, Zones {}

/** What is remembered of a zone; keys that end soon are asked for again by what renews data that they signed. */
interface KnownState {
  readonly state: ZoneState
  renewableFrom: number
  isRenewing: boolean
}

export function createZones(options: ZonesOptions): Zones {
  const { now } = options
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const known = createCache<KnownState>({ now, ...bounds, octetsOf: ({ state }) => octetsOfState(state) })
  const failures = createFailureTimes(now)
  const underWay = createSharedWork<ZoneState>()

  /** `isLikely` when something speaks for a zone at this name, so that its keys will be wanted. */
  async function find(apex: Name, task: Task, isLikely: boolean): Promise<ZoneState> {
    const cached = known.get(apex.key)?.value
    if (cached !== undefined && !isToRenew(cached, task)) return cached.state
    const start = async (own: Task) => {
      if (cached !== undefined) cached.isRenewing = true
      const state = await findState(apex, isLikely, own, work).finally(() => {
        if (cached !== undefined) cached.isRenewing = false
      })
      const still = state.kind === 'failed' ? known.get(apex.key)?.value.state : undefined
      // A failure takes nothing away that still holds.
      if (still !== undefined) return still
      if (!own.signal.aborted) known.put(apex.key, knownState(state), endOf(apex, state))
      return state
    }
    const isSpent = (state: ZoneState) => state.kind === 'failed' && state.trouble.why === 'limit'
    return joinOnOwnMeans(underWay, { key: apex.key, task, start, isSpent })
  }

  /** Its own failures are remembered for longer each time in a row; those of a zone above as long as they are there. */
  function endOf(apex: Name, state: ZoneState): number {
    if (state.kind !== 'failed') failures.forget(apex.key)
    if (state.kind !== 'failed' || !sameName(state.zone, apex) || state.until <= now()) return state.until
    return now() + failures.next(apex.key, state.trouble.why) * 1000
  }

  function knownState(state: ZoneState): KnownState {
    const renewableFrom = state.kind === 'secure' ? renewalTime(now(), state.until) : Number.POSITIVE_INFINITY
    return { state, renewableFrom, isRenewing: false }
  }

  /** Begun once; whoever renews something meanwhile waits for it, or would have it for what is left of the old. */
  function isToRenew(cached: KnownState, { isRefresh }: Task): boolean {
    if (isRefresh !== true || (now() < cached.renewableFrom && !cached.isRenewing)) return false
    cached.renewableFrom = Number.POSITIVE_INFINITY
    return true
  }

  const stateOf: Zones['stateOf'] = (apex, task) => find(apex, task, true)

  /** Top down, so that nothing below an insecure cut is ever asked for. */
  async function stateAround(name: Name, task: Task): Promise<ZoneState> {
    const [anchor] = options.anchors.current().closest(name)
    const parent = parentOfName(name)
    if (anchor === undefined || parent === undefined || sameName(anchor.owner, name)) {
      return find(name, task, true)
    }
    const above = await stateAround(parent, task)
    return above.kind === 'secure' ? find(name, task, false) : above
  }

  function exemptionOf(name: Name): InsecureZone | undefined {
    const negative = options.anchors.current().negativeFor(name, now())
    return negative && exempt(negative, now())
  }

  function excuses({ zone }: InsecureZone, name: Name): boolean {
    const [anchor] = options.anchors.current().closest(name)
    return anchor === undefined || !isBelow(anchor.owner, zone)
  }

  const work: Work = { ...options, stateOf, stateAround, exemptionOf, excuses }
  return { stateOf, stateAround, exemptionOf, excuses }
}

/** The links above are kept once, by the zones that they are of; the words of a failure are its own. */
function octetsOfChain(state: ZoneState): number {
  const words = state.kind === 'failed' ? octetsOfWords(state.trouble) : 0
  return 256 * (state.chain.length + 1) + 160 * (state.chain.at(-1)?.ds.length ?? 0) + words
}

function octetsOfState(state: ZoneState): number {
  const keys = state.kind === 'secure' ? state.keys : []
  return keys.reduce((sum, { rdata }) => sum + 2 * rdata.length + 64, octetsOfChain(state))
}

async function findState(apex: Name, isLikely: boolean, task: Task, work: Work): Promise<ZoneState> {
  const exemption = work.exemptionOf(apex)
  if (exemption !== undefined) return exemption
  const anchors = work.anchors.current().closest(apex)
  const [anchor] = anchors
  if (anchor === undefined) return withoutAnchor(apex, work)
  if (sameName(anchor.owner, apex)) return readAnchored(apex, anchors, task, work)
  return isLikely ? crossWithKeys(apex, task, work) : cross(apex, undefined, task, work)
}

/**
 * By the anchors of the zone itself; where none of those leads to its keys, by its parent, when an anchor is above that
 * too: any success counts, and the zone is insecure only if all have it so. RFC 6840 §5.10
 */
async function readAnchored(zone: Name, anchors: readonly TrustAnchor[], task: Task, work: Work): Promise<ZoneState> {
  const own = await readKeys(zone, { kind: 'anchors', anchors, chain: [] }, task, work)
  if (own.kind !== 'failed' || own.trouble.why !== 'bogus') return own
  if (work.anchors.current().above(zone).length === 0) return own
  const state = await cross(zone, undefined, task, work)
  return state.kind === 'secure' && sameName(state.zone, zone) ? state : own
}

function withoutAnchor(zone: Name, { now }: Work): InsecureZone {
  const link: ChainLink = { zone, status: 'insecure', by: 'no-anchor', ds: [], key: undefined }
  const reason = `no trust anchor is at or above ${formatName(zone)}`
  return { kind: 'insecure', zone, reason, chain: [link], until: now() + limits.resolver.ttl * 1000 }
}

/** Until it ends, so that nothing is remembered for longer. */
function exempt(negative: NegativeAnchor, now: number): InsecureZone {
  const { name: zone, until } = negative
  const link: ChainLink = { zone, status: 'insecure', by: 'negative-trust-anchor', ds: [], key: undefined }
  const end = Math.min(until, now + limits.resolver.ttl * 1000)
  return { kind: 'insecure', zone, reason: describeNegativeAnchor(negative), chain: [link], until: end, negative }
}

/** The keys come while the parent's word on them is being proved. */
async function crossWithKeys(apex: Name, task: Task, work: Work): Promise<ZoneState> {
  const ending = createEnding(task.signal)
  let isUnderWay = true
  const keys = work.upstream
    .fetch({ name: apex, type: TYPE.DNSKEY }, { ...task, signal: ending.signal }, new Set())
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
async function cross(
  apex: Name,
  keys: ReturnType<Upstream['fetch']> | undefined,
  task: Task,
  work: Work,
): Promise<ZoneState> {
  const avoid = new Set<string>()
  let failed: FailedZone | undefined
  while (avoid.size < limits.resolver.serversTriedWhenBogus && !task.budget.isSpent) {
    const fetched = await work.upstream.fetch({ name: apex, type: TYPE.DS }, task, avoid)
    if (!fetched.ok) return failed ?? fail(apex, fetched.trouble, [], work)
    const { reply } = fetched
    const parent = await parentState(apex, reply, task, work)
    if (parent.kind !== 'secure') return parent
    const crossing = judgeCrossing(apex, reply, parent, task, work)
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
async function parentState(apex: Name, reply: SortedReply, task: Task, work: Work): Promise<ZoneState> {
  const [anchor] = work.anchors.current().closest(apex)
  const signed = [...reply.answer, ...proofsOf(reply)].flatMap(({ signatures }) =>
    signatures.map(({ signer }) => signer),
  )
  const hint = signed.find(
    (signer) => isBelow(apex, signer) && anchor !== undefined && isAtOrBelow(signer, anchor.owner),
  )
  if (hint !== undefined) {
    const state = await work.stateOf(hint, task)
    // Who is not a zone's apex, or insecure, is no parent to go by: the walk from the top decides.
    if (state.kind === 'secure' && sameName(state.zone, hint)) return state
  }
  const parent = parentOfName(apex)
  return work.stateAround(parent ?? apex, task)
}

type Crossing =
  | { readonly kind: 'ds'; readonly rrset: VerifiedRrset }
  | { readonly kind: 'state'; readonly state: ZoneState }
  | { readonly kind: 'wrong'; readonly problem: Problem }

function judgeCrossing(apex: Name, reply: Reply, parent: SecureZone, task: Task, work: Work): Crossing {
  const { zone, keys } = parent
  const { policy } = work
  const options = { zone, keys, policy, budget: task.budget, now: secondsOf(task) }
  const sections = [...reply.answer, ...reply.authority]
  const ds = sections.find(({ name, type }) => type === TYPE.DS && sameName(name, apex))
  if (ds !== undefined) {
    const verdict = verifyRrset(ds, options)
    return verdict.verdict === 'secure'
      ? judgeDsRrset(verdict.rrset, apex, parent, work)
      : { kind: 'wrong', problem: verdict.problem }
  }
  const cname = reply.answer.find(({ name, type }) => type === TYPE.CNAME && sameName(name, apex))
  if (cname !== undefined) {
    const verdict = verifyRrset(cname, options)
    // What has an alias is no apex: that has a SOA record. RFC 1034 §3.6.2
    if (verdict.verdict === 'secure') return { kind: 'state', state: cap(parent, verdict.rrset.ttl, work) }
    return { kind: 'wrong', problem: verdict.problem }
  }
  return judgeAbsence(apex, reply, parent, task, work)
}

function judgeDsRrset(rrset: VerifiedRrset, apex: Name, parent: SecureZone, work: Work): Crossing {
  const all = readDsRrset(rrset)
  if (usableDs(all, work.policy).length > 0) return { kind: 'ds', rrset }
  return { kind: 'state', state: unsupported(apex, all, cap(parent, rrset.ttl, work)) }
}

function unsupported(zone: Name, ds: readonly Ds[], parent: SecureZone): InsecureZone {
  const link: ChainLink = {
    zone,
    status: 'insecure',
    by: 'unsupported-algorithm',
    ds: ds.slice(0, limits.dnssec.dsPerRrset).map(showDs),
    key: undefined,
  }
  const reason = `${formatName(zone)} is signed with algorithms, keys or digests that are not supported`
  return { kind: 'insecure', zone, reason, chain: [...parent.chain, link], until: parent.until }
}

function judgeAbsence(apex: Name, reply: Reply, parent: SecureZone, task: Task, work: Work): Crossing {
  const { zone, keys } = parent
  const { policy } = work
  const options = { zone, keys, policy, budget: task.budget, now: secondsOf(task) }
  const verified = verifyProofs(proofsOf(reply), options)
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

const withoutDsReasons = {
  'unsigned-delegation': 'is delegated without DS',
  'opt-out': 'lies in an opt-out span, where delegations may be unsigned',
  'nsec3-iterations': 'is denied with more NSEC3 iterations than are allowed',
} as const

function withoutDs(zone: Name, by: keyof typeof withoutDsReasons, parent: SecureZone): InsecureZone {
  const link: ChainLink = { zone, status: 'insecure', by, ds: [], key: undefined }
  const reason = `${formatName(zone)} ${withoutDsReasons[by]}`
  return { kind: 'insecure', zone, reason, chain: [...parent.chain, link], until: parent.until }
}

type VouchedFor = { readonly chain: readonly ChainLink[]; readonly until?: number } & (
  | { readonly kind: 'ds'; readonly rrset: VerifiedRrset }
  | { readonly kind: 'anchors'; readonly anchors: readonly TrustAnchor[] }
)

/** The zone's keys, from every source until some are what the DS records or anchors say. RFC 4035 §5.2 */
async function readKeys(
  zone: Name,
  by: VouchedFor,
  task: Task,
  work: Work,
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
    const judged = judgeKeys(zone, rrset, { by, reply }, task, work)
    if (judged.kind !== 'failed') return judged
    failed ??= judged
    avoid.add(reply.source)
  }
  if (failed !== undefined) return failed
  const reason = `too many signature checks before DNSKEY of ${formatName(zone)}`
  return fail(zone, trouble('limit', reason, { ede: 6 }), by.chain, work)
}

function judgeKeys(
  zone: Name,
  rrset: Rrset | undefined,
  { by, reply }: { readonly by: VouchedFor; readonly reply: Reply },
  task: Task,
  work: Work,
): ZoneState {
  const { policy, now } = work
  if (rrset === undefined) {
    const reason = `${formatName(zone)} has no DNSKEY records, and its ${by.kind === 'ds' ? 'parent' : 'anchor'} says it is signed`
    return fail(zone, trouble('bogus', reason, { ede: 9, zone, server: reply.server }), by.chain, work)
  }
  const vouching = by.kind === 'anchors' ? { ...by, anchors: anchorsAfter(rrset, reply, zone, work) } : by
  const verdict = authenticateKeys({ zone, rrset, by: vouching, policy, budget: task.budget, now: secondsOf(task) })
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
function anchorsAfter(rrset: Rrset, reply: Reply, zone: Name, { anchors }: Work): readonly TrustAnchor[] {
  if (!isSaved(reply)) anchors.observe(rrset)
  return anchors.current().closest(zone)
}

/** A digest of no known type may have any length: it is not kept. */
function showDs({ keyTag, algorithm, digestType, digest }: Ds): ChainLink['ds'][number] {
  const isShort = digest.length <= limits.dnssec.digestOctets
  return { keyTag, algorithm, digestType, ...(isShort ? { digest } : {}) }
}

/** The same, for no longer than what it now also rests on. */
function cap(state: SecureZone, ttl: number, { now }: Work): SecureZone {
  return { ...state, until: Math.min(state.until, now() + ttl * 1000) }
}

export function bogus({ kind, text, ede }: Problem, zone: Name, { server, message }: Reply): Trouble {
  const found = { ede, zone, server, said: saidIn(message) }
  return trouble(kind === 'limit' ? 'limit' : 'bogus', text, found)
}

function fail(zone: Name, found: Trouble, chain: readonly ChainLink[], { now }: Pick<Work, 'now'>): FailedZone {
  const seconds = found.why === 'bogus' ? limits.resolver.bogusTtl : limits.resolver.failureTtl
  // What ended because nobody waited any more, or one question's means did, says nothing to the next who asks.
  const until = found.why === 'aborted' || found.why === 'limit' ? 0 : now() + seconds * 1000
  return { kind: 'failed', zone, trouble: found, chain, until }
}
