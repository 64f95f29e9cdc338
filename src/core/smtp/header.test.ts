import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readHeader, recipientFields, valuesOf, waivesTls, withoutFields } from './header.ts'

const read = (text: string) => readHeader(Buffer.from(text))
const strip = (text: string, ...names: string[]) =>
  Buffer.from(withoutFields(Buffer.from(text), read(text), names)).toString()

test('RFC 5322 §2.2.3: folded lines are one value', () => {
  assert.deepEqual(valuesOf(read('To: a@b.test,\r\n c@d.test\r\n\te@f.test\r\n\r\n'), 'to'), [
    'a@b.test, c@d.test\te@f.test',
  ])
})

test('names count in any case, with or without space before the colon', () => {
  assert.deepEqual(valuesOf(read('TO : x\nto:y\n\n'), 'to'), ['x', 'y'])
})

test('the header ends at the first line that is no field', () => {
  const header = read('a: b\nno field here\nc: d\n\n')
  assert.deepEqual([header.fields.length, header.end, header.separated], [1, 5, false])
})

test('Bcc leaves no trace, folded or repeated', () => {
  assert.equal(strip('Bcc: x@y\n z@y\nTo: a@b\nBCC: c@d\n\nbcc: stays\n', 'bcc'), 'To: a@b\n\nbcc: stays\n')
})

test('a message without an empty line gets one', () => {
  assert.equal(strip('a: b\nbody', 'bcc'), 'a: b\n\r\nbody')
  assert.equal(strip('just text', 'bcc'), '\r\njust text')
})

test('a field kept before a removed one that ended the message keeps its line end', () => {
  assert.equal(strip('a: b\nBcc: c', 'bcc'), 'a: b\n')
})

for (const [claim, text, values] of [
  ['To before Cc before Bcc', 'Bcc: c\nCc: b\nTo: a\nTo: a2\n', ['a', 'a2', 'b', 'c']],
  ['those of a message sent again alone', 'Resent-Cc: d\nResent-From: x\nTo: a\nBcc: c\n', ['d']],
  ['the newest alone of several sendings', 'Received: x\nResent-To: d\nReceived: y\nResent-To: e\n', ['d']],
  ['the newest alone, even side by side', 'Resent-To: d\nResent-Bcc: f\nResent-To: e\nResent-Cc: g\n', ['d', 'f']],
  ['nobody, where it was sent again to nobody', 'Resent-From: x\nTo: a\n', []],
] as const) {
  test(`RFC 5322 §3.6.6: the recipients are ${claim}`, () => {
    assert.deepEqual(
      recipientFields(read(`${text}\nTo: body\n`)).map(({ value }) => value),
      values,
    )
  })
}

for (const [text, waived] of [
  ['TLS-Required: No\n\n', true],
  ['tls-required:no\r\n\r\n', true],
  ['TLS-Required: Yes\n\n', false],
  ['TLS-Required: No\nTLS-Required: No\n\n', false],
  ['TLS-Required: No, really\n\n', false],
  ['Subject: x\n\nTLS-Required: No\n', false],
] as const) {
  test(`DLV-55: ${JSON.stringify(text)} ${waived ? 'waives' : 'does not waive'} protection`, () => {
    assert.equal(waivesTls(read(text)), waived)
  })
}

test('any octets can be read and stripped', () => {
  const piece = fc.oneof(fc.constantFrom('a: b\n', 'bcc: x\r\n', ' fold\n', '\n', '\r', ':'), fc.string())
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const stripped = strip(pieces.join(''), 'bcc')
      assert.deepEqual(valuesOf(readHeader(Buffer.from(stripped)), 'bcc'), [])
    }),
  )
})
