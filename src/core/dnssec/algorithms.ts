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
    return undefined // such as a point that is not on the curve
  }
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url')
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
function ecdsa(number: number, mnemonic: string, curve: { crv: string; octets: number; digest: string }): Algorithm {
  const { crv, octets, digest } = curve
  return {
    number,
    mnemonic,
    fits: () => true,
    importKey(publicKey) {
      if (publicKey.length !== 2 * octets) return undefined
      const [x, y] = [publicKey.subarray(0, octets), publicKey.subarray(octets)].map(base64url)
      return importJwk({ kty: 'EC', crv, x, y } as JsonWebKey)
    },
    // DER made by hand: asking for IEEE P1363 costs a third more per check.
    verify: (data, key, signature) => signature.length === 2 * octets && verify(digest, data, key, rawToDer(signature)),
  }
}

/** RFC 8080 §3, §4 */
function eddsa(number: number, crv: string, octets: { key: number; signature: number }): Algorithm {
  return {
    number,
    mnemonic: crv.toUpperCase(),
    fits: () => true,
    importKey: (publicKey) =>
      publicKey.length === octets.key ? importJwk({ kty: 'OKP', crv, x: base64url(publicKey) }) : undefined,
    verify: (data, key, signature) => signature.length === octets.signature && verify(null, data, key, signature),
  }
}

const known: readonly Algorithm[] = [
  rsa(5, 'RSASHA1', 'sha1'),
  rsa(7, 'RSASHA1-NSEC3-SHA1', 'sha1'),
  rsa(8, 'RSASHA256', 'sha256'),
  rsa(10, 'RSASHA512', 'sha512', 1024), // RFC 5702 §2.2
  ecdsa(13, 'ECDSAP256SHA256', { crv: 'P-256', octets: 32, digest: 'sha256' }),
  ecdsa(14, 'ECDSAP384SHA384', { crv: 'P-384', octets: 48, digest: 'sha384' }),
  eddsa(15, 'Ed25519', { key: 32, signature: 64 }),
  eddsa(16, 'Ed448', { key: 57, signature: 114 }),
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
