import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import vectors from '../../../test/vectors/dns-wire.json' with { type: 'json' }
import { base32hex, parseBase32hex } from './base32hex.ts'

/** RFC 4648 §10, without its padding. */
const published: [octets: string, text: string][] = [
  ['', ''],
  ['f', 'co'],
  ['fo', 'cpng'],
  ['foo', 'cpnmu'],
  ['foob', 'cpnmuog'],
  ['fooba', 'cpnmuoj1'],
  ['foobar', 'cpnmuoj1e8'],
]
for (const [octets, text] of published) {
  test(`RFC 4648 §10: "${octets}" is "${text}"`, () => {
    assert.equal(base32hex(Buffer.from(octets)), text)
    assert.deepEqual(parseBase32hex(text), Uint8Array.from(Buffer.from(octets)))
  })
}

for (const { text, hex } of vectors.hashes) {
  test(`WIRE-28, DV4: the hash ${text} is ${hex}, in any case`, () => {
    assert.equal(base32hex(Buffer.from(hex, 'hex')), text)
    assert.deepEqual(parseBase32hex(text.toUpperCase()), Uint8Array.from(Buffer.from(hex, 'hex')))
  })
}

for (const text of ['w', 'c', 'cpn', 'cpnmuo', 'co=', 'co ', 'cö', 'ſo', 'c-']) {
  test(`parseBase32hex refuses "${text}"`, () => assert.equal(parseBase32hex(text), undefined))
}

test('octets come back from their text', () => {
  fc.assert(fc.property(fc.uint8Array(), (octets) => assert.deepEqual(parseBase32hex(base32hex(octets)), octets)))
})

test('the order of hashes is the order of their texts', () => {
  const hashes = fc.uint8Array({ minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(hashes, hashes, (one, other) => {
      assert.equal(base32hex(one) < base32hex(other), Buffer.compare(one, other) < 0)
    }),
  )
})
