import assert from 'node:assert/strict'
import { createDiffieHellmanGroup } from 'node:crypto'
import { test } from 'node:test'
import { bitsOfPrime, nameOfPrime } from './finite-field-groups.ts'

const known: readonly [group: string, name: string, bits: number][] = [
  ['modp2', 'modp1024', 1024],
  ['modp5', 'modp1536', 1536],
  ['modp14', 'modp2048', 2048],
  ['modp18', 'modp8192', 8192],
]
for (const [group, name, bits] of known) {
  test(`the prime of ${group} is known as ${name}`, () => {
    const prime = createDiffieHellmanGroup(group).getPrime()
    assert.equal(nameOfPrime(prime), name)
    assert.equal(bitsOfPrime(prime), bits)
  })
}

/** RFC 7919 §A.1 */
const ffdhe2048 =
  'FFFFFFFFFFFFFFFFADF85458A2BB4A9AAFDC5620273D3CF1D8B9C583CE2D3695A9E13641146433FBCC939DCE249B3EF97D2FE363630C75D8' +
  'F681B202AEC4617AD3DF1ED5D5FD65612433F51F5F066ED0856365553DED1AF3B557135E7F57C935984F0C70E0E68B77E2A689DAF3EFE872' +
  '1DF158A136ADE73530ACCA4F483A797ABC0AB182B324FB61D108A94BB2C8E3FBB96ADAB760D7F4681D4F42A3DE394DF4AE56EDE76372BB19' +
  '0B07A7C8EE0A6D709E02FCE1CDF7E2ECC03404CD28342F619172FE9CE98583FF8E4F1232EEF28183C3FE3B1B4C6FAD733BB5FCBC2EC22005' +
  'C58EF1837D1683B2C6F34A26C1B2EFFA886B423861285C97FFFFFFFFFFFFFFFF'

test('the prime of ffdhe2048 is known', () => assert.equal(nameOfPrime(Buffer.from(ffdhe2048, 'hex')), 'ffdhe2048'))

test('bits are counted from the first that is set', () => {
  assert.equal(bitsOfPrime(Uint8Array.of(1)), 1)
  assert.equal(bitsOfPrime(Uint8Array.of(0x7f, 0xff)), 15)
  assert.equal(bitsOfPrime(new Uint8Array()), 0)
  assert.equal(nameOfPrime(Uint8Array.of(7)), undefined)
})
