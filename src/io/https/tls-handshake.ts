import { X509Certificate } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { connect, type TLSSocket } from 'node:tls'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { StopSignal } from '../stop.ts'
import type { PkixTrust } from './pkix-trust.ts'
import type { FetchProblem } from './policy-fetch.ts'

export interface HandshakeOptions {
  readonly host: DomainName
  readonly trust: PkixTrust
  readonly clock: Clock
  readonly signal: StopSignal
  /** For ALPN: `http/1.1` unless told. RFC 7301 */
  readonly protocol?: string
}

/** What came of the handshake; `certificate` is what the server presented, whether or not it was good. */
export type Handshake =
  | { readonly kind: 'open'; readonly socket: TLSSocket; readonly certificate: X509Certificate }
  | {
      readonly kind: 'failed'
      readonly problem: FetchProblem
      readonly certificate: X509Certificate | undefined
      /** Whether the connection ended before the server showed or said anything: it says nothing of who that is. */
      readonly isLost: boolean
    }

/**
 * TLS as a browser would ask for it: a chain to a trusted root, in date, and the host among the DNS-IDs. A common name
 * never counts. RFC 8461 §3.3, RFC 9525 §6.3
 *
 * OpenSSL judges dates by the machine's clock; the host's own certificate is judged by `clock` as well.
 */
export function openTls(socket: Duplex, options: HandshakeOptions): Promise<Handshake> {
  const { host, trust, clock, signal, protocol = 'http/1.1' } = options
  return new Promise((resolve) => {
    const tls = connect({
      socket,
      servername: host,
      secureContext: trust.context,
      minVersion: 'TLSv1.2',
      ALPNProtocols: [protocol],
      // A connection refused by Node does not show the certificate; `judge` refuses whatever is not authorized.
      rejectUnauthorized: false,
      checkServerIdentity: (_, { raw }) => checkIdentity(new X509Certificate(raw), host),
    })
    // Errors of a connection that nobody waits for any more concern nobody, but must have a listener.
    tls.on('error', () => {})
    const abort = () => finish({ fault: 'aborted', reason: 'given up' })
    const succeed = () => finish(undefined)
    const fail = (error: NodeJS.ErrnoException) => finish(problemOf(error), lossCodes.has(error.code))
    const close = () => finish({ fault: 'tls', reason: 'the connection was closed during the TLS handshake' }, true)
    const finish = (problem: FetchProblem | undefined, isLoss = false) => {
      signal.removeEventListener('abort', abort)
      tls.off('secureConnect', succeed).off('error', fail).off('close', close)
      const certificate = tls.getPeerX509Certificate()
      const judged = problem ?? judge(tls, certificate, { host, clock })
      if ('checkHost' in judged) return resolve({ kind: 'open', socket: tls, certificate: judged })
      tls.destroy()
      socket.destroy()
      resolve({ kind: 'failed', problem: judged, certificate, isLost: isLoss && certificate === undefined })
    }
    tls.on('secureConnect', succeed).on('error', fail).on('close', close)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
  })
}

/** Of connections that the network or the other side ended, as against what OpenSSL has to say of a handshake. */
const lossCodes: ReadonlySet<string | undefined> = new Set(['ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT'])

/** The certificate, when it is good in every respect. */
function judge(
  tls: TLSSocket,
  certificate: X509Certificate | undefined,
  { host, clock }: Pick<HandshakeOptions, 'host' | 'clock'>,
): X509Certificate | FetchProblem {
  if (certificate === undefined) return { fault: 'tls', reason: 'the host presented no certificate' }
  const mismatch = checkIdentity(certificate, host)
  if (!tls.authorized) return chainProblem(String(tls.authorizationError), certificate, mismatch)
  return judgeDates(certificate, clock) ?? certificate
}

/** How much of what a stranger wrote goes into a line of ours. */
const shownCharacters = 200

/** Undefined when a DNS-ID of the certificate is the host; a wildcard stands for one whole leftmost label. */
function checkIdentity(certificate: X509Certificate, host: DomainName): Error | undefined {
  const matched = certificate.checkHost(host, {
    subject: 'never',
    partialWildcards: false,
    multiLabelWildcards: false,
    singleLabelSubdomains: false,
  })
  if (matched !== undefined) return undefined
  const names = certificate.subjectAltName?.slice(0, shownCharacters) ?? 'no subject alternative name'
  return new Error(`the certificate is not for ${host}, but has ${names}`)
}

/** What OpenSSL found wrong with the chain, or, once the chain is good, that the host is not in the certificate. */
function chainProblem(code: string, certificate: X509Certificate, mismatch: Error | undefined): FetchProblem {
  if (code === 'CERT_HAS_EXPIRED') return expired(certificate)
  if (code === 'CERT_NOT_YET_VALID') return notYetValid(certificate)
  if (mismatch !== undefined && code === mismatch.message) {
    return { fault: 'certificate-host-mismatch', reason: mismatch.message }
  }
  return { fault: 'certificate-not-trusted', reason: `the certificate is not trusted: ${oneLine(code)}` }
}

function judgeDates(certificate: X509Certificate, clock: Clock): FetchProblem | undefined {
  const now = clock.now()
  if (now > certificate.validToDate.getTime()) return expired(certificate)
  if (now < certificate.validFromDate.getTime()) return notYetValid(certificate)
  return undefined
}

function expired(certificate: X509Certificate): FetchProblem {
  return { fault: 'certificate-expired', reason: `the certificate expired at ${certificate.validTo}` }
}

function notYetValid(certificate: X509Certificate): FetchProblem {
  return { fault: 'certificate-not-yet-valid', reason: `the certificate is not valid before ${certificate.validFrom}` }
}

function problemOf(error: Error): FetchProblem {
  return { fault: 'tls', reason: `the TLS handshake failed: ${oneLine(error.message)}` }
}

/** OpenSSL's messages end in a line break and carry numbers that mean nothing outside the process. */
function oneLine(message: string): string {
  return message
    .replace(/^[0-9A-F]+:error:/, '')
    .replace(/\s+/g, ' ')
    .trim()
}
