import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { names } from '../../../test/fuzz/arbitrary-names.ts'
import { labelsOf, nameFromLabels, rootName } from './name.ts'
import { formatName, type NameFault, parseName } from './text.ts'

const x63 = 'x'.repeat(63)
const origin = nameFromLabels(['vec', 'test']) ?? rootName

const read: [text: string, labels: string[]][] = [
  ['.', []],
  ['a.b.', ['a', 'b']],
  ['a.b', ['a', 'b', 'vec', 'test']],
  ['@', ['vec', 'test']],
  ['\\@', ['@', 'vec', 'test']],
  ['a\\.b.', ['a.b']],
  ['\\001.z.example.', ['\x01', 'z', 'example']],
  ['\\200.z.example.', ['\xc8', 'z', 'example']],
  ['\\000.', ['\0']],
  ['\\255.', ['\xff']],
  ['\\a\\;.', ['a;']],
  ['\\\\.', ['\\']],
  ['a\\046.', ['a.']],
  ['_25._tcp.MX.', ['_25', '_tcp', 'MX']],
  [`${x63}.`, [x63]],
]
for (const [text, labels] of read) {
  test(`WIRE-37: ${text} reads as ${JSON.stringify(labels)}`, () => {
    const parsed = parseName(text, origin)
    assert.deepEqual(parsed.ok && labelsOf(parsed.value), labels)
  })
}

const refused: [text: string, fault: NameFault, at: number][] = [
  ['', 'empty', 0],
  ['..', 'empty-label', 0],
  ['a..b.', 'empty-label', 2],
  ['.a', 'empty-label', 0],
  ['a\\', 'bad-escape', 1],
  ['a\\1', 'bad-escape', 1],
  ['a\\12x', 'bad-escape', 1],
  ['a\\256.', 'bad-escape', 1],
  ['a\\é.', 'bad-escape', 1],
  ['bücher.', 'not-octets', 1],
  ['\u212a.', 'not-octets', 0],
  [`x${x63}.`, 'label-or-name-too-long', 0],
  [`${x63}.${x63}.${x63}.${x63}.`, 'label-or-name-too-long', 0],
]
for (const [text, fault, at] of refused) {
  test(`WIRE-37: ${JSON.stringify(text.slice(0, 20))} is refused: ${fault}`, () => {
    assert.deepEqual(parseName(text), { ok: false, fault, at })
  })
}

test('WIRE-37: without an origin, a relative name is refused', () => {
  assert.deepEqual(parseName('a.b', null), { ok: false, fault: 'no-origin', at: 3 })
  assert.deepEqual(parseName('@', null), { ok: false, fault: 'no-origin', at: 0 })
  assert.ok(parseName('a.b.', null).ok)
})

test('a relative name that is too long together with its origin is refused', () => {
  const long = parseName(`${x63}.${x63}.${x63}.`)
  assert.ok(long.ok)
  assert.equal(parseName('x'.repeat(62), long.value).ok, false)
  assert.equal(parseName('x'.repeat(61), long.value).ok, true)
})

test('WIRE-37: what could mislead a reader or a parser is escaped', () => {
  const name = nameFromLabels(['.\\";()@$ \t\x7f\xff', 'Az0_*-'])
  assert.ok(name !== undefined)
  assert.equal(formatName(name), '\\.\\\\\\"\\;\\(\\)\\@\\$\\032\\009\\127\\255.Az0_*-.')
  assert.equal(formatName(rootName), '.')
})

test('names come back from their text, octet by octet', () => {
  fc.assert(fc.property(names, (name) => assert.deepEqual(parseName(formatName(name)), { ok: true, value: name })))
})

test('the text of a name is printable ASCII', () => {
  fc.assert(fc.property(names, (name) => assert.match(formatName(name), /^[!-~]+$/)))
})

const pieces = fc.constantFrom('.', '\\', '1', '23', 'a', '@', '"', ' ', 'é', '\ud800', '\0', x63)
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces).map((list) => list.join('')),
)

test('parseName never throws, and what it takes is a name', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom(rootName, origin, null), (text, base) => {
      const parsed = parseName(text, base)
      if (parsed.ok) assert.deepEqual(nameFromLabels(labelsOf(parsed.value)), parsed.value)
    }),
  )
})
