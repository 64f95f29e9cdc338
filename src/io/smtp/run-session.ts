import type { Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { limits } from '../../core/limits.ts'
import type { Extensions } from '../../core/smtp/ehlo.ts'
import type { Reply } from '../../core/smtp/reply.ts'
import { advanceSession, beginSession } from '../../core/smtp/session.ts'
import type { Fate, SessionEnd, SessionEvent, SessionPlan, SessionState, Step } from '../../core/smtp/session-state.ts'
import type { Clock } from '../clock.ts'
import type { ChosenBy, DialFault, Endpoint, Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import { failureOfError, type HandshakeFailure, startTls, type TlsFacts } from './handshake.ts'
import { createTranscript, type TranscriptEntry } from './transcript.ts'
import { createWire, type Patience, type Wire } from './wire.ts'

/** What one session needs from the world. */
export interface SessionIo {
  readonly network: Network
  readonly clock: Clock
  readonly signal?: StopSignal | undefined
  /** Milliseconds, in the place of those in `limits.smtp`: a checker does not wait as long as a queue. */
  readonly timeouts?: Partial<Record<Step['timeout'] | 'connectMs', number>> | undefined
  /** Sees every transcript entry as it is written, and of which host: sessions may run side by side. */
  readonly follow?: ((entry: TranscriptEntry, host: string) => void) | undefined
}

export interface SessionRequest {
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  /** The host's name as people know it, for the transcript. */
  readonly host: string
  readonly plan: SessionPlan
  readonly message: Uint8Array | undefined
  readonly tls: {
    readonly context: SecureContext
    /** A-labels, no trailing dot; undefined sends no SNI. */
    readonly serverName: string | undefined
    /** Whether what was achieved suffices. Asked once, before any octet of SMTP goes through TLS. RFC 3207 §4.1 */
    judge(facts: TlsFacts): boolean
  }
}

/** What came of one session. */
export interface SessionRecord {
  readonly host: string
  readonly endpoint: Endpoint
  readonly end: SessionEnd | { readonly kind: 'not-connected'; readonly fault: DialFault }
  /** One for each recipient of the plan, in its order. */
  readonly fates: readonly Fate[]
  /** Of the last EHLO. */
  readonly extensions: Extensions
  readonly startTls: { readonly offered: boolean; readonly reply: Reply | undefined } | undefined
  /** Present when a handshake was completed, whether or not it sufficed. */
  readonly tls: TlsFacts | undefined
  readonly tlsFailure: HandshakeFailure | undefined
  /** Whether the session ended inside TLS; `end` says when that did not suffice. */
  readonly secured: boolean
  readonly transcript: readonly TranscriptEntry[]
}

/**
 * Runs one session from connecting to closing. Never rejects for what a server does.
 *
 * An abort ends it as lost. Nothing is kept open behind it.
 */
export async function runSession(request: SessionRequest, io: SessionIo): Promise<SessionRecord> {
  const { endpoint, host, plan } = request
  const transcript = createTranscript(io.clock, (entry) => io.follow?.(entry, host))
  const first = beginSession(plan)
  const { signal } = io
  transcript.write('note', `connecting to ${host} at ${endpoint.address} port ${endpoint.port}`)
  const timeoutMs = io.timeouts?.connectMs ?? limits.smtp.connectMs
  const dialled = await io.network.connectTcp(endpoint, { chosenBy: request.chosenBy, timeoutMs, signal })
  if (!dialled.ok) {
    transcript.write('note', `not connected: ${dialled.fault}`)
    return recordOf(request, first.state, { end: { kind: 'not-connected', fault: dialled.fault } }, transcript.entries)
  }
  const player = createPlayer(dialled.value, request, io, transcript)
  let step = first
  while (step.state.phase !== 'over') step = advanceSession(step.state, await player.perform(step))
  player.finish(step)
  transcript.write('note', `session over: ${step.state.end?.kind ?? 'completed'}`)
  return recordOf(request, step.state, { tls: player.tls(), tlsFailure: player.tlsFailure() }, transcript.entries)
}

/** Carries out steps on one connection, and remembers what TLS came to. */
interface Player {
  perform(step: Step): Promise<SessionEvent>
  finish(step: Step): void
  tls(): TlsFacts | undefined
  tlsFailure(): HandshakeFailure | undefined
}

type Transcript = ReturnType<typeof createTranscript>

function createPlayer(socket: Socket, request: SessionRequest, io: SessionIo, transcript: Transcript): Player {
  let wire = createWire(socket, transcript)
  let tls: TlsFacts | undefined
  let tlsFailure: HandshakeFailure | undefined
  // A broken connection is told by the wire that uses it; between two wires nobody else would listen.
  socket.on('error', () => {})
  socket.setNoDelay(true)

  function patienceFor({ timeout }: Step): Patience {
    return { timeoutMs: io.timeouts?.[timeout] ?? limits.smtp[timeout], signal: io.signal }
  }

  async function secure(patience: Patience): Promise<SessionEvent> {
    wire.detach()
    if (wire.pending() > 0 || socket.read() !== null) {
      transcript.write('tls', 'data before TLS handshake')
      return { kind: 'early-octets' }
    }
    const handshake = await startTls(socket, { ...patience, ...request.tls })
    if (handshake.kind === 'failed') {
      tlsFailure = handshake.failure
      transcript.write('tls', `handshake failed: ${handshake.failure.reason}`)
      return { kind: 'handshake-failed' }
    }
    tls = handshake.facts
    wire = createWire(handshake.socket, transcript)
    for (const line of describeTls(tls)) transcript.write('tls', line)
    const sufficient = request.tls.judge(tls)
    transcript.write('tls', sufficient ? 'sufficient for this mail' : 'not sufficient for this mail')
    return { kind: 'secured', sufficient }
  }

  return {
    async perform(step) {
      const patience = patienceFor(step)
      const { action, state } = step
      if (action.kind === 'start-tls') return secure(patience)
      if (action.kind !== 'wait' && wire.pending() > 0 && state.phase !== 'quit') return unsolicited(wire, patience)
      if (action.kind === 'send') wire.send(action.commands)
      if (action.kind === 'send-empty-message') wire.sendEmptyMessage()
      if (action.kind === 'send-message') return wire.sendMessage(request.message ?? new Uint8Array(), patience)
      const event = await wire.nextEvent(patience)
      const error = wire.error()
      if (event.kind !== 'lost' || !isFirstInsideTls(state) || error === undefined) return event
      // In TLS 1.3 the server's objection to the handshake arrives after our part of it is over. RFC 8446 §4.4.2.4
      tlsFailure = failureOfError(error)
      return { kind: 'handshake-failed' }
    },
    finish({ action }) {
      if (action.kind === 'close') wire.close()
      else {
        wire.destroy()
        socket.destroy()
      }
    },
    tls: () => tls,
    tlsFailure: () => tlsFailure,
  }
}

/** What lay there before anything was asked: a goodbye, or replies that would be taken for others. */
async function unsolicited(wire: Wire, patience: Patience): Promise<SessionEvent> {
  const event = await wire.nextEvent(patience)
  if (event.kind !== 'reply' || event.reply.code === 421) return event
  return { kind: 'reply-fault', fault: 'unsolicited' }
}

function isFirstInsideTls({ phase, secured }: SessionState): boolean {
  return secured && phase === 'ehlo'
}

function describeTls({ protocol, cipher, keyExchange, serverName, chain, chainError }: TlsFacts): string[] {
  const names = chain.map(({ subject, subjectAltName }) => subjectAltName ?? subject.replaceAll('\n', ', '))
  return [
    `${protocol} with ${cipher}${keyExchange === undefined ? '' : ` and ${keyExchange}`}, SNI ${serverName ?? 'none'}`,
    ...names.map((name, place) => `certificate ${place}: ${name}`),
    `chain: ${chainError ?? 'trusted'}`,
  ]
}

function recordOf(
  { host, endpoint }: SessionRequest,
  { end, fates, extensions, startTls: offer, secured }: SessionState,
  found: Partial<Pick<SessionRecord, 'end' | 'tls' | 'tlsFailure'>>,
  transcript: readonly TranscriptEntry[],
): SessionRecord {
  return {
    host,
    endpoint,
    end: found.end ?? end ?? { kind: 'completed' },
    fates,
    extensions,
    startTls: offer,
    tls: found.tls,
    tlsFailure: found.tlsFailure,
    secured,
    transcript,
  }
}
