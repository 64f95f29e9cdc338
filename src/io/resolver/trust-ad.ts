import { saidIn } from '../../core/dns/edns.ts'
import { findPart, type ReplyPart, type SortedReply, sortReply } from '../../core/dns/reply.ts'
import { recordsOf } from '../../core/dns/rrset.ts'
import { RCODE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Alias, Answer, Denial, Resolution, Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { type Asker, formatServer } from './ask.ts'
import { createAttempts, type Patience } from './attempts.ts'
import { createCache } from './cache.ts'
import { countResult, createCounters, type ResolverCounters } from './counters.ts'
import { createFailureTimes } from './failure-times.ts'
import { createLookups } from './lookups.ts'
import { negativeTtl } from './negative-ttl.ts'
import { createRecursiveHealth, type RecursiveHealth } from './recursive-health.ts'
import type { Resolver } from './resolver.ts'
import { aliasLoop, failureOf, tooManyAliases } from './results.ts'
import type { SelfTest } from './self-test.ts'
import type { ServerList } from './system-servers.ts'
import { malformed, octetsOfWords, type Task, type Trouble } from './task.ts'

export interface TrustAdOptions {
  readonly asker: Asker
  readonly servers: ServerList
  readonly clock: Clock
  readonly patience: Patience
  /** Whom to believe; without it everybody is, as a sender without DNSSEC would. */
  readonly selfTest?: SelfTest | undefined
  readonly counters?: ResolverCounters | undefined
}

interface Question {
  readonly name: Name
  readonly type: number
}

interface Work extends TrustAdOptions {
  readonly health: RecursiveHealth
}

/**
 * Believes the AD bit of a validating resolver: only for one on this machine, to which nobody else has the line.
 * RFC 4035 §4.9.3, RFC 6840 §5.7
 */
export function createTrustAdResolver(options: TrustAdOptions): Resolver {
  const { clock, counters = createCounters() } = options
  const now = () => clock.now()
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const cache = createCache<Resolution>({ ...bounds, octetsOf: octetsOfResolution })
  const failures = createFailureTimes(now)
  const lookups = createLookups(clock)
  const work: Work = { ...options, health: createRecursiveHealth(now) }

  async function resolve(question: Question, task: Task): Promise<Resolution> {
    const key = `${question.type} ${question.name.key}`
    const cached = cache.get(key)
    if (cached !== undefined) return asCached(cached.value, Math.floor((cached.until - now()) / 1000))
    const resolution = await ask(question, task, work)
    const isFailure = resolution.kind === 'failure'
    if (isFailure && resolution.why === 'aborted') return resolution
    if (!isFailure) failures.forget(key)
    const ttl = isFailure ? failures.next(key, resolution.why) : resolution.ttl
    cache.put(key, resolution, now() + ttl * 1000)
    return resolution
  }

  return {
    async resolve(name, type, more) {
      const found = await lookups.run({ name, type }, more, (task) => resolve({ name, type }, task))
      return countResult(counters, found)
    },
    async close() {
      lookups.close()
      await options.selfTest?.close()
    },
  }
}

function octetsOfResolution(resolution: Resolution): number {
  const records = resolution.kind === 'answer' ? resolution.records : []
  const words = octetsOfWords(resolution.kind === 'failure' ? resolution : resolution.evidence)
  return records.reduce((sum, { rdata }) => sum + rdata.length + 128, 1024 + words)
}

function asCached(resolution: Resolution, ttl: number): Resolution {
  if (resolution.kind === 'failure') return { ...resolution, cached: true }
  return lasting({ ...resolution, evidence: { ...resolution.evidence, cached: true } }, ttl)
}

function lasting(resolution: Answer | Denial, ttl: number): Answer | Denial {
  if (resolution.kind !== 'answer') return { ...resolution, ttl }
  return { ...resolution, ttl, records: resolution.records.map((record) => ({ ...record, ttl })) }
}

async function ask(question: Question, task: Task, work: Work): Promise<Resolution> {
  const reply = await askServers(question, task, work)
  if ('why' in reply) return failureOf(question, reply)
  const resolution = readReply(question, reply)
  if (resolution.kind === 'failure' || resolution.status === 'secure') return resolution
  const alias = findPart(reply, question.name, question.type)
  return alias.kind === 'alias' && !reply.isOblivious ? tellFirstAlias(resolution, alias.rrset, task, work) : resolution
}

/**
 * Without AD something in a chain of aliases is insecure: whether the first of them is, only a question for it alone
 * can tell. Of a DNAME that is a question for the DNAME itself: resolvers follow the CNAME made of it. RFC 7672 §2.1.3,
 * §2.2.2, RFC 6672 §3.4
 */
async function tellFirstAlias(
  resolution: Answer | Denial,
  alias: Question,
  task: Task,
  work: Work,
): Promise<Resolution> {
  const { name, type, aliases, ttl } = resolution
  const [first, ...others] = aliases
  const reply = await askServers(alias, task, work)
  if ('why' in reply) return failureOf({ name, type }, reply)
  const part = findPart(reply, alias.name, alias.type)
  if (first === undefined || part.kind !== 'rrset') {
    return failureOf({ name, type }, malformed(alias, 'no alias, where there was one', reply.server))
  }
  const status = statusOf(reply)
  return lasting({ ...resolution, aliases: [{ ...first, status }, ...others] }, Math.min(ttl, part.rrset.ttl))
}

/** `isOblivious` when its server does not validate, whatever its AD bit says. */
type TrustedReply = SortedReply & { readonly server: string; readonly isOblivious: boolean }

async function askServers(
  question: Question,
  task: Task,
  { asker, servers, patience, health, selfTest }: Work,
): Promise<TrustedReply | Trouble> {
  const attempts = createAttempts()
  const useless = new Set<string>()
  let mayBeBogus = false
  let untold: Trouble | undefined
  let oblivious: TrustedReply | undefined
  const ordered = health.order(servers())
  for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
    for (const endpoint of ordered) {
      const server = formatServer(endpoint)
      if (useless.has(server)) continue
      const tested = selfTest?.of(endpoint, task)
      const flags = { recursionDesired: true, checkingDisabled: false, authenticData: true } as const
      const sent = task.clock.now()
      const asked = await asker({ ...question, ...flags, ...hopefully(round, patience), endpoint }, task)
      task.signal.throwIfAborted()
      if (!asked.ok) {
        attempts.fault(server, asked.fault)
        if (asked.fault === 'timeout') health.noteSilence(server, sent)
        else useless.add(server)
        continue
      }
      health.noteAnswer(server, isRefusal(asked.value.message) ? undefined : task.clock.now() - sent)
      useless.add(server)
      const reply = { ...sortReply(asked.value.message), server, isOblivious: false }
      if (reply.message.rcode === RCODE.SERVFAIL) mayBeBogus = true
      if (isRefusal(reply.message)) {
        attempts.refusal(server, reply.message)
        continue
      }
      // Where one found the data bogus, another that does not validate would pass it on.
      if (!isStatement(reply, question) || (mayBeBogus && !reply.message.authenticData)) {
        attempts.useless(server, 'says nothing about what it was asked')
        continue
      }
      const test = await tested
      task.signal.throwIfAborted()
      if (test === undefined || test.kind === 'validates') return reply
      if (test.kind === 'unknown') untold ??= test.trouble
      else oblivious ??= { ...reply, isOblivious: true }
    }
    // Nobody who validates has spoken, or found anything bogus.
    if (oblivious !== undefined && untold === undefined && !mayBeBogus) return oblivious
  }
  return untold ?? attempts.sum(question, undefined)
}

/** The last round is over TCP. */
function hopefully(round: number, patience: Patience) {
  const isLast = round === limits.resolver.retriesPerServer - 1
  const chosenBy = 'operator' as const
  return { timeoutMs: patience(round), round, chosenBy, ...(isLast ? { transport: 'tcp' as const } : {}) }
}

function isRefusal({ rcode }: { readonly rcode: number }): boolean {
  return rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN
}

function isStatement(reply: TrustedReply, { name, type }: Question): boolean {
  return findPart(reply, name, type).kind !== 'none'
}

/** The AD bit is about the whole reply. RFC 6840 §5.8 */
function statusOf({ message, isOblivious }: TrustedReply): Security {
  return message.authenticData && !isOblivious ? 'secure' : 'insecure'
}

/** Follows the aliases in the reply. */
function readReply(question: Question, reply: TrustedReply): Resolution {
  const { server } = reply
  const status = statusOf(reply)
  const aliases: Alias[] = []
  const ttls: number[] = [limits.resolver.ttl]
  const seen = new Set<string>()
  let { name } = question
  for (;;) {
    if (seen.has(name.key)) return failureOf(question, aliasLoop(question, name, server))
    if (aliases.length > limits.resolver.aliases) return failureOf(question, tooManyAliases(question, server))
    seen.add(name.key)
    const part = findPart(reply, name, question.type)
    if (part.kind === 'none' || part.kind === 'broken') {
      const reason = part.kind === 'broken' ? part.reason : `nothing about ${nameRrset({ ...question, name })}`
      return failureOf(question, malformed(question, reason, server))
    }
    if (part.kind !== 'alias') {
      ttls.push(part.kind === 'rrset' ? part.rrset.ttl : negativeTtl(reply, name))
      return conclude(question, part, { reply, status, name, aliases, ttl: Math.min(...ttls) })
    }
    aliases.push({ owner: name, target: part.target, via: part.via, status })
    ttls.push(part.rrset.ttl)
    name = part.target
  }
}

interface Ending {
  readonly reply: TrustedReply
  readonly status: Security
  readonly name: Name
  readonly aliases: readonly Alias[]
  readonly ttl: number
}

function conclude(
  question: Question,
  part: ReplyPart & { kind: 'rrset' | 'denial' },
  { reply: { server, isOblivious, message }, status, name, aliases, ttl }: Ending,
): Answer | Denial {
  const words = isOblivious ? 'does not validate' : 'did not set the AD bit'
  const reason = status === 'secure' ? undefined : `the resolver ${server} ${words}`
  const evidence = { chain: [], signer: undefined, server, cached: false, reason, said: saidIn(message) }
  const outcome = { ...question, status, canonicalName: name, aliases, ttl, evidence }
  if (part.kind === 'denial') return { kind: part.isNameError ? 'nxdomain' : 'nodata', ...outcome }
  return { kind: 'answer', ...outcome, records: recordsOf({ ...part.rrset, ttl }) }
}
