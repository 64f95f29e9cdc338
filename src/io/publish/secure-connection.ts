import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import type { limits } from '../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import type { ClientHello } from '../../core/tls/read-client-hello.ts'
import type { CertificateSource } from './certificate-source.ts'
import { awaitClientHello } from './client-hello.ts'

/** Octets of a ClientHello, the pieces it may come in, and milliseconds for it and for the rest of the handshake. */
export type HandshakeBounds = Pick<ServerBounds, 'helloOctets' | 'helloPieces' | 'helloMs' | 'handshakeMs'>
export type ServerBounds = { readonly [Name in keyof typeof limits.policyServer]: number }

/** Why a connection came to no request. */
export type HandshakeEnd = 'no-hello' | 'unknown-name' | 'no-certificate' | 'failed' | 'too-slow' | 'challenge'

export interface SecuringOptions {
  readonly bounds: HandshakeBounds
  /** Whether the host is one of ours; where it must be looked up first, a promise. */
  serves(host: DomainName): boolean | Promise<boolean>
  certificates(): Pick<CertificateSource, 'contextFor' | 'challenges'>
  /** Once for each connection that comes to no request; it is closed then. */
  onEnd(end: HandshakeEnd): void
}

/** Descriptions of fatal alerts. RFC 8446 §6 */
const alert = { unrecognizedName: 112, internalError: 80 } as const
const challengeProtocol = 'acme-tls/1' // RFC 8737 §6.2

/**
 * Does the TLS handshake of one connection with the certificate for the name that the client asks for, and hands over what
 * speaks inside. A client that names no host of ours sees no certificate at all. RFC 8461 §7.1
 */
export function secure(
  socket: Socket,
  options: SecuringOptions,
  done: (secured: TLSSocket, host: DomainName) => void,
): void {
  let isOver = false
  // Whatever has been said to the client by then.
  const tooSlow = () => {
    end('too-slow')
    socket.destroy()
  }
  let timer = setTimeout(tooSlow, options.bounds.helloMs)
  const end = (why: HandshakeEnd, description?: number) => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    options.onEnd(why)
    if (description === undefined || socket.destroyed) socket.destroy()
    else refuseWith(socket, description, options.bounds.handshakeMs)
  }
  awaitClientHello(socket, options.bounds, (hello) => {
    if (isOver) return
    if (hello === undefined) return end('no-hello')
    chooseFor(hello, options, (chosen) => {
      // Looking a name up may take as long as its client is waited for.
      if (isOver) return
      if ('why' in chosen) return end(chosen.why, chosen.description)
      clearTimeout(timer)
      timer = setTimeout(tooSlow, options.bounds.handshakeMs)
      const secured = new TLSSocket(socket, {
        ...{ isServer: true, secureContext: chosen.context, ALPNProtocols: [chosen.protocol] },
      })
      secured.on('error', () => secured.destroy())
      secured.once('close', () => {
        clearTimeout(timer)
        end('failed')
      })
      secured.once('secure', () => {
        if (isOver) return
        isOver = true
        if (chosen.protocol === challengeProtocol) {
          secured.end() // RFC 8737 §3: the connection serves for nothing else
          secured.resume()
          options.onEnd('challenge')
          return
        }
        clearTimeout(timer)
        done(secured, chosen.host)
      })
    })
  })
}

interface Chosen {
  readonly host: DomainName
  readonly context: SecureContext
  readonly protocol: 'http/1.1' | typeof challengeProtocol
}

interface NotChosen {
  readonly why: HandshakeEnd
  readonly description: number
}

const unknownName: NotChosen = { why: 'unknown-name', description: alert.unrecognizedName }

/** Calls back at once where nothing must be looked up. */
function chooseFor(hello: ClientHello, options: SecuringOptions, done: (chosen: Chosen | NotChosen) => void): void {
  const parsed = parseDomainName(hello.serverName ?? '')
  if (!parsed.ok) {
    done(unknownName)
    return
  }
  const host = parsed.value
  const { protocols } = hello
  if (protocols.length === 1 && protocols[0] === challengeProtocol) {
    const context = options.certificates().challenges?.tlsAlpn01(host)
    done(context === undefined ? unknownName : { host, context, protocol: challengeProtocol })
    return
  }
  const choose = (isOurs: boolean) => {
    const context = isOurs ? options.certificates().contextFor(host) : undefined
    if (context !== undefined) done({ host, context, protocol: 'http/1.1' })
    else done(isOurs ? { why: 'no-certificate', description: alert.internalError } : unknownName)
  }
  const isOurs = options.serves(host)
  if (typeof isOurs === 'boolean') choose(isOurs)
  else isOurs.then(choose, () => done({ why: 'failed', description: alert.internalError }))
}

/** A fatal alert in a record of its own, before any version is agreed on. RFC 8446 §5.1, §6 */
function refuseWith(socket: Socket, description: number, patienceMs: number): void {
  socket.end(Uint8Array.from([21, 3, 1, 0, 2, 2, description]))
  // A client that does not read it is not waited for.
  socket.setTimeout(patienceMs, () => socket.destroy())
  socket.resume()
}
