import { formatTlsa, whyUnusable } from '../../core/dane/tlsa.ts'
import { namesOf } from '../../core/decision/apply-overrides.ts'
import { decide } from '../../core/decision/decide.ts'
import type { DomainDecision, HostDecision } from '../../core/decision/decision.ts'
import type { Facts, HostFacts, StsFinding, TlsaFinding } from '../../core/decision/facts.ts'
import { describeRule, describeTarget, type Override } from '../../core/decision/override.ts'
import { formatMxPattern } from '../../core/mtasts/policy.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { examine } from '../../io/examine/examine.ts'
import { decisionOptionsOf } from '../config/decision-options.ts'
import { deadline } from './deadline.ts'
import { negativeAnchorToJson, resolutionToJson } from './dns-json.ts'
import { adviceFor } from './explain-advice.ts'
import type { ExplainReport, HostReport, OverrideReport, PolicyReport, TlsaReport } from './explain-report.ts'
import { protectionOf, reasonsFor, summarize } from './explain-summary.ts'
import type { World } from './world.ts'

/** Looks at a domain and says what mail to it must be shown, and why. */
export async function explainDomain(domain: DomainName, world: World, signal: AbortSignal): Promise<ExplainReport> {
  const until = deadline(signal, world.timeoutMs)
  const { resolver, sts, smtpPort, clock, overrides, settings } = world
  const options = decisionOptionsOf(settings)
  const { preferredDigest } = options
  const now = clock.now()
  try {
    const facts = await examine({ kind: 'domain', domain }, { resolver, sts, smtpPort, signal: until, preferredDigest })
    const decision = decide(facts, { now, options, overrides: overrides.current })
    return explainDecision(domain, facts, { decision, now })
  } catch (error) {
    if (!until.aborted) throw error
    return unfinished(domain, world.timeoutMs / 1000)
  }
}

/** Says what was decided from these facts, and why. */
export function explainDecision(
  domain: DomainName,
  facts: Facts,
  { decision, now }: { readonly decision: DomainDecision; readonly now: number },
): ExplainReport {
  const { action, row, validUntil } = decision
  const report = {
    schema: 'waxseal.explain/1',
    domain,
    outcome: action,
    protection: protectionOf(decision),
    summary: summarize(domain, decision),
    row,
    reasons: reasonsFor(decision),
    negativeTrustAnchors: decision.negativeAnchors.map(negativeAnchorToJson),
    validUntil: validUntil === undefined ? null : new Date(validUntil).toISOString(),
    mx: facts.mx.resolution === undefined ? null : resolutionToJson(facts.mx.resolution),
    hosts: facts.hosts.map((host, place) => hostReport(host, decision.hosts[place])),
    policy: policyReport(facts.sts),
    overrides: (decision.overrides ?? []).map(overrideReport),
  } as const
  return { ...report, advice: adviceFor(report, now) }
}

function overrideReport(override: Override): OverrideReport {
  const { target, rule, author, reason, createdAt, expiresAt } = override
  return {
    ...{ target: describeTarget(target), rule: describeRule(rule), author, reason, createdAt },
    expiresAt: expiresAt ?? null,
  }
}

function hostReport(facts: HostFacts, decision: HostDecision | undefined): HostReport {
  const { host, preference, addresses, tlsa } = facts
  const connects = decision?.action === 'connect' ? decision : undefined
  return {
    ...{ host, preference, action: connects === undefined ? 'skip' : 'connect', tls: connects?.tls ?? null },
    row: decision?.action === 'skip' ? decision.row : tlsa.row,
    reason: reasonFor(decision),
    mustShow: connects === undefined ? null : mustShow(connects),
    names: connects?.dane.state === 'ok' && hasAnchors(connects.dane) ? connects.dane.names : pkixNames(connects),
    addresses: addresses.kind === 'found' ? addresses.addresses : [],
    addressLookups: addresses.lookups.map(resolutionToJson),
    tlsaBaseDomain: 'baseDomain' in tlsa ? tlsa.baseDomain : null,
    tlsa: tlsaReports(tlsa),
    tlsaLookups: tlsa.lookups.map(resolutionToJson),
  }
}

function reasonFor(decision: HostDecision | undefined): string {
  if (decision === undefined) return 'the domain is not delivered to'
  const isOnTrial = decision.action === 'connect' && decision.sts.mode === 'testing' && !decision.sts.listed
  return isOnTrial ? `${decision.text}, which does not list it` : decision.text
}

type Connect = Extract<HostDecision, { action: 'connect' }>

function hasAnchors({ records }: Extract<Connect['dane'], { state: 'ok' }>): boolean {
  return records.some(({ usage }) => usage === 2)
}

function pkixNames(connects: Connect | undefined): string[] {
  if (connects?.tls !== 'pkix') return []
  const names = connects.override === undefined ? [] : namesOf(connects.override.by)
  return names.length > 0 ? [...names] : [connects.host]
}

function mustShow(connects: Connect): string | null {
  const { tls, dane } = connects
  switch (tls) {
    case 'dane':
      return dane.state === 'ok' && hasAnchors(dane)
        ? 'STARTTLS, and a certificate that a TLSA record matches or that leads to one that does'
        : 'STARTTLS, and a certificate that a TLSA record matches'
    case 'pkix':
      return `STARTTLS, and a certificate for ${pkixNames(connects).join(' or ')} from a public authority`
    case 'encrypt':
      return 'STARTTLS, with any certificate'
    case 'may':
      return null
  }
}

/** Records that count, those that cannot be used, and those that a stronger digest puts aside. RFC 7671 §9 */
function tlsaReports(tlsa: TlsaFinding): TlsaReport[] {
  if (!('records' in tlsa)) return []
  const usable: readonly unknown[] = tlsa.row === 'H5' ? tlsa.usable : []
  return tlsa.records.map((record) => {
    const reason =
      whyUnusable(record) ?? (usable.includes(record) ? null : 'a record with a digest preferred to it counts')
    return { record: formatTlsa(record), usable: reason === null, reason }
  })
}

function policyReport(sts: StsFinding | undefined): PolicyReport {
  const applied = sts?.policy
  const policy = applied?.policy
  return {
    state: policy !== undefined && policy.mode !== 'none' ? 'in-force' : sts?.failure === undefined ? 'none' : 'failed',
    row: sts?.row ?? 'M8',
    mode: policy?.mode ?? null,
    id: applied?.id ?? null,
    mx: policy === undefined || policy.mode === 'none' ? [] : policy.mx.map(formatMxPattern),
    cached: applied?.source === 'cache',
    fetchedAt: applied?.fetchedAt ?? null,
    expiresAt: applied?.expiresAt ?? null,
    reason: sts?.failure?.reason ?? (policy?.mode === 'none' ? 'the domain withdrew its policy (mode none)' : null),
    record: sts?.record === undefined ? null : resolutionToJson(sts.record),
  }
}

function unfinished(domain: DomainName, seconds: number): ExplainReport {
  const policy: PolicyReport = {
    ...{ state: 'failed', row: 'S3', mode: null, id: null, mx: [], cached: false, fetchedAt: null, expiresAt: null },
    ...{ reason: 'not looked up in time', record: null },
  }
  return {
    ...{ schema: 'waxseal.explain/1', domain, outcome: 'defer', protection: 'none', row: 'M1', validUntil: null },
    summary: `Mail to ${domain} waits: the lookups took longer than ${seconds} s.`,
    ...{
      reasons: [],
      negativeTrustAnchors: [],
      mx: null,
      hosts: [],
      overrides: [],
      policy,
      advice: ['try again, with a larger --timeout if need be'],
    },
  }
}
