import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Rrsig } from '../../src/core/dns/rdata/records.ts'
import { writeDnskey } from '../../src/core/dns/rdata/write.ts'
import { groupRrsets, type ReceivedSignature, type Rrset } from '../../src/core/dns/rrset.ts'
import { parseZone } from '../../src/core/dns/zone-text.ts'
import { signedData, signedLabelCount } from '../../src/core/dnssec/canonical.ts'
import { readZoneKey, type ZoneKey } from '../../src/core/dnssec/zone-key.ts'
import type { Name } from '../../src/core/name/name.ts'
import { parseName } from '../../src/core/name/text.ts'

/** A private key with its DNSKEY record. */
export interface TestKey extends ZoneKey {
  sign(data: Uint8Array): Uint8Array
}

export interface KeyOptions {
  readonly flags?: number
  /** Of RSA keys. */
  readonly modulusLength?: number
  /** Of Ed25519 keys: 32 octets in base64. */
  readonly seed?: string
}

/** Signatures are valid from 2026 to 2036, as those of the vectors; `now` lies between. */
export const window = { inception: 1_767_225_600, expiration: 2_082_758_400 }
export const now = 1_782_864_000

const digests: Readonly<Record<number, string | null>> = {
  5: 'sha1',
  7: 'sha1',
  8: 'sha256',
  10: 'sha512',
  13: 'sha256',
  14: 'sha384',
  15: null,
  16: null,
}

export function makeKey(algorithm: number, options: KeyOptions = {}): TestKey {
  const privateKey = options.seed === undefined ? generate(algorithm, options) : fromSeed(options.seed)
  const { e, n, x, y } = createPublicKey(privateKey).export({ format: 'jwk' })
  const publicKey = n === undefined ? joined(x, y) : rsaOctets(octets(e), octets(n))
  const digest = digests[algorithm] ?? null
  const key = zoneKey({ flags: options.flags ?? 257, algorithm, publicKey })
  return { ...key, sign: (data) => sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' }) }
}

/** A DNSKEY record of these fields, whether or not it is a key. */
export function zoneKey(fields: {
  flags?: number
  algorithm: number
  publicKey: Uint8Array
  protocol?: number
}): ZoneKey {
  const key = readZoneKey(writeDnskey({ flags: 257, protocol: 3, ...fields }))
  if (key === undefined) throw new Error('no DNSKEY record')
  return key
}

/** The Public Key field of an RSA key. RFC 3110 §2 */
export function rsaOctets(exponent: Uint8Array, modulus: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(exponent.length), exponent, modulus])
}

function generate(algorithm: number, { modulusLength = 1024 }: KeyOptions): KeyObject {
  if (algorithm === 13) return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  if (algorithm === 14) return generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey
  if (algorithm === 15) return generateKeyPairSync('ed25519').privateKey
  if (algorithm === 16) return generateKeyPairSync('ed448').privateKey
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}

function fromSeed(seed: string): KeyObject {
  const head = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = Buffer.concat([head, Buffer.from(seed, 'base64')])
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
}

function octets(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? '', 'base64url')
}

function joined(x: string | undefined, y: string | undefined): Uint8Array {
  return Buffer.concat([octets(x), octets(y)])
}

/** The RRset with one signature more; `fields` are what the signature is to say otherwise. */
export function signRrset(rrset: Rrset, key: TestKey, zone: Name, fields: Partial<Rrsig> = {}): Rrset {
  const rrsig: Omit<Rrsig, 'signature'> = {
    typeCovered: rrset.type,
    algorithm: key.algorithm,
    labels: signedLabelCount(rrset.name),
    originalTtl: rrset.ttl,
    ...window,
    keyTag: key.keyTag,
    signer: zone,
    ...fields,
  }
  const signature: ReceivedSignature = { signature: key.sign(signedData(rrset, rrsig)), ...rrsig, ttl: rrset.ttl }
  return { ...rrset, signatures: [...rrset.signatures, { ...signature, ...fields }] }
}

/** The RRsets of zone text, with the signatures in it. */
export function rrsetsOf(text: string): Rrset[] {
  const records = parseZone(text, { ttl: 3600 })
  if (!records.ok) throw new Error(`zone text: ${records.fault} at ${records.at}`)
  return groupRrsets(records.value)
}

/** The first RRset of zone text. */
export function rrsetOf(text: string): Rrset {
  const [rrset] = rrsetsOf(text)
  if (rrset === undefined) throw new Error('empty zone text')
  return rrset
}

export function nameOf(text: string): Name {
  const name = parseName(text)
  if (!name.ok) throw new Error(`not a name: "${text}"`)
  return name.value
}

/** A wildcard's RRset under the name that was asked for, as a server expands it. */
export function expand(rrset: Rrset, name: Name): Rrset {
  return { ...rrset, name }
}
