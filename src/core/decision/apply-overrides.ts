import type { DomainName } from '../name/domain.ts'
import { decideHost } from './decide-host.ts'
import type {
  ConnectDecision,
  DecisionOptions,
  DomainDecision,
  HostDecision,
  MessageDemand,
  TlsDemand,
} from './decision.ts'
import type { Facts, HostFacts } from './facts.ts'
import { describeOverride, type Override } from './override.ts'
import type { Overrides } from './overrides.ts'

interface Wishes {
  readonly now: number
  readonly options: DecisionOptions
  readonly demand: MessageDemand
  readonly overrides: Overrides
  /** What hosts come to for the domain. */
  settle(facts: Facts, hosts: readonly HostDecision[]): Partial<DomainDecision>
}

/**
 * The decision as operators want it: what the tables say, then for each host the one override that counts for it.
 *
 * Lookups of MX records and addresses that failed stay so: no override says where mail should go instead.
 */
export function applyOverrides(facts: Facts, decision: DomainDecision, wishes: Wishes): DomainDecision {
  const { overrides, now } = wishes
  if (decision.action === 'bounce' && decision.hosts.length === 0) return decision
  if (overrides.unreadable !== undefined) return waitFor(decision, overrides.unreadable)
  const domain = domainOf(facts)
  const whole = overrides.forDomain(domain, now)
  if (facts.hosts.length === 0) return applyWithoutHosts(decision, whole, wishes)
  const chosen = facts.hosts.map((host) => overrides.forHost(domain, host.host, now))
  // A domain that waits as a whole is relaxed as a whole.
  const waits = decision.hosts.length === 0
  if (waits && !chosen.every((override) => override !== undefined && lowers(override, wishes))) {
    return decision
  }
  const hosts = facts.hosts.map((host, at) =>
    applyToHost(host, facts, { ...wishes, by: chosen[at], before: decision.hosts[at] }),
  )
  const applied = [...new Set(hosts.flatMap(({ override }) => (override === undefined ? [] : [override.by])))]
  if (applied.length === 0) return leaves(whole, wishes) ? leaveAlone(decision, whole) : decision
  const isLeftAlone =
    hosts.every(({ override }) => override === undefined || override.by === whole) && leaves(whole, wishes)
  const settled = { ...decision, ...wishes.settle(facts, hosts), hosts, overrides: applied }
  return {
    ...settled,
    text: [settled.text, ...applied.map(describeOverride)].join('; '),
    validUntil: endOf(decision.validUntil, applied),
    ...(isLeftAlone && { isLeftAlone }),
  }
}

/** A relay is its own domain, as MTA-STS has it. RFC 8461 §3.4 */
function domainOf({ nextHop }: Facts): DomainName | undefined {
  switch (nextHop.kind) {
    case 'domain':
      return nextHop.domain
    case 'relay':
      return nextHop.host
    case 'literal':
      return undefined
  }
}

/** Which requirements there are cannot be told, so that none may be broken. */
function waitFor(decision: DomainDecision, why: string): DomainDecision {
  const text = `which overrides are in force cannot be told: ${why}`
  return { ...decision, action: 'defer', reason: 'policy-lookup-failed', text, hosts: [], validUntil: undefined }
}

/** Nobody knows the hosts, so that what is required of some of them may be required here. */
function applyWithoutHosts(decision: DomainDecision, whole: Override | undefined, wishes: Wishes): DomainDecision {
  const mayBeHeld = wishes.overrides.hasHostRequirements(wishes.now)
  return leaves(whole, wishes) && !mayBeHeld ? leaveAlone(decision, whole) : decision
}

function leaveAlone(decision: DomainDecision, whole: Override): DomainDecision {
  const text = `${decision.text}; ${describeOverride(whole)}`
  return { ...decision, text, overrides: [whole], isLeftAlone: true, validUntil: endOf(decision.validUntil, [whole]) }
}

/** What a message demands of its way no operator takes back. RFC 8689 §4.2.1 */
function leaves(whole: Override | undefined, wishes: Wishes): whole is Override {
  return whole?.rule.kind === 'skip' && lowers(whole, wishes)
}

/** Whether it lets mail go with less than was found; who asks for DANE at the command line means that. */
function lowers({ rule, target }: Override, { options, demand }: Wishes): boolean {
  const isLower = rule.kind === 'relax' || (rule.kind === 'skip' && target.host === undefined)
  return isLower && !demand.requireTls && !options.daneMandatory
}

interface HostWishes extends Wishes {
  readonly by: Override | undefined
  /** What the tables say; undefined when mail to the whole domain waits. */
  readonly before: HostDecision | undefined
}

function applyToHost(host: HostFacts, facts: Facts, wishes: HostWishes): HostDecision {
  const { by, before } = wishes
  if (by === undefined) return before as HostDecision // one that waits has an override
  if (by.rule.kind === 'require') return raise(host, facts, { ...wishes, by })
  if (by.rule.kind === 'skip' && by.target.host !== undefined) return leaveOut(host, { ...wishes, by })
  return lower(host, facts, { ...wishes, by })
}

type WithOverride = HostWishes & { readonly by: Override }

function leaveOut({ host, preference, tlsa }: HostFacts, { by, before }: WithOverride): HostDecision {
  return {
    ...{ action: 'skip', host, preference, row: '35', daneRow: tlsa.row, reason: 'override', reports: [] },
    text: `it is never used, ${describeOverride(by)}`,
    override: { by, instead: before },
  }
}

const ranks: Readonly<Record<TlsDemand, number>> = { may: 0, encrypt: 1, pkix: 2, dane: 3 }

/** Asks for no more than the override says. What asks for less already stays as it is. */
function lower(host: HostFacts, facts: Facts, wishes: WithOverride): HostDecision {
  const { by, before, options, demand } = wishes
  const level = by.rule.kind === 'relax' && by.rule.level === 'encrypt' ? 'encrypt' : 'may'
  const tls = options.tlsMandatory ? 'encrypt' : level
  const isNews = before?.action !== 'connect' || ranks[before.tls] >= ranks[tls]
  const waived = decideHost(host, facts, { options, demand: { ...demand, waived: true } })
  if (!isNews || !lowers(by, wishes) || waived.action === 'skip') return before ?? waived
  const words = tls === 'may' ? 'TLS if it is offered' : 'TLS'
  const found = before === undefined ? '' : ` (in the place of: ${before.text})`
  return {
    ...waived,
    tls,
    demand,
    text: `${words}, ${describeOverride(by)}${found}`,
    override: { by, instead: before },
  }
}

/** Asks for at least what the override says. */
function raise(host: HostFacts, facts: Facts, wishes: WithOverride): HostDecision {
  const { by, before, options, demand } = wishes
  if (before?.action !== 'connect' || by.rule.kind !== 'require') return before as HostDecision // none waits here
  const override = { by, instead: before }
  if (by.rule.level !== 'dane') return { ...before, ...raised(before, by), override }
  const strict = { ...options, daneMandatory: true, audit: false }
  const decided = decideHost(host, facts, { options: strict, demand: { ...demand, waived: false } })
  const text = `${decided.text}, ${describeOverride(by)}`
  return decided.action === 'skip' ? { ...decided, row: '35', text, override } : { ...decided, text, override }
}

function raised({ tls, text, mxIsSecure }: ConnectDecision, by: Override): Pick<ConnectDecision, 'tls' | 'text'> {
  const asks = by.rule.kind === 'require' && by.rule.level === 'pkix' ? 'pkix' : 'encrypt'
  const words = asks === 'pkix' ? `a certificate for ${namesOf(by).join(' or ') || 'the host'}` : 'TLS'
  const isMore = ranks[asks] > ranks[tls] || (tls === 'dane' && asks === 'pkix' && !mxIsSecure)
  return {
    tls: ranks[asks] > ranks[tls] ? asks : tls,
    text: `${isMore ? '' : `${text}; at least `}${words}, ${describeOverride(by)}`,
  }
}

/** Of which a certificate must bear one by this override; none where the host's own counts, or none. */
export function namesOf({ rule }: Override): readonly DomainName[] {
  return rule.kind === 'require' && rule.level === 'pkix' ? rule.names : []
}

function endOf(validUntil: number | undefined, applied: readonly Override[]): number | undefined {
  if (validUntil === undefined) return undefined
  return Math.min(validUntil, ...applied.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : [expiresAt])))
}
