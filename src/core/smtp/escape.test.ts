import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeText, escapeUnsafe } from './escape.ts'

for (const [text, shown] of [
  ['250 ok, grüß dich', '250 ok, grüß dich'],
  ['\x1b[2J', '\\x1b[2J'],
  ['a\r\nb\0', 'a\\x0d\\x0ab\\x00'],
  ['\x9b31m', '\\x9b31m'],
  ['\u202eabc', '\\u202eabc'],
  ['\\x1b', '\\\\x1b'],
  ['\u{e0041}', '\\u{e0041}'],
] as const) {
  test(`${JSON.stringify(text)} is shown as ${shown}`, () => assert.equal(escapeText(text), shown))
}

test('whatever was escaped holds no control', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) =>
      assert.doesNotMatch(escapeText(text), /[\p{Cc}\p{Cf}\p{Cs}]/u),
    ),
  )
})

test('text to be copied keeps its backslashes, and holds no control either', () => {
  assert.equal(escapeUnsafe('a\\046b\x1b'), 'a\\046b\\x1b')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) =>
      assert.doesNotMatch(escapeUnsafe(text), /[\p{Cc}\p{Cf}\p{Cs}]/u),
    ),
  )
})
