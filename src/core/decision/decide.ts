import type { Failure } from '../dnssec/resolution.ts'
import { applyOverrides } from './apply-overrides.ts'
import { decideHost } from './decide-host.ts'
import type { DecisionOptions, DomainDecision, HostDecision, MessageDemand, SessionReport } from './decision.ts'
import { defaultOptions, noDemand } from './decision.ts'
import type { Facts, MxFinding, StsFinding } from './facts.ts'
import { noOverrides, type Overrides } from './overrides.ts'
import { negativeAnchorsOf, validUntil } from './validity.ts'

export interface DecideOptions {
  /** Milliseconds since 1970: when the lookups began, for what they found lasts from then on. */
  readonly now: number
  readonly options?: DecisionOptions
  readonly demand?: MessageDemand
  /** What operators decided otherwise. */
  readonly overrides?: Overrides
}

/**
 * What to do with mail for one next hop: tables 1a and 1b, and those rows of 1d that need no session; then what
 * operators decided otherwise.
 */
export function decide(
  facts: Facts,
  { now, options = defaultOptions, demand = noDemand, overrides = noOverrides }: DecideOptions,
): DomainDecision {
  const decision = decideByTables(facts, { now, options, demand })
  if (overrides.isEmpty) return decision
  return applyOverrides(facts, decision, { now, options, demand, overrides, settle })
}

function decideByTables(
  facts: Facts,
  { now, options, demand }: Required<Omit<DecideOptions, 'overrides'>>,
): DomainDecision {
  const { mx, sts } = facts
  const base = {
    ...{ row: mx.row, hosts: [], reports: policyReports(sts) },
    ...{ validUntil: validUntil(facts, now), negativeAnchors: negativeAnchorsOf(facts) },
  }
  switch (mx.row) {
    case 'M1': {
      const text = lookupFailed(mx.resolution)
      const reports = [...base.reports, mxReport(mx.resolution)]
      return { ...base, action: 'defer', reason: 'mx-lookup-failed', text, reports }
    }
    case 'M2':
      return { ...base, action: 'bounce', reason: 'no-such-domain', text: 'there is no such domain' }
    case 'M3':
      return { ...base, action: 'bounce', reason: 'null-mx', text: 'the domain takes no mail (null MX)' }
    case 'M7':
      return { ...base, action: 'defer', reason: 'no-usable-host', text: 'no MX record names a host' }
    case 'M4':
    case 'M5':
    case 'M6':
    case 'M8':
      // RFC 8689 §4.1: REQUIRETLS makes the header field that waives TLS count for nothing.
      return decideHosts(facts, base, options, { ...demand, waived: demand.waived && !demand.requireTls })
  }
}

function lookupFailed({ why, reason }: Failure): string {
  return why === 'bogus' ? `the MX lookup is bogus: ${reason}` : `the MX lookup failed: ${reason}`
}

function mxReport({ why }: Failure): SessionReport {
  const reason = why === 'bogus' ? 'mx-lookup-bogus' : 'mx-lookup-failed'
  return { policyType: 'no-policy-found', resultType: 'validation-failure', reason }
}

/**
 * What a domain's policy itself gives to report: it is announced and cannot be had, or in force and cannot be renewed.
 * Nobody minds when that happens to mode `none`. RFC 8460 §4.3.2.2, RFC 8461 §6
 */
function policyReports(sts: StsFinding | undefined): SessionReport[] {
  if (sts?.failure === undefined || sts.row === 'S2' || sts.policy?.policy.mode === 'none') return []
  if (sts.unreadable === true) return [] // nobody's fault but ours
  const { resultType, reason } = sts.failure
  return [{ policyType: 'sts', resultType, reason: sts.row === 'S3' ? 'txt-lookup' : reason }]
}

type Base = Pick<DomainDecision, 'row' | 'reports' | 'validUntil' | 'negativeAnchors'>

function decideHosts(facts: Facts, base: Base, options: DecisionOptions, demand: MessageDemand): DomainDecision {
  const { mx, sts } = facts
  if (options.daneMandatory && !demand.waived && isInsecure(mx)) {
    const required: SessionReport = { policyType: 'tlsa', resultType: 'dane-required', reason: undefined }
    const text = 'DANE is required, and what DNS says of MX records is not signed'
    return { ...base, action: 'defer', reason: 'dane-required', text, hosts: [], reports: [...base.reports, required] }
  }
  if (sts?.row === 'S3' && options.deferOnTxtError && !demand.waived) {
    const text = `the MTA-STS record cannot be looked up: ${sts.failure?.reason ?? 'no answer'}`
    return { ...base, action: 'defer', reason: 'policy-lookup-failed', text, hosts: [] }
  }
  if (sts?.unreadable === true && !demand.waived) {
    const text = `whether its MTA-STS policy is in force cannot be told: ${sts.failure?.reason ?? 'no answer'}`
    return { ...base, action: 'defer', reason: 'policy-lookup-failed', text, hosts: [], validUntil: undefined }
  }
  const hosts = facts.hosts.map((host) => decideHost(host, facts, { options, demand }))
  return { ...base, ...settle(facts, hosts), hosts }
}

/** What the hosts come to for the domain. */
function settle({ mx }: Facts, hosts: readonly HostDecision[]): Settled {
  const canConnect = hosts.some(({ action }) => action === 'connect')
  return canConnect ? { action: 'deliver', reason: 'hosts', text: describeMx(mx) } : withoutHost(hosts)
}

type Settled = Pick<DomainDecision, 'action' | 'reason' | 'text'> & { readonly row?: 'M7' }

/** RFC 7672 §2.2.1. Without MX records the domain's word for its host is the denial, which may be no better. */
function isInsecure(mx: MxFinding): boolean {
  return 'status' in mx && mx.status === 'insecure'
}

/** Row M7 when there is nobody to connect to; else it depends on why each host is passed over. */
function withoutHost(hosts: readonly HostDecision[]): Settled {
  const reasons = hosts.map((host) => (host.action === 'skip' ? host.reason : undefined))
  if (reasons.every((reason) => reason === 'no-address')) {
    return { action: 'defer', row: 'M7', reason: 'no-usable-host', text: 'no MX host has an address' }
  }
  // RFC 8689 §4.2.1: what no waiting mends is returned; any other reason may go away.
  const isHopeless = reasons.every((reason) => reason === 'requiretls-unprotected')
  const text = 'no MX host may be used now'
  return { action: isHopeless ? 'bounce' : 'defer', reason: 'all-hosts-skipped', text }
}

function describeMx({ row }: MxFinding): string {
  switch (row) {
    case 'M4':
      return 'there are no MX records, so the domain itself is the host'
    case 'M5':
      return 'the MX records are signed'
    case 'M6':
      return 'the MX records are not signed'
    case 'M1':
    case 'M2':
    case 'M3':
    case 'M7':
    case 'M8':
      return 'the host was given'
  }
}
