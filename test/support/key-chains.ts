import 'reflect-metadata'
import { KeyObject, type webcrypto, X509Certificate } from 'node:crypto'
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type X509Certificate as Made,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const day = 86_400_000

export const keyAlgorithms = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  ed25519: { name: 'Ed25519' },
} as const

/** A key with its certificate, and what may stand beside it in files. */
export interface Certified {
  readonly certificate: X509Certificate
  /** PEM. */
  readonly pem: string
  /** PKCS#8, PEM. */
  readonly key: string
  /** SubjectPublicKeyInfo, from the key itself. */
  readonly spki: Buffer
  /** Who may issue below it. */
  readonly issuer: Issuer
}

interface Issuer {
  readonly made: Made
  readonly keys: { readonly publicKey: webcrypto.CryptoKey; readonly privateKey: webcrypto.CryptoKey }
  readonly algorithm: (typeof keyAlgorithms)[keyof typeof keyAlgorithms]
}

export interface CertifiedOptions {
  readonly name: string
  readonly algorithm?: keyof typeof keyAlgorithms
  /** DNS names; none for an authority. */
  readonly names?: readonly string[]
  readonly isAuthority?: boolean
  /** Signed by itself where there is none. */
  readonly by?: Certified
  readonly from?: Date
  readonly days?: number
  /** The same key once more: a renewal. */
  readonly keyOf?: Certified
}

/** Makes a certificate, with a key of its own unless another one is to be kept. */
export async function certify(options: CertifiedOptions): Promise<Certified> {
  const { name, names = [], isAuthority = false, by, from = new Date('2026-01-01T00:00:00Z'), days = 365 } = options
  const algorithm = options.keyOf?.issuer.algorithm ?? keyAlgorithms[options.algorithm ?? 'p256']
  const keys =
    options.keyOf?.issuer.keys ??
    ((await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as Issuer['keys'])
  const made = await X509CertificateGenerator.create({
    issuer: by?.issuer.made.subject ?? `CN=${name}`,
    subject: `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: by?.issuer.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: by?.issuer.algorithm ?? algorithm,
    notBefore: from,
    notAfter: new Date(from.getTime() + days * day),
    extensions: [
      ...(isAuthority
        ? [
            new BasicConstraintsExtension(true, undefined, true),
            new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
          ]
        : []),
      ...(names.length > 0
        ? [new SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns' as const, value })))]
        : []),
    ],
  })
  const pem = `${made.toString('pem')}\n`
  return {
    ...{ certificate: new X509Certificate(pem), pem, issuer: { made, keys, algorithm } },
    key: `${PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')}\n`,
    spki: KeyObject.from(keys.publicKey).export({ format: 'der', type: 'spki' }),
  }
}
