import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseEhlo } from './ehlo.ts'

const offers = (...lines: string[]) => parseEhlo({ lines: ['mx.test hello', ...lines] })

for (const keyword of ['STARTTLS', 'starttls', 'StartTLS', 'STARTTLS ', 'STARTTLS now']) {
  test(`STLS-1: "${keyword}" offers STARTTLS`, () => assert.equal(offers(keyword).startTls, true))
}

for (const line of ['XSTARTTLS', 'STARTTLS2', ' STARTTLS', '', '-STARTTLS', 'START TLS']) {
  test(`"${line}" does not offer STARTTLS`, () => assert.equal(offers(line).startTls, false))
}

test('the first line is a greeting, never an extension', () => {
  assert.equal(parseEhlo({ lines: ['STARTTLS'] }).startTls, false)
})

const sizes: [line: string, size: number | undefined][] = [
  ['SIZE 10', 10],
  ['size 52428800', 52_428_800],
  ['SIZE 0', undefined],
  ['SIZE', undefined],
  ['SIZE -1', undefined],
  ['SIZE 1e9', undefined],
  ['SIZE 99999999999999999999', undefined],
]
for (const [line, size] of sizes) {
  test(`RFC 1870 §4: "${line}" means a limit of ${size ?? 'nothing'}`, () => assert.equal(offers(line).size, size))
}

test('of a repeated keyword the first line counts', () => assert.equal(offers('SIZE 10', 'SIZE 20').size, 10))

test('all that is asked for is found', () => {
  const { pipelining, eightBitMime, smtpUtf8, requireTls } = offers('PIPELINING', '8BITMIME', 'SMTPUTF8', 'REQUIRETLS')
  assert.deepEqual([pipelining, eightBitMime, smtpUtf8, requireTls], [true, true, true, true])
})

test('any lines can be read', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'binary' })), (lines) => void parseEhlo({ lines })))
})
