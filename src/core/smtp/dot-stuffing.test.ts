import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createDotStuffer } from './dot-stuffing.ts'
import { scanMessage } from './message-facts.ts'

function stuff(...pieces: string[]): string {
  const stuffer = createDotStuffer()
  const out = pieces.map((piece) => stuffer.stuff(Buffer.from(piece, 'latin1')))
  return Buffer.concat([...out, stuffer.end()]).toString('latin1')
}

const cases: [claim: string, pieces: string[], wire: string][] = [
  ['nothing is only the dot', [], '.\r\n'],
  ['CRLF stays', ['a\r\nb\r\n'], 'a\r\nb\r\n.\r\n'],
  ['LF becomes CRLF', ['a\nb\n'], 'a\r\nb\r\n.\r\n'],
  ['a last line without an end gets one', ['a'], 'a\r\n.\r\n'],
  ['a leading dot is doubled', ['.\r\n..\r\n.a\r\na.\r\n'], '..\r\n...\r\n..a\r\na.\r\n.\r\n'],
  ['a dot alone in a message with LF ends is doubled', ['a\n.\nb\n'], 'a\r\n..\r\nb\r\n.\r\n'],
  ['a CR cut from its LF is not stray', ['a\r', '\nb'], 'a\r\nb\r\n.\r\n'],
  ['a dot cut from its line end is doubled', ['a\r\n', '.', '\r\n'], 'a\r\n..\r\n.\r\n'],
  ['a stray CR becomes a space', ['a\rb\r\n'], 'a b\r\n.\r\n'],
  ['a dot between stray CRs ends nothing', ['a\r.\rMAIL FROM:<x@y>\r\n'], 'a . MAIL FROM:<x@y>\r\n.\r\n'],
  ['CR CR LF keeps one line end', ['a\r\r\nb'], 'a \r\nb\r\n.\r\n'],
  ['a CR at the very end becomes a space', ['a\r'], 'a \r\n.\r\n'],
]
for (const [claim, pieces, wire] of cases) {
  test(`RFC 5321 §4.5.2: ${claim}`, () => assert.equal(stuff(...pieces), wire))
}

const octet = fc.constantFrom('\r', '\n', '.', 'a', '\xff', '\0')

test('no message can end early, however it is cut, and its size is what was announced', () => {
  fc.assert(
    fc.property(fc.array(fc.array(octet, { maxLength: 8 }).map((list) => list.join(''))), (pieces) => {
      const wire = stuff(...pieces)
      assert.equal(wire, stuff(pieces.join('')))
      assert.equal(wire.endsWith('.\r\n'), true)
      assert.equal(`\r\n${wire}`.indexOf('\r\n.\r\n'), wire.length - 3)
      assert.doesNotMatch(wire, /\r(?!\n)|(?<!\r)\n/)
      const received = wire.slice(0, -3).replace(/^\./gm, '')
      assert.equal(received.length, scanMessage(Buffer.from(pieces.join(''), 'latin1')).size)
    }),
  )
})
