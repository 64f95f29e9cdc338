import { findPart } from '../../core/dns/reply.ts'
import { recordsOf } from '../../core/dns/rrset.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { ValidationPolicy } from '../../core/dnssec/policy.ts'
import type { Alias, Answer, Denial, Failure, Resolution, Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, type Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { createSharedWork } from '../shared-work.ts'
import { createCache } from './cache.ts'
import { createFailureTimes } from './failure-times.ts'
import { createLookups } from './lookups.ts'
import type { Resolver } from './resolver.ts'
import { aliasLoop, failureOf, tooManyAliases } from './results.ts'
import { joinOnOwnMeans, type Task, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'
import { createValidator, type FailedLink, type Judged, type Link, type Validator } from './validator.ts'
import { createZones } from './zones.ts'

export interface ValidatingOptions {
  readonly upstream: Upstream
  readonly anchors: readonly TrustAnchor[]
  readonly policy: ValidationPolicy
  readonly clock: Clock
}

interface Question {
  readonly name: Name
  readonly type: number
}

/** A link, and the reply that it came in while that is at hand: the rest of an alias chain may stand in it. */
interface Found {
  readonly link: Link
  readonly reply: Reply | undefined
  readonly cached: boolean
}

interface Work {
  find(question: Question, task: Task, reply: Reply | undefined): Promise<Found>
  readonly clock: Clock
}

/** Looks up and validates, whatever the upstream says of its answers. RFC 4035 §4, §5 */
export function createValidatingResolver(options: ValidatingOptions): Resolver {
  const { upstream, anchors, policy, clock } = options
  const now = () => clock.now()
  const validator = createValidator({ zones: createZones({ upstream, anchors, policy, now }), policy })
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const links = createCache<Link>({ now, ...bounds, octetsOf: octetsOfLink })
  const failures = createFailureTimes(now)
  /** Questions that cost all that one may: their ends are no news for whoever comes to them by an alias. */
  const costly = createCache<Failure>({ now, ...bounds, octetsOf: () => 512 })
  const underWay = createSharedWork<Found>()
  const lookups = createLookups(clock)

  async function fetchLink(question: Question, task: Task): Promise<Found> {
    const key = keyOf(question)
    const found = await lookUp(question, task, { upstream, validator })
    if (found.link.kind === 'failed') {
      const { why } = found.link.trouble
      if (why !== 'aborted' && why !== 'limit') links.put(key, found.link, now() + failures.next(key, why) * 1000)
    } else {
      failures.forget(key)
      links.put(key, found.link, now() + found.link.ttl * 1000)
    }
    return found
  }

  async function find(question: Question, task: Task, reply: Reply | undefined): Promise<Found> {
    const key = keyOf(question)
    const cached = links.get(key)
    if (cached !== undefined) return { link: aged(cached, now()), reply: undefined, cached: true }
    const carried = reply && (await judgeCarried(question, reply, task, validator))
    if (carried !== undefined) {
      links.put(key, carried, now() + carried.ttl * 1000)
      return { link: carried, reply, cached: false }
    }
    const start = (own: Task) => fetchLink(question, own)
    const isSpent = ({ link }: Found) => link.kind === 'failed' && link.trouble.why === 'limit'
    return joinOnOwnMeans(underWay, { key, task, start, isSpent })
  }

  async function resolve(question: Question, task: Task): Promise<Resolution> {
    const key = keyOf(question)
    const before = costly.get(key)
    if (before !== undefined) return { ...before.value, ...question, cached: true }
    const resolution = await chase(question, task, { find, clock })
    if (resolution.kind === 'failure' && resolution.why === 'limit') {
      costly.put(key, resolution, now() + failures.next(key, 'limit') * 1000)
    }
    return resolution
  }

  return {
    resolve: (name, type, more) => lookups.run({ name, type }, more, (task) => resolve({ name, type }, task)),
    async close() {
      lookups.close()
      await underWay.close()
      await upstream.close()
    },
  }
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name.key}`
}

function octetsOfLink(link: Link): number {
  const chain = 200 * link.chain.length
  if (link.kind !== 'rrset') return 256 + chain
  const { rdatas, signatures } = link.rrset
  const octets = [...rdatas, ...signatures.map(({ signature }) => signature)]
  // Of one message: what they are pieces of is kept once.
  const behind = Math.max(...octets.map(({ buffer }) => buffer.byteLength))
  return octets.reduce((sum, { length }) => sum + length + 64, 256 + chain + behind)
}

function aged({ value, until }: { readonly value: Link; readonly until: number }, now: number): Link {
  return value.kind === 'failed' ? value : { ...value, ttl: Math.floor((until - now) / 1000) }
}

/** Asks one source after another until a reply is no forgery, or none is left. RFC 4035 §5.5 */
async function lookUp(
  question: Question,
  task: Task,
  { upstream, validator }: { readonly upstream: Upstream; readonly validator: Validator },
): Promise<Found> {
  const avoid = new Set<string>()
  let failed: FailedLink | undefined
  while (avoid.size < limits.resolver.serversTriedWhenBogus) {
    const fetched = await upstream.fetch(question, task, avoid)
    task.signal.throwIfAborted()
    if (!fetched.ok) {
      const link: Link = failed ?? { kind: 'failed', trouble: fetched.trouble, chain: [] }
      return { link, reply: undefined, cached: false }
    }
    const { reply } = fetched
    const link = await validator.judge(reply, question, task)
    task.signal.throwIfAborted()
    if (link.kind !== 'failed') {
      upstream.learn?.(question, reply, link.ttl)
      return { link, reply, cached: false }
    }
    failed ??= link
    avoid.add(reply.source)
  }
  const link: Link = failed ?? { kind: 'failed', trouble: trouble('limit', 'too many tries'), chain: [] }
  return { link, reply: undefined, cached: false }
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

/** Follows aliases to the end. RFC 1034 §3.6.2, RFC 6672 §3 */
async function chase(question: Question, task: Task, work: Work): Promise<Resolution> {
  const aliases: Alias[] = []
  const passed: (Judged & { readonly cached: boolean })[] = []
  const seen = new Set<string>()
  let { name } = question
  let reply: Reply | undefined
  for (;;) {
    const server = passed.at(-1)?.server
    if (seen.has(name.key)) return failureOf(question, aliasLoop(question, name, server))
    if (aliases.length > limits.resolver.aliases) return failureOf(question, tooManyAliases(question, server))
    seen.add(name.key)
    const found = await work.find({ name, type: question.type }, task, reply)
    const { link, cached } = found
    if (link.kind === 'failed') return failureOf(question, link.trouble, { cached, chain: link.chain })
    passed.push({ ...link, cached })
    if (link.kind !== 'alias') return conclude(question, { name, link, aliases, passed })
    aliases.push({ owner: name, target: link.target, via: link.via, status: link.status })
    name = link.target
    reply = found.reply
  }
}

interface Ending {
  readonly name: Name
  readonly link: Exclude<Link, FailedLink | { kind: 'alias' }>
  readonly aliases: readonly Alias[]
  readonly passed: readonly (Judged & { readonly cached: boolean })[]
}

/** A result is as secure as the least secure of its links. RFC 4035 §3.2.3 */
function conclude(question: Question, { name, link, aliases, passed }: Ending): Answer | Denial {
  const weakest = passed.find(({ status }) => status === 'insecure')
  const status: Security = weakest === undefined ? 'secure' : 'insecure'
  const ends = passed.flatMap(({ expiration }) => expiration ?? [])
  const { chain, server } = link
  const outcome = {
    ...question,
    ...{ status, canonicalName: name, aliases, ttl: Math.min(...passed.map(({ ttl }) => ttl)) },
    evidence: {
      ...{ chain, server, signer: link.signer, cached: passed.every(({ cached }) => cached) },
      expiration: ends.length === 0 || status === 'insecure' ? undefined : Math.min(...ends),
      reason: weakest?.reason,
    },
  }
  if (link.kind !== 'rrset') return { kind: link.kind, ...outcome }
  return { kind: 'answer', ...outcome, records: recordsOf({ ...link.rrset, ttl: outcome.ttl }) }
}
