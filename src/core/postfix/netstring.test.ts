import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatNetstring, type NetstringScan, scanNetstring } from './netstring.ts'

const part: NetstringScan = { kind: 'part' }
const syntax: NetstringScan = { kind: 'fault', fault: 'syntax' }
const tooLong: NetstringScan = { kind: 'fault', fault: 'too-long' }

const cases: [text: string, expected: NetstringScan][] = [
  ['', part],
  ['1', part],
  ['12:', part],
  ['5:hell', part],
  ['5:hello', part],
  ['5:hello,', { kind: 'whole', start: 2, end: 7 }],
  ['0:,', { kind: 'whole', start: 2, end: 2 }],
  ['5:hello,5:again,', { kind: 'whole', start: 2, end: 7 }],
  ['5:hello;', syntax],
  ['4:hello,', syntax],
  [':,', syntax],
  ['x', syntax],
  ['-1:,', syntax],
  ['1 :a,', syntax],
  ['05:hello,', syntax],
  ['00:,', syntax],
  ['101', tooLong],
  ['101:', tooLong],
  ['99999999999999999999', tooLong],
]

for (const [text, expected] of cases) {
  test(`STS-133: a netstring begins with "${text}": ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(scanNetstring(Buffer.from(text), 0, 100), expected)
  })
}

test('the length is that of the octets, not of the characters', () => {
  assert.equal(formatNetstring('bücher'), '7:bücher,')
})

test('a netstring behind another one is found wherever it is cut', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 40 }), (first, second) => {
      const octets = Buffer.from(formatNetstring(first) + formatNetstring(second))
      const from = Buffer.byteLength(formatNetstring(first))
      const scan = scanNetstring(octets, from, 1000)
      assert.ok(scan.kind === 'whole')
      assert.equal(octets.toString('utf8', scan.start, scan.end), second)
      for (let end = from; end < octets.length; end++) {
        assert.deepEqual(scanNetstring(octets.subarray(0, end), from, 1000), part)
      }
    }),
  )
})

test('octets of any kind are scanned without an error, and within their bounds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (octets, from) => {
      const scan = scanNetstring(octets, from, 32)
      if (scan.kind === 'whole') assert.ok(scan.start <= scan.end && scan.end < octets.length)
    }),
  )
})
