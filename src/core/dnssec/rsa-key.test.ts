import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { rsaOctets } from '../../../test/support/sign.ts'
import { hex } from '../dns/octets.ts'
import { limits } from '../limits.ts'
import { readRsaKey } from './rsa-key.ts'

const keys: [claim: string, publicKey: string, exponent: string, modulus: string, bits: number][] = [
  ['a short exponent', '03010001c0ff', '010001', 'c0ff', 16],
  ['a long exponent', '000003010001c0ff', '010001', 'c0ff', 16],
  ['zeros before the modulus', '01030000c0ff', '03', 'c0ff', 16],
  ['zeros before the exponent', '0400010001c0ff', '010001', 'c0ff', 16],
  ['a modulus of one bit', '010301', '03', '01', 1],
  ['a modulus of nine bits', '01030100', '03', '0100', 9],
]
for (const [claim, publicKey, exponent, modulus, bits] of keys) {
  test(`DNSSEC-36 an RSA key with ${claim} has ${bits} bits`, () => {
    const key = readRsaKey(Buffer.from(publicKey, 'hex'))
    assert.ok(key)
    assert.deepEqual([hex(key.exponent), hex(key.modulus), key.bits], [exponent, modulus, bits])
  })
}

const exponents: [claim: string, exponent: string, isSound: boolean][] = [
  ['1', '01', false],
  ['2', '02', false],
  ['3', '03', true],
  ['65537', '010001', true],
  ['65536', '010000', false],
  ['4294967297, of five octets', '0100000001', true],
  ['five octets of ones', 'ffffffffff', true],
  ['six octets', '010000000001', false],
  ['257, whose last octet is 1', '0101', true],
]
for (const [claim, exponent, isSound] of exponents) {
  test(`DNSSEC-35 an RSA exponent of ${claim} is ${isSound ? 'sound' : 'refused'}`, () => {
    const octets = Buffer.from(exponent, 'hex')
    const key = readRsaKey(rsaOctets(octets, Uint8Array.of(0xc0)))
    assert.equal(key?.exponentIsSound, isSound)
    if (isSound) assert.ok(octets.length <= limits.dnssec.rsaExponentOctets)
  })
}

test('DNSSEC-36 readRsaKey never throws, and what it takes can be written and read again', () => {
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.array(fc.constantFrom(0, 1, 2, 3, 128, 255), { maxLength: 12 }).map((list) => Uint8Array.from(list)),
  )
  fc.assert(
    fc.property(octets, (publicKey) => {
      const key = readRsaKey(publicKey)
      if (key === undefined) return
      assert.ok(key.exponent.length + key.modulus.length < publicKey.length)
      assert.ok(key.modulus[0] !== 0 && key.exponent[0] !== 0)
      assert.equal(key.bits, BigInt(`0x${hex(key.modulus)}`).toString(2).length)
      if (key.exponent.length > 255) return
      const again = readRsaKey(rsaOctets(key.exponent, key.modulus))
      assert.deepEqual([again?.bits, hex(again?.modulus ?? key.exponent)], [key.bits, hex(key.modulus)])
    }),
    { numRuns: 500 },
  )
})
