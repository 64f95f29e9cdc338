import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hang, padEnd, widthOf, wrap } from './wrap.ts'

const widths: [text: string, width: number][] = [
  ['plain', 5],
  ['\x1b[1mbold\x1b[22m', 4],
  ['漢字', 4],
  ['e\u0301', 1],
  ['', 0],
]
for (const [text, width] of widths) {
  test(`widthOf counts ${width} columns for ${JSON.stringify(text)}`, () => assert.equal(widthOf(text), width))
}

test('wrap breaks at blanks and leaves a word that is too long whole', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three'])
  assert.deepEqual(wrap('a abcdefghij b', 5), ['a', 'abcdefghij', 'b'])
  assert.deepEqual(wrap('', 5), [])
})

test('hang puts the first line behind one text and the others behind another', () => {
  assert.deepEqual(hang('one two three four five', { first: '- ', next: '  ', width: 22 }), [
    '- one two three four',
    '  five',
  ])
})

test('padEnd fills by columns rather than characters', () => assert.equal(padEnd('漢', 4), '漢  '))
