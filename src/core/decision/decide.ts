import { referenceIdentifiers } from '../dane/names.ts'
import type { Failure } from '../dnssec/resolution.ts'
import { listsMx } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import type {
  ConnectDecision,
  DaneUse,
  DecisionOptions,
  DomainDecision,
  HostDecision,
  MessageDemand,
  SessionReport,
  SkipDecision,
  SkipReason,
  StsUse,
  TlsDemand,
} from './decision.ts'
import { defaultOptions, noDemand } from './decision.ts'
import type { Facts, HostFacts, MxFinding } from './facts.ts'
import { validUntil } from './validity.ts'

export interface DecideOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  readonly options?: DecisionOptions
  readonly demand?: MessageDemand
}

/** What to do with mail for one next hop: tables 1a and 1b, and those rows of 1d that need no session. */
export function decide(
  facts: Facts,
  { now, options = defaultOptions, demand = noDemand }: DecideOptions,
): DomainDecision {
  const { mx } = facts
  const until = validUntil(facts, now)
  const base = { row: mx.row, hosts: [], validUntil: until }
  switch (mx.row) {
    case 'M1':
      return { ...base, action: 'defer', reason: 'mx-lookup-failed', text: lookupFailed(mx.resolution) }
    case 'M2':
      return { ...base, action: 'bounce', reason: 'no-such-domain', text: 'there is no such domain' }
    case 'M3':
      return { ...base, action: 'bounce', reason: 'null-mx', text: 'the domain takes no mail (null MX)' }
    case 'M7':
      return { ...base, action: 'defer', reason: 'no-usable-host', text: 'no MX record names a host' }
    case 'M6':
      if (!options.daneMandatory) return decideHosts(facts, { now, options, demand }, until)
      return {
        ...base,
        action: 'defer',
        reason: 'dane-required',
        text: 'DANE is required, and the MX records are not signed',
      }
    default:
      return decideHosts(facts, { now, options, demand }, until)
  }
}

function lookupFailed({ why, reason }: Failure): string {
  return why === 'bogus' ? `the MX lookup is bogus: ${reason}` : `the MX lookup failed: ${reason}`
}

function decideHosts(
  facts: Facts,
  { options, demand }: Required<DecideOptions>,
  until: number | undefined,
): DomainDecision {
  const { mx, sts } = facts
  if (sts?.row === 'S3' && options.deferOnTxtError && !demand.waived) {
    const text = `the MTA-STS record cannot be looked up: ${sts.failure?.reason ?? 'no answer'}`
    return { action: 'defer', row: mx.row, reason: 'policy-lookup-failed', text, hosts: [], validUntil: until }
  }
  const hosts = facts.hosts.map((host) => decideHost(host, facts, options, demand))
  const isHopeless = hosts.every(({ action }) => action === 'skip')
  if (!isHopeless) {
    return { action: 'deliver', row: mx.row, reason: 'hosts', text: describeMx(mx), hosts, validUntil: until }
  }
  if (hosts.every(({ daneRow }) => daneRow === 'H3')) {
    const text = 'no MX host has an address'
    return { action: 'defer', row: 'M7', reason: 'no-usable-host', text, hosts, validUntil: until }
  }
  const isBounce =
    hosts.length > 0 && hosts.every((host) => host.action === 'skip' && host.reason === 'requiretls-unprotected')
  return {
    ...{ action: isBounce ? 'bounce' : 'defer', row: mx.row, reason: 'all-hosts-skipped' },
    ...{ text: 'no MX host may be used now', hosts, validUntil: until },
  }
}

function describeMx({ row }: MxFinding): string {
  switch (row) {
    case 'M4':
      return 'there are no MX records, so the domain itself is the host'
    case 'M5':
      return 'the MX records are signed'
    case 'M6':
      return 'the MX records are not signed'
    default:
      return 'the host was given'
  }
}

function decideHost(host: HostFacts, facts: Facts, options: DecisionOptions, demand: MessageDemand): HostDecision {
  const { addresses, tlsa } = host
  const sts = stsFor(host, facts)
  if (addresses.kind === 'failed') return addressFailure(host, facts, addresses.reason)
  if (addresses.kind === 'none') return skip(host, 'H3', 'no-address', 'the host has no address', [])
  if (demand.waived) return connect(host, facts, { dane: { state: 'none' }, sts: { mode: 'none' }, options, demand })
  if (tlsa.row === 'H8') return tlsaFailure(host, tlsa.reason, options, () => connectTo(host, facts, options, demand))
  const dane = daneFor(host, facts)
  if (options.daneMandatory && dane.state !== 'ok') return daneRequired(host, dane)
  const notListed = sts.mode === 'enforce' && !sts.listed
  const isDaneEnough = dane.state === 'ok' && isSecure(facts.mx) && !options.requireBoth
  if (notListed && !isDaneEnough && !options.audit) return notInPolicy(host, facts, dane)
  if (demand.requireTls && dane.state !== 'ok' && sts.mode !== 'enforce') {
    return skip(
      host,
      '33',
      'requiretls-unprotected',
      'the message requires TLS, and nothing authenticates the host',
      [],
    )
  }
  return connect(host, facts, { dane, sts, options, demand })
}

function connectTo(host: HostFacts, facts: Facts, options: DecisionOptions, demand: MessageDemand): ConnectDecision {
  return connect(host, facts, { dane: { state: 'none' }, sts: stsFor(host, facts), options, demand })
}

function isSecure(mx: MxFinding): boolean {
  return 'status' in mx ? mx.status === 'secure' : mx.row === 'M8'
}

/** Row 1 by way of H2; behind an unsigned MX record nobody claimed DANE, and nothing is reported. RFC 7672 §2.1.2 */
function addressFailure(host: HostFacts, { mx }: Facts, reason: string): SkipDecision {
  const policyType = isSecure(mx) ? 'tlsa' : 'no-policy-found'
  const reports: SessionReport[] = isSecure(mx) ? [{ policyType, resultType: 'dnssec-invalid', reason }] : []
  return skip(host, isSecure(mx) ? '1' : 'H2', 'address-lookup-failed', `its address lookup failed: ${reason}`, reports)
}

/** Row 1: a TLSA lookup that fails makes the host unreachable, whatever a policy says. RFC 7672 §2.1.2, RFC 8461 §2 */
function tlsaFailure(
  host: HostFacts,
  reason: string,
  { audit }: DecisionOptions,
  otherwise: () => HostDecision,
): HostDecision {
  if (audit) return otherwise()
  const reports: SessionReport[] = [{ policyType: 'tlsa', resultType: 'dnssec-invalid', reason }]
  return skip(host, '1', 'tlsa-lookup-failed', `its TLSA lookup failed: ${reason}`, reports)
}

/** Row 28. RFC 8460 §4.3.2.1 */
function daneRequired(host: HostFacts, { state }: DaneUse): SkipDecision {
  const resultType = state === 'unusable' ? 'tlsa-invalid' : 'dane-required'
  const text =
    state === 'unusable'
      ? 'DANE is required, and no TLSA record can be used'
      : 'DANE is required, and there are no secure TLSA records'
  return skip(host, '28', 'dane-required', text, [{ policyType: 'tlsa', resultType, reason: undefined }])
}

/** Rows 12, 16 and 17: there is no use in connecting. RFC 8461 §4.1, §5 */
function notInPolicy(host: HostFacts, { sts }: Facts, dane: DaneUse): SkipDecision {
  const row = dane.state === 'ok' ? '12' : dane.state === 'unusable' ? '16' : '17'
  const mismatch: SessionReport = { policyType: 'sts', resultType: 'validation-failure', reason: 'sts-mx-mismatch' }
  const invalid: SessionReport[] =
    dane.state === 'unusable' ? [{ policyType: 'tlsa', resultType: 'tlsa-invalid', reason: undefined }] : []
  const text = `the MTA-STS policy${sts?.policy === undefined ? '' : ` of id ${sts.policy.id}`} does not list it`
  return skip(host, row, 'mx-not-in-policy', text, [mismatch, ...invalid])
}

function skip(
  { host, preference, tlsa }: HostFacts,
  row: SkipDecision['row'],
  reason: SkipReason,
  text: string,
  reports: readonly SessionReport[],
): SkipDecision {
  return { action: 'skip', host, preference, row, daneRow: tlsa.row, reason, text, reports }
}

function stsFor({ host }: HostFacts, { sts }: Facts): StsUse {
  const policy = sts?.policy?.policy
  if (policy === undefined || policy.mode === 'none') return { mode: 'none' }
  // A host of MX records is a domain name; only those have a policy. RFC 8461 §4.1
  return { mode: policy.mode, listed: listsMx(policy.mx, host as DomainName) }
}

function daneFor({ host, tlsa }: HostFacts, { nextHop, mx }: Facts): DaneUse {
  if (tlsa.row === 'H6') return { state: 'unusable' }
  if (tlsa.row !== 'H5') return { state: 'none' }
  const { baseDomain, usable } = tlsa
  const byMx = mx.row === 'M5' ? 'secure' : mx.row === 'M6' ? 'insecure' : undefined
  const names = referenceIdentifiers({
    nextHop: nextHop.kind === 'domain' ? nextHop.domain : undefined,
    expanded: 'expanded' in mx ? mx.expanded : undefined,
    mx: byMx,
    host: host as DomainName, // TLSA records are asked for below names alone
    baseDomain,
  })
  return { state: 'ok', records: usable, baseDomain, names }
}

function connect(
  { host, preference, addresses, tlsa }: HostFacts,
  { nextHop, mx }: Facts,
  { dane, sts, options, demand }: Pick<ConnectDecision, 'dane' | 'sts' | 'options' | 'demand'>,
): ConnectDecision {
  const tls = demandFor(dane, sts, options, demand)
  return {
    ...{ action: 'connect', host, preference, daneRow: tlsa.row, tls, dane, sts, options, demand },
    addresses: addresses.kind === 'found' ? addresses.addresses : [],
    text: describeDemand(tls, dane, sts, demand),
    serverName: serverNameFor(host, dane, nextHop.kind === 'literal'),
    mxIsSecure: isSecure(mx),
  }
}

function serverNameFor(host: string, dane: DaneUse, isLiteral: boolean): DomainName | undefined {
  if (isLiteral) return undefined
  return dane.state === 'ok' ? dane.baseDomain : (host as DomainName) // no literal, so it is a name
}

function demandFor(dane: DaneUse, sts: StsUse, options: DecisionOptions, demand: MessageDemand): TlsDemand {
  if (demand.waived || options.audit) return 'may'
  if (dane.state === 'ok') return 'dane'
  if (sts.mode === 'enforce') return 'pkix'
  return dane.state === 'unusable' || options.tlsMandatory ? 'encrypt' : 'may'
}

function describeDemand(tls: TlsDemand, dane: DaneUse, sts: StsUse, { waived }: MessageDemand): string {
  switch (tls) {
    case 'dane':
      return sts.mode === 'none' ? 'DANE' : `DANE, and MTA-STS in mode ${sts.mode}`
    case 'pkix':
      return dane.state === 'unusable' ? 'MTA-STS; no TLSA record can be used' : 'MTA-STS'
    case 'encrypt':
      return dane.state === 'unusable' ? 'TLS; no TLSA record can be used' : 'TLS, as its sender wants it'
    case 'may':
      if (waived) return 'the message waives TLS'
      return sts.mode === 'testing' ? 'MTA-STS in mode testing' : 'TLS if it is offered'
  }
}
