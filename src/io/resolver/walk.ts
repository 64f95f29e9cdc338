import { recordsOf } from '../../core/dns/rrset.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { Alias, Answer, Denial, Resolution, Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { aliasLoop, failureOf, tooManyAliases } from './results.ts'
import type { FailedLink, Link } from './validator.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** What a name and type come to on the way along aliases. */
export interface Step {
  readonly link: Link
  /** Seconds left. */
  readonly ttl: number
  /** True when nothing was asked upstream for it. */
  readonly cached: boolean
}

/** The way from a question along aliases to its end. RFC 1034 §3.6.2, RFC 6672 §3 */
export interface Walk {
  readonly question: Question
  /** Where it has come to: the name to look at next. */
  name: Name
  readonly aliases: Alias[]
  /** Names passed; made with the first alias, as most questions have none. */
  passed: Set<string> | undefined
  /** The first link that is not secure. */
  weakest: Exclude<Link, FailedLink> | undefined
  /** By which links were not validated, each once; made with the first of them. RFC 7646 */
  negativeAnchors: Set<NegativeAnchor> | undefined
  ttl: number
  expiration: number | undefined
  cached: boolean
}

export function startWalk(question: Question): Walk {
  return {
    ...{ question, name: question.name, aliases: [], passed: undefined, weakest: undefined },
    ...{ negativeAnchors: undefined, ttl: Number.POSITIVE_INFINITY, expiration: undefined, cached: true },
  }
}

/** Takes one step; undefined when the walk goes on at another name. */
export function takeStep(walk: Walk, { link, ttl, cached }: Step): Resolution | undefined {
  const { question, name, aliases } = walk
  if (link.kind === 'failed') return failureOf(question, link.trouble, { cached, chain: link.chain })
  const { status, expiration, server, negative } = link
  if (ttl < walk.ttl) walk.ttl = ttl
  if (!cached) walk.cached = false
  if (status === 'insecure') walk.weakest ??= link
  if (negative !== undefined) {
    walk.negativeAnchors ??= new Set()
    walk.negativeAnchors.add(negative)
  }
  if (expiration !== undefined) walk.expiration = Math.min(walk.expiration ?? expiration, expiration)
  if (link.kind !== 'alias') return conclude(walk, link)
  walk.passed ??= new Set()
  walk.passed.add(name.key)
  aliases.push({ owner: name, target: link.target, via: link.via, status })
  walk.name = link.target
  if (walk.passed.has(link.target.key)) return failureOf(question, aliasLoop(question, link.target, server))
  if (aliases.length > limits.resolver.aliases) return failureOf(question, tooManyAliases(question, server))
  return undefined
}

/** A result is as secure as the least secure of its links. RFC 4035 §3.2.3 */
function conclude(
  { question: { name, type }, name: canonicalName, aliases, weakest, negativeAnchors, ttl, expiration, cached }: Walk,
  link: Exclude<Link, FailedLink | { kind: 'alias' }>,
): Answer | Denial {
  const { kind, chain, server, signer } = link
  const status: Security = weakest === undefined ? 'secure' : 'insecure'
  const evidence = {
    ...{ chain, server, signer, cached, reason: weakest?.reason, ede: weakest?.ede, said: link.said },
    expiration: status === 'secure' ? expiration : undefined,
    ...(negativeAnchors !== undefined && { negativeAnchors: [...negativeAnchors] }),
  }
  const outcome = { name, type, status, canonicalName, aliases, ttl, evidence }
  if (kind !== 'rrset') return { kind, ...outcome }
  return { kind: 'answer', ...outcome, records: recordsOf({ ...link.rrset, ttl }) }
}
