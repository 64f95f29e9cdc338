import {
  checkOverride,
  describeOverride,
  describeRule,
  describeTarget,
  type Override,
  type OverrideRule,
} from '../../../core/decision/override.ts'
import { parseDomainName } from '../../../core/name/domain.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type CommandContext, defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { readMoment } from '../moment.ts'
import {
  changeOptions,
  overrideFaults,
  readAuthor,
  readTarget,
  storeOptions,
  targetOptions,
  withStore,
} from '../override-command.ts'
import { onTerminal } from '../trace-text.ts'

export const overrideAdd = defineCommand({
  name: 'override add',
  summary: 'Decide for a domain or an MX host otherwise than DANE and MTA-STS do',
  usage: [
    'override add --domain DOMAIN --require LEVEL [--name NAME]... --reason TEXT',
    'override add --domain DOMAIN --relax LEVEL --until WHEN --reason TEXT',
    'override add --host HOST --skip --until WHEN --reason TEXT',
  ],
  description: [
    'Puts an override into the store, in the place of one for the same domain and host. explain and send go by it at ' +
      'once, a running service within a second or two. Whose it is, until when and why is shown with every decision ' +
      'that it has a part in, and stays in the audit trail.',
    '--require asks for at least that much, whatever was found: encrypt, pkix (a certificate from a public authority ' +
      'for one of the names given, or for the MX host itself where --host is) or dane. --relax lets may or encrypt ' +
      'suffice. --skip leaves a domain to main.cf, and bars an MX host. docs/overrides.md says which override counts ' +
      'where several could.',
  ],
  options: {
    ...targetOptions,
    require: { type: 'string', value: 'LEVEL', description: 'ask for at least this: encrypt, pkix or dane' },
    name: {
      ...{ type: 'string', value: 'NAME', multiple: true },
      description: 'with --require pkix: a name for the certificate; may be repeated, and one suffices',
    },
    relax: { type: 'string', value: 'LEVEL', description: 'let this suffice: may or encrypt' },
    skip: { type: 'boolean', description: 'have no say about the domain, or never use the MX host' },
    until: {
      ...{ type: 'string', value: 'WHEN' },
      description: 'when it ends: 12h, 30d, 2w, 2026-12-01 or 2026-12-01T15:00Z',
    },
    ...changeOptions,
    ...storeOptions,
  },
  examples: [
    {
      line: 'waxseal override add --domain a.example --relax may --until 3d --reason lapsed',
      does: 'lets mail go as it can for three days',
    },
    {
      line: 'waxseal override add --domain .bank.example --require dane --reason contract',
      does: 'holds a partner to DANE, and all names below it',
    },
  ],
  exitStatuses: [{ status: EXIT.cannotCreate, means: 'it could not be stored' }],
  async run({ values }, context) {
    const now = context.clock.now()
    const checked = checkOverride({
      target: readTarget(values),
      rule: readRule(values),
      reason: values.reason ?? '',
      author: readAuthor(values.author, context),
      createdAt: now,
      expiresAt: values.until === undefined ? undefined : readUntil(values.until, now),
    })
    if (!checked.ok) throw new UsageError(overrideFaults[checked.fault])
    return withStore(values, 'durable', context, async ({ overrides }) =>
      report(await overrides.put(checked.value), checked.value, context),
    )
  },
})

function report(written: 'durable' | 'lost' | 'full', override: Override, { out }: CommandContext): number {
  if (written === 'durable') {
    const { target, rule } = override
    out.line(onTerminal(`${describeTarget(target)}: ${describeRule(rule)}, ${describeOverride(override)}`))
    return EXIT.done
  }
  out.warn(written === 'full' ? 'no room for more overrides, or in the audit trail' : 'it was not stored')
  return EXIT.cannotCreate
}

interface RuleValues {
  readonly require?: string | undefined
  readonly name?: readonly string[] | undefined
  readonly relax?: string | undefined
  readonly skip?: boolean | undefined
}

function readRule({ require: required, name: names = [], relax, skip }: RuleValues): OverrideRule {
  const given = [required, relax, skip === true ? '' : undefined].filter((value) => value !== undefined)
  if (given.length !== 1) throw new UsageError('give one of --require, --relax and --skip')
  if (names.length > 0 && required !== 'pkix') throw new UsageError('option --name: only with --require pkix')
  if (skip === true) return { kind: 'skip' }
  if (relax === 'may' || relax === 'encrypt') return { kind: 'relax', level: relax }
  if (relax !== undefined) throw new UsageError(`option --relax: "${escapeText(relax)}" is none of may, encrypt`)
  if (required === 'pkix') return { kind: 'require', level: required, names: names.map(readName) }
  if (required === 'encrypt' || required === 'dane') return { kind: 'require', level: required }
  throw new UsageError(`option --require: "${escapeText(required ?? '')}" is none of encrypt, pkix, dane`)
}

function readName(text: string) {
  const name = parseDomainName(text)
  if (name.ok) return name.value
  throw new UsageError(`option --name: not a name: "${escapeText(text)}"`)
}

function readUntil(text: string, now: number): number {
  const moment = readMoment(text, now)
  if (moment !== undefined) return moment
  throw new UsageError(`option --until: "${escapeText(text)}" is no moment, as 30d or 2026-12-01`)
}
