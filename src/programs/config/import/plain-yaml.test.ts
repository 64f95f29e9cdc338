import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readPlainYaml } from './plain-yaml.ts'

const good: [text: string, entries: [path: string, value: string | readonly string[] | undefined][]][] = [
  ['', []],
  ['---\n# nothing\n\n', []],
  ['port: 8461', [['port', '8461']]],
  ['mode: 0666  # octal', [['mode', '0666']]],
  ['url: redis://127.0.0.1/0', [['url', 'redis://127.0.0.1/0']]],
  ['url: "redis://127.0.0.1/0#1" # quoted', [['url', 'redis://127.0.0.1/0#1']]],
  ["text: 'it''s'", [['text', "it's"]]],
  ['ab: c#d', [['ab', 'c#d']]],
  ['address: unix:/run/tlspol.sock', [['address', 'unix:/run/tlspol.sock']]],
  ['redis:', [['redis', undefined]]],
  [
    'a:\n  b: 1\n  c:\n    d: 2\ne: 3',
    [
      ['a', undefined],
      ['a.b', '1'],
      ['a.c', undefined],
      ['a.c.d', '2'],
      ['e', '3'],
    ],
  ],
  [
    'a:\r\n  b: 1\r\n',
    [
      ['a', undefined],
      ['a.b', '1'],
    ],
  ],
  ['list: [one, "two"]', [['list', ['one', 'two']]]],
  ['list: []', [['list', []]]],
  [
    'list:\n  - one\n  - two\nnext: 1',
    [
      ['list', ['one', 'two']],
      ['next', '1'],
    ],
  ],
  ['list:\n- one', [['list', ['one']]]],
]

for (const [text, entries] of good) {
  test(`plain YAML is read: ${JSON.stringify(text)}`, () => {
    const read = readPlainYaml(text)
    assert.ok(read.ok, `line ${read.ok ? 0 : read.at}`)
    assert.deepEqual(
      read.value.map(({ path, value }) => [path.join('.'), value]),
      entries,
    )
  })
}

const bad: [text: string, line: number][] = [
  ['a: 1\nb', 2],
  ['a: &anchor 1', 1],
  ['a: *anchor', 1],
  ['<<: *anchor', 1],
  ['a: !!str 1', 1],
  ['a: |\n  text', 1],
  ['a: {b: 1}', 1],
  ['a: b: c', 1],
  ['a: "un\\x', 1],
  ['a: "\\x41"', 1],
  ['a: 1\n  b: 2', 2],
  ['a:\n\tb: 2', 2],
  ['  a: 1', 1],
  ['a:\n    b: 1\n  c: 2', 3],
  ['a: 1\na: 2', 2],
  ['a:\n  - b: 1', 2],
  ['- one', 1],
  ['a: 1\n- one', 2],
  ['a:\n  - 1\n  b: 2', 3],
  ['a: 1\n---\nb: 2', 2],
  ['a: [[1]]', 1],
]

for (const [text, line] of bad) {
  test(`what might be misread is refused, by its line: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(readPlainYaml(text), { ok: false, fault: 'syntax', at: line })
  })
}

test('any text is read or refused', () => {
  const unit = fc.constantFrom('a', ':', ' ', '\n', '-', '"', "'", '#', '[', ']', ',', '\t', '\\')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
      const read = readPlainYaml(text)
      assert.ok(read.ok || read.at <= text.split('\n').length)
    }),
    { numRuns: 2000 },
  )
})
