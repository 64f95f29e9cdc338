import type { WatchRules } from '../../../core/check/watch/watch.ts'
import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type OptionTable, UsageError, type Values } from '../../cli/command.ts'
import { readCommandWords } from '../../cli/command-words.ts'

const group = 'Options for watching'

/** Options of `--watch`. */
export const watchOptions = {
  watch: { type: 'boolean', group, description: 'check again and again, and tell of changes' },
  every: {
    ...{ type: 'string', value: 'TIME', group },
    description: 'from one round of checks to the next, as 30m, 6h or 1d, give or take a tenth; 6h unless told',
  },
  once: { type: 'boolean', group, description: 'one round only, for cron or a timer; needs --state' },
  state: {
    ...{ type: 'string', value: 'FILE', group },
    description: 'where what was told is remembered, so that a restart tells nothing twice and loses nothing',
  },
  run: {
    ...{ type: 'string', value: 'COMMAND', group },
    description: 'program to run for each notice, without a shell, with arguments behind blanks; JSON on its input',
  },
  webhook: { type: 'string', value: 'URL', group, description: 'where each notice is posted as JSON; https' },
  'warn-days': {
    ...{ type: 'string', value: 'DAYS,...', group },
    description: 'days ahead of a date on which it is told of, once each; 14 unless told',
  },
  'untold-after': {
    ...{ type: 'string', value: 'N', group },
    description: 'undetermined results in a row that count as a change; 3 unless told',
  },
} as const satisfies OptionTable

export interface WatchPlan extends WatchRules {
  readonly everyMs: number
  readonly isOnce: boolean
  readonly state: string | undefined
  readonly command: readonly [string, ...string[]] | undefined
  readonly webhook: URL | undefined
}

type Given = Partial<Values<typeof watchOptions>>

/** What `--watch` and its options ask for; undefined without it. Throws UsageError. */
export function readWatchPlan(values: Given, form: string, isPartial: boolean): WatchPlan | undefined {
  const isOnce = values.once === true
  if (values.watch !== true) {
    const stray = Object.keys(watchOptions).find((name) => values[name as keyof Given] !== undefined)
    if (stray !== undefined) throw new UsageError(`option --${stray} needs --watch`)
    return undefined
  }
  if (form !== 'text' && form !== 'json') throw new UsageError(`give either --watch or --${form}, not both`)
  if (isOnce && values.state === undefined)
    throw new UsageError('option --once needs --state: else nothing is remembered')
  if (isOnce && values.every !== undefined) throw new UsageError('give either --once or --every, not both')
  return {
    everyMs: readEvery(values.every ?? '6h'),
    isOnce,
    isPartial,
    state: values.state,
    command: values.run === undefined ? undefined : readCommandWords('run', values.run),
    webhook: readWebhook(values.webhook),
    warnDays: readDays(values['warn-days'] ?? '14'),
    untoldAfter: readCount(values['untold-after'] ?? '3'),
  }
}

const units = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function readEvery(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  const time = Number(number) * (units[unit as keyof typeof units] ?? 0)
  if (time >= limits.watch.everyMinMs && time <= limits.watch.everyMaxMs) return time
  throw new UsageError(`option --every: "${escapeText(text)}" is no time from 15m to 30d`)
}

function readWebhook(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(`option --webhook: "${escapeText(text)}" is no https address`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('option --webhook: user names and passwords are not sent; put a secret into the path')
  }
  return url
}

function readDays(text: string): number[] {
  const words = text.split(',').map((word) => word.trim())
  const days = words.map((word) => (/^\d{1,3}$/.test(word) ? Number(word) : Number.NaN))
  const isGood = days.every((day) => day <= limits.watch.warnDaysMax) && days.length <= limits.watch.warnings
  if (isGood) return [...new Set(days)]
  throw new UsageError(
    `option --warn-days: "${escapeText(text)}" is no list of up to ${limits.watch.warnings} numbers from 0 to ${limits.watch.warnDaysMax}`,
  )
}

function readCount(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= limits.watch.untoldMax) return count
  throw new UsageError(`option --untold-after: "${escapeText(text)}" is no number from 1 to ${limits.watch.untoldMax}`)
}
