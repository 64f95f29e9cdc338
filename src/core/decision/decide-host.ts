import { referenceIdentifiers } from '../dane/names.ts'
import { listsMx } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import type {
  ConnectDecision,
  DaneUse,
  DecisionOptions,
  HostDecision,
  MessageDemand,
  SessionReport,
  SkipDecision,
  SkipReason,
  StsUse,
  TlsDemand,
} from './decision.ts'
import type { Facts, HostFacts, MxFinding, NextHop } from './facts.ts'
import { unlistedReport, unusableReport } from './reports.ts'

interface Wishes {
  readonly options: DecisionOptions
  readonly demand: MessageDemand
}

/** What to do about one MX host: table 1b, and the rows of 1d that stand before any session. */
export function decideHost(host: HostFacts, facts: Facts, { options, demand }: Wishes): HostDecision {
  const { addresses, tlsa } = host
  const { requireTls, waived } = demand
  if (addresses.kind === 'failed') return addressFailure(host, facts, addresses.reason)
  if (addresses.kind === 'none') return skip(host, 'H3', 'no-address', 'the host has no address', [])
  const dane = daneFor(host, facts)
  const sts = stsFor(host, facts)
  const connection = connect(host, facts, { dane, sts, options, demand })
  if (waived) return connection // row 32
  if (tlsa.row === 'H8') return tlsaFailure(host, tlsa.reason)
  if (options.daneMandatory && dane.state !== 'ok') return daneRequired(host, dane)
  const isProved = dane.state === 'ok' && isSecure(facts.mx)
  if (sts.mode === 'enforce' && !sts.listed && (!isProved || options.requireBoth)) {
    // Rows 16 and 17 are among those that audit mode lets pass; 11 and 12 are not.
    const isAudited = options.audit && !requireTls && dane.state !== 'ok'
    return isAudited ? connection : notInPolicy(host, facts, dane)
  }
  // RFC 8689 §4.2.1: who vouches for the host must vouch for its name too.
  if (requireTls && !isProved && sts.mode !== 'enforce') return unprotected(host)
  return connection
}

/** Whether the domain's word for the host's name is proved, or no word of it was needed. RFC 7672 §2.2.1 */
function isSecure(mx: MxFinding): boolean {
  return 'status' in mx ? mx.status === 'secure' : mx.row === 'M8'
}

/** Row 1 by way of H2; behind an unsigned MX record nobody claimed DANE, and nothing is reported. RFC 7672 §2.1.2 */
function addressFailure(host: HostFacts, { mx }: Facts, reason: string): SkipDecision {
  const text = `its address lookup failed: ${reason}`
  if (!isSecure(mx)) return skip(host, 'H2', 'address-lookup-failed', text, [])
  return skip(host, '1', 'address-lookup-failed', text, [{ policyType: 'tlsa', resultType: 'dnssec-invalid', reason }])
}

/** Row 1: a TLSA lookup that fails makes the host unreachable, whatever a policy says. RFC 7672 §2.1.2, RFC 8461 §2 */
function tlsaFailure(host: HostFacts, reason: string): SkipDecision {
  const reports: SessionReport[] = [{ policyType: 'tlsa', resultType: 'dnssec-invalid', reason }]
  return skip(host, '1', 'tlsa-lookup-failed', `its TLSA lookup failed: ${reason}`, reports)
}

/** Row 28. RFC 8460 §4.3.2.1 */
function daneRequired(host: HostFacts, { state }: DaneUse): SkipDecision {
  if (state === 'unusable') {
    return skip(host, '28', 'dane-required', 'DANE is required, and no TLSA record can be used', [unusableReport])
  }
  const report: SessionReport = { policyType: 'tlsa', resultType: 'dane-required', reason: undefined }
  return skip(host, '28', 'dane-required', 'DANE is required, and there are no secure TLSA records', [report])
}

/** Rows 11, 12, 16 and 17: there is no use in connecting. RFC 8461 §4.1, §5 */
function notInPolicy(host: HostFacts, { mx, sts }: Facts, { state }: DaneUse): SkipDecision {
  const text = `the MTA-STS policy${sts?.policy === undefined ? '' : ` of id ${sts.policy.id}`} does not list it`
  switch (state) {
    case 'ok':
      return skip(host, isSecure(mx) ? '11' : '12', 'mx-not-in-policy', text, [unlistedReport])
    case 'unusable':
      return skip(host, '16', 'mx-not-in-policy', text, [unlistedReport, unusableReport])
    case 'none':
      return skip(host, '17', 'mx-not-in-policy', text, [unlistedReport])
  }
}

function unprotected(host: HostFacts): SkipDecision {
  const text = 'the message requires TLS, and nothing authenticates the host'
  return skip(host, '33', 'requiretls-unprotected', text, [])
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
  const names = referenceIdentifiers({
    nextHop: nameOf(nextHop),
    expanded: 'expanded' in mx ? mx.expanded : undefined,
    mx: 'status' in mx ? mx.status : undefined,
    host: host as DomainName, // TLSA records are asked for below names alone
    baseDomain,
  })
  return { state: 'ok', records: usable, baseDomain, names }
}

function nameOf(nextHop: NextHop): DomainName | undefined {
  switch (nextHop.kind) {
    case 'domain':
      return nextHop.domain
    case 'relay':
      return nextHop.host
    case 'literal':
      return undefined
  }
}

function connect(
  { host, preference, addresses, tlsa }: HostFacts,
  { nextHop, mx }: Facts,
  use: Pick<ConnectDecision, 'dane' | 'sts' | 'options' | 'demand'>,
): ConnectDecision {
  const tls = demandFor(use)
  return {
    ...{ action: 'connect', host, preference, daneRow: tlsa.row, tls, ...use },
    addresses: addresses.kind === 'found' ? addresses.addresses : [],
    text: describeDemand(tls, use),
    serverName: nextHop.kind === 'literal' ? undefined : serverNameFor(host as DomainName, tlsa, use.sts),
    mxIsSecure: isSecure(mx),
  }
}

/**
 * SNI. With TLSA records, whether they can be used or not, it is their base domain (RFC 7672 §8.1). Where none can be used a
 * policy alone holds the certificate against a name, and that is the MX host's: RFC 8461 §7.1 then names the host.
 */
function serverNameFor(host: DomainName, tlsa: HostFacts['tlsa'], sts: StsUse): DomainName {
  if (tlsa.row === 'H6') return sts.mode === 'none' ? tlsa.baseDomain : host
  return tlsa.row === 'H5' ? tlsa.baseDomain : host
}

type Use = Pick<ConnectDecision, 'dane' | 'sts' | 'options' | 'demand'>

/** `may` just where the verdict on a session without TLS lets mail pass. */
function demandFor({ dane, sts, options, demand }: Use): TlsDemand {
  if (demand.waived) return 'may'
  const isAudited = options.audit && !demand.requireTls
  if (dane.state === 'ok' && !isAudited) return 'dane'
  if (sts.mode === 'enforce' && !isAudited) return 'pkix'
  return dane.state === 'unusable' || options.tlsMandatory ? 'encrypt' : 'may'
}

function describeDemand(tls: TlsDemand, { dane, sts, options, demand }: Use): string {
  switch (tls) {
    case 'dane':
      return sts.mode === 'none' ? 'DANE' : `DANE, and MTA-STS in mode ${sts.mode}`
    case 'pkix':
      return dane.state === 'unusable' ? 'MTA-STS; no TLSA record can be used' : 'MTA-STS'
    case 'encrypt':
      return dane.state === 'unusable' ? 'TLS; no TLSA record can be used' : 'TLS, as its sender wants it'
    case 'may':
      if (demand.waived) return 'the message waives TLS'
      if (options.audit && dane.state === 'ok') return 'DANE, in audit mode'
      if (options.audit && sts.mode === 'enforce') return 'MTA-STS, in audit mode'
      return sts.mode === 'testing' ? 'MTA-STS in mode testing' : 'TLS if it is offered'
  }
}
