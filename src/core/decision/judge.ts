import type { ConnectDecision, ResultType, Row, SessionReport } from './decision.ts'
import { judgeOverride } from './judge-override.ts'
import { success, unlistedReport, unusableReport } from './reports.ts'

/** What a session came to before any mail. */
export type SessionFinding =
  /** TLS is up, and this is what the server proved. */
  | { readonly kind: 'tls'; readonly peer: PeerFinding }
  | { readonly kind: 'no-starttls'; readonly reason: string }
  /** Also when it failed because of octets that came too early. */
  | { readonly kind: 'no-handshake'; readonly reason: string }
  /** Nobody there, or no SMTP server. RFC 8460 §4.3: not counted. */
  | { readonly kind: 'no-session'; readonly reason: string }
  /** TLS is up, and the server does not pass REQUIRETLS on; `peer` as far as it is known. RFC 8689 §4.2.1 */
  | { readonly kind: 'no-requiretls'; readonly peer?: PeerFinding | undefined }

export interface PeerFinding {
  /** Undefined when no usable records apply. */
  readonly dane: DaneMatch | undefined
  /** Undefined when it holds: trusted, in date, and of this name. */
  readonly pkixFault: PeerFault | undefined
  /** The same, held against the names that an operator's override asks for. */
  readonly overrideFault?: PeerFault | undefined
}

export type DaneMatch =
  | { readonly kind: 'matched' }
  | { readonly kind: 'failed'; readonly row: '4' | '5' | '6' | '7'; readonly fault: PeerFault }

export interface PeerFault {
  readonly resultType: Extract<ResultType, `certificate-${string}` | 'validation-failure'>
  readonly reason: string
}

/** How mail is or would be protected in this session. */
export type Protected = 'none' | 'encrypted' | 'host-verified' | 'verified'

/** A row of table 1d, and what follows from it. */
export interface Verdict {
  readonly row: Row
  /** `retry-in-clear` only where the rows allow cleartext after a handshake that failed. */
  readonly action: 'deliver' | 'skip' | 'retry-in-clear'
  readonly protection: Protected
  /** One line without a full stop. */
  readonly text: string
  readonly cause: 'dane' | 'mta-sts' | 'starttls' | 'requiretls' | 'smtp' | 'override'
  readonly reports: readonly SessionReport[]
}

/** Table 1d for one session with a host. */
export function judgeSession(host: ConnectDecision, found: SessionFinding): Verdict {
  const verdict = judgeByTables(host, found)
  if (host.override === undefined || found.kind === 'no-session') return verdict
  return judgeOverride({ ...host, override: host.override }, found, countedFor(host, verdict))
}

function judgeByTables(host: ConnectDecision, found: SessionFinding): Verdict {
  const verdict = weigh(host, found)
  if (found.kind === 'no-session' || found.kind === 'no-requiretls') return verdict
  const { requireTls, waived } = host.demand
  if (requireTls) return holdToRequireTls(host, found, verdict)
  if (waived) return relax(countedFor(host, verdict), found, '32', 'the message waives TLS')
  if (isAudited(host, found, verdict)) return relax(verdict, found, '31', 'delivered in audit mode')
  return verdict
}

/** What mail would be held back for, and audit mode lets pass: DANE and MTA-STS, after a session. RFC 7672 §9.1 */
const auditedRows: ReadonlySet<Row> = new Set(['2', '3', '4', '5', '6', '7', '16', '17', '18', '19', '20'])

/** Who mandates TLS audits certificates alone. */
function isAudited({ options }: ConnectDecision, found: SessionFinding, { action, row }: Verdict): boolean {
  const isUp = found.kind === 'tls' || !options.tlsMandatory
  return options.audit && action === 'skip' && auditedRows.has(row) && isUp
}

/** Rows 31, 32 and 34: the reports are those of the row that would have held it back. */
export function relax(verdict: Verdict, found: SessionFinding, row: Row, why: string): Verdict {
  if (verdict.action !== 'skip') return { ...verdict, row, text: why }
  const action = found.kind === 'no-handshake' ? 'retry-in-clear' : 'deliver'
  const protection = found.kind === 'tls' ? 'encrypted' : 'none'
  return { ...verdict, action, row, text: `${why}, although ${verdict.text}`, protection }
}

/** A message that waives TLS, or that an override lets go, goes even where TLSA records cannot be looked up; that is what is counted then. */
function countedFor({ daneRow }: ConnectDecision, verdict: Verdict): Verdict {
  if (daneRow !== 'H8') return verdict
  return { ...verdict, reports: [{ policyType: 'tlsa', resultType: 'dnssec-invalid', reason: 'tlsa-lookup-failed' }] }
}

/** Row 33: neither audit mode nor a policy in mode testing counts for what a message demands. RFC 8689 §4.2.1 */
function holdToRequireTls(host: ConnectDecision, found: SessionFinding, verdict: Verdict): Verdict {
  if (verdict.action === 'skip') return verdict
  const isProved = (host.dane.state === 'ok' && host.mxIsSecure) || host.sts.mode === 'enforce'
  if (found.kind === 'tls' && verdict.protection === 'verified' && isProved) return verdict
  return { ...verdict, ...requireTlsFails, text: 'the message requires an authenticated server' }
}

const requireTlsFails: Omit<Verdict, 'reports'> = {
  ...{ row: '33', action: 'skip', protection: 'none', cause: 'requiretls' },
  text: 'the server does not offer REQUIRETLS',
}

function weigh(host: ConnectDecision, found: SessionFinding): Verdict {
  switch (found.kind) {
    case 'no-session':
      return { row: '30', action: 'skip', protection: 'none', text: found.reason, cause: 'smtp', reports: [] }
    case 'no-starttls':
    case 'no-handshake':
      return weighNoTls(host, found.kind, found.reason)
    case 'no-requiretls':
      return weighUnwilling(host, found.peer)
    case 'tls':
      return weighPeer(host, found.peer)
  }
}

/** Row 33, unless the server was turned away before: then it is counted as that. */
function weighUnwilling(host: ConnectDecision, peer: PeerFinding | undefined): Verdict {
  if (peer === undefined) return { ...requireTlsFails, reports: [] }
  const verdict = weighPeer(host, peer)
  return verdict.action === 'skip' ? verdict : { ...verdict, ...requireTlsFails }
}

/** Rows 2, 3, 13, 17, 18, 19, 22, 23, 25, 26 and 29. */
function weighNoTls(host: ConnectDecision, kind: 'no-starttls' | 'no-handshake', reason: string): Verdict {
  const { dane, sts, options } = host
  const isOffer = kind === 'no-starttls'
  const resultType = isOffer ? 'starttls-not-supported' : 'validation-failure'
  const skip = (row: Row, cause: Verdict['cause'], reports: readonly SessionReport[]): Verdict => {
    return { row, action: 'skip', protection: 'none', text: reason, cause: isOffer ? 'starttls' : cause, reports }
  }
  const tlsa: SessionReport = { policyType: 'tlsa', resultType, reason }
  const policy: SessionReport = { policyType: 'sts', resultType, reason }
  if (dane.state === 'ok') {
    const alsoSts = isOffer && sts.mode !== 'none' ? [policy] : []
    return skip(isOffer ? '2' : '3', 'dane', [tlsa, ...alsoSts])
  }
  if (dane.state === 'unusable') return skip('13', 'dane', [tlsa, unusableReport])
  const isUnlisted = sts.mode !== 'none' && !sts.listed
  const report: SessionReport = sts.mode === 'none' ? { ...policy, policyType: 'no-policy-found' } : policy
  const reports = [isUnlisted ? unlistedReport : report]
  if (sts.mode === 'enforce' && isUnlisted) return { ...skip('17', 'mta-sts', reports), ...unlisted }
  if (sts.mode === 'enforce') return skip(isOffer ? '18' : '19', 'mta-sts', reports)
  if (options.tlsMandatory) return skip('29', 'starttls', reports)
  const row = sts.mode === 'testing' ? (isOffer ? '22' : '23') : isOffer ? '25' : '26'
  const action = isOffer ? 'deliver' : 'retry-in-clear'
  return { row, action, protection: 'none', text: reason, cause: 'starttls', reports }
}

const unlisted = { cause: 'mta-sts', text: 'the MTA-STS policy does not list the host' } as const

/** Rows 4 to 12, 14 to 17, 20 to 22, 24 and 27. */
function weighPeer(host: ConnectDecision, peer: PeerFinding): Verdict {
  switch (host.dane.state) {
    case 'ok':
      return weighDane(host, peer)
    case 'unusable':
      return weighUnusable(host, peer)
    case 'none':
      return weighPublic(host, peer)
  }
}

function weighDane(host: ConnectDecision, peer: PeerFinding): Verdict {
  const { sts, mxIsSecure, options } = host
  const { dane } = peer
  if (dane?.kind !== 'matched') {
    const { row, fault } = dane ?? {
      row: '4',
      fault: { resultType: 'validation-failure', reason: 'dane-no-match' } as const,
    }
    const reports: SessionReport[] = [{ policyType: 'tlsa', ...fault }]
    return { row, action: 'skip', protection: 'none', text: fault.reason, cause: 'dane', reports }
  }
  const good = (row: Row, reports: readonly SessionReport[]): Verdict => {
    const protection = mxIsSecure ? 'verified' : 'host-verified'
    return { row, action: 'deliver', protection, text: 'DANE matches', cause: 'dane', reports }
  }
  if (sts.mode === 'none') return good('8', [success('tlsa')])
  const fault = stsFault(sts, peer)
  if (fault === undefined) {
    return { ...good('9', [success('tlsa'), success('sts')]), protection: 'verified' }
  }
  const reports: SessionReport[] = [success('tlsa'), { policyType: 'sts', ...fault }]
  if (sts.mode === 'testing') return good('10', reports)
  const mustHold = !mxIsSecure || options.requireBoth
  if (!mustHold) return good('11', reports)
  const text = `DANE matches, but MTA-STS does not: ${fault.reason}`
  return { row: mxIsSecure ? '11' : '12', action: 'skip', protection: 'none', text, cause: 'mta-sts', reports }
}

type ActiveSts = Extract<ConnectDecision['sts'], { mode: 'testing' | 'enforce' }>

/** What MTA-STS has against the session. RFC 8461 §4 */
function stsFault({ listed }: ActiveSts, { pkixFault }: PeerFinding): PeerFault | undefined {
  return listed ? pkixFault : unlistedFault
}

const unlistedFault: PeerFault = { resultType: 'validation-failure', reason: 'sts-mx-mismatch' }

function weighUnusable({ sts }: ConnectDecision, peer: PeerFinding): Verdict {
  const unusable = 'no TLSA record can be used'
  if (sts.mode === 'none') {
    return {
      row: '14',
      action: 'deliver',
      protection: 'encrypted',
      text: unusable,
      cause: 'dane',
      reports: [unusableReport],
    }
  }
  const fault = stsFault(sts, peer)
  const counted: SessionReport = fault === undefined ? success('sts') : { policyType: 'sts', ...fault }
  const reports = [counted, unusableReport]
  if (sts.mode === 'testing') {
    return { row: '14', action: 'deliver', protection: 'encrypted', text: unusable, cause: 'dane', reports }
  }
  if (fault === undefined) {
    return { row: '15', action: 'deliver', protection: 'verified', text: 'MTA-STS holds', cause: 'mta-sts', reports }
  }
  return { row: '16', action: 'skip', protection: 'none', text: fault.reason, cause: 'mta-sts', reports }
}

function weighPublic({ sts }: ConnectDecision, peer: PeerFinding): Verdict {
  if (sts.mode === 'none') {
    const reports = [success('no-policy-found')]
    return { row: '27', action: 'deliver', protection: 'encrypted', text: 'no policy', cause: 'starttls', reports }
  }
  const fault = stsFault(sts, peer)
  if (fault === undefined) {
    const row = sts.mode === 'enforce' ? '21' : '24'
    const reports = [success('sts')]
    return { row, action: 'deliver', protection: 'verified', text: 'MTA-STS holds', cause: 'mta-sts', reports }
  }
  const reports: SessionReport[] = [{ policyType: 'sts', ...fault }]
  const text = fault.reason
  if (sts.mode === 'testing') {
    return { row: '22', action: 'deliver', protection: 'encrypted', text, cause: 'mta-sts', reports }
  }
  return { row: sts.listed ? '20' : '17', action: 'skip', protection: 'none', text, cause: 'mta-sts', reports }
}
