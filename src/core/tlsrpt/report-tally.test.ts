import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { reportText } from '../../../test/support/tls-report.ts'
import { parseTlsReport, type TlsReport } from './report.ts'
import { tallyReports } from './report-tally.ts'

const own = domain('example.org')

function reports(...changes: Parameters<typeof reportText>[0][]): TlsReport[] {
  return changes.map((change) => {
    const report = parseTlsReport(reportText(change))
    assert.ok(report.ok)
    return report.value
  })
}

test('days add up over reporters, in their order', () => {
  const tally = tallyReports(
    reports(
      { day: '2026-11-25', successes: 5 },
      { day: '2026-11-24', successes: 1 },
      { day: '2026-11-25', organization: 'Other Ltd', successes: 7, failures: 2 },
    ),
    own,
  )
  assert.deepEqual(tally.days, [
    { day: '2026-11-24', successes: 1, failures: 0 },
    { day: '2026-11-25', successes: 12, failures: 2 },
  ])
  assert.deepEqual(tally.reporters, ['Other Ltd', 'Sender Inc.'])
})

test('RPT-74: a report that came twice counts once', () => {
  const tally = tallyReports(reports({ failures: 3 }, { failures: 3 }, { failures: 3, id: 'another' }), own)
  assert.deepEqual([tally.days[0]?.failures, tally.repeated], [6, 1])
})

test('RPT-74: an id is its organisation’s own', () => {
  const tally = tallyReports(reports({ id: '1', failures: 3 }, { id: '1', organization: 'B', failures: 3 }), own)
  assert.deepEqual([tally.days[0]?.failures, tally.repeated], [6, 0])
})

test('RPT-76: what is about another domain is set apart', () => {
  const tally = tallyReports(reports({ domain: 'example.net', failures: 3 }), own)
  assert.deepEqual([tally.days, tally.failures, tally.foreign], [[], [], 1])
})

const kinds: [type: string, counts: boolean][] = [
  ['sts', true],
  ['no-policy-found', true],
  ['tlsa', false],
  ['something-else', false],
]
for (const [type, counts] of kinds) {
  test(`failures under "${type}" ${counts ? 'count' : 'do not count'}`, () => {
    assert.equal(tallyReports(reports({ type, failures: 2 }), own).failures.length, counts ? 1 : 0)
  })
}

test('failures say which, where and by whom, and what no detail tells of is not lost', () => {
  const tally = tallyReports(
    reports({
      failures: 10,
      details: [
        { 'result-type': 'certificate-expired', 'receiving-mx-hostname': 'mx1.example.org', 'failed-session-count': 4 },
        { 'result-type': 'certificate-expired', 'receiving-mx-hostname': 'mx1.example.org', 'failed-session-count': 3 },
      ],
    }),
    own,
  )
  const base = { day: '2026-11-25', reporter: 'Sender Inc.', policyType: 'sts', reason: undefined }
  assert.deepEqual(tally.failures, [
    { ...base, resultType: 'certificate-expired', host: 'mx1.example.org', sessions: 7 },
    { ...base, resultType: '', host: undefined, sessions: 3 },
  ])
})

test('details count though the total says nothing of them', () => {
  const details = [{ 'result-type': 'sts-policy-fetch-error', 'failed-session-count': 2 }]
  assert.equal(tallyReports(reports({ failures: 0, details }), own).days[0]?.failures, 2)
})

test('an end at midnight is the end of the day before', () => {
  const text = reportText({}).replace('2026-11-25T23:59:59Z', '2026-11-26T00:00:00Z')
  const report = parseTlsReport(text)
  assert.ok(report.ok)
  assert.equal(tallyReports([report.value], own).days[0]?.day, '2026-11-25')
})
