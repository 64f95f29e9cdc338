import { createPublicKey, hash, type JsonWebKey, type KeyObject, verify } from 'node:crypto'
import { fromLatin1 } from '../dns/octets.ts'
import { limits } from '../limits.ts'
import { rawToDer } from './ecdsa-der.ts'
import { readRsaKey } from './rsa-key.ts'
import { probes } from './self-test.ts'

/** One signature algorithm that can be verified with. */
export interface Algorithm {
  readonly number: number
  readonly mnemonic: string
  /** Whether a key's size is one we deal with at all; decided from numbers alone. RFC 6840 §5.2 */
  fits(publicKey: Uint8Array): boolean
  /** Undefined when the octets are no key of this algorithm. */
  importKey(publicKey: Uint8Array): KeyObject | undefined
  verify(data: Uint8Array, key: KeyObject, signature: Uint8Array): boolean
}

export interface DigestType {
  readonly number: number
  readonly octets: number
  digest(data: Uint8Array): Uint8Array
}

function importJwk(key: JsonWebKey): KeyObject | undefined {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url')
}

/**
 * A key as certificates have it, of which only the last octets differ. RFC 5280 §4.1.2.7
 *
 * As PEM text: with an object, Node finds out by errors that it throws and catches what it has been given, and that takes
 * as long as the import.
 */
function importSpki(head: Uint8Array, publicKey: Uint8Array): KeyObject | undefined {
  const octets = Buffer.concat([head, publicKey]).toString('base64')
  try {
    return createPublicKey(`-----BEGIN PUBLIC KEY-----\n${octets}\n-----END PUBLIC KEY-----\n`)
  } catch {
    return undefined // such as a point that is not on the curve
  }
}

/** RFC 3110 §2, RFC 5702 §3 */
function rsa(number: number, mnemonic: string, digest: string, bitsMin: number = limits.dnssec.rsaBitsMin): Algorithm {
  return {
    number,
    mnemonic,
    // What is no RSA key at all is of no size, and refused later.
    fits: (publicKey) => (readRsaKey(publicKey)?.bits ?? bitsMin) >= bitsMin,
    importKey(publicKey) {
      const key = readRsaKey(publicKey)
      if (key === undefined || key.bits < bitsMin || key.bits > limits.dnssec.rsaBitsMax || !key.exponentIsSound) {
        return undefined
      }
      return importJwk({ kty: 'RSA', n: base64url(key.modulus), e: base64url(key.exponent) })
    },
    verify: (data, key, signature) => signature.length === modulusOctets(key) && verify(digest, data, key, signature),
  }
}

function modulusOctets(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** RFC 6605 §4 */
function ecdsa(number: number, mnemonic: string, curve: { head: string; octets: number; digest: string }): Algorithm {
  const { octets, digest } = curve
  const head = Buffer.from(curve.head, 'hex')
  return {
    number,
    mnemonic,
    fits: () => true,
    importKey: (publicKey) => (publicKey.length === 2 * octets ? importSpki(head, publicKey) : undefined),
    // DER made by hand: asking for IEEE P1363 costs a third more per check.
    verify: (data, key, signature) => signature.length === 2 * octets && verify(digest, data, key, rawToDer(signature)),
  }
}

/** RFC 8080 §3, §4 */
function eddsa(number: number, mnemonic: string, octets: { head: string; key: number; signature: number }): Algorithm {
  const head = Buffer.from(octets.head, 'hex')
  return {
    number,
    mnemonic,
    fits: () => true,
    importKey: (publicKey) => (publicKey.length === octets.key ? importSpki(head, publicKey) : undefined),
    verify: (data, key, signature) => signature.length === octets.signature && verify(null, data, key, signature),
  }
}

/** SubjectPublicKeyInfo up to the key itself, uncompressed points with the octet that says so. RFC 5480 §2, RFC 8410 §4 */
const heads = {
  p256: '3059301306072a8648ce3d020106082a8648ce3d03010703420004',
  p384: '3076301006072a8648ce3d020106052b8104002203620004',
  ed25519: '302a300506032b6570032100',
  ed448: '3043300506032b6571033a00',
}

const known: readonly Algorithm[] = [
  rsa(5, 'RSASHA1', 'sha1'),
  rsa(7, 'RSASHA1-NSEC3-SHA1', 'sha1'),
  rsa(8, 'RSASHA256', 'sha256'),
  rsa(10, 'RSASHA512', 'sha512', 1024), // RFC 5702 §2.2
  ecdsa(13, 'ECDSAP256SHA256', { head: heads.p256, octets: 32, digest: 'sha256' }),
  ecdsa(14, 'ECDSAP384SHA384', { head: heads.p384, octets: 48, digest: 'sha384' }),
  eddsa(15, 'ED25519', { head: heads.ed25519, key: 32, signature: 64 }),
  eddsa(16, 'ED448', { head: heads.ed448, key: 57, signature: 114 }),
]

/** Whether the crypto library can do it here: some builds refuse SHA-1 or Ed448. RFC 6840 §5.2 */
function passesSelfTest(algorithm: Algorithm): boolean {
  const probe = probes.get(algorithm.number)
  if (probe === undefined) return false
  try {
    const key = algorithm.importKey(Buffer.from(probe.publicKey, 'base64'))
    return key !== undefined && algorithm.verify(fromLatin1(probe.data), key, Buffer.from(probe.signature, 'base64'))
  } catch {
    return false
  }
}

let tested: ReadonlyMap<number, Algorithm> | undefined

/** Algorithms that work here, by number, SHA-1 ones included; tested once, at the first call. */
export function workingAlgorithms(): ReadonlyMap<number, Algorithm> {
  tested ??= new Map(known.filter(passesSelfTest).map((algorithm) => [algorithm.number, algorithm]))
  return tested
}

/** The algorithms that ought to work and do not, by mnemonic, those with SHA-1 only where wanted: for one warning. */
export function brokenAlgorithms(
  { allowSha1 }: { readonly allowSha1: boolean },
  working: ReadonlyMap<number, Algorithm> = workingAlgorithms(),
): string[] {
  const wanted = known.filter(({ number }) => allowSha1 || !withSha1.has(number))
  return wanted.filter(({ number }) => !working.has(number)).map(({ mnemonic }) => mnemonic)
}

/** RFC 9905 §2 */
export const withSha1: ReadonlySet<number> = new Set([5, 7])

function digestType(number: number, octets: number, name: string): [number, DigestType] {
  return [number, { number, octets, digest: (data) => hash(name, data, 'buffer') }]
}

/** DS digests: SHA-1, SHA-256, SHA-384. RFC 9904 Table 3 */
export const digestTypes: ReadonlyMap<number, DigestType> = new Map([
  digestType(1, 20, 'sha1'),
  digestType(2, 32, 'sha256'),
  digestType(4, 48, 'sha384'),
])
