import { createHash, type webcrypto } from 'node:crypto'
import type { CertificateDeclaration } from '../world/world.ts'

type X509 = typeof import('@peculiar/x509')
type Certificate = import('@peculiar/x509').X509Certificate

/** A key and the certificates above it, from itself up to its root. */
interface Issued {
  readonly certificate: Certificate
  readonly keys: webcrypto.CryptoKeyPair
  /** The issuer; undefined for what signed itself. */
  readonly issuer: Issued | undefined
}

/** What a server presents, and what records may say about it. */
export interface Credential {
  /** PKCS#8, PEM. */
  readonly key: string
  /** The certificates that the server sends, leaf first, PEM. */
  readonly chain: string
  /** DER of the leaf, of its direct issuer and of its root; a self-signed leaf is all three. */
  readonly leaf: Uint8Array
  readonly issuer: Uint8Array
  readonly root: Uint8Array
}

/** Makes certificates, each once. */
export interface Mint {
  /** The public root that a lab's senders trust, PEM. */
  readonly root: string
  issue(declaration: CertificateDeclaration): Promise<Credential>
}

const day = 86_400_000
const now = Date.now()

/** Those that count in days go by the machine's clock, as OpenSSL does. */
const lifetimes = {
  good: { notBefore: new Date('2001-01-01T00:00:00Z'), notAfter: new Date('2049-01-01T00:00:00Z') },
  expired: { notBefore: new Date('2001-01-01T00:00:00Z'), notAfter: new Date('2002-01-01T00:00:00Z') },
  future: { notBefore: new Date('2048-01-01T00:00:00Z'), notAfter: new Date('2049-01-01T00:00:00Z') },
  short: { notBefore: new Date(now - 30 * day), notAfter: new Date(now + 60 * day) },
  ending: { notBefore: new Date(now - 89 * day), notAfter: new Date(now + day) },
} as const

const algorithms = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
} as const

let shared: Promise<Mint> | undefined

/**
 * The mint of this process: all labs share its roots and the certificates that they asked for alike, so that a second
 * lab starts at once. Everything is in date from 2001 to 2048 unless it is meant not to be, so labs may move their
 * clock in between, while OpenSSL judges by the machine's.
 */
export function openMint(): Promise<Mint> {
  shared ??= createMint()
  return shared
}

async function createMint(): Promise<Mint> {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  const publicRoot = await makeRoot(x509, 'Lab Public Root')
  const authorities = new Map<CertificateDeclaration['issuer'], Promise<Issued>>([
    ['public', makeIntermediate(x509, 'Lab Public Intermediate', publicRoot)],
  ])
  const issued = new Map<string, Promise<Credential>>()
  const authority = (issuer: CertificateDeclaration['issuer']) => {
    const known = authorities.get(issuer) ?? makeStranger(x509, issuer)
    authorities.set(issuer, known)
    return known
  }
  return {
    root: publicRoot.certificate.toString('pem'),
    issue(declaration) {
      const key = JSON.stringify(declaration)
      const made = issued.get(key) ?? makeCredential(x509, declaration, authority)
      issued.set(key, made)
      return made
    },
  }
}

/** An authority that no store has: a private one stands alone, an untrusted one has an intermediate like a public one. */
async function makeStranger(x509: X509, issuer: CertificateDeclaration['issuer']): Promise<Issued> {
  if (issuer === 'private') return makeRoot(x509, 'Lab Private Root')
  return makeIntermediate(x509, 'Lab Unknown Intermediate', await makeRoot(x509, 'Lab Unknown Root'))
}

async function makeCredential(
  x509: X509,
  declaration: CertificateDeclaration,
  authority: (issuer: CertificateDeclaration['issuer']) => Promise<Issued>,
): Promise<Credential> {
  const issuer = declaration.issuer === 'self' ? undefined : await authority(declaration.issuer)
  const leaf = await makeLeaf(x509, declaration, issuer)
  const chain = chainOf(leaf)
  const pkcs8 = await crypto.subtle.exportKey('pkcs8', leaf.keys.privateKey)
  return {
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    chain: sentOf(chain, declaration.sends)
      .map(({ certificate }) => certificate.toString('pem'))
      .join('\n'),
    leaf: derOf(leaf),
    issuer: derOf(leaf.issuer ?? leaf),
    root: derOf(chain.at(-1) ?? leaf),
  }
}

function chainOf(leaf: Issued): Issued[] {
  return leaf.issuer === undefined ? [leaf] : [leaf, ...chainOf(leaf.issuer)]
}

function sentOf(chain: readonly Issued[], sends: CertificateDeclaration['sends']): readonly Issued[] {
  if (sends === 'leaf') return chain.slice(0, 1)
  return sends === 'all' ? chain : chain.slice(0, Math.max(1, chain.length - 1))
}

function derOf({ certificate }: Issued): Uint8Array {
  return new Uint8Array(certificate.rawData)
}

async function makeRoot(x509: X509, commonName: string): Promise<Issued> {
  const keys = await makeKeys('p256')
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${commonName}`,
    keys,
    signingAlgorithm: algorithms.p256,
    extensions: await authorityExtensions(x509, keys.publicKey),
    ...lifetimes.good,
  })
  return { certificate, keys, issuer: undefined }
}

async function makeIntermediate(x509: X509, commonName: string, issuer: Issued): Promise<Issued> {
  const keys = await makeKeys('p256')
  const certificate = await x509.X509CertificateGenerator.create({
    issuer: issuer.certificate.subject,
    subject: `CN=${commonName}`,
    publicKey: keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: algorithms.p256,
    extensions: await authorityExtensions(x509, keys.publicKey),
    ...lifetimes.good,
  })
  return { certificate, keys, issuer }
}

async function authorityExtensions(x509: X509, key: webcrypto.CryptoKey) {
  return [
    new x509.BasicConstraintsExtension(true, undefined, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    await x509.SubjectKeyIdentifierExtension.create(key),
  ]
}

async function makeLeaf(x509: X509, declaration: CertificateDeclaration, issuer: Issued | undefined): Promise<Issued> {
  const keys = await makeKeys(declaration.key)
  const names = declaration.names.map((value) => ({ type: 'dns' as const, value }))
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialOf(declaration),
    issuer: issuer?.certificate.subject ?? `CN=${declaration.commonName}`,
    subject: `CN=${declaration.commonName}`,
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: issuer === undefined ? algorithms[declaration.key] : algorithms.p256,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
    ],
    ...lifetimes[declaration.validity],
  })
  return { certificate, keys, issuer }
}

/** Equal declarations have equal serial numbers, and others have others. */
function serialOf(declaration: CertificateDeclaration): string {
  return `01${createHash('sha256').update(JSON.stringify(declaration)).digest('hex').slice(0, 30)}`
}

async function makeKeys(kind: CertificateDeclaration['key']): Promise<webcrypto.CryptoKeyPair> {
  return (await crypto.subtle.generateKey(algorithms[kind], true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
}
