import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { describeProblem, parseProblem } from './problem.ts'

const described: [why: string, body: string, text: string][] = [
  ['its type without the prefix', '{"type":"urn:ietf:params:acme:error:caa","detail":"not us"}', 'caa: not us'],
  ['a type of others whole', '{"type":"https://a/err","detail":"x"}', 'https://a/err: x'],
  ['no type', '{"detail":"x"}', 'about:blank: x'],
  ['a title where there is no detail', '{"type":"t","title":"x"}', 't: x'],
  ['a type alone', '{"type":"t"}', 't'],
  ['types that are no text', '{"type":7,"detail":{}}', 'about:blank'],
  [
    'problems of single names',
    '{"type":"urn:ietf:params:acme:error:compound","detail":"two","subproblems":[{"type":"a","detail":"b"},7]}',
    'compound: two; a: b',
  ],
  [
    'escapes instead of controls',
    '{"type":"t","detail":"\\u001b[31mred\\r\\n\\u202egone"}',
    't: \\x1b[31mred\\x0d\\x0a\\u202egone',
  ],
]
for (const [why, body, text] of described) {
  test(`a problem is described with ${why}`, () => {
    const problem = parseProblem(Buffer.from(body))
    assert.ok(problem)
    assert.equal(describeProblem(problem), text)
  })
}

for (const body of ['', '[]', '"text"', '{', 'null']) {
  test(`${JSON.stringify(body)} is no problem document`, () => assert.equal(parseProblem(Buffer.from(body)), undefined))
}

test('no problem makes a line without end, or one with a control in it', () => {
  const text = fc.string({ unit: 'binary', maxLength: 2000 })
  const problem = fc.record({
    type: text,
    detail: text,
    subproblems: fc.array(fc.record({ type: text, detail: text }), { maxLength: 30 }),
  })
  fc.assert(
    fc.property(problem, (value) => {
      const read = parseProblem(Buffer.from(JSON.stringify(value)))
      assert.ok(read)
      const line = describeProblem(read)
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      // Each character becomes ten at most: \u{10ffff}
      assert.ok(line.length <= limits.acme.problemCharacters * 10)
    }),
  )
})

test('of many problems of single names few are kept', () => {
  const subproblems = Array.from({ length: 1000 }, () => ({ type: 'a' }))
  const read = parseProblem(Buffer.from(JSON.stringify({ type: 't', subproblems })))
  assert.equal(read?.subproblems.length, limits.acme.subproblems)
})
