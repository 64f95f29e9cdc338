import type { CheckReport } from '../check/report.ts'
import type { ReportTally, TalliedFailure } from '../tlsrpt/report-tally.ts'
import type { PolicyTrial } from './policy-trial.ts'

/** Why a step is not taken now; text may quote strangers. */
export interface Hindrance {
  readonly kind: 'check' | 'host' | 'reports' | 'time'
  readonly text: string
  /** When it ends of itself, in milliseconds since 1970; undefined where somebody must act. */
  readonly until?: number | undefined
}

/** Findings of MTA-STS that a domain on its way has to have. */
const usual = new Set(['sts-mode-testing', 'sts-missing', 'sts-max-age-tiny'])

/** What of a check is not green: whatever breaks mail now, and whatever is wrong with MTA-STS itself. */
export function hindrancesOfCheck({ findings, verdict, why }: CheckReport): Hindrance[] {
  const wrong = findings.filter(({ id, section, severity }) => {
    if (severity === 'breaks-now') return true
    return section === 'mta-sts' && severity !== 'note' && !usual.has(id)
  })
  const found = wrong.map(
    ({ id, subject, title }): Hindrance => ({ kind: 'check', text: `${subject}: ${title} (${id})` }),
  )
  if (verdict !== 'undetermined' || found.length > 0) return found
  return [{ kind: 'check', text: `the check came to no verdict: ${why.join('; ')}` }]
}

/** What keeps a policy from mode `enforce`: every host has to pass, and one of which nothing is known does not. */
export function hindrancesOfHosts({ hosts }: PolicyTrial): Hindrance[] {
  if (hosts.length === 0) return [{ kind: 'host', text: 'no MX host is known' }]
  return hosts.flatMap(({ host, state, text }): Hindrance[] => {
    if (state === 'passes') return []
    const what =
      state === 'fails' ? 'senders would hold mail back' : 'it could not be told whether senders would deliver'
    return [{ kind: 'host', text: `${host}: ${what}: ${text}` }]
  })
}

const msPerDay = 86_400_000

export interface Quiet {
  readonly tally: ReportTally | undefined
  /** Milliseconds since 1970: failures before count for nothing. */
  readonly since: number
  readonly days: number
  /** Nobody having reported at all is no good sign then. */
  readonly mustHaveReports: boolean
}

/** Reports of failures, as long as the last is not so many whole days past. */
export function hindrancesOfReports({ tally, since, days, mustHaveReports }: Quiet, now: number): Hindrance[] {
  const first = dayOf(since)
  const failures = (tally?.failures ?? []).filter(({ day }) => day >= first)
  const [last] = failures
  if (last !== undefined) {
    const until = Date.parse(`${last.day}T00:00:00Z`) + (1 + days) * msPerDay
    if (until <= now) return []
    const told = failures.filter((failure) => endOf(failure) + days * msPerDay > now)
    return told.map((failure) => ({ kind: 'reports', text: failureText(failure), until }))
  }
  const isSilent = (tally?.days ?? []).every(({ day }) => day < first)
  if (!mustHaveReports || !isSilent) return []
  return [{ kind: 'reports', text: `no report tells of ${first} or later` }]
}

function endOf({ day }: TalliedFailure): number {
  return Date.parse(`${day}T00:00:00Z`) + msPerDay
}

/** `2026-11-24: Sender Inc. reports 3 sessions with mx1.example.org: certificate-expired` */
export function failureText({ day, reporter, sessions, host, resultType, reason, policyType }: TalliedFailure): string {
  const where = host === undefined ? '' : ` with ${host}`
  const why = [resultType === '' ? 'no detail' : resultType, reason].filter((text) => text !== undefined).join(', ')
  const under = policyType === 'sts' ? '' : ', under no policy'
  return `${day}: ${reporter} reports ${sessions} failed ${sessions === 1 ? 'session' : 'sessions'}${where}: ${why}${under}`
}

function dayOf(moment: number): string {
  return new Date(moment).toISOString().slice(0, 10)
}
