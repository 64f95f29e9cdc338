import type { X509Certificate } from 'node:crypto'
import { createMatcher, demandOf, type IsOf } from '../dane/match.ts'
import { type DaneEvidence, daneEvidence, findAnchors } from '../dane/peer.ts'
import type { UsableTlsa } from '../dane/tlsa.ts'
import type { ConnectDecision } from '../decision/decision.ts'
import type { PeerFinding, SessionFinding } from '../decision/judge.ts'
import { daneMatch, pkixFault } from '../decision/peer-finding.ts'
import { sameOctets } from '../dns/octets.ts'
import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'
import { formatReply } from '../smtp/reply.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { type PkixEvidence, pkixEvidence } from '../x509/peer.ts'
import type {
  AddressProbe,
  HandshakeSeen,
  KeyFinding,
  KeyType,
  ProbeOutcome,
  StartTlsFinding,
  Talk,
} from './address-probe.ts'
import type { AnchoredChain } from './check-facts.ts'

/** A certificate of one kind that an address presented. */
export interface Presented {
  readonly keyType: KeyType
  readonly handshake: HandshakeSeen
  /** As far as they can be read. */
  readonly chain: readonly X509Certificate[]
  /** Whether a record is of a certificate, for these. */
  readonly isOf: IsOf
}

/** What a session with an address comes to for a sender, or why nobody can tell. */
export type SessionSeen =
  | { readonly kind: 'known'; readonly finding: SessionFinding; readonly keyType: KeyType | undefined }
  | { readonly kind: 'unknown'; readonly reason: string }

/** The certificates that an address presented, of each kind one. */
export function presentedBy({ outcome }: AddressProbe): Presented[] {
  if (outcome.kind !== 'talked') return []
  const isOf = createMatcher()
  return (['ecdsa', 'rsa'] as const).flatMap((keyType) => {
    const finding = outcome.keys[keyType]
    if (finding.kind !== 'presented') return []
    const { handshake } = finding
    return [{ keyType, handshake, chain: handshake.chain.flatMap((der) => parseCertificate(der) ?? []), isOf }]
  })
}

/** What an address presented; reading a certificate takes longer than all that is said of it. */
export type ReadPresented = (probe: AddressProbe) => readonly Presented[]

/**
 * Reads what each address presented once, for all that ask: every kind of sender does, and so does every domain that has
 * the same host.
 */
export function createReadPresented(): ReadPresented {
  const known = new Map<AddressProbe, readonly Presented[]>()
  return (probe) => {
    const before = known.get(probe)
    if (before !== undefined) return before
    const presented = presentedBy(probe)
    known.set(probe, presented)
    for (const oldest of known.keys()) {
      if (known.size <= limits.check.certificatesRead) break
      known.delete(oldest)
    }
    return presented
  }
}

export interface SessionContext {
  readonly now: number
  readonly anchored: readonly AnchoredChain[]
  /** Whether some other address answered us: what is refused then is refused by the host, not on our way out. */
  readonly reachesOthers: boolean
  readonly presentedBy: ReadPresented
}

/**
 * What sessions with one address come to for a sender who was told this by `decide`: one for each kind of certificate
 * that it may be shown. RFC 7672 §2.2, RFC 8461 §4
 */
export function sessionsWith(probe: AddressProbe, host: ConnectDecision, context: SessionContext): SessionSeen[] {
  const { outcome } = probe
  if (outcome.kind !== 'talked') return [withoutTalk(outcome, context)]
  const notOffered = withoutOffer(outcome)
  if (notOffered !== undefined) return [notOffered]
  const presented = context.presentedBy(probe)
  if (presented.length === 0) return [withoutCertificate(outcome)]
  return presented.map((one) => {
    const peer = peerOf(one, host, probe.address, context)
    if (peer === undefined) return unknown('its chain could not be held against the TLSA records')
    return { kind: 'known', keyType: one.keyType, finding: { kind: 'tls', peer } }
  })
}

/** What keeps one from knowing all certificates of an address. */
export interface NotShown {
  readonly reason: string
  /** Whether it is known to have no STARTTLS for senders. */
  readonly lacksStartTls: boolean
}

/** Why an address showed no certificate, or left open whether it has one of each kind; undefined when all was told. */
export function whyNotShown(probe: AddressProbe): NotShown | undefined {
  const seen = notShown(probe)
  if (seen === undefined) return undefined
  if (seen.kind === 'unknown') return { reason: seen.reason, lacksStartTls: false }
  const { finding } = seen
  const reason = 'reason' in finding ? finding.reason : 'no certificate was shown'
  return { reason, lacksStartTls: finding.kind === 'no-starttls' }
}

function notShown({ outcome }: AddressProbe): SessionSeen | undefined {
  if (outcome.kind !== 'talked') return withoutTalk(outcome, { reachesOthers: false })
  const findings = [outcome.keys.ecdsa, outcome.keys.rsa]
  const notOffered = withoutOffer(outcome)
  if (notOffered !== undefined) return notOffered
  if (!findings.some(({ kind }) => kind === 'presented')) return withoutCertificate(outcome)
  const open = findings.find(
    (finding) => finding.kind === 'failed' || (finding.kind === 'untold' && finding.why !== 'meaningless'),
  )
  return open && fromKey(open)
}

function withoutOffer({ startTls: { offer } }: Talk): SessionSeen | undefined {
  if (offer.kind === 'absent') return known('no-starttls', 'the server does not offer STARTTLS')
  if (offer.kind === 'garbled') return known('no-starttls', 'something on the way garbles the offer of STARTTLS')
  return undefined
}

/** Before any EHLO: a server that is not there for us, or not now, says nothing about TLS. RFC 8460 §4.3 */
function withoutTalk(
  outcome: Exclude<ProbeOutcome, Talk>,
  { reachesOthers }: Pick<SessionContext, 'reachesOthers'>,
): SessionSeen {
  switch (outcome.kind) {
    case 'not-connected': {
      const isTheirs = outcome.why === 'forbidden' || (outcome.why === 'refused' && reachesOthers)
      return isTheirs ? known('no-session', notConnected[outcome.why]) : unknown(notConnected[outcome.why])
    }
    case 'no-greeting':
      return unknown(outcome.why === 'closed' ? 'it closes without a greeting' : 'it does not greet in time')
    case 'not-smtp':
      return known('no-session', 'what answers speaks no SMTP')
    case 'busy': {
      const reply = outcome.tries.at(-1)?.reply
      return unknown(reply === undefined ? 'it is busy' : `it is busy or greylists us: ${formatReply(reply)}`)
    }
    case 'turned-away':
      return unknown(`it turns us away: ${formatReply(outcome.reply)}`)
    case 'given-up':
      return unknown('there was no time for it')
  }
}

/** In words, of a connection that did not come about. */
export const notConnected: Record<(ProbeOutcome & { kind: 'not-connected' })['why'], string> = {
  refused: 'the connection is refused',
  timeout: 'nobody answers in time',
  unreachable: 'there is no way there from here',
  forbidden: 'the address is not a public one',
  overload: 'too many connections are open here',
}

function withoutCertificate({ keys, ehlo, startTls }: Talk): SessionSeen {
  const told = [keys.ecdsa, keys.rsa].map((finding) => fromKey(finding))
  const best = told.find(({ kind }) => kind === 'known') ?? told[0]
  if (ehlo.kind === 'busy') return unknown(`it is busy: ${formatReply(ehlo.reply)}`)
  if (ehlo.kind === 'refused') return known('no-session', `it refuses EHLO: ${formatReply(ehlo.reply)}`)
  return best ?? fromStartTls(startTls)
}

function fromKey(finding: KeyFinding): SessionSeen {
  switch (finding.kind) {
    case 'presented':
    case 'absent':
      return unknown('no certificate of this kind')
    case 'failed': {
      const { fault, reason } = finding.failure
      const isOurs = fault === 'timeout' || fault === 'aborted'
      return isOurs
        ? unknown(`the TLS handshake was not over in time`)
        : known('no-handshake', `the TLS handshake failed: ${reason}`)
    }
    case 'no-tls':
      return fromStartTls(finding.startTls)
    case 'untold':
      return unknown(
        finding.reply === undefined ? 'it could not be tried' : `it is busy: ${formatReply(finding.reply)}`,
      )
  }
}

function fromStartTls({ offer, answer }: StartTlsFinding): SessionSeen {
  if (offer.kind === 'absent') return known('no-starttls', 'the server does not offer STARTTLS')
  switch (answer.kind) {
    case 'refused':
    case 'unavailable':
    case 'unexpected':
    case 'mangled':
      return known('no-starttls', `the server refuses STARTTLS: ${formatReply(answer.reply)}`)
    case 'busy':
      return unknown(`it is busy: ${formatReply(answer.reply)}`)
    case 'early-octets':
      return known('no-handshake', 'octets came before the TLS handshake')
    case 'lost':
      return known('no-handshake', 'the connection was lost when asked for STARTTLS')
    case 'not-smtp':
      return known('no-handshake', 'no proper reply to STARTTLS')
    case 'timed-out':
    case 'not-sent':
    case 'accepted':
      return unknown('it did not come to a TLS handshake in time')
  }
}

function peerOf(
  one: Presented,
  { dane, host }: ConnectDecision,
  address: string,
  context: SessionContext,
): PeerFinding | undefined {
  const pkix = pkixFault(pkixOf(one, host as DomainName, context.now)) // a literal has no TLSA records and no policy
  if (dane.state !== 'ok') return { dane: undefined, pkixFault: pkix }
  const evidence = daneOf(one, { records: dane.records, names: dane.names, address }, context)
  return evidence && { dane: daneMatch(evidence), pkixFault: pkix }
}

export function pkixOf({ chain, handshake }: Presented, host: DomainName, now: number): PkixEvidence {
  return pkixEvidence({ chain, chainError: handshake.chainError }, host, now)
}

export interface RecordsOf {
  readonly records: readonly UsableTlsa[]
  /** Reference identifiers, for DANE-TA. RFC 7672 §3.2.2 */
  readonly names: readonly DomainName[]
  readonly address: string
}

/**
 * What the records say of a certificate with its chain; for DANE-TA as OpenSSL judged it under their anchors, and undefined
 * where it was not asked though it would have to be.
 */
export function daneOf(
  one: Presented,
  { records, names, address }: RecordsOf,
  { anchored, now }: Pick<SessionContext, 'anchored' | 'now'>,
): DaneEvidence | undefined {
  const { chain, keyType, handshake, isOf } = one
  const demand = { ...demandOf(records, isOf), names }
  const [leaf] = handshake.chain
  const round = anchored.find(
    (candidate) =>
      candidate.address === address &&
      candidate.keyType === keyType &&
      leaf !== undefined &&
      candidate.chain[0] !== undefined &&
      sameOctets(candidate.chain[0], leaf),
  )
  if (round === undefined && anchorsFor(one, { records, names }, now).length > 0) return undefined
  if (round === undefined) return daneEvidence(demand, { chain, chainError: undefined }, [], now)
  const anchors = round.anchors.flatMap((der) => parseCertificate(der) ?? [])
  const seen = round.chain.flatMap((der) => parseCertificate(der) ?? [])
  return daneEvidence(demand, { chain: seen, chainError: round.chainError }, anchors, now)
}

/**
 * The anchors under which OpenSSL must judge a chain before anything can be said of DANE-TA: none where the chain has no
 * certificate that a record is of, or where DANE-EE has matched already. RFC 7672 §3.1.2
 */
export function anchorsFor(
  { chain, isOf }: Presented,
  { records, names }: Omit<RecordsOf, 'address'>,
  now: number,
): X509Certificate[] {
  const demand = { ...demandOf(records, isOf), names }
  const [leaf] = chain
  if (leaf === undefined || demand.isEndEntity(leaf)) return []
  return findAnchors(demand, chain, now)
}

function known(kind: 'no-starttls' | 'no-handshake' | 'no-session', reason: string): SessionSeen {
  return { kind: 'known', keyType: undefined, finding: { kind, reason } }
}

function unknown(reason: string): SessionSeen {
  return { kind: 'unknown', reason }
}
