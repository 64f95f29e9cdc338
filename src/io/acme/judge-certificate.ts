import type { KeyObject, X509Certificate } from 'node:crypto'
import { duplexPair } from 'node:stream'
import { createSecureContext, TLSSocket } from 'node:tls'
import { renewalIdOf } from '../../core/acme/renewal-information.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { parseCertificate } from '../../core/x509/certificate.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import type { PkixTrust } from '../https/pkix-trust.ts'
import { openTls } from '../https/tls-handshake.ts'
import type { StopSignal } from '../stop.ts'
import { pemOfKey } from './keys.ts'

/** A certificate with its key and what a server sends with it; times in milliseconds since 1970. */
export interface IssuedCertificate {
  readonly key: KeyObject
  /** PEM, its own certificate first, in a form of ours. */
  readonly chain: string
  readonly notBefore: number
  readonly notAfter: number
  /** What no other certificate has. */
  readonly id: string
  /** How renewal information calls it; undefined for one without a key identifier of its authority. RFC 9773 §4.1 */
  readonly renewalId: string | undefined
}

/**
 * Says what is wrong with a chain, as a client would see it; undefined when nothing is. In production a handshake under
 * OpenSSL's judgement, which goes by the machine's clock.
 */
export type JudgeChain = (
  certificate: IssuedCertificate,
  name: DomainName,
  signal: StopSignal,
) => Promise<string | undefined>

/**
 * The certificate in what an authority sent, once everything about it is as it must be but the chain: it is for this
 * name alone and this key, and in date. A text says what is not. RFC 8555 §7.4.2, §9.1
 */
export function readCertificate(
  body: string,
  { name, key, now }: { readonly name: DomainName; readonly key: KeyObject; readonly now: number },
): IssuedCertificate | string {
  const chain = readChain(body)
  if (typeof chain === 'string') return chain
  const [own] = chain
  if (own === undefined) return 'no certificate'
  if (!own.checkPrivateKey(key)) return 'a certificate for another key'
  const names = own.subjectAltName ?? 'no name'
  // OpenSSL writes what is odd in quotes, so nothing else reads like this.
  if (names.toLowerCase() !== `dns:${name}`) return `a certificate for ${escapeText(names.slice(0, 200))}, not ${name}`
  const notBefore = own.validFromDate.getTime()
  const notAfter = own.validToDate.getTime()
  if (now < notBefore) return `a certificate that is not valid before ${own.validFrom}`
  if (now >= notAfter) return `a certificate that ended at ${own.validTo}`
  const renewalId = renewalIdOf(own.raw)
  return {
    key,
    chain: chain.map((each) => each.toString()).join(''),
    ...{ notBefore, notAfter, id: own.fingerprint256, renewalId },
  }
}

const pemBlock = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\r\n]+)-----END CERTIFICATE-----/g

/** Certificates and nothing between them. RFC 8555 §9.1 */
function readChain(body: string): X509Certificate[] | string {
  const blocks = [...body.matchAll(pemBlock)]
  if (body.replace(pemBlock, '').trim() !== '') return 'something that is no chain of certificates'
  if (blocks.length > limits.certificates.chain) return `a chain of over ${limits.certificates.chain} certificates`
  const chain = blocks.map(([, base64 = '']) => parseCertificate(Buffer.from(base64, 'base64')))
  return chain.every((each) => each !== undefined) ? chain : 'something that is no chain of certificates'
}

/** Shows the chain to a client of our own, in memory, that trusts these roots: OpenSSL judges, as it will for others. */
export function createJudgeChain(trust: PkixTrust, clock: Clock): JudgeChain {
  return async ({ key, chain }, name, signal) => {
    const [ours, theirs] = duplexPair()
    const ending = createEnding(signal, limits.acme.requestMs)
    const server = new TLSSocket(ours, {
      isServer: true,
      secureContext: createSecureContext({ key: pemOfKey(key), cert: chain }),
      ALPNProtocols: ['http/1.1'],
    })
    server.on('error', () => {})
    try {
      const opened = await openTls(theirs, { host: name, trust, clock, signal: ending.signal })
      if (opened.kind === 'failed') return escapeText(opened.problem.reason)
      opened.socket.on('error', () => {}).destroy()
      return undefined
    } finally {
      ending.stop()
      server.destroy()
      theirs.destroy()
    }
  }
}

/** The certificate of a file of ours, with whatever dates it has; undefined when it cannot be used. */
export function readStoredCertificate(key: KeyObject, chainText: string): IssuedCertificate | undefined {
  const chain = readChain(chainText)
  const own = typeof chain === 'string' ? undefined : chain[0]
  if (own === undefined || !own.checkPrivateKey(key)) return undefined
  return {
    ...{ key, chain: chainText },
    notBefore: own.validFromDate.getTime(),
    notAfter: own.validToDate.getTime(),
    id: own.fingerprint256,
    renewalId: renewalIdOf(own.raw),
  }
}
