import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLineQuestion } from './question.ts'

const read: [line: string, destination: string, host: string | undefined][] = [
  ['query example.com', 'example.com 25', undefined],
  ['query EXAMPLE.com.', 'example.com 25', undefined],
  ['query bücher.example', 'xn--bcher-kva.example 25', undefined],
  ['query example.com mx.example.com', 'example.com 25', 'mx.example.com'],
  ['query  example.com  MX.Example.Com.', 'example.com 25', 'mx.example.com'],
  ['query [relay.example]:587', '[relay.example] 587', undefined],
  ['query [192.0.2.1]', 'literal', undefined],
  ['query .example.com', 'parent', undefined],
  ['query a..b', 'no-name', undefined],
]

for (const [line, destination, host] of read) {
  test(`a line is read: ${line}`, () => {
    const question = parseLineQuestion(line)
    assert.ok(question.ok)
    const { key } = question.value
    const text =
      key.kind === 'none' ? key.why : `${key.kind === 'relay' ? `[${key.host}]` : key.domain} ${String(key.port)}`
    assert.deepEqual([text, question.value.host], [destination, host])
  })
}

const refused: [line: string, fault: string][] = [
  ['', 'no-query'],
  ['QUERY example.com', 'no-query'],
  ['example.com', 'no-query'],
  ['query', 'no-destination'],
  ['query ', 'no-destination'],
  ['query a.example b.example c.example', 'too-many-words'],
  ['query a.example b..example', 'no-host'],
  ['query a.example [192.0.2.1]', 'no-host'],
]

for (const [line, fault] of refused) {
  test(`a line is refused, ${fault}: "${line}"`, () => {
    const question = parseLineQuestion(line)
    assert.equal(question.ok ? 'read' : question.fault, fault)
  })
}
