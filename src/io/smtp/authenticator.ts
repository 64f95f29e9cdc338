import type { X509Certificate } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { type DaneDemand, type DaneEvidence, daneEvidence, findAnchors, isMisled } from '../../core/dane/peer.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { type PkixEvidence, pkixEvidence } from '../../core/x509/peer.ts'
import type { Clock } from '../clock.ts'
import { type AnchorMemory, recallAnchors, rememberAnchors } from './anchor-memory.ts'
import type { TlsFacts } from './handshake.ts'
import type { TlsProfile } from './tls-profile.ts'

/** How one session asks for TLS, and judges what it got. */
export interface Authenticator {
  readonly context: SecureContext
  readonly serverName: string | undefined
  /** Whether mail may go through this session, or a new one must show first what this one only hinted at. */
  judge(facts: TlsFacts): boolean
  /** After `judge` said no: one that learned from what it saw and may say yes on a new connection. RFC 7672 §3.1.2 */
  next(): Authenticator | undefined
}

/** Everything that was found out about one peer. */
export interface PeerEvidence {
  readonly facts: TlsFacts
  /** Undefined when no usable records apply. */
  readonly dane: DaneEvidence | undefined
  /** Undefined when the chain was held against DANE-TA anchors alone, and never against public roots. */
  readonly pkix: PkixEvidence | undefined
}

export interface PeerDemand {
  /** The MX host: the name that public trust must vouch for, and under which anchors are remembered. */
  readonly host: DomainName
  /** SNI; undefined for an address literal. */
  readonly serverName: DomainName | undefined
  /** Whether a policy asks for TLS: decides which suites are offered. */
  readonly strict: boolean
  readonly dane: DaneDemand | undefined
  /** Whether the verdict depends on public trust as well, so that it must be asked for although DANE applies. */
  readonly needsPkix: boolean
  /** The verdict, from the decision tables. Called once for every handshake. */
  decide(evidence: PeerEvidence): boolean
}

export interface AuthenticatorIo {
  readonly profile: TlsProfile
  readonly anchors: AnchorMemory
  readonly clock: Clock
}

/**
 * Makes the authenticator for the sessions with one address.
 *
 * OpenSSL judges a chain only against trust anchors that it has before the handshake. So where DANE-TA applies the
 * first handshake shows the chain, and a second one, on a new connection, is held against the anchor found in it;
 * anchors that were good before make the first one suffice.
 */
export async function createAuthenticator(demand: PeerDemand, io: AuthenticatorIo): Promise<Authenticator> {
  const { dane, host } = demand
  const first = { seen: undefined, isLast: false }
  if (dane?.hasAnchors !== true || demand.needsPkix) return authenticatorWith([], first, demand, io)
  const known = (await recallAnchors(io.anchors, host)).filter((certificate) => dane.isAnchor(certificate))
  return authenticatorWith([...dane.wholeAnchors, ...known], first, demand, io)
}

interface Round {
  /** What public roots said of this server's certificate in the round before. */
  readonly seen: { readonly leaf: string | undefined; readonly pkix: PkixEvidence } | undefined
  /** One more handshake is all that a server can bring about. */
  readonly isLast: boolean
}

function authenticatorWith(
  anchors: readonly X509Certificate[],
  { seen, isLast }: Round,
  demand: PeerDemand,
  io: AuthenticatorIo,
): Authenticator {
  const { dane, host, serverName, strict } = demand
  const { profile, clock } = io
  let learned: Authenticator | undefined

  function judge(facts: TlsFacts): boolean {
    const now = clock.now()
    const leaf = facts.chain[0]?.fingerprint256
    const known = seen !== undefined && seen.leaf === leaf ? seen.pkix : undefined
    const pkix = anchors.length === 0 ? pkixEvidence(facts, host, now) : known
    const daneFound = dane && daneEvidence(dane, facts, anchors, now)
    const sufficient = demand.decide({ facts, dane: daneFound, pkix })
    if (daneFound?.kind === 'matched' && daneFound.usage === 'dane-ta') remember(now)
    if (isLast || dane === undefined || daneFound?.kind !== 'failed') return sufficient
    const found = findAnchors(dane, facts.chain, now)
    const isNews = found.length > 0 && (isMisled(dane, facts.chain[0], anchors) || !found.every(isAmong(anchors)))
    if (!isNews) return sufficient
    // Even where mail may go all the same, as in audit mode: nobody knows yet what the records say of this server.
    learned = authenticatorWith(found, { seen: pkix && { leaf, pkix }, isLast: true }, demand, io)
    return false
  }

  /** Those that stand in DNS are no news. */
  function remember(now: number): void {
    const news = anchors.filter((anchor) => !isAmong(dane?.wholeAnchors ?? [])(anchor))
    void rememberAnchors(io.anchors, host, news, now)
  }

  const ownContext = strict ? 'strict' : 'opportunistic'
  return {
    context: anchors.length > 0 ? profile.anchoredAt(anchors) : profile[ownContext],
    serverName,
    judge,
    next: () => learned,
  }
}

function isAmong(certificates: readonly X509Certificate[]): (one: X509Certificate) => boolean {
  const digests = new Set(certificates.map(({ fingerprint256 }) => fingerprint256))
  return ({ fingerprint256 }) => digests.has(fingerprint256)
}
