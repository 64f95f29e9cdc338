import type { SecureContext, TLSSocket } from 'node:tls'
import type { HandshakeFailure, HandshakeSeen } from '../../core/check/address-probe.ts'
import { earlyDataOf } from '../../core/tls/session-ticket.ts'
import type { Clock } from '../clock.ts'
import { startTls, type TlsFacts } from '../smtp/handshake.ts'
import type { Line } from './line.ts'

export type Secured =
  | { readonly kind: 'secured'; readonly socket: TLSSocket; seen(): HandshakeSeen }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }
  /** Octets lay between 220 and the handshake. RFC 3207 §6 */
  | { readonly kind: 'early-octets'; readonly text: string }

export interface SecureOptions {
  readonly context: SecureContext
  readonly serverName: string | undefined
  readonly clock: Clock
}

/**
 * Begins TLS on a line that said 220, and goes on inside. Nothing is refused for what the certificate is: whether public
 * trust or TLSA records vouch for it is judged afterwards, so that a self-signed one is read as any other.
 */
export async function secure(line: Line, { context, serverName, clock }: SecureOptions): Promise<Secured> {
  const { socket, early } = line.release()
  const { transcript } = line
  if (early !== undefined) {
    transcript.write('tls', 'data before the TLS handshake')
    transcript.write('received', early)
    line.cut()
    return { kind: 'early-octets', text: early }
  }
  const handshake = await startTls(socket, { ...line.patienceFor('handshakeMs'), context, serverName })
  if (handshake.kind === 'failed') {
    transcript.write('tls', `handshake failed: ${handshake.failure.reason}`)
    line.cut()
    return handshake
  }
  const tls = handshake.socket
  let earlyData: number | undefined = 0
  // Tickets come when they like, in TLS 1.3 behind the handshake. RFC 8446 §4.6.1
  tls.on('session', (session: Buffer) => {
    const allowed = earlyDataOf(unwrapSession(session))
    earlyData = earlyData === undefined || allowed === undefined ? undefined : Math.max(earlyData, allowed)
  })
  line.goOnInside(tls)
  const at = clock.now()
  for (const text of describe(handshake.facts)) transcript.write('tls', text)
  return { kind: 'secured', socket: tls, seen: () => seenOf(handshake.facts, at, earlyData) }
}

const wrapping = Buffer.from('\0nodejs:tls:session:1\0')

/** OpenSSL's session, without the server's name that newer versions of Node put in front of it. */
export function unwrapSession(session: Buffer): Uint8Array {
  if (!session.subarray(0, wrapping.length).equals(wrapping) || session.length < wrapping.length + 2) return session
  return session.subarray(wrapping.length + 2 + session.readUInt16BE(wrapping.length))
}

function seenOf(facts: TlsFacts, at: number, earlyData: number | undefined): HandshakeSeen {
  const { protocol, cipher, keyExchange, serverName, chain, chainError } = facts
  return {
    ...{ protocol, suite: cipher, group: keyExchange, serverName, chainError, at },
    chain: chain.map(({ raw }) => raw),
    earlyDataOctets: earlyData,
  }
}

function describe({ protocol, cipher, keyExchange, serverName, chain, chainError }: TlsFacts): string[] {
  return [
    `${protocol} with ${cipher}${keyExchange === undefined ? '' : ` and ${keyExchange}`}, SNI ${serverName ?? 'none'}`,
    ...chain.map(
      ({ subject, subjectAltName }, place) =>
        `certificate ${place}: ${subjectAltName ?? (subject as string | undefined)?.replaceAll('\n', ', ') ?? 'without a name'}`,
    ),
    `chain: ${chainError ?? 'trusted'}`,
  ]
}
