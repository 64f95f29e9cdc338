import { escapeUnsafe } from '../../smtp/escape.ts'
import { datesIn } from '../dates.ts'
import { msPerDay } from '../forecast.ts'
import type { CheckReport, Verdict } from '../report.ts'
import { verdictWords } from './words.ts'
import { countFindings, isAsGood, worstFirst } from './worst.ts'

/** States of a service, as plugins tell them by their exit status. docs/exit-codes.md */
export const nagiosStates = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const

export type NagiosState = keyof typeof nagiosStates

const stateOf: Record<Verdict, NagiosState> = {
  ...{ protected: 'OK', 'protected-partly': 'WARNING', opportunistic: 'WARNING' },
  ...{ cleartext: 'CRITICAL', broken: 'CRITICAL', undetermined: 'UNKNOWN' },
}

/** From the worst to the best, as monitoring sorts them. */
const order: readonly NagiosState[] = ['CRITICAL', 'WARNING', 'UNKNOWN', 'OK']

/** Monitoring cuts lines off somewhere; what is longer says so itself. */
const characters = 1000

export interface NagiosAnswer {
  readonly state: NagiosState
  /** One line with its end. */
  readonly text: string
}

/**
 * Reports in the one line of a monitoring plugin, with performance data behind the bar. Something that breaks, now or on
 * a day that is known, is no OK, whatever the verdict. A verdict as good as `enough` is one.
 */
export function formatNagios(
  reports: readonly CheckReport[],
  now: number,
  enough: Verdict = 'protected',
): NagiosAnswer {
  const states = reports.map((report) => judge(report, enough))
  const state = order.find((one) => states.includes(one)) ?? 'UNKNOWN'
  const said = plain(reports.length === 1 ? reports.map(describe).join('') : describeAll(reports, states, state))
  return { state, text: `WAXSEAL ${state} - ${cut(said)} | ${measures(reports, now).join(' ')}\n` }
}

function judge({ verdict, findings }: CheckReport, enough: Verdict): NagiosState {
  const state = isAsGood(verdict, enough) ? 'OK' : stateOf[verdict]
  const isUrgent = findings.some(({ severity }) => severity === 'breaks-now' || severity === 'will-break')
  return state === 'OK' && isUrgent ? 'WARNING' : state
}

function describe(report: CheckReport): string {
  const { domain, verdict, findings, why } = report
  const [urgent] = findings.filter(({ severity }) => severity === 'breaks-now' || severity === 'will-break')
  const date = urgent?.date === undefined || urgent.date === null ? '' : ` on ${urgent.date.slice(0, 10)}`
  const reason = urgent === undefined ? why[0] : `${urgent.title}: ${urgent.subject}${date}`
  return `${domain} is ${verdictWords[verdict]}${reason === undefined ? '' : `: ${reason}`}`
}

function describeAll(reports: readonly CheckReport[], states: readonly NagiosState[], state: NagiosState): string {
  if (reports.length === 0) return 'no domain was checked'
  if (state === 'OK') return `all ${reports.length} domains are as well protected as they must be`
  const worst = reports.filter((_, place) => states[place] === state)
  return `${worst.length} of ${reports.length} domains: ${worst.map(describe).join('; ')}`
}

/** The bar begins performance data, and a line end more text. */
function plain(text: string): string {
  return escapeUnsafe(text).replaceAll('|', '/')
}

function cut(text: string): string {
  return text.length <= characters ? text : `${[...text].slice(0, characters - 3).join('')}...`
}

function measures(reports: readonly CheckReport[], now: number): string[] {
  const findings = countFindings(reports)
  const verdicts = worstFirst.map((verdict) => reports.filter((report) => report.verdict === verdict).length)
  const [first] = reports
    .flatMap(datesIn)
    .map(({ at }) => at)
    .toSorted((one, other) => one - other)
  return [
    ...(reports.length === 1 ? [] : worstFirst.map((verdict, place) => `${verdict}=${verdicts[place]};;;0`)),
    `breaks_now=${findings['breaks-now']};;0;0`,
    `will_break=${findings['will-break']};0;;0`,
    `weakens=${findings.weakens};;;0`,
    `notes=${findings.note};;;0`,
    ...(first === undefined ? [] : [`days_left=${Math.floor((first - now) / msPerDay)}`]),
  ]
}
