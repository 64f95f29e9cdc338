import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const exponent = new Uint8Array([1, 0, 1])
const rsa = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: exponent, hash: 'SHA-256' } as const

/** What a certificate of a test says; in date on any day that these tests may see, by OpenSSL's clock too, unless told. */
export interface CertificateRequest {
  /** DNS-IDs; none means no subject alternative name at all. */
  readonly names?: readonly string[]
  readonly commonName?: string
  readonly notBefore?: Date
  readonly notAfter?: Date
  /** Of the certificate's own key: P-256 unless told. */
  readonly keyType?: 'rsa'
}

/** A certificate and its key as PEM, as node:tls takes them. */
export interface Identity {
  readonly cert: string
  readonly key: string
}

export interface Authority {
  /** The root, PEM. */
  readonly pem: string
  issue(request: CertificateRequest): Promise<Identity>
}

export async function createAuthority(name = 'CN=Test Root'): Promise<Authority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const root = await X509CertificateGenerator.createSelfSigned({
    name,
    keys,
    signingAlgorithm: algorithm,
    ...lifetime({}),
    extensions: [new BasicConstraintsExtension(true, 1, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true)],
  })
  return {
    pem: root.toString('pem'),
    issue: async (request) => {
      const own = await crypto.subtle.generateKey(request.keyType === 'rsa' ? rsa : algorithm, true, ['sign', 'verify'])
      const certificate = await X509CertificateGenerator.create({
        issuer: root.subject,
        subject: request.commonName === undefined ? 'O=Test' : `CN=${request.commonName}`,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        extensions: extensionsOf(request),
        ...lifetime(request),
      })
      const key = await crypto.subtle.exportKey('pkcs8', own.privateKey)
      return { cert: certificate.toString('pem'), key: PemConverter.encode(key, 'PRIVATE KEY') }
    },
  }
}

function extensionsOf({ names = [] }: CertificateRequest): Extension[] {
  const alternatives = names.map((value) => ({ type: 'dns' as const, value }))
  const basic = new BasicConstraintsExtension(false)
  return alternatives.length === 0 ? [basic] : [basic, new SubjectAlternativeNameExtension(alternatives)]
}

function lifetime({ notBefore, notAfter }: CertificateRequest): { notBefore: Date; notAfter: Date } {
  return { notBefore: notBefore ?? new Date('2001-01-01'), notAfter: notAfter ?? new Date('2049-01-01') }
}
