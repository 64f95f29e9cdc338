import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatTime, parseTime } from './time.ts'

const known: [text: string, seconds: number][] = [
  ['19700101000000', 0],
  ['20260101000000', 1_767_225_600],
  ['20360101000000', 2_082_758_400],
  ['20380119031408', 2 ** 31],
  ['21060207062815', 2 ** 32 - 1],
]
for (const [text, seconds] of known) {
  test(`WIRE-26: ${text} is ${seconds} seconds`, () => {
    assert.equal(parseTime(text), seconds)
    assert.equal(formatTime(seconds), text)
  })
}

test('RFC 4034 §3.1.5: dates after 2106 wrap, as the serial numbers do', () => {
  assert.equal(parseTime('21060207062816'), 0)
})

test('WIRE-26: digits other than 14 are seconds', () => {
  assert.deepEqual([parseTime('0'), parseTime('1767225600'), parseTime('4294967295')], [0, 1_767_225_600, 2 ** 32 - 1])
})

const refused = ['', '-1', '4294967296', '12345678901', '2026010100000', '202601010000000', '20260230000000']
for (const text of [
  ...refused,
  '20261301000000',
  '20260101240000',
  '20260101006000',
  '19691231235959',
  '2026010100000x',
]) {
  test(`WIRE-26: "${text}" is no time`, () => assert.equal(parseTime(text), undefined))
}

test('every time comes back from its text', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 32 - 1 }), (seconds) => assert.equal(parseTime(formatTime(seconds)), seconds)),
  )
})
