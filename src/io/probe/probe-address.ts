import { X509Certificate } from 'node:crypto'
import type {
  AddressProbe,
  EhloFinding,
  HandshakeFailure,
  HandshakeSeen,
  KeyFinding,
  KeyType,
  ProbeOutcome,
  StartTlsFinding,
  Talk,
  UnnamedFinding,
} from '../../core/check/address-probe.ts'
import type { TlsParameters } from '../../core/check/tls-parameters.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { groups } from '../../core/tls/groups.ts'
import { createHelloAsker } from './ask-hello.ts'
import { sayEhloAlone } from './converse.ts'
import { told, untold } from './explore.ts'
import { findExchange } from './find-exchange.ts'
import { findSuites } from './find-suites.ts'
import { findVersions } from './find-versions.ts'
import { beginAsking } from './hello-offers.ts'
import type { Line } from './line.ts'
import { secure } from './secure.ts'
import { tryInjection, tryRenegotiation } from './try-further.ts'
import {
  createVisit,
  type Greeted,
  type Session,
  type Visit,
  type VisitIo,
  type VisitRequest,
  whyUnused,
} from './visit.ts'

export interface ProbeRequest extends VisitRequest {
  readonly host: DomainName
  /** In SNI. The MX host, or the TLSA base domain (RFC 7672 §8.1); undefined for an address literal. */
  readonly serverName: DomainName | undefined
}

/**
 * Looks at one address of one MX host. Never rejects for what a server does: everything is told by the outcome.
 *
 * Two connections at first, for a certificate with an RSA key and one with another key; both are read whether or not
 * anything vouches for them. No mail is begun in any of them.
 */
export async function probeAddress(request: ProbeRequest, io: VisitIo): Promise<AddressProbe> {
  const { host, endpoint, serverName, depth } = request
  const begun = io.clock.now()
  const visit = createVisit(request, io)
  const outcome = await look({ visit, request, io })
  return {
    ...{ host, address: endpoint.address, port: endpoint.port, serverName, depth, begun, ended: io.clock.now() },
    ...{ outcome, sessions: visit.sessions },
  }
}

interface Scene {
  readonly visit: Visit
  readonly request: ProbeRequest
  readonly io: VisitIo
}

/** What one session saw from 220 on. */
type Peek =
  | { readonly kind: 'secured'; readonly handshake: HandshakeSeen; readonly inside: EhloFinding }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }
  | { readonly kind: 'early-octets'; readonly text: string }

async function look(scene: Scene): Promise<ProbeOutcome> {
  const { visit } = scene
  let second: Promise<Session<Peek>> | undefined
  const first = await visit.run('RSA', (line) => {
    // Only where TLS is had at all, and while the first one is still at it.
    second = visit.run('other keys', (other) => peek(other, 'ecdsa', scene))
    return peek(line, 'rsa', scene)
  })
  if (first.kind === 'untold') {
    if (first.why !== 'busy') return { kind: 'given-up' }
    return { kind: 'busy', at: visit.busyAt() ?? 'greeting', tries: visit.busy }
  }
  if (first.kind === 'unused') return await withoutTls(first.seen, scene)
  return await withTls(first, (await second) ?? { kind: 'untold', why: 'given-up', reply: undefined }, scene)
}

async function peek(line: Line, key: KeyType, { request, io }: Scene): Promise<Peek> {
  const { serverName, clientName } = request
  const secured = await secure(line, { context: io.contexts.keys[key], serverName, clock: io.clock })
  if (secured.kind !== 'secured') return secured
  const inside = await sayEhloAlone(line, clientName)
  await line.leave()
  return { kind: 'secured', handshake: secured.seen(), inside }
}

/** Busy outcomes never get here: those were tried again. */
async function withoutTls(
  seen: Exclude<Session<Peek>, { kind: 'used' | 'untold' }>['seen'],
  scene: Scene,
): Promise<ProbeOutcome> {
  if (seen.kind === 'busy') return { kind: 'busy', at: 'greeting', tries: scene.visit.busy }
  if (seen.kind !== 'greeted') return seen
  // Once more in full depth: an offer must not depend on who asks when. RFC 7672 §9.2
  if (scene.request.depth === 'full') await scene.visit.run('second look', async (line) => line.leave())
  const none: KeyFinding = { kind: 'no-tls', startTls: seen.startTls }
  return {
    ...talkOf(seen, scene.visit),
    ...{ keys: { rsa: none, ecdsa: none }, inside: undefined },
    ...{ withoutName: untold('meaningless'), parameters: undefined },
  }
}

async function withTls(
  first: Extract<Session<Peek>, { kind: 'used' }>,
  second: Session<Peek>,
  scene: Scene,
): Promise<ProbeOutcome> {
  const keys = keysOf(first, second)
  const handshakes = Object.values(keys).flatMap((key) => (key.kind === 'presented' ? [key.handshake] : []))
  const isFull = scene.request.depth === 'full'
  const withoutName = isFull || refusesName(keys) ? await lookWithoutName(handshakes, scene) : untold('not-asked')
  return {
    ...talkOf(withEarlyOctets(first), scene.visit),
    ...{ keys, inside: insideOf([first, second]), withoutName },
    parameters: isFull ? await parametersOf(handshakes, scene) : undefined,
  }
}

function talkOf(
  { greeting, ehlo, startTls }: Greeted,
  { offers }: Visit,
): Pick<Talk, 'kind' | 'greeting' | 'ehlo' | 'startTls' | 'offers'> {
  return { kind: 'talked', greeting, ehlo, startTls, offers }
}

/** The answer was 220, and then more than the answer. */
function withEarlyOctets({ seen, value }: Extract<Session<Peek>, { kind: 'used' }>): Greeted {
  return { ...seen, startTls: startTlsOf(seen, value) }
}

function startTlsOf({ startTls }: Greeted, value: Peek): StartTlsFinding {
  if (value.kind !== 'early-octets' || startTls.answer.kind !== 'accepted') return startTls
  return { ...startTls, answer: { kind: 'early-octets', reply: startTls.answer.reply, text: value.text } }
}

/** A kind of key that an alert denies is absent when the other kind is there; else nothing says why TLS failed. */
function keysOf(first: Session<Peek>, second: Session<Peek>): Record<KeyType, KeyFinding> {
  const found = { rsa: keyOf(first), ecdsa: keyOf(second) }
  return { rsa: absentIf(found.rsa, found.ecdsa), ecdsa: absentIf(found.ecdsa, found.rsa) }
}

function keyOf(session: Session<Peek>): KeyFinding {
  if (session.kind === 'untold') return { kind: 'untold', why: session.why, reply: session.reply }
  if (session.kind === 'used') {
    const { seen, value } = session
    if (value.kind === 'secured') return { kind: 'presented', handshake: value.handshake }
    if (value.kind === 'failed' && value.failure.fault === 'aborted')
      return { kind: 'untold', why: 'given-up', reply: undefined }
    if (value.kind === 'failed') return { kind: 'failed', failure: value.failure }
    return { kind: 'no-tls', startTls: startTlsOf(seen, value) }
  }
  if (session.seen.kind === 'greeted') return { kind: 'no-tls', startTls: session.seen.startTls }
  return { kind: 'untold', why: whyUnused(session), reply: undefined }
}

function absentIf(one: KeyFinding, other: KeyFinding): KeyFinding {
  const isAbsent = one.kind === 'failed' && one.failure.alert !== undefined && other.kind === 'presented'
  return isAbsent ? { kind: 'absent', failure: one.failure } : one
}

function insideOf(sessions: readonly Session<Peek>[]): EhloFinding | undefined {
  const all = sessions.flatMap((session) =>
    session.kind === 'used' && session.value.kind === 'secured' ? [session.value.inside] : [],
  )
  return all.find(({ kind }) => kind === 'answered') ?? all[0]
}

/** `unrecognized_name`. RFC 6066 §3 */
const unknownName = 112

function refusesName(keys: Record<KeyType, KeyFinding>): boolean {
  return Object.values(keys).every((key) => key.kind === 'failed' && key.failure.alert === unknownName)
}

/** A server must present a certificate to clients that name nobody. RFC 7672 §8.1 */
async function lookWithoutName(handshakes: readonly HandshakeSeen[], { visit, io }: Scene): Promise<UnnamedFinding> {
  const session = await visit.run('no name', async (line): Promise<UnnamedFinding> => {
    const secured = await secure(line, { context: io.contexts.any, serverName: undefined, clock: io.clock })
    if (secured.kind === 'early-octets') return untold('lost')
    if (secured.kind === 'failed') return secured
    await line.leave()
    const handshake = secured.seen()
    const [own] = handshake.chain
    const sameCertificate = handshakes.some(({ chain: [leaf] }) => leaf && own && Buffer.compare(leaf, own) === 0)
    return { kind: 'presented', handshake, sameCertificate }
  })
  return session.kind === 'used' ? session.value : untold(whyUnused(session))
}

/** What says most goes first, as the number of connections is bounded: single points, then what is listed one by one. */
async function parametersOf(handshakes: readonly HandshakeSeen[], scene: Scene): Promise<TlsParameters> {
  const { visit, io, request } = scene
  const { serverName } = request
  const further = { visit, serverName, io }
  const known = { serverName, handshakes, onlyCurve: onlyCurveOf(handshakes) }
  const asking = beginAsking(createHelloAsker(visit, io), known)
  const commandInjection = handshakes.length > 0 ? await tryInjection(further) : untold('meaningless')
  const { taken, older, answers, ...found } = await findVersions(asking)
  const hasTls12 = taken.includes('TLSv1.2')
  const clientRenegotiation = hasTls12 ? await tryRenegotiation(further) : untold('meaningless')
  const versions = { taken, older, answers, ...found }
  return {
    ...{ ...found, commandInjection, clientRenegotiation },
    ...(await findExchange(asking, versions)),
    ...(await findSuites(asking, versions)),
    earlyData: earlyDataOf(handshakes),
  }
}

function earlyDataOf(handshakes: readonly HandshakeSeen[]): TlsParameters['earlyData'] {
  const inTls13 = handshakes.filter(({ protocol }) => protocol === 'TLSv1.3')
  if (inTls13.length === 0) return untold('meaningless')
  const octets = inTls13.flatMap(({ earlyDataOctets = [] }) => earlyDataOctets)
  return octets.length < inTls13.length ? untold('lost') : told(Math.max(...octets))
}

/** OpenSSL's names of curves in keys, and those of TLS. */
const curves: Readonly<Record<string, string>> = { prime256v1: 'secp256r1' }

function onlyCurveOf(handshakes: readonly HandshakeSeen[]): number | undefined {
  const [only, ...others] = handshakes
  const leaf = only?.chain[0]
  if (leaf === undefined || others.length > 0) return undefined
  const namedCurve = curveOf(leaf)
  if (namedCurve === undefined) return undefined
  return groups.find(({ name }) => name === (curves[namedCurve] ?? namedCurve))?.id
}

function curveOf(certificate: Uint8Array): string | undefined {
  try {
    return new X509Certificate(certificate).publicKey.asymmetricKeyDetails?.namedCurve
  } catch {
    return undefined // a key that OpenSSL cannot read
  }
}
