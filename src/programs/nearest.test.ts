import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest, suggestion } from './nearest.ts'

const words = ['explain', 'dns', 'send', 'demo', 'config check', 'SOA', 'TXT']

const cases: [why: string, given: string, word: string | undefined][] = [
  ['a letter left out', 'explin', 'explain'],
  ['two letters swapped', 'dsn', 'dns'],
  ['a letter too many', 'sendd', 'send'],
  ['nothing like it', 'survey', undefined],
  ['a short word that shares one letter', 'FOO', undefined],
  ['the empty word', '', undefined],
  ['a word without end', 'x'.repeat(100_000), undefined],
]
for (const [why, given, word] of cases) {
  test(`nearest finds ${word ?? 'nothing'} for ${why}`, () => assert.equal(nearest(given, words), word))
}

test('suggestion asks about the nearest word, with its prefix', () => {
  assert.equal(suggestion('jsn', ['json'], '--'), ', did you mean "--json"')
  assert.equal(suggestion('zzzzz', ['json'], '--'), '')
})
