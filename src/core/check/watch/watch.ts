import { datesIn } from '../dates.ts'
import { type Change, type Direction, directionOf, findingChanges, keyOfFinding, verdictChange } from '../diff.ts'
import { msPerDay } from '../forecast.ts'
import type { CheckReport, Finding, Verdict } from '../report.ts'
import { isUntoldIn } from './untold.ts'

/** What is remembered of a domain between two checks. */
export interface Watched {
  /** The last result by which something could be told; null until there was one. */
  readonly last: Kept | null
  /** Results in a row by which nothing could be told. */
  readonly untold: number
  /** Whether somebody was told of that. */
  readonly isUntoldTold: boolean
  /** Days that somebody was told of. */
  readonly dates: readonly ToldDate[]
}

export interface Kept {
  readonly verdict: Verdict
  readonly findings: readonly KeptFinding[]
}

/** A finding that is no note. */
export type KeptFinding = Pick<Finding, 'id' | 'severity' | 'section' | 'subject'>

interface ToldDate {
  readonly key: string
  readonly at: number
  /** How many days ahead it was told of. */
  readonly days: readonly number[]
}

/** Something that somebody is to be told. Texts may quote strangers. */
export interface Notice {
  readonly schema: 'waxseal.notice/1'
  /** The same whenever the same notice is told again. */
  readonly id: string
  readonly domain: string
  readonly checkedAt: number
  readonly direction: Direction
  readonly verdictBefore: Verdict | null
  readonly verdict: Verdict
  /** Of verdict and findings. */
  readonly changes: readonly Change[]
  /** What ends soon, the first end first. */
  readonly dates: readonly { readonly text: string; readonly date: string; readonly daysLeft: number }[]
  readonly report: CheckReport
}

export interface WatchRules {
  /** Days ahead of a date on which it is told of, once each. */
  readonly warnDays: readonly number[]
  /** Results in a row by which nothing can be told, before that counts as a change. */
  readonly untoldAfter: number
  /** Whether so little is looked at that there can be no verdict: findings are then all that there is to compare. */
  readonly isPartial: boolean
}

export const nothingYet: Watched = { last: null, untold: 0, isUntoldTold: false, dates: [] }

/**
 * What is to be remembered after a check, and what is to be told. The first result changes nothing; nor does one by which
 * nothing could be told, until there were several in a row; nor that a finding is missing where it could not be seen.
 */
export function watchStep(
  before: Watched,
  report: CheckReport,
  rules: WatchRules,
): { readonly after: Watched; readonly notice: Notice | undefined } {
  const { verdict } = report
  if (verdict === 'undetermined' && !rules.isPartial) return untoldStep(before, report, rules)
  const findings = kept(before.last, report)
  const changes = before.last === null ? [] : changesSince(before, before.last, { verdict, findings })
  const { told, due } = datesDue(before.dates, report, rules.warnDays)
  const after: Watched = { last: { verdict, findings }, untold: 0, isUntoldTold: false, dates: told }
  const isNews = changes.length > 0 || due.length > 0
  return { after, notice: isNews ? noticeOf(before, report, { changes, dates: due }) : undefined }
}

function untoldStep(before: Watched, report: CheckReport, { untoldAfter }: WatchRules) {
  const untold = before.untold + 1
  const isNews = untold >= untoldAfter && !before.isUntoldTold
  const after: Watched = { ...before, untold, isUntoldTold: before.isUntoldTold || isNews }
  const from = before.last?.verdict ?? null
  const change: Change = { kind: 'verdict', what: 'verdict', before: from, after: 'undetermined', means: 'neither' }
  return { after, notice: isNews ? noticeOf(before, report, { changes: [change], dates: [] }) : undefined }
}

function changesSince(before: Watched, last: Kept, { verdict, findings }: Kept): Change[] {
  const from: Verdict = before.isUntoldTold ? 'undetermined' : last.verdict
  return [...verdictChange({ verdict: from }, { verdict }), ...findingChanges(last.findings, findings)]
}

/** Findings as they are, and those from before that could not be seen to be gone. */
function kept(last: Kept | null, report: CheckReport): KeptFinding[] {
  const present = report.findings
    .filter(({ severity }) => severity !== 'note')
    .map(({ id, severity, section, subject }): KeptFinding => ({ id, severity, section, subject }))
  const keys = new Set(report.findings.map(keyOfFinding))
  const unseen = last?.findings.filter((one) => !keys.has(keyOfFinding(one)) && isUntoldIn(report, one)) ?? []
  return [...present, ...unseen]
}

type DueDate = Notice['dates'][number]

/** Each date is told of once for each number of days ahead; one that moved is another. */
function datesDue(told: readonly ToldDate[], report: CheckReport, warnDays: readonly number[]) {
  const due: DueDate[] = []
  const now = report.checkedAt
  const current = datesIn(report).map(({ key, at, text }): ToldDate => {
    const known = told.find((one) => one.key === key && one.at === at)?.days ?? []
    const left = (at - now) / msPerDay
    const days = warnDays.filter((limit) => left <= limit)
    const isNew = days.some((limit) => !known.includes(limit))
    if (isNew) due.push({ text, date: new Date(at).toISOString(), daysLeft: Math.floor(left) })
    return { key, at, days: isNew ? days : known }
  })
  const keys = new Set(current.map(({ key }) => key))
  // What could not be seen this time comes back with the same date, and was told of.
  const absent = told.filter(({ key, at }) => !keys.has(key) && at > now)
  return { told: [...current, ...absent].filter(({ days }) => days.length > 0), due }
}

function noticeOf(
  { last, isUntoldTold }: Watched,
  report: CheckReport,
  { changes, dates }: Pick<Notice, 'changes' | 'dates'>,
): Notice {
  const { domain, checkedAt, verdict } = report
  return {
    ...{ schema: 'waxseal.notice/1', id: `${domain} ${new Date(checkedAt).toISOString()}`, domain, checkedAt },
    direction: directionOf(changes),
    verdictBefore: isUntoldTold ? 'undetermined' : (last?.verdict ?? null),
    ...{ verdict, changes, dates, report },
  }
}
