import type { KeyObject, webcrypto } from 'node:crypto'
import { createPublicKey } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import { acmeIdentifier, acmeIdentifierValue } from '../../core/acme/tls-alpn.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { makeKey, pemOfKey } from './keys.ts'

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const
const dayMs = 86_400_000

/** A package that most processes never need, and that takes a while to load. */
async function loadX509(): Promise<typeof import('@peculiar/x509')> {
  await import('reflect-metadata')
  return await import('@peculiar/x509')
}

/** The request for a certificate of one name, DER. The name is an alternative name alone: RFC 8555 §7.4, RFC 2986 §4 */
export async function makeSigningRequest(name: DomainName, key: KeyObject): Promise<Uint8Array> {
  const x509 = await loadX509()
  const algorithm = key.asymmetricKeyType === 'rsa' ? rsa : ecdsa
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await webKeysOf(key, algorithm),
    signingAlgorithm: algorithm,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  })
  return new Uint8Array(request.rawData)
}

/** What answers a challenge of TLS-ALPN-01: a certificate that signed itself, for this name, with the extension. RFC 8737 §3 */
export async function makeChallengeContext(
  name: DomainName,
  keyAuthorization: string,
  now: number,
): Promise<SecureContext> {
  const x509 = await loadX509()
  const key = await makeKey('p256')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys: await webKeysOf(key, ecdsa),
    signingAlgorithm: ecdsa,
    name: 'CN=ACME challenge',
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + dayMs),
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: name }]),
      new x509.Extension(acmeIdentifier, true, Uint8Array.from(acmeIdentifierValue(keyAuthorization))),
    ],
  })
  return createSecureContext({ cert: certificate.toString('pem'), key: pemOfKey(key) })
}

async function webKeysOf(key: KeyObject, algorithm: typeof ecdsa | typeof rsa): Promise<webcrypto.CryptoKeyPair> {
  const publicKey = createPublicKey(key)
  return {
    privateKey: key.toCryptoKey(algorithm, true, ['sign']),
    publicKey: publicKey.toCryptoKey(algorithm, true, ['verify']),
  }
}
