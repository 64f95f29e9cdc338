import { createPrivateKey, createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto'
import { accept, type Result, refuse } from '../result.ts'
import { parseCertificate, parseSpki } from './certificate.ts'
import { DER, readChildren, readElement } from './der.ts'
import { type PemBlock, type PemFault, parsePem } from './pem.ts'
import { spkiOfRequest } from './request.ts'

/** What a file of an operator holds of certificates and keys, in its order. Private keys are gone from here on. */
export interface KeyMaterial {
  readonly certificates: readonly X509Certificate[]
  readonly keys: readonly FoundKey[]
}

/** A key that stands there without a certificate around it. */
export interface FoundKey {
  readonly from: 'private-key' | 'public-key' | 'request'
  /** SubjectPublicKeyInfo, as TLS will show it. */
  readonly spki: Uint8Array
}

/** Why a file is of no use; `at` is the line of a PEM text, or 0. */
export type MaterialFault =
  | PemFault
  | 'empty'
  /** Neither PEM nor DER of a certificate, a public key or a certificate request. */
  | 'nothing'
  /** An object that cannot be read. */
  | 'certificate'
  | 'key'
  | 'request'
  /** A key that no TLS server can authenticate with. */
  | 'key-kind'
  | 'encrypted-key'
  /** A private key in DER, in which nobody keeps them: its file would be checked as no other is. */
  | 'private-der'
  /** An object of another kind, such as PKCS#7. */
  | 'label'

/** Certificates and keys of a file: PEM with any number of them, or one certificate, public key or request in DER. */
export function readKeyMaterial(octets: Uint8Array): Result<KeyMaterial, MaterialFault> {
  if (octets.length === 0) return refuse('empty')
  if (octets[0] === DER.SEQUENCE) return readDer(octets)
  const blocks = parsePem(octets)
  if (!blocks.ok) return blocks
  const certificates: X509Certificate[] = []
  const keys: FoundKey[] = []
  for (const block of blocks.value) {
    const read = readBlock(block)
    if (read === undefined) continue
    if (!read.ok) return refuse(read.fault, block.line)
    if ('spki' in read.value) keys.push(read.value)
    else certificates.push(read.value)
  }
  return certificates.length + keys.length === 0 ? refuse('nothing') : accept({ certificates, keys })
}

/** Whether there is a private key in it: such a file must not be readable for others. */
export function holdsPrivateKey(octets: Uint8Array): boolean {
  return /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/.test(
    Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1'),
  )
}

function readDer(octets: Uint8Array): Result<KeyMaterial, MaterialFault> {
  const certificate = parseCertificate(octets)
  if (certificate !== undefined) return accept({ certificates: [certificate], keys: [] })
  if (parseSpki(octets) !== undefined) return ofKey(publicKey(octets))
  if (spkiOfRequest(octets) !== undefined) return ofKey(requestKey(octets))
  const type = (['pkcs8', 'pkcs1', 'sec1'] as const).find((kind) => privateKey(octets, kind).ok)
  return refuse(type === undefined ? 'nothing' : 'private-der')
}

function ofKey(key: Result<FoundKey, MaterialFault>): Result<KeyMaterial, MaterialFault> {
  return key.ok ? accept({ certificates: [], keys: [key.value] }) : key
}

type Read = Result<X509Certificate | FoundKey, MaterialFault>

/** Undefined for what may stand beside keys and says nothing of them. */
function readBlock({ label, headers, der }: PemBlock): Read | undefined {
  if (headers.some((header) => /ENCRYPTED/.test(header))) return refuse('encrypted-key')
  switch (label) {
    case 'CERTIFICATE':
    case 'X509 CERTIFICATE':
    case 'TRUSTED CERTIFICATE':
      return certificateIn(der)
    case 'PUBLIC KEY':
      return publicKey(der)
    case 'RSA PUBLIC KEY':
      return rsaKey(der)
    case 'PRIVATE KEY':
      return privateKey(der, 'pkcs8')
    case 'RSA PRIVATE KEY':
      return privateKey(der, 'pkcs1')
    case 'EC PRIVATE KEY':
      return privateKey(der, 'sec1')
    case 'ENCRYPTED PRIVATE KEY':
      return refuse('encrypted-key')
    case 'CERTIFICATE REQUEST':
    case 'NEW CERTIFICATE REQUEST':
      return requestKey(der)
    case 'EC PARAMETERS':
    case 'DH PARAMETERS':
    case 'X509 CRL':
      return undefined
    default:
      return refuse('label')
  }
}

/** OpenSSL puts what it trusts a certificate for behind it. */
function certificateIn(der: Uint8Array): Result<X509Certificate, MaterialFault> {
  const element = readElement(der, 0)
  const certificate = element && parseCertificate(der.subarray(0, element.end))
  return certificate === undefined ? refuse('certificate') : accept(certificate)
}

function publicKey(der: Uint8Array): Result<FoundKey, MaterialFault> {
  const key = parseSpki(der)
  if (key === undefined) return refuse('key')
  return authenticates(key) ? accept({ from: 'public-key', spki: der }) : refuse('key-kind')
}

/** RFC 8017 §A.1.1 */
function rsaKey(der: Uint8Array): Result<FoundKey, MaterialFault> {
  const key = attempt(() => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'pkcs1' }))
  return key === undefined ? refuse('key') : accept({ from: 'public-key', spki: spkiOfKey(key) })
}

function privateKey(der: Uint8Array, type: 'pkcs8' | 'pkcs1' | 'sec1'): Result<FoundKey, MaterialFault> {
  const key = attempt(() => createPublicKey(createPrivateKey({ key: Buffer.from(der), format: 'der', type })))
  if (key === undefined) return refuse('key')
  return authenticates(key) ? accept({ from: 'private-key', spki: spkiOfKey(key) }) : refuse('key-kind')
}

function requestKey(der: Uint8Array): Result<FoundKey, MaterialFault> {
  const spki = spkiOfRequest(der)
  const key = spki && parseSpki(spki)
  if (spki === undefined || key === undefined) return refuse('request')
  return authenticates(key) ? accept({ from: 'request', spki }) : refuse('key-kind')
}

const authenticating: ReadonlySet<string | undefined> = new Set([
  ...['rsa', 'rsa-pss', 'ec', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'],
])

function authenticates({ asymmetricKeyType }: KeyObject): boolean {
  return authenticating.has(asymmetricKeyType)
}

function spkiOfKey(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' })
}

/**
 * Whether a key has its curve written out instead of named. Certificates must not have such keys, peers refuse them, and
 * how a certificate would hold one cannot be told from the key. RFC 5480 §2.1.1
 */
export function hasWrittenCurve(spki: Uint8Array): boolean {
  const outer = readElement(spki, 0)
  const [algorithm] = (outer && readChildren(spki, outer)) ?? []
  const [, parameters] = (algorithm && readChildren(spki, algorithm)) ?? []
  return parameters?.tag === DER.SEQUENCE && parseSpki(spki)?.asymmetricKeyType === 'ec'
}

function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
