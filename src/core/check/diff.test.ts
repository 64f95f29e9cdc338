import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  address,
  brokenReport,
  cell,
  ending,
  goodReport,
  mismatch,
  remark,
  rsaKey,
} from '../../../test/support/sample-report.ts'
import { type Direction, diffReports } from './diff.ts'
import type { CheckReport, KeyRow, ProtocolLine, SenderRow } from './report.ts'

function lines(before: CheckReport, after: CheckReport): string[] {
  return diffReports(before, after).changes.map(
    ({ kind, what, before: from, after: to, means }) => `${kind} ${what}: ${from} -> ${to}, ${means}`,
  )
}

const [line, ...otherLines] = goodReport.lines as [ProtocolLine, ...ProtocolLine[]]
const [sender] = goodReport.senders as [SenderRow]
const partly: CheckReport = { ...goodReport, verdict: 'protected-partly' }

function withKey(key: Partial<KeyRow>): CheckReport {
  const addresses = [{ ...address, keys: [{ ...rsaKey, ...key }] }]
  return { ...goodReport, grid: [{ host: 'mx.clinic.example', preference: 10, addresses }] }
}

const cases: [what: string, before: CheckReport, after: CheckReport, direction: Direction, changes: string[]][] = [
  ['the same', goodReport, goodReport, 'same', []],
  [
    'another time, evidence, text to publish and reason',
    { ...goodReport, findings: [mismatch] },
    {
      ...{ ...goodReport, checkedAt: 1, why: ['x'], sentence: 'x', leftOut: ['x'], operators: [] },
      findings: [{ ...mismatch, seen: [], publish: [], title: 'x', who: 'you', whoseName: null }],
    },
    'same',
    [],
  ],
  ['a worse verdict', goodReport, partly, 'worse', ['verdict verdict: protected -> protected-partly, worse']],
  ['a better verdict', partly, goodReport, 'better', ['verdict verdict: protected-partly -> protected, better']],
  [
    'a verdict that cannot be told any more',
    ...([goodReport, { ...goodReport, verdict: 'undetermined' }, 'changed'] as const),
    ['verdict verdict: protected -> undetermined, neither'],
  ],
  [
    'a better verdict with a new finding: the verdict decides',
    ...([
      brokenReport,
      { ...brokenReport, verdict: 'protected', findings: [mismatch, ending, remark, { ...mismatch, id: 'x' }] },
      'better',
    ] as const),
    ['verdict verdict: broken -> protected, better', 'finding x mx.bakery.example: null -> breaks-now, worse'],
  ],
  [
    'a finding that appeared',
    ...([goodReport, { ...goodReport, findings: [mismatch] }, 'worse'] as const),
    ['finding tlsa-mismatch mx.bakery.example: null -> breaks-now, worse'],
  ],
  [
    'a finding that is gone',
    ...([{ ...goodReport, findings: [mismatch] }, goodReport, 'better'] as const),
    ['finding tlsa-mismatch mx.bakery.example: breaks-now -> null, better'],
  ],
  [
    'a finding in the place of another',
    ...([
      { ...goodReport, findings: [mismatch] },
      { ...goodReport, findings: [{ ...mismatch, subject: 'mx2' }] },
      'worse',
    ] as const),
    [
      'finding tlsa-mismatch mx2: null -> breaks-now, worse',
      'finding tlsa-mismatch mx.bakery.example: breaks-now -> null, better',
    ],
  ],
  [
    'a note',
    ...([goodReport, { ...goodReport, findings: [remark] }, 'changed'] as const),
    ['finding mx-no-ipv6 bakery.example: null -> note, neither'],
  ],
  [
    'a protocol that is off',
    ...([goodReport, { ...goodReport, lines: [{ ...line, state: 'off' }, ...otherLines] }, 'worse'] as const),
    ['protocol DANE: on -> off, worse'],
  ],
  [
    'a sender that delays, under a verdict that stays',
    ...([goodReport, { ...goodReport, senders: [{ ...sender, does: 'delays', protection: null }] }, 'worse'] as const),
    ['sender dane: delivers (authenticated) -> delays, worse'],
  ],
  [
    'a sender that nobody can tell of',
    ...([
      goodReport,
      { ...goodReport, senders: [{ ...sender, does: 'cannot-tell', protection: null }] },
      'changed',
    ] as const),
    ['sender dane: delivers (authenticated) -> cannot-tell, neither'],
  ],
  [
    'a certificate that was renewed: a day that moved is no change',
    ...([goodReport, withKey({ expires: cell('good', '2027-06-01') }), 'same'] as const),
    ['date certificate mx.clinic.example RSA: 2027-03-01 -> 2027-06-01, neither'],
  ],
  [
    'a key that was rolled over',
    ...([goodReport, withKey({ tlsa: cell('good', '3 1 1', '3 1 1 00bb') }), 'changed'] as const),
    ['host mx.clinic.example 192.0.2.25 RSA TLSA: 3 1 1 (3 1 1 00aa) -> 3 1 1 (3 1 1 00bb), neither'],
  ],
  [
    'a record that does not match any more',
    ...([goodReport, withKey({ tlsa: cell('bad', 'no match') }), 'worse'] as const),
    ['host mx.clinic.example 192.0.2.25 RSA TLSA: 3 1 1 (3 1 1 00aa) -> no match, worse'],
  ],
  [
    'a host that is gone, in one line',
    ...([goodReport, { ...goodReport, grid: [] }, 'changed'] as const),
    ['host mx.clinic.example: preference 10 -> null, neither'],
  ],
  [
    'an address that appeared, in one line',
    { ...goodReport, grid: [{ host: 'mx.clinic.example', preference: 10, addresses: [] }] },
    goodReport,
    'changed',
    ['host mx.clinic.example 192.0.2.25: null -> there, neither'],
  ],
]
for (const [what, before, after, direction, changes] of cases) {
  test(`two reports differ by ${what}: ${direction}`, () => {
    assert.equal(diffReports(before, after).direction, direction)
    assert.deepEqual(lines(before, after), changes)
  })
}

test('all that differs is told, the verdict first', () => {
  const kinds = diffReports(goodReport, brokenReport).changes.map(({ kind }) => kind)
  assert.deepEqual([...new Set(kinds)], ['verdict', 'protocol', 'sender', 'finding', 'host'])
})

/** The report with every list of it in another order. */
function shuffled(value: unknown, turn: () => number): unknown {
  if (Array.isArray(value)) {
    return value
      .map((one) => ({ one: shuffled(one, turn), at: turn() }))
      .toSorted((one, other) => one.at - other.at)
      .map(({ one }) => one)
  }
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shuffled(one, turn)]))
}

test('the order in which a report tells anything makes no difference', () => {
  const mail = { ...brokenReport, findings: [...brokenReport.findings, { ...mismatch, subject: 'mx2.bakery.example' }] }
  fc.assert(
    fc.property(fc.infiniteStream(fc.double({ noNaN: true })), (numbers) => {
      const other = shuffled(mail, () => Number(numbers.next().value)) as CheckReport // the same, but for order
      assert.deepEqual(diffReports(mail, other).changes, [])
      const sorted = (report: CheckReport) => lines(goodReport, report).toSorted()
      assert.deepEqual(sorted(other), sorted(mail))
    }),
  )
})

test('what is better one way is worse the other way', () => {
  const turn = { worse: 'better', better: 'worse', same: 'same', changed: 'changed' } as const
  for (const [what, before, after, direction] of cases) {
    if (what.startsWith('a finding in the place')) continue // what is worse outweighs what is better
    assert.equal(diffReports(after, before).direction, turn[direction], what)
  }
})
