import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVectors } from '../../../test/support/dnssec-vectors.ts'
import { nameOf, zoneKey } from '../../../test/support/sign.ts'
import { hex } from '../dns/octets.ts'
import { dsDigest } from './ds.ts'
import { createPolicy } from './policy.ts'

const lines = readVectors('dnssec-digests.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))

for (const line of lines) {
  const [owner = '', flags, protocol, algorithm, text = '', tag, ...digests] = line.split(' ')
  const publicKey = Buffer.from(text, 'base64')
  const key = zoneKey({ flags: Number(flags), protocol: Number(protocol), algorithm: Number(algorithm), publicKey })

  test(`DNSSEC-22 DV2 the key ${text.slice(0, 12)} with flags ${flags} has the tag ${tag}`, () => {
    assert.equal(key.keyTag, Number(tag))
  })

  for (const [digestType, digest] of digests.map((one) => one.split(':'))) {
    test(`DNSSEC-29 DV1 DV2 the DS digest of type ${digestType} of key ${tag} under ${owner}`, () => {
      const given = { owner: nameOf(owner.toUpperCase()), rdata: key.rdata, digestType: Number(digestType) }
      assert.equal(hex(dsDigest(given, createPolicy()) ?? new Uint8Array()), digest)
    })
  }
}

test('DNSSEC-22 DV2 the long form of an exponent keeps the tag, and changes the digest', () => {
  const modulus = Buffer.alloc(256, 0xab)
  const [short, long] = ['03010001', '000003010001'].map((head) =>
    zoneKey({ algorithm: 8, publicKey: Buffer.concat([Buffer.from(head, 'hex'), modulus]) }),
  )
  assert.ok(short && long)
  const digestOf = (rdata: Uint8Array) => dsDigest({ owner: nameOf('alg.test.'), rdata, digestType: 2 }, createPolicy())
  assert.equal(short.keyTag, long.keyTag)
  assert.notDeepEqual(digestOf(short.rdata), digestOf(long.rdata))
})

test('DNSSEC-30 DNSSEC-33 digests of other types are unsupported', () => {
  for (const digestType of [0, 3, 5, 6, 99]) {
    const given = { owner: nameOf('test.'), rdata: new Uint8Array(4), digestType }
    assert.equal(dsDigest(given, createPolicy()), undefined)
  }
})
