import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../types.ts'
import { formatIpv6, parseAddress, readAddress } from './address.ts'

function shown(text: string): string | undefined {
  const octets = parseAddress(text)
  return octets === undefined ? undefined : octets.length === 4 ? octets.join('.') : formatIpv6(octets)
}

const read: [text: string, shown: string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8::0025', '2001:db8::25'],
  ['2001:db8:0:0:0:0:0:1', '2001:db8::1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
  ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
]
for (const [text, expected] of read) {
  test(`WIRE-18: ${text} is ${expected}, in the form of RFC 5952 §4`, () => assert.equal(shown(text), expected))
}

const refused = [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4 ',
  '0x1.2.3.4',
  '1.2.3.-4',
  '１.2.3.4',
  ':',
  ':::',
]
for (const text of [
  ...refused,
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:8::',
  '::1:2:3:4:5:6:7:8',
  '12345::',
  'g::',
  ':1::',
  '1::2:',
  '::1.2.3.4:1',
  '1.2.3.4::',
  '::1.2.3',
  'fe80::1%eth0',
  '[::1]',
  '::1/64',
  `${'0'.repeat(60)}::1`,
]) {
  test(`WIRE-18: "${text}" is no address`, () => assert.equal(parseAddress(text), undefined))
}

test('WIRE-17: address data must be 4 or 16 octets', () => {
  const lengths = Array.from({ length: 20 }, (_, length) => length)
  const fit = (type: number) => lengths.filter((length) => readAddress(type, new Uint8Array(length)).ok)
  assert.deepEqual([fit(TYPE.A), fit(TYPE.AAAA)], [[4], [16]])
})

test('every address comes back from its text', () => {
  const octet = fc.constantFrom(0, 0, 0, 1, 0x0f, 0xf0, 0xff)
  fc.assert(
    fc.property(fc.array(octet, { minLength: 16, maxLength: 16 }), (list) => {
      const octets = Uint8Array.from(list)
      assert.deepEqual(parseAddress(formatIpv6(octets)), octets)
      assert.deepEqual(parseAddress(octets.subarray(0, 4).join('.')), octets.slice(0, 4))
    }),
  )
})

test('what is an address here is one to Node too, and the other way round but for zones', () => {
  const text = fc.array(fc.constantFrom('0', '1', 'ff', ':', '::', '.', '25', '256', '192.0.2.1'), { maxLength: 16 })
  fc.assert(
    fc.property(text, (list) => {
      const address = list.join('')
      assert.equal(parseAddress(address) !== undefined, isIP(address) !== 0)
    }),
    { numRuns: 2000 },
  )
})
