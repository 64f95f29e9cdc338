import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { createReplyReader, formatReply, type Reply, type ReplyFault } from './reply.ts'

function readAll(...chunks: string[]): (Reply | ReplyFault)[] {
  const reader = createReplyReader()
  const found: (Reply | ReplyFault)[] = []
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk, 'utf8'))
    for (let taken = reader.take(); taken !== undefined; taken = reader.take()) {
      if (!taken.ok) return [...found, taken.fault]
      found.push(taken.value)
    }
  }
  return found
}

const accepted: [claim: string, chunks: string[], replies: string[]][] = [
  ['one line', ['220 mx.test ready\r\n'], ['220 mx.test ready']],
  ['a bare code', ['250\r\n'], ['250']],
  ['a code with an empty text', ['250 \r\n'], ['250']],
  ['several lines', ['250-a\r\n250-b\r\n250 c\r\n'], ['250 a b c']],
  ['a last line that is a bare code', ['250-a\r\n250\r\n'], ['250 a']],
  ['octets one by one', [...'250-a\r\n250 b\r\n'], ['250 a b']],
  ['two replies in one chunk', ['250 a\r\n354 b\r\n'], ['250 a', '354 b']],
  ['a lone LF as a line end', ['250-a\n250 b\n'], ['250 a b']],
  ['UTF-8 text (RFC 6531 §3.7.4)', ['250 grüß dich\r\n'], ['250 grüß dich']],
]
for (const [claim, chunks, replies] of accepted) {
  test(`a reply reader takes ${claim}`, () => {
    const found = readAll(...chunks).map((reply) => (typeof reply === 'string' ? reply : formatReply(reply)))
    assert.deepEqual(found, replies)
  })
}

const refused: [claim: string, text: string, fault: ReplyFault][] = [
  ['STLS-32: lines with different codes', '250-a\r\n251 b\r\n', 'codes-differ'],
  ['a line without a code', 'hello\r\n', 'syntax'],
  ['a code of two digits', '25 a\r\n', 'syntax'],
  ['a code of four digits', '2500 a\r\n', 'syntax'],
  ['a code that cannot be', '150 a\r\n', 'syntax'],
  ['a code that touches its text', '250x\r\n', 'syntax'],
  ['an empty line', '\r\n', 'syntax'],
  ['a continuation line without a code', '250-a\r\nb\r\n', 'syntax'],
  ['a line over the bound', `250 ${'x'.repeat(limits.smtp.replyLineOctets)}\r\n`, 'line-too-long'],
  ['a line over the bound that never ends', `250 ${'x'.repeat(limits.smtp.replyLineOctets)}`, 'line-too-long'],
  ['too many lines', '250-x\r\n'.repeat(limits.smtp.replyLines + 1), 'too-many-lines'],
]
for (const [claim, text, fault] of refused) {
  test(`a reply reader refuses ${claim}`, () => assert.deepEqual(readAll(text), [fault]))
}

test('a reply reader takes as many lines, each as long, as the bounds say', () => {
  const text = 'x'.repeat(limits.smtp.replyLineOctets - 6)
  const lines = Array.from({ length: limits.smtp.replyLines - 1 }, () => `250-${text}\r\n`)
  const [reply] = readAll(`${lines.join('')}250 ${text}\r\n`)
  assert.equal((reply as Reply).lines.length, limits.smtp.replyLines)
})

test('a fault stays', () => {
  const reader = createReplyReader()
  reader.push(Buffer.from('hello\r\n250 a\r\n'))
  assert.equal(reader.take()?.ok, false)
  reader.push(Buffer.from('250 b\r\n'))
  assert.equal(reader.take()?.ok, false)
})

test('STLS-30: octets behind a taken reply stay countable', () => {
  const reader = createReplyReader()
  reader.push(Buffer.from('220 go\r\n250-evil\r\n250 SIZE 1\r\n'))
  reader.take()
  assert.equal(reader.pending(), 22)
  reader.take()
  assert.equal(reader.pending(), 0)
})

const enhanced: [text: string, code: string | undefined][] = [
  ['250 2.1.5 ok', '2.1.5'],
  ['550 5.1.1', '5.1.1'],
  ['452 4.5.3 many', '4.5.3'],
  ['250 5.1.1 odd', undefined],
  ['354 3.0.0 go', undefined],
  ['550 5.1 short', undefined],
  ['550 5.1.1: glued', undefined],
  ['550 5.01.1 zero', undefined],
  ['550 5.1.0001 long', undefined],
  ['550 5.1.0 other', '5.1.0'],
  ['550 no', undefined],
]
for (const [text, code] of enhanced) {
  test(`RFC 2034 §4: "${text}" has ${code ?? 'no enhanced status code'}`, () => {
    const { enhanced: found } = readAll(`${text}\r\n`)[0] as Reply
    assert.equal(found && `${found.class}.${found.subject}.${found.detail}`, code)
  })
}

for (const [wire, shown] of [
  ['550-5.7.1 spam,\r\n550-5.7.1 we think;\r\n550 5.7.1 see x\r\n', '550 5.7.1 spam, we think; see x'],
  ['550-5.7.1 spam\r\n550 5.7.2 other\r\n', '550 5.7.1 spam 5.7.2 other'],
  ['550-no\r\n550 5.7.1 no\r\n', '550 no 5.7.1 no'],
  ['550\r\n', '550'],
] as const) {
  test(`RFC 2034 §4: a reply of several lines is shown as "${shown}"`, () => {
    assert.equal(formatReply(readAll(wire)[0] as Reply), shown)
  })
}

test('any octets in any cut never make a reply reader throw, and give the same replies', () => {
  const piece = fc.oneof(
    fc.constantFrom('250', '-', ' ', '\r\n', '\n', '\r', '220 ok\r\n', '250-x\r\n', '251 y\r\n'),
    fc.string({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (pieces, width) => {
      const whole = Buffer.from(pieces.join(''))
      const cut = []
      const reader = createReplyReader()
      for (let at = 0; at < whole.length; at += width) {
        reader.push(whole.subarray(at, at + width))
        for (let taken = reader.take(); taken !== undefined; taken = reader.take()) {
          cut.push(taken.ok ? taken.value : taken.fault)
          if (!taken.ok) break
        }
        if (typeof cut.at(-1) === 'string') break
      }
      assert.deepEqual(cut, readAll(whole.toString()))
    }),
  )
})
