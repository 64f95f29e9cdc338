import type { DomainName } from '../name/domain.ts'
import type { PolicyReport, TlsReport } from './report.ts'

/** What all reports together say of the sessions that would be held to a domain's MTA-STS policy. */
export interface ReportTally {
  /** In their order; days of which nobody reported are left out. */
  readonly days: readonly TallyDay[]
  /** The latest first, and of a day the most frequent first. */
  readonly failures: readonly TalliedFailure[]
  /** Who reported about the domain at all, sorted. */
  readonly reporters: readonly string[]
  /** Reports that were there twice, and ones that were about other domains alone. */
  readonly repeated: number
  readonly foreign: number
}

export interface TallyDay {
  /** `2026-11-26`, in UTC. */
  readonly day: string
  readonly successes: number
  readonly failures: number
}

/** Sessions that failed in one way on one day, as one organisation met them. Texts are strangers'. */
export interface TalliedFailure {
  readonly day: string
  readonly reporter: string
  readonly policyType: string
  /** Empty where a report counts failures and says nothing of them. */
  readonly resultType: string
  readonly host: string | undefined
  readonly reason: string | undefined
  readonly sessions: number
}

/**
 * Adds up what reports say of a domain, by the day on which what they tell of ended. RFC 8460 §4.2
 *
 * Of policies those of type `sts` count, and sessions without any policy, which a policy would hold to the same: a host
 * without STARTTLS or certificate fails them later. DANE is not MTA-STS's business. A report that is there twice, by the
 * same organisation under the same id, counts once. RFC 8460 §5.3
 */
export function tallyReports(reports: readonly TlsReport[], domain: DomainName): ReportTally {
  const days = new Map<string, { successes: number; failures: number }>()
  const failures = new Map<string, TalliedFailure>()
  const reporters = new Set<string>()
  const known = new Set<string>()
  const tally = { repeated: 0, foreign: 0 }
  for (const report of reports) {
    const key = keyOf(report)
    if (known.has(key)) {
      tally.repeated += 1
      continue
    }
    known.add(key)
    const policies = report.policies.filter((policy) => concerns(policy, domain))
    if (policies.length === 0) {
      tally.foreign += 1
      continue
    }
    const reporter = report.organization ?? report.contact ?? 'somebody'
    const day = dayOf(report)
    reporters.add(reporter)
    const sums = days.get(day) ?? { successes: 0, failures: 0 }
    days.set(day, sums)
    for (const policy of policies) {
      sums.successes += policy.successes
      sums.failures += failuresOf(policy)
      for (const failure of failuresIn(policy, { day, reporter })) add(failures, failure)
    }
  }
  return {
    days: [...days].map(([day, sums]) => ({ day, ...sums })).toSorted((one, other) => (one.day < other.day ? -1 : 1)),
    failures: [...failures.values()].toSorted(byDay),
    reporters: [...reporters].toSorted(),
    ...tally,
  }
}

function concerns({ type, domain }: PolicyReport, wanted: DomainName): boolean {
  // Who reports no policy, and no domain with it, was asked for this one's reports all the same.
  if (type === 'no-policy-found') return domain === undefined || domain === wanted
  return type === 'sts' && domain === wanted
}

/** What a report says of itself; one without an id is told from others by all that it says. */
function keyOf({ notes: _, ...report }: TlsReport): string {
  return JSON.stringify(report.reportId === undefined ? report : [report.organization, report.reportId])
}

/** One session may fail in several ways, and details may be left out: whichever says more. RFC 8460 §4 */
function failuresOf({ failures, details }: PolicyReport): number {
  return Math.max(failures, details.length > 0 && failures === 0 ? countOf(details) : 0)
}

function countOf(details: PolicyReport['details']): number {
  return details.reduce((sum, { sessions }) => sum + sessions, 0)
}

/** An end of midnight ends the day before. */
function dayOf({ beginsAt, endsAt }: TlsReport): string {
  const last = endsAt > beginsAt ? endsAt - 1 : endsAt
  return new Date(last).toISOString().slice(0, 10)
}

function failuresIn(policy: PolicyReport, base: { day: string; reporter: string }): TalliedFailure[] {
  const told = policy.details.filter(({ sessions }) => sessions > 0)
  const found = told.map(
    ({ resultType, receivingHost, reason, sessions }): TalliedFailure => ({
      ...base,
      ...{ policyType: policy.type, resultType, host: receivingHost, reason, sessions },
    }),
  )
  const untold = policy.failures - countOf(told)
  if (untold <= 0) return found
  const rest = { policyType: policy.type, resultType: '', host: undefined, reason: undefined, sessions: untold }
  return [...found, { ...base, ...rest }]
}

function add(failures: Map<string, TalliedFailure>, failure: TalliedFailure): void {
  const { sessions, ...kind } = failure
  const key = JSON.stringify(Object.values(kind).map((value) => value ?? null))
  const before = failures.get(key)
  failures.set(key, before === undefined ? failure : { ...before, sessions: before.sessions + sessions })
}

function byDay(one: TalliedFailure, other: TalliedFailure): number {
  return other.day.localeCompare(one.day) || other.sessions - one.sessions
}
