import type { X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { connect, type DetailedPeerCertificate, type SecureContext, type TLSSocket } from 'node:tls'
import { limits } from '../../core/limits.ts'
import type { Patience } from './wire.ts'

/** What a handshake achieved. Nothing in it says that the peer is who it should be. */
export interface TlsFacts {
  readonly protocol: string
  readonly cipher: string
  /** Key agreement, such as `X25519`; undefined when OpenSSL does not tell. */
  readonly keyExchange: string | undefined
  readonly serverName: string | undefined
  /** As the server sent them, its own first; bounded by `limits.certificates.chain`. */
  readonly chain: readonly X509Certificate[]
  /** OpenSSL's name for what is wrong with the chain under the context used; undefined when nothing is. */
  readonly chainError: string | undefined
}

export type HandshakeFault = 'protocol' | 'closed' | 'timeout' | 'aborted' | 'no-certificate'

/** Why no TLS came about. `alert` is the number of the alert received. RFC 8446 §6 */
export interface HandshakeFailure {
  readonly fault: HandshakeFault
  readonly reason: string
  readonly alert: number | undefined
}

export type Handshake =
  | { readonly kind: 'established'; readonly socket: TLSSocket; readonly facts: TlsFacts }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }

const noCertificate = {} as DetailedPeerCertificate // read by nobody
const tellNothing = () => noCertificate

export interface HandshakeOptions extends Patience {
  readonly context: SecureContext
  /** A-labels, no trailing dot; undefined sends no SNI. RFC 6066 §3 */
  readonly serverName: string | undefined
}

/**
 * TLS on a socket whose SMTP part is over and from which nothing more was read. RFC 3207 §4
 *
 * Whether the result suffices is judged by the caller, before any octet of SMTP: nothing is refused here. No session
 * is ever resumed, as one would show no certificate.
 */
export function startTls(socket: Socket, options: HandshakeOptions): Promise<Handshake> {
  const { context, serverName, signal, timeoutMs } = options
  const { promise, resolve } = Promise.withResolvers<Handshake>()
  const tls = connect({
    socket,
    secureContext: context,
    minVersion: 'TLSv1.2',
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(serverName === undefined ? {} : { servername: serverName }),
  })
  // Node would lay every certificate out in full for `checkServerIdentity`, which takes as long as the handshake's own
  // arithmetic; ours looks at none of it.
  tls.getPeerCertificate = tellNothing
  const failWith = (failure: HandshakeFailure) => {
    settle({ kind: 'failed', failure })
    tls.destroy()
    socket.destroy()
  }
  const fail = (fault: HandshakeFault, reason: string) => failWith({ fault, reason, alert: undefined })
  const onSecure = () => {
    const facts = readFacts(tls, serverName)
    if (facts === undefined) return fail('no-certificate', 'the server presented no certificate')
    // Reading would start by itself when the next listener for data comes, which is the wire's.
    tls.pause()
    settle({ kind: 'established', socket: tls, facts })
  }
  const onError = (error: Error) => failWith(failureOfError(error))
  const onClose = () => fail('closed', 'the connection was closed during the TLS handshake')
  const onAbort = () => fail('aborted', 'given up')
  const timer = setTimeout(() => fail('timeout', 'the TLS handshake took too long'), timeoutMs)
  const settle = (handshake: Handshake) => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
    tls.off('secureConnect', onSecure).off('error', onError).off('close', onClose).off('end', onClose)
    resolve(handshake)
  }
  tls.on('error', () => {}) // errors after the verdict belong to the wire, which has its own listener
  tls.on('secureConnect', onSecure).on('error', onError).on('close', onClose).on('end', onClose)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted === true) onAbort()
  return promise
}

/** What OpenSSL or the socket said, in words for people. */
export function failureOfError(error: Error): HandshakeFailure {
  return { fault: 'protocol', reason: oneLine(error.message), alert: alertOf(error) }
}

function readFacts(tls: TLSSocket, serverName: string | undefined): TlsFacts | undefined {
  const chain = readChain(tls)
  if (chain.length === 0) return undefined
  const { standardName } = tls.getCipher()
  const ephemeral = tls.getEphemeralKeyInfo()
  // With our checkServerIdentity the error is always OpenSSL's, which Node hands over as its name or as an Error.
  const error: unknown = tls.authorizationError
  return {
    protocol: tls.getProtocol() ?? 'unknown',
    cipher: standardName,
    keyExchange: ephemeral !== null && 'name' in ephemeral ? ephemeral.name : undefined,
    serverName,
    chain,
    chainError: tls.authorized ? undefined : errorName(error),
  }
}

/** Read once: a second call would find the issuers gone (Node 24). Each certificate points to the next as it was sent. */
function readChain(tls: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = []
  let next = tls.getPeerX509Certificate()
  while (next !== undefined && chain.length < limits.certificates.chain) {
    if (next.raw.length > limits.certificates.octets) break
    chain.push(next)
    next = next.issuerCertificate
  }
  return chain
}

function errorName(error: unknown): string {
  if (typeof error === 'string') return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'UNSPECIFIED'
}

/** OpenSSL writes the number of an alert it received into its text. */
function alertOf(error: Error): number | undefined {
  const found = /SSL alert number (\d+)/.exec(error.message)
  return found === null ? undefined : Number(found[1])
}

/** Without line end, source files, and the numbers that mean nothing outside the process. */
function oneLine(message: string): string {
  const parts = message.trim().split(':')
  const reason = parts[1] === 'error' ? (parts[5] ?? message) : message
  return reason.replace(/\s+/g, ' ').trim()
}
