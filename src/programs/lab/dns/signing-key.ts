import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto'
import { type Ds, readDnskey } from '../../../core/dns/rdata/records.ts'
import { writeDnskey } from '../../../core/dns/rdata/write.ts'
import { digestTypes } from '../../../core/dnssec/algorithms.ts'
import { dsDigest } from '../../../core/dnssec/ds.ts'
import { keyTagOf } from '../../../core/dnssec/key-tag.ts'
import type { Name } from '../../../core/name/name.ts'

/** Zone Key, and Zone Key with Secure Entry Point. RFC 4034 §2.1.1 */
export type KeyFlags = 256 | 257

/** A private key with the DNSKEY record data that goes with it. */
export interface SigningKey {
  readonly algorithm: number
  readonly keyTag: number
  /** DNSKEY record data. */
  readonly rdata: Uint8Array
  sign(data: Uint8Array): Uint8Array
}

interface Scheme {
  generate(flags: KeyFlags): KeyPair
  /** The Public Key field of a DNSKEY record. */
  publicKey(key: JsonWebKey): Uint8Array
  sign(data: Uint8Array, key: KeyObject): Uint8Array
}

interface KeyPair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

/** The algorithms that zones can be signed with, by number. RFC 8624 §3.1 */
const schemes: ReadonlyMap<number, Scheme> = new Map([
  [5, rsa('sha1')],
  [7, rsa('sha1')],
  [8, rsa('sha256')],
  [10, rsa('sha512')],
  [13, ecdsa('P-256', 'sha256')],
  [14, ecdsa('P-384', 'sha384')],
  [15, eddsa(() => generateKeyPairSync('ed25519'))],
  [16, eddsa(() => generateKeyPairSync('ed448'))],
])

/** A new key; RSA keys with equal flags share one pair in a process, because its primes take long to find. */
export function createSigningKey(algorithm: number, flags: KeyFlags): SigningKey {
  const scheme = schemes.get(algorithm)
  if (scheme === undefined) throw new Error(`cannot sign with DNSSEC algorithm ${algorithm}`)
  const pair = scheme.generate(flags)
  const publicKey = scheme.publicKey(pair.publicKey.export({ format: 'jwk' }))
  const rdata = writeDnskey({ flags, protocol: 3, algorithm, publicKey })
  return { algorithm, keyTag: keyTagOf(rdata), rdata, sign: (data) => scheme.sign(data, pair.privateKey) }
}

/** The DS record of a key with its SHA-256 digest, or another one of RFC 9904 Table 3. RFC 4034 §5.1 */
export function dsOf(owner: Name, { rdata, keyTag, algorithm }: SigningKey, digestType = 2): Ds {
  const digest = dsDigest({ owner, rdata, digestType }, { digests: digestTypes })
  if (digest === undefined) throw new Error(`cannot make a DS digest of type ${digestType}`)
  return { keyTag, algorithm, digestType, digest }
}

/** Whether the key is meant for the DNSKEY RRset. RFC 4034 §2.1.1 */
export function isEntryPoint({ rdata }: SigningKey): boolean {
  const dnskey = readDnskey(rdata)
  return dnskey.ok && (dnskey.value.flags & 1) === 1
}

const rsaPairs = new Map<KeyFlags, KeyPair>()

function sharedRsaPair(flags: KeyFlags): KeyPair {
  const pair = rsaPairs.get(flags) ?? generateKeyPairSync('rsa', { modulusLength: 2048 })
  rsaPairs.set(flags, pair)
  return pair
}

/** RFC 3110 §2, RFC 5702 §3 */
function rsa(digest: string): Scheme {
  return {
    generate: sharedRsaPair,
    publicKey({ e, n }) {
      const exponent = octetsOf(e)
      return Buffer.concat([Uint8Array.of(exponent.length), exponent, octetsOf(n)])
    },
    sign: (data, key) => sign(digest, data, key),
  }
}

/** RFC 6605 §4 */
function ecdsa(namedCurve: string, digest: string): Scheme {
  return {
    generate: () => generateKeyPairSync('ec', { namedCurve }),
    publicKey: ({ x, y }) => Buffer.concat([octetsOf(x), octetsOf(y)]),
    sign: (data, key) => sign(digest, data, { key, dsaEncoding: 'ieee-p1363' }),
  }
}

/** RFC 8080 §3, §4 */
function eddsa(generate: () => KeyPair): Scheme {
  return {
    generate,
    publicKey: ({ x }) => octetsOf(x),
    sign: (data, key) => sign(null, data, key),
  }
}

function octetsOf(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? '', 'base64url')
}
