import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brokenReport, ending, goodReport, mismatch, remark } from '../../../../test/support/sample-report.ts'
import type { CheckReport, Finding } from '../report.ts'
import { type Notice, nothingYet, type Watched, watchStep } from './watch.ts'

const rules = { warnDays: [14, 3], untoldAfter: 3, isPartial: false }
const day = 86_400_000

/** Without certificates, whose dates are a matter of their own. */
const good: CheckReport = { ...goodReport, grid: [] }
const broken: CheckReport = { ...brokenReport, domain: good.domain, grid: [], findings: [mismatch] }
const untold: CheckReport = { ...good, verdict: 'undetermined', findings: [] }
const weak: Finding = { ...mismatch, id: 'tls-suite-weak', severity: 'weakens', section: 'tls' }
const busy: Finding = { ...remark, id: 'host-busy', section: 'smtp', subject: 'mx.bakery.example' }

function said(notice: Notice | undefined): string[] {
  if (notice === undefined) return []
  const changes = notice.changes.map(({ what, before, after }) => `${what}: ${before} -> ${after}`)
  return [...changes, ...notice.dates.map(({ text, daysLeft }) => `${text} in ${daysLeft} days`)]
}

/** What is told of each report in turn. */
function watch(reports: readonly CheckReport[], from: Watched = nothingYet): string[][] {
  let state = from
  return reports.map((report) => {
    const { after, notice } = watchStep(JSON.parse(JSON.stringify(state)) as Watched, report, rules) // as a file has it
    state = after
    return said(notice)
  })
}

const toBroken = ['verdict: protected -> broken', 'tlsa-mismatch mx.bakery.example: null -> breaks-now']
const toGood = ['verdict: broken -> protected', 'tlsa-mismatch mx.bakery.example: breaks-now -> null']

const cases: [what: string, reports: readonly CheckReport[], told: string[][]][] = [
  ['the first result, whatever it is', [broken], [[]]],
  ['the same result again', [broken, broken, broken], [[], [], []]],
  ['a change, once', [good, broken, broken, good], [[], toBroken, [], toGood]],
  [
    'a finding under a verdict that stays',
    [good, { ...good, findings: [weak] }, good],
    [[], ['tls-suite-weak mx.bakery.example: null -> weakens'], ['tls-suite-weak mx.bakery.example: weakens -> null']],
  ],
  ['notes', [good, { ...good, findings: [remark] }, good], [[], [], []]],
  ['other evidence', [broken, { ...broken, findings: [{ ...mismatch, seen: [], publish: [] }] }], [[], []]],
  ['results that could not be told, up to the third', [good, untold, untold, good], [[], [], [], []]],
  [
    'the third result in a row that could not be told, once, and when it can be told again',
    [good, untold, untold, untold, untold, good, untold],
    [[], [], [], ['verdict: protected -> undetermined'], [], ['verdict: undetermined -> protected'], []],
  ],
  [
    'what was never told, on the third',
    [untold, untold, untold, good],
    [[], [], ['verdict: null -> undetermined'], []],
  ],
  ['a change behind results that could not be told', [good, untold, untold, broken], [[], [], [], toBroken]],
  [
    'a finding of a host that is busy: it is not gone until that can be seen',
    [{ ...good, findings: [weak] }, { ...good, findings: [busy] }, { ...good, findings: [weak] }, good],
    [[], [], [], ['tls-suite-weak mx.bakery.example: weakens -> null']],
  ],
  [
    'a finding of another host than the busy one',
    [
      { ...good, findings: [{ ...weak, subject: 'mx9' }] },
      { ...good, findings: [busy] },
    ],
    [[], ['tls-suite-weak mx9: weakens -> null']],
  ],
  [
    'findings of a section that was left out',
    [
      { ...good, findings: [weak] },
      { ...good, sections: [{ name: 'smtp', state: 'left-out' }] },
    ],
    [[], []],
  ],
]
for (const [what, reports, told] of cases) {
  test(`somebody who watches is told of ${what}`, () => assert.deepEqual(watch(reports), told))
}

test('where so little is looked at that there is no verdict, findings are compared all the same', () => {
  const partial = { ...rules, isPartial: true }
  const few: CheckReport = { ...untold, sections: [{ name: 'smtp', state: 'left-out' }] }
  const missing: Finding = { ...weak, id: 'sts-policy-not-found', section: 'mta-sts', subject: 'x' }
  let state = nothingYet
  const told = [few, few, few, few, { ...few, findings: [missing] }, few].map((report) => {
    const { after, notice } = watchStep(state, report, partial)
    state = after
    return said(notice)
  })
  const [news, end] = ['sts-policy-not-found x: null -> weakens', 'sts-policy-not-found x: weakens -> null']
  assert.deepEqual(told, [[], [], [], [], [news], [end]])
})

function at(now: number, date: string): CheckReport {
  return { ...good, checkedAt: now, findings: [{ ...ending, severity: 'note', date }] }
}

test('a date is told of once for each number of days ahead, and anew when it moved', () => {
  const end = Date.parse('2026-12-01T12:00:00Z')
  const iso = new Date(end).toISOString()
  const later = new Date(end + 30 * day).toISOString()
  const text = `${ending.title}: ${ending.subject}`
  const told = watch([
    at(end - 20 * day, iso),
    at(end - 14 * day, iso),
    at(end - 13 * day, iso),
    at(end - 3 * day, iso),
    at(end - 2 * day, iso),
    at(end - day, later),
    at(end + 28 * day, later),
    at(end + 31 * day, later),
  ])
  assert.deepEqual(told, [[], [`${text} in 14 days`], [], [`${text} in 3 days`], [], [], [`${text} in 2 days`], []])
})

test('a date that could not be seen for once is not told of again', () => {
  const end = Date.parse('2026-12-01T12:00:00Z')
  const near = at(end - 10 * day, new Date(end).toISOString())
  assert.deepEqual(
    watch([near, { ...good, checkedAt: end - 9 * day }, { ...near, checkedAt: end - 8 * day }]).slice(1),
    [[], []],
  )
})

test('a notice carries the report, what it means, and a name by which it is known', () => {
  const { after } = watchStep(nothingYet, good, rules)
  const { notice } = watchStep(after, broken, rules)
  assert.equal(notice?.id, 'clinic.example 2026-11-24T15:04:00.000Z')
  assert.deepEqual([notice.direction, notice.verdictBefore, notice.verdict], ['worse', 'protected', 'broken'])
  assert.equal(notice.report, broken)
})
