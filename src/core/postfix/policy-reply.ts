import type { ConnectDecision, DomainDecision, HostDecision, SkipDecision } from '../decision/decision.ts'
import type { AppliedPolicy, Facts } from '../decision/facts.ts'
import { limits } from '../limits.ts'
import { formatMxPattern } from '../mtasts/policy.ts'
import { replyByOverrides } from './override-reply.ts'
import { type Dialect, readPolicyData } from './policy-grammar.ts'
import type { SocketmapReply } from './socketmap.ts'

/** How to say in one word a Postfix level what is meant host by host. */
export interface PostfixOptions {
  readonly dialect: Dialect
  /**
   * Of hosts behind signed MX records some have TLSA records, and MTA-STS vouches for all: use only the former, or let
   * MTA-STS stand in where DANE fails. RFC 8461 §2 forbids the latter.
   */
  readonly mixed: 'dane-only' | 'secure'
  /** Level for a policy in mode testing, so that sessions are reported under it; undefined: none, as without a policy. */
  readonly testingLevel: 'may' | 'encrypt' | undefined
}

export const defaultPostfixOptions: Omit<PostfixOptions, 'dialect'> = { mixed: 'dane-only', testingLevel: undefined }

/**
 * What a policy table answers for a destination. Postfix looks MX and TLSA records up again by itself: it is told how
 * much it must insist on, so that no host passes with less than the decision asks for.
 *
 * `NOTFOUND` leaves the destination to the level of main.cf: what no policy protects, and what Postfix bounces by itself.
 */
export function replyWith(facts: Facts, decision: DomainDecision, options: PostfixOptions): SocketmapReply {
  const reply = chooseReply(facts, decision, options)
  if (reply.kind !== 'ok') return reply
  // Words that Postfix does not understand stop the mail as well, and say less.
  const read = readPolicyData(reply.data, options.dialect)
  return typeof read === 'string' ? { kind: 'temporary', reason: `the policy cannot be put in words: ${read}` } : reply
}

function chooseReply(facts: Facts, decision: DomainDecision, options: PostfixOptions): SocketmapReply {
  if (decision.isLeftAlone === true) return { kind: 'not-found' }
  switch (decision.action) {
    case 'bounce':
      return { kind: 'not-found' }
    case 'defer':
      return replyWithDelay(facts, decision, options)
    case 'deliver':
      return decision.overrides === undefined
        ? replyWithLevel(facts, decision.hosts, options)
        : replyByOverrides(facts, decision.hosts, options)
  }
}

function replyWithDelay(
  facts: Facts,
  { reason, text, hosts }: DomainDecision,
  options: PostfixOptions,
): SocketmapReply {
  // Postfix returns mail at once where no host exists; who has no protection loses nothing by it.
  if (reason === 'no-usable-host' && enforced(facts) === undefined) return { kind: 'not-found' }
  const skipped = hosts.filter((host) => host.action === 'skip')
  const policy = enforced(facts)
  const isUnlisted = ({ reason: why }: SkipDecision) => why === 'mx-not-in-policy' || why === 'no-address'
  // Postfix finds no host by itself then, and reports why; before 3.10 it would try them.
  if (policy !== undefined && options.dialect === 'tlsrpt' && skipped.length > 0 && skipped.every(isUnlisted)) {
    const patterns = policy.policy.mode === 'none' ? [] : policy.policy.mx.map(formatMxPattern)
    return secure(
      patterns.map((pattern) => pattern.replace(/^\*/, '')),
      patterns,
      facts,
      policy,
      options,
    )
  }
  const [first] = skipped.filter(({ reason: why }) => why !== 'no-address')
  return { kind: 'temporary', reason: first === undefined ? text : `${text}: ${first.host}: ${first.text}` }
}

/** The policy that senders must keep to, unless the operator only watches what it would do. */
export function enforced({ sts }: Facts): AppliedPolicy | undefined {
  return sts?.policy?.policy.mode === 'enforce' ? sts.policy : undefined
}

/** What hosts must show, of which one may be used at least. */
export function replyWithLevel(facts: Facts, hosts: readonly HostDecision[], options: PostfixOptions): SocketmapReply {
  const used = hosts.filter((host) => host.action === 'connect')
  const withDane = used.filter(({ tls }) => tls === 'dane')
  const isProved = used.every(({ mxIsSecure }) => mxIsSecure)
  if (isProved && withDane.length === used.length) return ok('dane-only')
  const policy = used.some(isHeldToPolicy) ? enforced(facts) : undefined
  if (policy !== undefined) {
    if (isProved && withDane.length > 0 && options.mixed === 'dane-only') return ok('dane-only')
    return replyWithPolicy(facts, policy, hosts, options)
  }
  // Where Postfix cannot see TLSA records either, it passes the host over as we do.
  const isInDoubt = hosts.some((host) => host.action === 'skip' && isLookupFailure(host))
  if (withDane.length > 0 || isInDoubt || used.some(({ dane }) => dane.state === 'unusable')) return ok('dane')
  if (used.every(({ tls }) => tls === 'encrypt')) return ok('encrypt')
  return replyWithTesting(facts, options)
}

function isHeldToPolicy({ sts, options }: ConnectDecision): boolean {
  return sts.mode === 'enforce' && !options.audit
}

export function isLookupFailure({ reason }: SkipDecision): boolean {
  return reason === 'tlsa-lookup-failed' || reason === 'address-lookup-failed'
}

/**
 * Of what the policy lists, just the names that are MX hosts now: up to 3.10.4 Postfix takes a certificate for any name
 * in `match` at any host, and later ones do what the patterns say. RFC 8461 §4.1
 */
function replyWithPolicy(
  facts: Facts,
  policy: AppliedPolicy,
  hosts: readonly HostDecision[],
  options: PostfixOptions,
): SocketmapReply {
  const names = hosts.flatMap((host) => (host.action === 'connect' && isListed(host) ? [host.host] : []))
  const patterns = policy.policy.mode === 'none' ? [] : policy.policy.mx.map(formatMxPattern)
  // A host whose TLSA records cannot be looked up must not pass by its certificate: patterns would let it. RFC 8461 §2
  // Nor must one that an operator bars.
  const isBarred = (host: SkipDecision) => isLookupFailure(host) || host.override !== undefined
  const isNarrowed = hosts.some((host) => host.action === 'skip' && isBarred(host))
  return secure(names, isNarrowed ? names : patterns, facts, policy, options)
}

function isListed({ sts }: ConnectDecision): boolean {
  return sts.mode !== 'none' && sts.listed
}

/** Level `secure` with these names for certificates, and for reports these patterns. */
export function secure(
  names: readonly string[],
  patterns: readonly string[],
  facts: Facts,
  policy: AppliedPolicy,
  options: PostfixOptions,
): SocketmapReply {
  const words = ['secure', `match=${names.join(':')}`, 'servername=hostname']
  return ok(...words, ...reportWords(patterns, facts, policy, options))
}

/** For reports of sessions under a policy in mode testing alone: nothing is held back. RFC 8461 §5 */
export function replyWithTesting(facts: Facts, options: PostfixOptions): SocketmapReply {
  const policy = facts.sts?.policy
  if (policy?.policy.mode !== 'testing') return { kind: 'not-found' }
  if (options.dialect === 'base' || options.testingLevel === undefined) return { kind: 'not-found' }
  return ok(options.testingLevel, ...reportWords(policy.policy.mx.map(formatMxPattern), facts, policy, options))
}

/** What Postfix puts into reports, and from 3.10.5 on holds MX names against. RFC 8460 §4.4 */
function reportWords(
  patterns: readonly string[],
  { nextHop, sts }: Facts,
  { body }: AppliedPolicy,
  { dialect }: PostfixOptions,
): string[] {
  if (dialect === 'base' || nextHop.kind === 'literal') return []
  const domain = nextHop.kind === 'relay' ? nextHop.host : nextHop.domain
  const failure = sts?.failure === undefined ? [] : [`policy_failure=${sts.failure.resultType}`]
  const names = patterns.map((pattern) => `mx_host_pattern=${pattern}`)
  const needed = ['policy_type=sts', `policy_domain=${domain}`, ...names, ...failure]
  return [...needed, ...policyLines(body, limits.postfix.replyOctets - needed.join(' ').length)]
}

/** The lines of a policy as far as there is room for them, and as far as words can be made of them. */
function policyLines(body: string, octets: number): string[] {
  const lines = body
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => /^[ -~]+$/.test(line) && !/[{}]/.test(line))
    .map((line) => `{ policy_string = ${line} }`)
  let left = octets / 2
  return lines.filter((line) => {
    left -= line.length + 1
    return left >= 0
  })
}

/** The right-hand side of a policy table. */
export function ok(...words: readonly string[]): SocketmapReply {
  return { kind: 'ok', data: words.join(' ') }
}
