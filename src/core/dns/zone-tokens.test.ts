import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { splitEntries } from './zone-tokens.ts'

/** Entries as lists of words; quoted ones keep their quotes. */
function split(text: string): string[][] | string {
  const entries = splitEntries(text)
  if (!entries.ok) return `${entries.fault} at ${entries.at}`
  return entries.value.map(({ tokens }) => tokens.map((token) => (token.quoted ? `"${token.text}"` : token.text)))
}

const texts: [why: string, text: string, words: string[][] | string][] = [
  ['lines', 'a b\nc', [['a', 'b'], ['c']]],
  ['nothing', '', []],
  ['comments and empty lines', ';x\n\n  ; y\na ;z\n', [['a']]],
  ['a comment without white space before it', 'a;b', [['a']]],
  ['parentheses', 'a (b\nc) d\ne', [['a', 'b', 'c', 'd'], ['e']]],
  ['a comment inside parentheses', 'a ( b ; )\nc )', [['a', 'b', 'c']]],
  ['quotes', '"a b" c', [['"a b"', 'c']]],
  ['what quotes keep', '"a;(\\")"', [['"a;(\\")"']]],
  ['an empty quote', '""', [['""']]],
  ['a quote inside a word', 'key1="a b"c d', [['key1="a b"c', 'd']]],
  ['escapes', 'a\\;b \\( \\\\ \\"', [['a\\;b', '\\(', '\\\\', '\\"']]],
  ['an escaped space', 'a\\ b', [['a\\ b']]],
  ['a backslash at the end of a line', 'a\\\nb', [['a\\'], ['b']]],
  ['a backslash at the end', 'a\\', [['a\\']]],
  ['carriage returns', 'a\r\nb\r\n', [['a'], ['b']]],
  ['a quote not closed', 'a "b', 'unclosed-quote at 2'],
  ['a quote not closed inside a word', 'a b"c', 'unclosed-quote at 3'],
  ['a quote that an escape keeps open', '"a\\"', 'unclosed-quote at 0'],
  ['a parenthesis not closed', '(', 'unbalanced-parenthesis at 1'],
  ['a parenthesis not opened', 'a\n)', 'unbalanced-parenthesis at 2'],
]
for (const [why, text, words] of texts) {
  test(`RFC 1035 §5.1: splitEntries of ${why}`, () => assert.deepEqual(split(text), words))
}

test('an entry that begins with white space is indented, and knows where it begins', () => {
  const entries = splitEntries('a\n\tb\n;c\n d\n(e\nf)\n')
  assert.ok(entries.ok)
  assert.deepEqual(
    entries.value.map(({ indented, at }) => [indented, at]),
    [
      [false, 0],
      [true, 2],
      [true, 8],
      [false, 11],
    ],
  )
})

test('a token knows where it stands', () => {
  const entries = splitEntries(' a  "b" c')
  assert.ok(entries.ok)
  assert.deepEqual(
    entries.value[0]?.tokens.map(({ at }) => at),
    [1, 4, 8],
  )
})

test('WIRE-38: splitEntries never throws, and tokens stand where they say', () => {
  const piece = fc.constantFrom('a', '"', '\\', ' ', '\n', ';', '(', ')', '\u2028', 'é')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (list) => {
      const text = list.join('')
      const entries = splitEntries(text)
      const tokens = entries.ok ? entries.value.flatMap((entry) => entry.tokens) : []
      for (const { text: word, at, quoted } of tokens) assert.ok(text.startsWith(word, quoted ? at + 1 : at))
    }),
    { numRuns: 3000 },
  )
})

const long = 1 << 24 // what a zone may have: patterns that loop over it overflow the stack
for (const piece of ['a', '\\a', '\\', 'a"b"', '"a', '\\"', 'é']) {
  test(`WIRE-30: sixteen megabytes of ${JSON.stringify(piece)} is words or a refusal`, () => {
    assert.equal(typeof splitEntries(piece.repeat(long / piece.length)).ok, 'boolean')
  })
}
