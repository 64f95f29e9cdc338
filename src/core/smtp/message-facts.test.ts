import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasOverlongLine, scanMessage } from './message-facts.ts'

const scan = (text: string) => scanMessage(Buffer.from(text, 'utf8'))

test('RFC 1870 §5: the size counts every line end as two octets', () => {
  assert.equal(scan('a\nb\n').size, 6)
  assert.equal(scan('a\r\nb').size, 6)
  assert.equal(scan('').size, 0)
})

test('8-bit octets in the body ask for 8BITMIME alone', () => {
  const facts = scan('Subject: x\n\ngrüße\n')
  assert.deepEqual([facts.eightBit, facts.utf8Header], [true, false])
})

test('RFC 6532 §3: UTF-8 in the header asks for SMTPUTF8', () => {
  assert.equal(scan('Subject: grüße\n\nx\n').utf8Header, true)
})

test('octets in the header that are not UTF-8 are only 8-bit', () => {
  const facts = scanMessage(Buffer.from('Subject: gr\xfc\n\nx\n', 'latin1'))
  assert.deepEqual([facts.eightBit, facts.utf8Header], [true, false])
})

test('RFC 5321 §4.5.3.1.6: a line may have 998 octets and no more', () => {
  assert.equal(hasOverlongLine(scan(`\n${'x'.repeat(998)}\r\n`)), false)
  assert.equal(hasOverlongLine(scan(`\n${'x'.repeat(999)}\n`)), true)
})

for (const [claim, text, bodyAt] of [
  ['after an empty line of CRLF', 'a: b\r\n\r\nbody', 8],
  ['after an empty line of LF', 'a: b\n\nbody', 6],
  ['at once where there is no header', '\nbody', 1],
  ['nowhere in a message of fields alone', 'a: b\n', 5],
] as const) {
  test(`the body begins ${claim}`, () => assert.equal(scan(text).bodyAt, bodyAt))
}
