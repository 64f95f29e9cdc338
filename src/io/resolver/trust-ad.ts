import { findPart, type SortedReply, soaOf, sortReply } from '../../core/dns/reply.ts'
import { recordsOf } from '../../core/dns/rrset.ts'
import { RCODE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Alias, Resolution, Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { type Name, rootName } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import type { Endpoint } from '../network.ts'
import { type Asker, formatServer } from './ask.ts'
import { createAttempts, type Patience } from './attempts.ts'
import { createCache } from './cache.ts'
import type { Resolver } from './resolver.ts'
import { answerHere, failureOf } from './results.ts'
import { createTask, type Task, type Trouble, trouble } from './task.ts'

export interface TrustAdOptions {
  readonly asker: Asker
  readonly servers: readonly Endpoint[]
  readonly clock: Clock
  readonly patience: Patience
}

interface Question {
  readonly name: Name
  readonly type: number
}

/**
 * Believes the AD bit of a validating resolver: only for one on this machine, to which nobody else has the line.
 * RFC 4035 §4.9.3, RFC 6840 §5.7
 */
export function createTrustAdResolver({ asker, servers, clock, patience }: TrustAdOptions): Resolver {
  const now = () => clock.now()
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const cache = createCache<Resolution>({ ...bounds, octetsOf: () => 1024 })
  const closing = new AbortController()

  async function ask(question: Question, task: Task): Promise<Resolution> {
    const found = await askServers(question, task, { asker, servers, patience })
    if ('why' in found) return failureOf(question, found)
    return readReply(question, found)
  }

  return {
    async resolve(name, type, { signal, trace } = {}) {
      const question = { name, type }
      const here = answerHere(question)
      if (here !== undefined) return here
      const key = `${type} ${name.key}`
      const cached = cache.get(key)
      if (cached !== undefined) return asCached(cached.value, Math.floor((cached.until - now()) / 1000))
      const all = [
        closing.signal,
        AbortSignal.timeout(limits.resolver.questionMs),
        ...(signal === undefined ? [] : [signal]),
      ]
      const resolution = await ask(question, createTask({ signal: AbortSignal.any(all), clock, trace }))
      const isForKeeping = resolution.kind !== 'failure' || resolution.why !== 'aborted'
      const ttl = resolution.kind === 'failure' ? limits.resolver.failureTtl : resolution.ttl
      if (isForKeeping) cache.put(key, resolution, now() + ttl * 1000)
      return resolution
    },
    close: async () => closing.abort(),
  }
}

function asCached(resolution: Resolution, ttl: number): Resolution {
  if (resolution.kind === 'failure') return { ...resolution, cached: true }
  return { ...resolution, ttl, evidence: { ...resolution.evidence, cached: true } }
}

type TrustedReply = SortedReply & { readonly server: string }

async function askServers(
  question: Question,
  task: Task,
  { asker, servers, patience }: Pick<TrustAdOptions, 'asker' | 'servers' | 'patience'>,
): Promise<TrustedReply | Trouble> {
  const attempts = createAttempts()
  for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
    for (const endpoint of servers) {
      const server = formatServer(endpoint)
      const flags = { recursive: true, checkingDisabled: false, authenticData: true } as const
      const timeoutMs = patience(round)
      const asked = await asker({ ...question, ...flags, endpoint, chosenBy: 'operator', timeoutMs }, task)
      if (!asked.ok) attempts.fault(server, asked.fault)
      else if ([RCODE.NOERROR, RCODE.NXDOMAIN].some((good) => good === asked.value.message.rcode)) {
        return { ...sortReply(asked.value.message), server }
      } else attempts.refusal(server, asked.value.message)
      if (task.signal.aborted) return trouble('aborted', 'the lookup was given up')
    }
    // A SERVFAIL is an answer: a validating resolver says so of bogus data, and asking again changes nothing.
    if (attempts.sum(question, rootName).why === 'servfail') break
  }
  return attempts.sum(question, undefined)
}

/** Follows the aliases in the reply; the AD bit is about all of it. RFC 6840 §5.8 */
function readReply(question: Question, reply: TrustedReply): Resolution {
  const { message, server } = reply
  const status: Security = message.authenticData ? 'secure' : 'insecure'
  const aliases: Alias[] = []
  const ttls: number[] = []
  let { name } = question
  for (;;) {
    const part = findPart(reply, name, question.type)
    if (part.kind === 'none' || part.kind === 'broken') {
      const reason =
        part.kind === 'broken' ? part.reason : `the reply says nothing about ${nameRrset({ ...question, name })}`
      return failureOf(question, trouble('malformed', reason, { server }))
    }
    if (part.kind !== 'alias') {
      const ttl = part.kind === 'rrset' ? Math.min(part.rrset.ttl, limits.resolver.ttl) : negativeTtl(reply)
      const outcome = {
        ...question,
        ...{ status, canonicalName: name, aliases, ttl: Math.min(ttl, ...ttls) },
        evidence: { chain: [], signer: undefined, server, cached: false, reason: reasonOf(status, server) },
      }
      if (part.kind === 'denial') return { kind: part.isNameError ? 'nxdomain' : 'nodata', ...outcome }
      return { kind: 'answer', ...outcome, records: recordsOf({ ...part.rrset, ttl: outcome.ttl }) }
    }
    if (aliases.length >= limits.resolver.aliases) {
      return failureOf(
        question,
        trouble('limit', `${nameRrset(question)}: more than ${limits.resolver.aliases} aliases`),
      )
    }
    aliases.push({ owner: name, target: part.target, via: part.via, status })
    ttls.push(part.rrset.ttl)
    name = part.target
  }
}

function reasonOf(status: Security, server: string): string | undefined {
  return status === 'secure' ? undefined : `the resolver ${server} did not set the AD bit`
}

function negativeTtl(reply: SortedReply): number {
  const soa = soaOf(reply)
  return soa === undefined ? limits.resolver.failureTtl : Math.min(soa.ttl, limits.resolver.negativeTtl)
}
