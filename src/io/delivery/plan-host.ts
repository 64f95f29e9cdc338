import { demandOf } from '../../core/dane/match.ts'
import type { ConnectDecision } from '../../core/decision/decision.ts'
import { judgeSession, type PeerFinding, type SessionFinding, type Verdict } from '../../core/decision/judge.ts'
import { daneMatch, pkixFault } from '../../core/decision/peer-finding.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { formatReply } from '../../core/smtp/reply.ts'
import { bearsDnsId } from '../../core/x509/peer.ts'
import {
  type Authenticator,
  type AuthenticatorIo,
  createAuthenticator,
  type PeerEvidence,
} from '../smtp/authenticator.ts'
import type { SessionRecord } from '../smtp/run-session.ts'
import { failedInTls, isWishForTls } from './attempt-address.ts'
import type { ConnectPlan, Judgement } from './plan.ts'
import { ourStatus, type Reason, type Status } from './status.ts'

/** What the decision about one host means for the sessions with it. */
export function planHost(host: ConnectDecision, io: AuthenticatorIo): ConnectPlan {
  // Of the last handshake: sessions with one host follow each other.
  let seen: PeerFinding | undefined
  const decide = (evidence: PeerEvidence): boolean => {
    seen = findingOfPeer(evidence, pinnedNames(host))
    return judgeSession(host, { kind: 'tls', peer: seen }).action === 'deliver'
  }
  return {
    ...{ action: 'connect', host: host.host, preference: host.preference, addresses: host.addresses },
    tls: host.tls === 'may' && !host.demand.requireTls ? 'may' : 'required',
    async authenticator() {
      seen = undefined
      return authenticatorFor(host, decide, io)
    },
    judge: (sessions) => judgeAddress(host, sessions, seen),
  }
}

function authenticatorFor(
  host: ConnectDecision,
  decide: (evidence: PeerEvidence) => boolean,
  io: AuthenticatorIo,
): Promise<Authenticator> {
  const { dane, sts, serverName, tls } = host
  const demand = {
    host: host.host as DomainName, // a literal has no anchors and no names to hold against
    serverName,
    strict: tls !== 'may',
    dane: dane.state === 'ok' ? { ...demandOf(dane.records), names: dane.names } : undefined,
    needsPkix: sts.mode !== 'none' || pinnedNames(host) !== undefined,
    decide,
  }
  return createAuthenticator(demand, io)
}

/** The names that an operator's override asks for; undefined where none does. */
function pinnedNames({ override, host }: ConnectDecision): readonly DomainName[] | undefined {
  const rule = override?.by.rule
  if (rule?.kind !== 'require' || rule.level !== 'pkix') return undefined
  return rule.names.length > 0 ? rule.names : [host as DomainName] // a literal bears no DNS name
}

/** What the evidence means in the words of the tables. */
function findingOfPeer({ facts, dane, pkix }: PeerEvidence, names: readonly DomainName[] | undefined): PeerFinding {
  const found = { dane: dane && daneMatch(dane), pkixFault: pkixFault(pkix) }
  if (names === undefined) return found
  const [leaf] = facts.chain
  const nameMatches = leaf !== undefined && names.some((name) => bearsDnsId(leaf, name))
  const fault = pkixFault(pkix && { ...pkix, nameMatches })
  return { ...found, ...(fault !== undefined && { overrideFault: fault }) }
}

/** What all sessions with one address came to: the row is that of the first in which TLS was decided. */
function judgeAddress(
  host: ConnectDecision,
  sessions: readonly SessionRecord[],
  seen: PeerFinding | undefined,
): Judgement {
  const last = sessions.at(-1)
  const decisive = sessions.find(failedInTls) ?? last
  const finding = decisive === undefined ? noSession('the host was not connected to') : findingOfSession(decisive, seen)
  const verdict = judgeSession(host, finding)
  const { row, text, protection, reports } = verdict
  if (last === undefined || last === decisive) {
    return { row, reason: text, protection, failure: failureOf(verdict, last), reports }
  }
  // After a retry: in the clear, or in TLS without SNI.
  const wanting = wantingInTheClear(last)
  const failure =
    wanting === undefined
      ? failureOf(judgeSession(host, findingOfSession(last, seen)), last)
      : ourStatus('tls-failed', 'starttls', `${text}, and ${wanting}`)
  return { row, reason: text, protection: last.secured ? 'encrypted' : 'none', failure, reports }
}

/** Why a server in the clear did not get what it may take inside TLS. RFC 3207 §4, §4.2 */
function wantingInTheClear({ fates, secured }: SessionRecord): string | undefined {
  if (secured) return undefined
  if (fates.some(isWishForTls)) return 'the server takes no mail without TLS'
  const isLacking = fates.some(({ kind }) => kind === 'unsupported')
  return isLacking ? 'without TLS the server does not offer what the message needs' : undefined
}

function noSession(reason: string): SessionFinding {
  return { kind: 'no-session', reason }
}

function findingOfSession(session: SessionRecord, seen: PeerFinding | undefined): SessionFinding {
  const { end, secured, startTls } = session
  if (failedInTls(session)) return { kind: 'no-handshake', reason: whyNoTls(session) }
  if (end.kind === 'requiretls-not-offered') return { kind: 'no-requiretls' }
  if (seen !== undefined && (secured || end.kind === 'not-authenticated')) return { kind: 'tls', peer: seen }
  if (end.kind === 'not-connected') return noSession(`no connection: ${end.fault}`)
  if (end.kind === 'greeting-refused') return noSession(`the server greets with ${formatReply(end.reply)}`)
  if (end.kind === 'starttls-refused') {
    return { kind: 'no-starttls', reason: `the server refuses STARTTLS: ${formatReply(end.reply)}` }
  }
  if (end.kind !== 'starttls-not-offered' && startTls === undefined)
    return noSession('the session ended before it began')
  const refuses = startTls?.offered === true
  return { kind: 'no-starttls', reason: refuses ? 'the server refuses STARTTLS' : 'the server does not offer STARTTLS' }
}

/** Why a session that tried TLS cannot be used. */
function whyNoTls({ end, secured, tlsFailure }: SessionRecord): string {
  const where = secured ? 'right after the TLS handshake' : 'when asked for STARTTLS'
  switch (end.kind) {
    case 'early-octets':
      return 'the TLS handshake failed: octets came before it'
    case 'ehlo-refused':
      return `the server refuses EHLO inside TLS: ${formatReply(end.reply)}`
    case 'closing':
      return `the server closes ${where}: ${formatReply(end.reply)}`
    case 'timed-out':
      return `the server is silent ${where}`
    case 'lost':
      return `the connection was lost ${where}`
    case 'protocol':
      return `the server gives no proper reply ${where}: ${end.fault}`
    case 'handshake-failed':
    case 'completed':
    case 'not-connected':
    case 'not-authenticated':
    case 'greeting-refused':
    case 'starttls-refused':
    case 'starttls-not-offered':
    case 'requiretls-not-offered':
      return `the TLS handshake failed: ${tlsFailure?.reason ?? 'the connection was lost'}`
  }
}

/** For recipients whom the last session left open. */
function failureOf({ action, text, cause, row }: Verdict, last: SessionRecord | undefined): Status {
  if (action === 'skip' && row !== '30') {
    const isHandshake = cause === 'starttls' && last !== undefined && failedInTls(last)
    return ourStatus(isHandshake ? 'tls-failed' : skipReasons[cause], cause, text)
  }
  const end = last?.end
  const say = (reason: Reason, words = text) => {
    return ourStatus(isBeforeGreeting(end) ? 'not-connected' : reason, 'smtp', words)
  }
  switch (end?.kind) {
    case undefined:
    case 'not-connected':
    case 'greeting-refused':
      return say('not-connected')
    case 'lost':
      return say('connection-lost', 'the connection was lost')
    case 'timed-out':
      return say('connection-lost', 'the server did not answer in time')
    case 'closing':
      return say('connection-lost', `the server closes: ${formatReply(end.reply)}`)
    case 'protocol':
      return say('bad-protocol', `the server's reply cannot be understood: ${end.fault}`)
    case 'ehlo-refused':
      return say('bad-protocol', `the server refuses EHLO: ${formatReply(end.reply)}`)
    case 'completed':
    case 'early-octets':
    case 'handshake-failed':
    case 'not-authenticated':
    case 'requiretls-not-offered':
    case 'starttls-not-offered':
    case 'starttls-refused':
      return say('not-connected')
  }
}

/** Whether nobody took the call: busy, silent, or no mail server. RFC 3463 §3.5 has that in X.4.1, what follows in X.4.2. */
function isBeforeGreeting(end: SessionRecord['end'] | undefined): boolean {
  return end !== undefined && 'phase' in end && end.phase === 'greeting'
}

const skipReasons = {
  dane: 'tls-failed',
  'mta-sts': 'tls-failed',
  starttls: 'no-starttls',
  requiretls: 'requiretls-missing',
  smtp: 'not-connected',
  override: 'tls-failed',
} as const satisfies Record<Verdict['cause'], Reason>
