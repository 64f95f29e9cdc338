import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { readSections, verifiedDs } from '../../../test/support/dnssec-vectors.ts'
import { makeKey, nameOf, now, rrsetsOf, rsaOctets, zoneKey } from '../../../test/support/sign.ts'
import { TYPE } from '../dns/types.ts'
import { workingAlgorithms } from './algorithms.ts'
import { createBudget } from './budget.ts'
import { signedData } from './canonical.ts'
import { authenticateKeys } from './ds.ts'
import { createPolicy } from './policy.ts'
import { verifyRrset } from './signature.ts'
import { readZoneKey } from './zone-key.ts'

const policy = createPolicy()

/** The RRsets of one section of vectors, and its keys. */
function readSection(text: string) {
  const rrsets = rrsetsOf(text)
  const find = (type: number) => rrsets.find((rrset) => rrset.type === type)
  const dnskey = find(TYPE.DNSKEY)
  assert.ok(dnskey)
  return { find, dnskey, keys: dnskey.rdatas.flatMap((rdata) => readZoneKey(rdata) ?? []) }
}

for (const { title, text } of readSections('dnssec-published.zone')) {
  test(`DV6 DNSSEC-36 DNSSEC-37 DNSSEC-38 the signature of ${title} is good, and no other is`, () => {
    const { find, dnskey, keys } = readSection(text)
    const rrset = find(TYPE.MX) ?? find(TYPE.A)
    assert.ok(rrset?.signatures[0])
    const options = { zone: dnskey.name, keys, now: rrset.signatures[0].inception, policy }
    assert.equal(verifyRrset(rrset, { ...options, budget: createBudget() }).verdict, 'secure')
    const other = { ...rrset, rdatas: rrset.rdatas.map((rdata) => Uint8Array.from(rdata, (octet) => octet ^ 1)) }
    assert.equal(verifyRrset(other, { ...options, budget: createBudget() }).verdict, 'bogus')
  })
}

test('DV6 DNSSEC-38 the signature that RFC 8080 §6.1 prints is wrong, as EID 4935 says', () => {
  const printed = 'Edk+IB9KNNWg0HAjm7FazXyrd5m3Rk8zNZbvNpAcM+eysqcUOMIjWoevFkjH5GaMWeG96GUVZu6ECKOQmemHDg=='
  const [section] = readSections('dnssec-published.zone')
  const { find, keys } = readSection(section?.text.replace(/\S+$/, printed) ?? '')
  const rrset = find(TYPE.MX)
  assert.ok(rrset?.signatures[0])
  const options = { zone: nameOf('example.com.'), keys, policy, budget: createBudget() }
  const verdict = verifyRrset(rrset, { ...options, now: rrset.signatures[0].inception })
  assert.equal(verdict.verdict === 'bogus' && verdict.problem.kind, 'wrong-signature')
})

for (const { title, text } of readSections('dnssec-algorithms.zone')) {
  const { find, dnskey } = readSection(text)
  const [mx, ds] = [find(TYPE.MX), find(TYPE.DS)]
  assert.ok(mx?.signatures[0] && ds)
  const { name: zone } = dnskey

  test(`DV7 DNSSEC-18 DNSSEC-19 ${title} signs names in lower case, in canonical order`, () => {
    assert.ok(mx.signatures[0])
    const digest = createHash('sha256').update(signedData(mx, mx.signatures[0])).digest('hex')
    assert.equal(digest, /SHA-256 ([0-9a-f]{64})/.exec(text)?.[1])
  })

  test(`DV7 DNSSEC-29 DNSSEC-33 DNSSEC-36 DNSSEC-37 DNSSEC-38 ${title} leads from either DS to secure records`, () => {
    for (const rdata of ds.rdatas) {
      const options = { zone, now, policy, budget: createBudget() }
      const authentic = authenticateKeys({
        ...options,
        rrset: dnskey,
        by: { kind: 'ds', rrset: verifiedDs(zone, [rdata]) },
      })
      assert.equal(authentic.verdict, 'secure', JSON.stringify(authentic))
      assert.ok(authentic.verdict === 'secure' && authentic.ds.length === 1)
      assert.equal(verifyRrset(mx, { ...options, keys: authentic.keys }).verdict, 'secure')
      assert.deepEqual(options.budget.spent, { checks: 2, failedChecks: 0, nsec3Blocks: 0 })
    }
  })
}

test('DNSSEC-33 algorithms 5 and 7 are there, and off unless allowed', () => {
  const numbers = (allowSha1: boolean) => [...createPolicy({ allowSha1 }).algorithms.keys()]
  assert.deepEqual(numbers(false), [8, 10, 13, 14, 15, 16])
  assert.deepEqual(numbers(true), [5, 7, 8, 10, 13, 14, 15, 16])
})

const halves = (octet: number, count: number) => new Uint8Array(count).fill(octet)
const modulus = (bits: number) => Buffer.concat([Uint8Array.of(0x80), halves(0xff, bits / 8 - 1)])
const f4 = Uint8Array.of(1, 0, 1)

const invalid: [claim: string, algorithm: number, publicKey: Uint8Array][] = [
  ['an empty key', 8, Uint8Array.of()],
  ['an RSA key without exponent', 8, Buffer.concat([Uint8Array.of(0), modulus(1024)])],
  ['an RSA exponent of zeros', 8, rsaOctets(halves(0, 3), modulus(1024))],
  ['an RSA exponent of 1', 8, rsaOctets(Uint8Array.of(1), modulus(1024))],
  ['an even RSA exponent', 8, rsaOctets(Uint8Array.of(1, 0, 0), modulus(1024))],
  ['an RSA exponent that takes all of the key', 8, Buffer.concat([Uint8Array.of(128), modulus(1024)])],
  ['an RSA exponent that runs past the key', 8, Buffer.concat([Uint8Array.of(200), modulus(1024)])],
  ['a long-form RSA exponent that runs past the key', 8, Uint8Array.of(0, 0xff, 0xff, 1, 2, 3)],
  ['an RSA modulus of zeros', 8, rsaOctets(f4, halves(0, 128))],
  ['an RSA exponent of six octets', 8, rsaOctets(halves(0xff, 6), modulus(2048))],
  ['an RSA exponent of 2040 bits', 8, rsaOctets(halves(0xff, 255), modulus(2048))],
  ['an RSA modulus of 4097 bits', 8, rsaOctets(f4, Buffer.concat([Uint8Array.of(1), modulus(4096)]))],
  ['an RSA modulus of 16384 bits', 10, rsaOctets(f4, modulus(16_384))],
  ['an RSA modulus of 504 bits', 8, rsaOctets(f4, modulus(504))],
  ['an RSASHA512 modulus of 1016 bits', 10, rsaOctets(f4, modulus(1016))],
  ['a P-256 key of 63 octets', 13, halves(1, 63)],
  ['a P-256 point that is not on the curve', 13, halves(1, 64)],
  ['a P-256 key of zeros', 13, halves(0, 64)],
  ['a P-256 key with the prefix of X9.62', 13, Buffer.concat([Uint8Array.of(4), halves(1, 64)])],
  ['a P-384 point that is not on the curve', 14, halves(1, 96)],
  ['an Ed25519 key of 31 octets', 15, halves(1, 31)],
  ['an Ed25519 key of 33 octets', 15, halves(1, 33)],
  ['an Ed448 key of 56 octets', 16, halves(1, 56)],
]

for (const [claim, algorithm, publicKey] of invalid) {
  test(`DV13 DNSSEC-34 DNSSEC-35 DNSSEC-36 DNSSEC-37 DNSSEC-38 ${claim} is no key`, () => {
    assert.equal(workingAlgorithms().get(algorithm)?.importKey(publicKey), undefined)
  })
}

const sizes: [claim: string, algorithm: number, publicKey: Uint8Array, fits: boolean][] = [
  ['504 bits', 8, rsaOctets(f4, modulus(504)), false],
  ['511 bits behind a leading zero', 8, rsaOctets(f4, Buffer.concat([Uint8Array.of(0, 0x7f), halves(1, 63)])), false],
  ['512 bits', 8, rsaOctets(f4, modulus(512)), true],
  ['1016 bits with RSASHA512', 10, rsaOctets(f4, modulus(1016)), false],
  ['1024 bits with RSASHA512', 10, rsaOctets(f4, modulus(1024)), true],
  ['4097 bits, which is no small key', 8, rsaOctets(f4, Buffer.concat([Uint8Array.of(1), modulus(4096)])), true],
  ['no size at all', 8, Uint8Array.of(0), true],
]

for (const [claim, algorithm, publicKey, fits] of sizes) {
  test(`DNSSEC-35 an RSA key of ${claim} ${fits ? 'is not' : 'is'} too small`, () => {
    assert.equal(workingAlgorithms().get(algorithm)?.fits(publicKey), fits)
  })
}

for (const algorithm of [5, 7, 8, 10, 13, 14, 15, 16]) {
  const key = makeKey(algorithm)
  const data = Buffer.from('signed data')
  const signature = key.sign(data)

  test(`DV13 DNSSEC-36 DNSSEC-37 DNSSEC-38 a signature of algorithm ${algorithm} has exactly one length`, () => {
    const known = workingAlgorithms().get(algorithm)
    const object = known?.importKey(key.publicKey)
    assert.ok(known && object)
    assert.equal(known.verify(data, object, signature), true)
    const lengths = [0, 1, signature.length - 1, signature.length + 1, 2 * signature.length, 65_000]
    for (const length of lengths) {
      const other = Buffer.concat([signature, halves(0, 65_000)]).subarray(0, length)
      assert.equal(known.verify(data, object, other), false, `${length} octets`)
    }
    assert.equal(known.verify(data, object, Buffer.concat([Uint8Array.of(0), signature])), false)
    for (const octet of [0, 0xff]) assert.equal(known.verify(data, object, halves(octet, signature.length)), false)
  })

  test(`DNSSEC-34 no octets for a key of algorithm ${algorithm} make checking throw`, () => {
    const known = workingAlgorithms().get(algorithm)
    assert.ok(known)
    const sized = fc
      .constantFrom(...[32, 57, 64, 96, key.publicKey.length])
      .chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
    const rsa = fc.tuple(
      fc.uint8Array({ minLength: 1, maxLength: 6 }),
      fc.uint8Array({ minLength: 60, maxLength: 140 }),
    )
    const keys = fc.oneof(
      sized,
      fc.uint8Array({ maxLength: 300 }),
      rsa.map(([exponent, rest]) => rsaOctets(exponent, rest)),
    )
    const property = fc.property(keys, (publicKey) => {
      const object = known.importKey(publicKey)
      if (object !== undefined) assert.equal(known.verify(data, object, signature), false)
    })
    fc.assert(property, { numRuns: 60 })
  })
}

test('DV13 DNSSEC-34 an Ed25519 key of all ones imports, and verifies nothing', () => {
  const key = zoneKey({ algorithm: 15, publicKey: halves(0xff, 32) })
  const known = workingAlgorithms().get(15)
  const object = known?.importKey(key.publicKey)
  assert.ok(known && object)
  assert.equal(known.verify(Buffer.from('data'), object, halves(0, 64)), false)
})
