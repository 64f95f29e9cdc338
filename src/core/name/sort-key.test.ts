import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareNames, nameFromLabels } from './name.ts'
import { sortKeyOf } from './sort-key.ts'
import { parseName } from './text.ts'

test('DNSSEC-43: keys sort as the names of RFC 4034 §6.1 do', () => {
  const sorted = 'example. a.example. yljkjljk.a.example. Z.a.example. zABC.a.EXAMPLE. z.example. \\001.z.example.'
  const keys = [...sorted.split(' '), '*.z.example.', '\\200.z.example.'].map((text) => {
    const name = parseName(text)
    assert.ok(name.ok)
    return sortKeyOf(name.value)
  })
  assert.deepEqual(keys.toSorted(), keys)
})

const octet = fc.constantFrom(0, 1, 0x2a, 0x41, 0x61, 0x62, 0xfe, 0xff)
const label = fc.array(octet, { minLength: 1, maxLength: 3 }).map((octets) => String.fromCharCode(...octets))
const name = fc.array(label, { maxLength: 4 }).map((labels) => nameFromLabels(labels))

test('DNSSEC-43: whatever octets names have, their keys compare as they do', () => {
  fc.assert(
    fc.property(name, name, (one, other) => {
      assert.ok(one !== undefined && other !== undefined)
      const [left, right] = [sortKeyOf(one), sortKeyOf(other)]
      assert.equal(left < right ? -1 : left > right ? 1 : 0, Math.sign(compareNames(one, other)))
    }),
  )
})
