import { isIP } from 'node:net'
import { limits } from '../../../core/limits.ts'
import { type DomainName, parseDomainName, parseHostName } from '../../../core/name/domain.ts'
import type { PolicyHostWish, SetupWishes } from '../../../core/publish/setup/report.ts'
import { mailServers } from '../../../core/publish/setup/server-texts.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type TargetFault, writeReportRecord } from '../../../core/tlsrpt/write.ts'
import { type OptionTable, UsageError, type Values } from '../../cli/command.ts'
import { readMoment } from '../../cli/moment.ts'

export const setupFormats = ['text', 'markdown', 'json', 'zone'] as const

export type SetupFormat = (typeof setupFormats)[number]

export const setupOptions = {
  format: { type: 'string', value: 'FORMAT', description: `${setupFormats.join(', ')}; text unless told` },
  json: { type: 'boolean', description: 'the same as --format json' },
  mode: {
    ...{ type: 'string', value: 'MODE' },
    description: 'where MTA-STS shall end up: enforce (unless told) or testing; it begins in testing either way',
  },
  'max-age': {
    type: 'string',
    value: 'SECONDS',
    description: 'of the policy in that mode, 2419200 (four weeks) unless told',
  },
  rua: {
    ...{ type: 'string', value: 'URI', multiple: true },
    description: 'where reports shall go: a mailbox, mailto: or https:; may be repeated',
  },
  dane: { type: 'boolean', description: 'plan for DANE, as is done unless --no-dane' },
  sts: { type: 'boolean', description: 'plan for MTA-STS, as is done unless --no-sts' },
  'policy-host': {
    ...{ type: 'string', value: 'WHOSE' },
    description:
      'who serves the policy: own (unless told), own:ADDRESS,... with the addresses to publish, or delegated:HOST[,RECORD] with the names of a provider',
  },
  'mail-server': {
    ...{ type: 'string', value: 'NAME' },
    description: `settings for ${mailServers.join(', ')}; by how the hosts greet unless told`,
  },
  start: {
    ...{ type: 'string', value: 'DAY' },
    description: 'say from when each step can be done if the first is done then: 2026-12-01, 2026-12-01T09:00Z or 12h',
  },
  verify: {
    type: 'boolean',
    description: 'watch until everything is live that can be done now, with a line for each step',
  },
  'give-up': {
    type: 'string',
    value: 'TIME',
    description: 'stop watching then: 90m, 12h, 7d or a moment; after a day unless told',
  },
  ask: { type: 'boolean', description: 'ask on a terminal for what was not given, as is done unless --no-ask' },
} as const satisfies OptionTable

export type SetupValues = Partial<Values<typeof setupOptions>>

/** Throws UsageError for what cannot be meant. */
export function readWishes(values: SetupValues, now: number): SetupWishes {
  const wishes: SetupWishes = {
    mode: oneOf('mode', values.mode, ['enforce', 'testing'] as const) ?? 'enforce',
    maxAge: readMaxAge(values['max-age']),
    rua: values.rua === undefined || values.rua.length === 0 ? undefined : readTargets(values.rua),
    dane: values.dane !== false,
    sts: values.sts !== false,
    policyHost: readPolicyHost(values['policy-host']),
    server: oneOf('mail-server', values['mail-server'], mailServers),
    start: values.start === undefined ? undefined : momentFor('start', values.start, now),
  }
  if (!wishes.dane && !wishes.sts)
    throw new UsageError('with --no-dane and --no-sts nothing is left to set up but reports')
  return wishes
}

export function readFormat({ format, json }: SetupValues): SetupFormat {
  const read = oneOf('format', format, setupFormats)
  if (json === true && read !== undefined && read !== 'json') throw new UsageError('give either --json or --format')
  return json === true ? 'json' : (read ?? 'text')
}

/** When to stop watching, in milliseconds since 1970. */
export function readGiveUp(text: string | undefined, now: number): number {
  if (text === undefined) return now + limits.setup.verifyMs
  const moment = momentFor('give-up', text, now)
  if (moment > now && moment - now <= limits.setup.verifyMostMs) return moment
  throw new UsageError(
    `option --give-up: not within the next ${limits.setup.verifyMostMs / 86_400_000} days: "${escapeText(text)}"`,
  )
}

function oneOf<const Word extends string>(
  option: string,
  text: string | undefined,
  words: readonly Word[],
): Word | undefined {
  const word = words.find((one) => one === text)
  if (text === undefined || word !== undefined) return word
  throw new UsageError(`option --${option}: "${escapeText(text)}" is none of ${words.join(', ')}`)
}

function momentFor(option: string, text: string, now: number): number {
  const moment = readMoment(text, now)
  if (moment !== undefined) return moment
  throw new UsageError(`option --${option}: not a time such as 12h, 7d or 2026-12-01: "${escapeText(text)}"`)
}

function readMaxAge(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d{1,8}$/.test(text) ? Number(text) : Number.NaN
  if (seconds >= 1 && seconds <= limits.sts.maxAge) return seconds
  throw new UsageError(`option --max-age: not seconds from 1 to ${limits.sts.maxAge}: "${escapeText(text)}"`)
}

const targetFaults: Record<TargetFault, string> = {
  scheme: 'reports go by mailto: or https: alone',
  reserved: 'a comma, semicolon, exclamation mark or blank must be written as %2C, %3B, %21 or %20',
  address: 'it has no mail address',
  host: 'it has no host name',
  none: 'it is missing',
}

/** Throws UsageError; one text may hold several places with commas between them. */
export function readTargets(texts: readonly string[]): string[] {
  const places = texts.flatMap((text) => text.split(',').map((one) => one.trim())).filter((one) => one !== '')
  if (places.length > limits.setup.reportTargets)
    throw new UsageError(`option --rua: more than ${limits.setup.reportTargets}`)
  const record = writeReportRecord(places)
  if (record.ok) return record.value.targets.map(({ uri }) => uri)
  throw new UsageError(`option --rua: "${escapeText(places[record.at] ?? '')}": ${targetFaults[record.fault]}`)
}

/** Throws UsageError. */
export function readPolicyHost(text = 'own'): PolicyHostWish {
  const [, kind, rest] = /^(own|delegated)(?::(.+))?$/s.exec(text) ?? []
  const words = rest?.split(',').map((word) => word.trim()) ?? []
  if (kind === 'own') {
    const wrong = words.find((word) => isIP(word) === 0)
    if (wrong !== undefined) throw new UsageError(`option --policy-host: not an address: "${escapeText(wrong)}"`)
    if (words.length > limits.setup.policyAddresses)
      throw new UsageError(`option --policy-host: more than ${limits.setup.policyAddresses} addresses`)
    return { kind, addresses: words }
  }
  const [host, record] = words
  if (kind !== 'delegated' || host === undefined || words.length > 2) {
    throw new UsageError(
      `option --policy-host: neither own, own:ADDRESS,... nor delegated:HOST[,RECORD]: "${escapeText(text)}"`,
    )
  }
  const name = readName(parseDomainName(host), host)
  return {
    kind,
    host: name,
    record: record === undefined ? recordBeside(name) : readName(parseHostName(record), record),
  }
}

function readName(name: ReturnType<typeof parseHostName>, text: string): DomainName {
  if (name.ok) return name.value
  throw new UsageError(`option --policy-host: not a name: "${escapeText(text)}"`)
}

/** As RFC 8461 §8.2 has it: `mta-sts.` and `_mta-sts.` below the same name. */
function recordBeside(host: DomainName): DomainName {
  return readName(parseHostName(`_mta-sts.${host.replace(/^mta-sts\./, '')}`), host)
}
