import { findPart } from '../../core/dns/reply.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, type Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { createSharedWork, type SharedWork } from '../shared-work.ts'
import { type After, createAnchorRefresh } from './anchor-refresh.ts'
import type { AnchorSource } from './anchor-source.ts'
import { hasSignedAnswer } from './authority-reply.ts'
import { type CacheRoom, createCache, wholeRoom } from './cache.ts'
import { countResult, createCounters, type ResolverCounters } from './counters.ts'
import { createFailureTimes, type FailureTimes, isOutage } from './failure-times.ts'
import type { HeardReplies } from './heard-replies.ts'
import { createKnownDenials } from './known-denials.ts'
import { createLinkCache, type KnownLink } from './link-cache.ts'
import { createLookups, type Lookups } from './lookups.ts'
import { createNegativeProbe } from './negative-probe.ts'
import type { Resolver } from './resolver.ts'
import { isSaved, type SavedReplies } from './saved-replies.ts'
import { checksAtOnce, type SignatureChecks } from './signature-checks.ts'
import { joinOnOwnMeans, malformed, octetsOfWords, type Task, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'
import { createValidator, type FailedLink, type Link, type Validator } from './validator.ts'
import { type Step, startWalk, takeStep } from './walk.ts'
import { createZones } from './zones.ts'

export interface ValidatingOptions {
  readonly upstream: Upstream
  readonly anchors: AnchorSource
  readonly policy: ValidationPolicy
  /** Who makes signature checks: each where it is called for, unless given. */
  readonly checks?: SignatureChecks | undefined
  readonly clock: Clock
  /** Whether what is asked for at the end of its life is renewed before somebody has to wait for it. */
  readonly prefetch?: boolean | undefined
  /** Keeps the replies that proved something. */
  readonly saved?: SavedReplies | undefined
  /** Whether what is denied of names answers for others between them, too. RFC 8198 */
  readonly aggressiveNsec?: 'off' | 'hosts' | 'all' | undefined
  /** In the place of timers, for tests. */
  readonly after?: After | undefined
  readonly counters?: ResolverCounters | undefined
  /** Told of every reply, and what became of it. */
  readonly heard?: HeardReplies | undefined
  /** All that the limits allow unless told. */
  readonly room?: CacheRoom | undefined
}

interface Question {
  readonly name: Name
  readonly type: number
}

/** A link, and the reply that it came in while that is at hand: the rest of an alias chain may stand in it. */
interface Found extends Step {
  readonly reply: Reply | undefined
}

export interface ValidatingResolver extends Resolver {
  /** By the anchors in force. */
  validator(): Validator
}

/** Looks up and validates, whatever the upstream says of its answers. RFC 4035 §4, §5 */
export function createValidatingResolver(options: ValidatingOptions): ValidatingResolver {
  const { anchors, policy, checks = checksAtOnce, clock, saved, after, counters = createCounters() } = options
  const now = () => clock.now()
  const upstream = saved?.inFrontOf(options.upstream) ?? options.upstream
  const underWay = createSharedWork<Found>()
  const lookups = createLookups(clock)
  // Of what zones publish now, nothing that was saved can tell.
  const refresh = createAnchorRefresh({ anchors, upstream: options.upstream, clock, after })
  const means = { ...options, checks, upstream, underWay, lookups, failures: createFailureTimes(now, options.room) }
  const probe = createNegativeProbe({
    clock,
    lift: (anchor) => anchors.lift(anchor),
    async validates({ name }, task) {
      // Knows nothing yet: what was found out under the negative anchor must not count, nor what was saved before it.
      const { upstream: asked } = options
      const zones = createZones({
        ...{ upstream: asked, anchors: { ...anchors, current: anchors.positive }, policy, checks, now },
      })
      const validator = createValidator({ zones, policy, checks })
      const { link } = await lookUp({ name, type: TYPE.SOA }, task, { upstream: asked, validator, heard: undefined })
      return link.kind !== 'failed'
    },
  })
  let answers = createAnswers(means)

  /** By the anchors in force: with others, all that the former ones vouched for is forgotten, and is proved anew. */
  function inForce(): Answers {
    if (answers.changes !== anchors.changes) answers = createAnswers(means)
    return answers
  }

  function resolve(question: Question, task: Task): Promise<Resolution> {
    refresh.start()
    const loading = anchors.load()
    if (loading === undefined) return inForce().resolve(question, task)
    return loading.then(() => inForce().resolve(question, task))
  }

  /** It is the use of a negative anchor that has its zone looked at. */
  function used(resolution: Resolution): Resolution {
    const negative = resolution.kind === 'failure' ? undefined : resolution.evidence.negativeAnchors
    if (negative !== undefined) probe.touch(negative)
    return resolution
  }

  return {
    async resolve(name, type, more) {
      const question = { name, type }
      const isOver = lookups.isClosed || more?.signal?.aborted === true
      const known = isOver ? undefined : inForce().resolveAtOnce(question)
      const found = known ?? (await lookups.run(question, more, (task) => resolve(question, task)))
      return countResult(counters, used(found))
    },
    validator: () => inForce().validator,
    async close() {
      lookups.close()
      await refresh.close()
      await probe.close()
      await underWay.close()
      await upstream.close()
    },
  }
}

/** All that is learnt while the same anchors are in force. Whoever began before they changed ends with what he began with. */
interface Answers {
  /** Of the anchors, when it was begun. */
  readonly changes: number
  readonly validator: Validator
  resolve(question: Question, task: Task): Promise<Resolution>
  /** Of what is known alone: no task, timer or wait is made for it. */
  resolveAtOnce(question: Question): Resolution | undefined
}

interface Means extends Omit<ValidatingOptions, 'after' | 'counters'> {
  readonly checks: SignatureChecks
  readonly underWay: SharedWork<Found>
  readonly lookups: Lookups
  readonly failures: FailureTimes
}

function createAnswers(means: Means): Answers {
  const { upstream, anchors, policy, checks, clock, saved, underWay, lookups, failures, heard } = means
  const { prefetch = false, aggressiveNsec: use = 'off', room = wholeRoom } = means
  const now = () => clock.now()
  const { changes } = anchors
  const denials = use === 'off' ? undefined : createKnownDenials({ use, policy, anchors, now })
  const zones = createZones({ upstream, anchors, policy, checks, now, saved, denials, room })
  const validator = createValidator({ zones, policy, checks, denials })
  const links = createLinkCache({ now, anchors, renews: prefetch, room })
  /** Questions that cost all that one may: their ends are no news for whoever comes to them by an alias. */
  const costly = createCache<Failure>({
    ...{ now, entries: room.entries, octets: room.octets },
    octetsOf: (failure) => 512 + octetsOfWords(failure),
  })

  async function fetchLink(question: Question, task: Task): Promise<Found> {
    const key = keyOf(question)
    const found = await lookUp(question, task, { upstream, validator, heard })
    if (found.link.kind === 'failed') {
      const { why, zone = question.name } = found.link.trouble
      if (why !== 'aborted' && why !== 'limit' && links.find(question, now()) === undefined) {
        const seconds = isOutage(zone, why) ? limits.resolver.failureTtl : failures.next(key, why)
        links.put(question, found.link, seconds)
      }
    } else {
      failures.forget(key)
      keep(question, found.link, found.reply)
    }
    return found
  }

  function keep(question: Question, link: Exclude<Link, FailedLink>, reply: Reply | undefined): void {
    links.put(question, link, link.ttl)
    if (link.status === 'secure' && reply !== undefined) saved?.keep(question, reply, link.ttl)
  }

  /** What was begun by former anchors is nothing to wait for. */
  function workOf(question: Question): string {
    return changes === 0 ? keyOf(question) : `${keyOf(question)} ${changes}`
  }

  /** Once; what is known is served until its end, whatever comes of it. */
  function renew(known: KnownLink): void {
    known.renewableFrom = Number.POSITIVE_INFINITY
    const question = { name: known.name, type: known.type }
    lookups.inBackground((task) =>
      underWay.join(workOf(question), (signal) => fetchLink(question, task.under(signal)), task.signal),
    )
  }

  function recall(question: Question): Step | undefined {
    const at = now()
    const known = links.find(question, at)
    if (known !== undefined && at >= known.renewableFrom) renew(known)
    return known === undefined
      ? denials?.find(question)
      : { link: known.link, ttl: Math.floor((known.until - at) / 1000), cached: true }
  }

  async function findAfter(reply: Reply, question: Question, task: Task): Promise<Found> {
    const carried = await judgeCarried(question, reply, task, validator)
    if (carried === undefined) return join(question, task)
    keep(question, carried, reply)
    return { ...fresh(carried), reply }
  }

  function join(question: Question, task: Task): Promise<Found> {
    const start = (own: Task) => fetchLink(question, own)
    const isSpent = ({ link }: Found) => link.kind === 'failed' && link.trouble.why === 'limit'
    return joinOnOwnMeans(underWay, { key: workOf(question), task, start, isSpent })
  }

  function find(question: Question, task: Task, reply: Reply | undefined): Found | Promise<Found> {
    const recalled = recall(question)
    if (recalled !== undefined) return { ...recalled, reply: undefined }
    return reply === undefined ? join(question, task) : findAfter(reply, question, task)
  }

  async function resolve(question: Question, task: Task): Promise<Resolution> {
    const walk = startWalk(question)
    let reply: Reply | undefined
    for (;;) {
      const found: Found = await find({ name: walk.name, type: question.type }, task, reply)
      const resolution = takeStep(walk, found)
      if (resolution?.kind === 'failure' && resolution.why === 'limit') {
        const key = keyOf(question)
        costly.put(key, resolution, now() + failures.next(key, 'limit') * 1000)
      }
      if (resolution !== undefined) return resolution
      reply = found.reply
    }
  }

  function resolveAtOnce(question: Question): Resolution | undefined {
    const before = costly.size === 0 ? undefined : costly.get(keyOf(question))
    if (before !== undefined) return { ...before.value, ...question, cached: true }
    const walk = startWalk(question)
    for (;;) {
      const step = recall({ name: walk.name, type: question.type })
      const resolution = step && takeStep(walk, step)
      if (step === undefined || resolution !== undefined) return resolution
    }
  }

  return { changes, validator, resolve, resolveAtOnce }
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name.key}`
}

function fresh(link: Link): Step {
  return { link, ttl: link.kind === 'failed' ? 0 : link.ttl, cached: false }
}

const noSources: ReadonlySet<string> = new Set()

interface LookUpMeans {
  readonly upstream: Upstream
  readonly validator: Validator
  readonly heard: HeardReplies | undefined
}

/** Asks one source after another until a reply is no forgery, or none is left. RFC 4035 §5.5 */
async function lookUp(question: Question, task: Task, { upstream, validator, heard }: LookUpMeans): Promise<Found> {
  let avoid = noSources
  let failed: FailedLink | undefined
  let hearsay: Link | undefined
  while (avoid.size < limits.resolver.serversTriedWhenBogus && !task.budget.isSpent) {
    const fetched = await upstream.fetch(question, task, avoid)
    task.signal.throwIfAborted()
    if (!fetched.ok) {
      const link: Link = failed ?? hearsay ?? { kind: 'failed', trouble: fetched.trouble, chain: [] }
      return { ...fresh(link), reply: undefined }
    }
    const { reply } = fetched
    const link = await validator.judge(reply, question, task)
    task.signal.throwIfAborted()
    if (!isSaved(reply)) heard?.note(question, { reply, link })
    if (link.kind === 'failed') failed ??= link
    else if (link.status === 'insecure' && reply.isHearsay === true && hasSignedAnswer(reply)) {
      // A recursive server has heard it elsewhere: that counts only with a signature that shows it to be true.
      if (!reply.message.recursionAvailable) hearsay ??= link
      else failed ??= { kind: 'failed', trouble: malformed(question, 'hearsay, unproved', reply.server), chain: [] }
    } else if (link.status === 'secure' || !isSaved(reply)) {
      const cached = isSaved(reply)
      if (!cached) upstream.learn?.(question, reply, link.ttl)
      return { ...fresh(link), reply, cached }
    }
    // What was saved counts for its proof alone: where nothing is to be proved any more, it is asked for.
    avoid = new Set([...avoid, reply.source])
  }
  const spent = trouble('limit', `too many signature checks before ${nameRrset(question)}`, { ede: 6 })
  const link: Link = failed ?? hearsay ?? { kind: 'failed', trouble: spent, chain: [] }
  return { ...fresh(link), reply: undefined }
}

/** What a reply says of an alias's target, when its server speaks for that too and it verifies; else it is asked for. */
async function judgeCarried(question: Question, reply: Reply, task: Task, validator: Validator) {
  if (!isAtOrBelow(question.name, reply.bailiwick)) return undefined
  const part = findPart(reply, question.name, question.type)
  if (part.kind !== 'rrset' && part.kind !== 'alias') return undefined
  const link = await validator.judge(reply, question, task)
  task.signal.throwIfAborted()
  return link.kind === 'failed' ? undefined : link
}
