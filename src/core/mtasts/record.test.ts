import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseStsRecord, parseStsRecords, type StsRecord, type StsRecordFault } from './record.ts'

const seven = '7'.repeat(32)

const accepted: [requirement: string, text: string, id: string, ...warnings: StsRecord['warnings']][] = [
  ['V-STSTXT 1', 'v=STSv1; id=20160831085700Z;', '20160831085700Z'],
  ['V-STSTXT 2', 'v=STSv1;id=a', 'a'],
  ['V-STSTXT 2', 'v=STSv1; id=a ;  ', 'a'],
  ['V-STSTXT 2', 'v=STSv1; foo=bar; id=a', 'a'],
  ['V-STSTXT 2', 'v=STSv1; id=a; foo=b.c_d-e', 'a'],
  ['V-STSTXT 3 (STS-5)', 'v=STSv1 ; id=a', 'a', 'space-before-semicolon'],
  ['STS-5', 'v=STSv1\t\t;\tid=a', 'a', 'space-before-semicolon'],
  ['V-STSTXT 5 (STS-6)', `v=STSv1; id=${seven}`, seven],
  ['V-STSTXT 11 (STS-7)', 'v=STSv1; id=a; id=b', 'a', 'repeated-id'],
  ['V-STSTXT 11 (STS-7)', 'v=STSv1; id=a; id=b-b', 'a', 'repeated-id'],
  ['STS-7', 'v=STSv1 ; id=a; id=a', 'a', 'space-before-semicolon', 'repeated-id'],
  ['STS-7', 'v=STSv1; foo=1; foo=2; id=a', 'a'],
  ['STS-6', 'v=STSv1; v=STSv2; id=AZaz09', 'AZaz09'],
  ['the least and the greatest of what a value may hold', 'v=STSv1; x=!:<>~; id=a', 'a'],
  ['a name of 32 characters', `v=STSv1; ${'n'.repeat(32)}=1; id=a`, 'a'],
  ['every character of a name', 'v=STSv1; 0A_.-z=1; id=a', 'a'],
]

for (const [requirement, text, id, ...warnings] of accepted) {
  test(`${requirement}: ${JSON.stringify(text.slice(0, 40))} has id ${id.slice(0, 15)}`, () => {
    assert.deepEqual(parseStsRecord(text), { ok: true, value: { id, warnings } })
  })
}

const refused: [requirement: string, text: string, fault: StsRecordFault, at: number][] = [
  ['V-STSTXT 5 (STS-6)', `v=STSv1; id=${seven}7`, 'id', 12],
  ['V-STSTXT 6', 'v=STSv1', 'id', 7],
  ['V-STSTXT 6', 'v=STSv1;', 'id', 8],
  ['V-STSTXT 6', 'v=STSv1; foo=1', 'id', 14],
  ['V-STSTXT 6', 'v=STSv1; id=', 'syntax', 9],
  ['V-STSTXT 6', 'v=STSv1 id=a', 'version', 0],
  ['V-STSTXT 7', 'V=STSv1; id=a', 'version', 0],
  ['V-STSTXT 7', 'v=stsv1; id=a', 'version', 0],
  ['V-STSTXT 7', 'v=STSv1; ID=a', 'id', 13],
  ['V-STSTXT 7', 'v=STSv10; id=a', 'version', 0],
  ['V-STSTXT 7', 'v=STSv2; id=a', 'version', 0],
  ['V-STSTXT 8 (STS-6)', 'v=STSv1; id=2024-01-01', 'id', 12],
  ['V-STSTXT 8 (STS-1)', 'v=STSv1; id=é', 'syntax', 9],
  ['V-STSTXT 9', 'v=STSv1; id=a ', 'syntax', 13],
  ['V-STSTXT 9', ' v=STSv1; id=a', 'version', 0],
  ['V-STSTXT 9', 'v=STSv1; id=a;; foo=b', 'syntax', 14],
  ['V-STSTXT 10', 'v=STSv1; id=a; foo=', 'syntax', 15],
  ['V-STSTXT 10', 'v=STSv1; id=a; foo=b=c', 'syntax', 20],
  ['V-STSTXT 10', 'v=STSv1; id=a; foo=b c', 'syntax', 20],
  ['V-STSTXT 10', 'v=STSv1; id=a; _x=1', 'syntax', 15],
  ['V-STSTXT 10', `v=STSv1; id=a; ${'n'.repeat(33)}=1`, 'syntax', 15],
  ['V-STSTXT 12 (STS-7)', 'v=STSv1; id=b-b; id=a', 'id', 12],
  ['STS-6: the version comes first', 'id=a; v=STSv1', 'version', 0],
  ['a name that ends in id is another', 'v=STSv1; void=a', 'id', 15],
  ['nothing', '', 'version', 0],
  ['a control character', 'v=STSv1; id=a\u0000', 'syntax', 13],
  ['a line end', 'v=STSv1; id=a\n', 'syntax', 13],
  ['a quotation', '"v=STSv1; id=a"', 'version', 0],
  ['a second semicolon at the end', 'v=STSv1; id=a; ;', 'syntax', 15],
]

for (const [requirement, text, fault, at] of refused) {
  test(`${requirement}: ${JSON.stringify(text.slice(0, 40))} is no record`, () => {
    assert.deepEqual(parseStsRecord(text), { ok: false, fault, at })
  })
}

type Expected = string | StsRecordFault
const sets: [requirement: string, records: string[][], expected: Expected][] = [
  ['V-STSTXT 4 (STS-3): strings are joined', [['v=STSv1; i', 'd=a1;']], 'a1'],
  ['V-STSTXT 13 (STS-4)', [['v=spf1 -all'], ['v=STSv1; id=a']], 'a'],
  ['V-STSTXT 14 (STS-4)', [['v=STSv1; id=a'], ['v=STSv1; id=a']], 'several'],
  ['V-STSTXT 14 (STS-4)', [['v=STSv1; id=a'], ['v=STSv1; id=b']], 'several'],
  ['V-STSTXT 15 (STS-5)', [['v=STSv1 ; id=a'], ['v=STSv1; id=b']], 'b'],
  ['V-STSTXT 16 (STS-5)', [['v=STSv1 ; id=a'], ['other']], 'none'],
  ['STS-4: an invalid one counts as well', [['v=STSv1; id=a'], ['v=STSv1;']], 'several'],
  ['STS-4: one that is left, and invalid', [['v=STSv1;id=-'], ['other']], 'id'],
  ['STS-4: the prefix may be spread over strings', [['v=STS', 'v1;', 'id=a'], ['other']], 'a'],
  ['one record that is something else', [['v=spf1 -all']], 'version'],
  ['a record without strings', [[]], 'version'],
  ['no records', [], 'none'],
]

for (const [requirement, records, expected] of sets) {
  test(`${requirement}: ${records.length} records come to ${expected}`, () => {
    const result = parseStsRecords(records)
    assert.equal(result.ok ? result.value.id : result.fault, expected)
  })
}

const piece = fc.constantFrom('v=STSv1', ';', ' ', '\t', 'id=', 'a', '9', '=', '-', 'foo', 'é', '\u0000', '"')
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join('')),
  fc.array(piece, { maxLength: 20 }).map((pieces) => `v=STSv1;${pieces.join('')}`),
)

test('parseStsRecord never throws, and points into what it refuses', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const result = parseStsRecord(text)
      if (result.ok) assert.match(result.value.id, /^[A-Za-z0-9]{1,32}$/)
      else assert.ok(result.at >= 0 && result.at <= text.length)
    }),
    { numRuns: 2000 },
  )
})

test('parseStsRecords takes what parseStsRecord takes, wherever it stands among other records', () => {
  const others = fc.array(fc.constantFrom('v=spf1 -all', 'v=STSv2; id=x', '', 'v=STSv1x'), { maxLength: 3 })
  fc.assert(
    fc.property(texts, others, others, (text, before, after) => {
      const alone = parseStsRecord(text)
      const result = parseStsRecords([...before, text, ...after].map((one) => [one]))
      const isFound = before.length + after.length === 0 || text.startsWith('v=STSv1;')
      assert.equal(result.ok, isFound && alone.ok)
    }),
  )
})

test('a long record costs no more than its length', () => {
  const run = ' '.repeat(65_000)
  assert.equal(parseStsRecord(`v=STSv1;${run}`).ok, false)
  assert.equal(parseStsRecord(`v=STSv1; id=a${run}x`).ok, false)
  assert.equal(parseStsRecord(`v=STSv1${run}`).ok, false)
})
