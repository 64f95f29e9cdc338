import { lastStageOf, termsOf } from '../../../core/publish/sts-stages.ts'
import { readDays, readMaxAge } from '../../publish/sts/look.ts'
import { readPatterns } from '../../publish/sts/patterns.ts'
import { runRamp, workOfRamp } from '../../publish/sts/run-ramp.ts'
import { onWay, readTally, wayOptions } from '../../publish/sts/way.ts'
import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'

const modes = ['none', 'testing', 'enforce'] as const

/** Unless told: a week shows every kind of sender that a domain has. */
const usualDays = 7

export const stsRamp = defineCommand({
  name: 'sts ramp',
  summary: 'Lead a domain into MTA-STS, each step when it is safe, and back at once',
  usage: [
    'sts ramp --state FILE [--output FILE] [--reports FOLDER] DOMAIN',
    'sts ramp --state FILE --to testing DOMAIN',
    'sts ramp --state FILE --dry-run DOMAIN',
  ],
  description: [
    'Goes from mode none over testing (a policy remembered for a day, then for a week) to enforce (for a day, then for weeks). ' +
      'Each run looks at the domain as "waxseal check" does, takes the steps that are due, and says when the next is. Run it ' +
      'every few hours, from cron or a timer: it may be ended at any point and run again at any time.',
    'A step is taken when the stage before has been live for --days days, no report of failures has come for them, and ' +
      'the check is green; before enforce every address of every MX host must offer STARTTLS and a certificate for ' +
      'its name. The policy is written first; only when every address of the policy host serves it does the TXT record ' +
      'get its new id.',
    'MX hosts that come are listed at once; those that go stay listed until --mx says otherwise. With --to below what is ' +
      'there, it goes back at once, whatever is broken.',
  ],
  options: {
    to: {
      type: 'string',
      value: 'MODE',
      description: 'where the way ends: none, testing, or enforce, as it does unless told',
    },
    days: { type: 'string', value: 'N', description: 'how long each stage lasts at least, 7 days unless told' },
    'max-age': {
      ...{ type: 'string', value: 'TIME' },
      description: 'how long senders remember the last policy, as 4w: four weeks unless told',
    },
    mx: {
      ...{ type: 'string', value: 'PATTERN', multiple: true },
      description: 'list this host, or *.DOMAIN, instead of the MX hosts as they are; may be repeated',
    },
    reports: { type: 'string', value: 'FOLDER', description: 'TLSRPT reports that arrived, as JSON, packed or not' },
    'require-reports': { type: 'boolean', description: 'take no step without a report about the stage before' },
    adopt: { type: 'boolean', description: 'go on from a policy that somebody else put there' },
    ...wayOptions,
  },
  operands: { name: 'DOMAIN', min: 1, max: 1 },
  examples: [
    {
      line: 'waxseal sts ramp --state sts.json -o /srv/mta-sts.txt example.org',
      does: 'take the next step if it is due, and print the record to publish',
    },
    {
      line: 'waxseal sts ramp --state S -o F --tsig KEY --reports DIR example.org',
      does: 'from cron: change the zone too, and heed reports',
    },
    { line: 'waxseal sts ramp --state S -o F --to testing example.org', does: 'something is broken: back at once' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'all is as it should be: at the end of the way, or waiting for its time' },
    { status: EXIT.nothing, means: 'something is wrong: nothing was done, or the next step is held back' },
    { status: EXIT.noHost, means: 'the domain takes no mail' },
    { status: EXIT.unavailable, means: 'there is no such domain' },
    { status: EXIT.cannotCreate, means: 'the policy could not be written, or the zone not changed' },
    { status: EXIT.temporary, means: 'what was published is not to be seen everywhere yet, or another run goes on' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const to = modes.find((mode) => mode === (values.to ?? 'enforce'))
    if (to === undefined) throw new UsageError(`option --to: "${values.to}" is none of ${modes.join(', ')}`)
    const days = readDays(values.days, usualDays)
    const maxAge = readMaxAge('max-age', values['max-age'])
    if (maxAge !== undefined && maxAge <= termsOf('enforce-day').maxAge) {
      throw new UsageError('option --max-age: the last policy is to be remembered for more than a day')
    }
    if (maxAge !== undefined && lastStageOf(to) !== 'enforce-weeks') {
      throw new UsageError('option --max-age is of use with --to enforce alone')
    }
    const mustHaveReports = values['require-reports'] === true
    if (mustHaveReports && values.reports === undefined) throw new UsageError('--require-reports needs --reports')
    const mx = readPatterns('mx', values.mx)
    const wish = {
      to,
      days,
      maxAge,
      mx: mx.length === 0 ? undefined : mx,
      mustHaveReports,
      adopts: values.adopt === true,
    }
    return onWay(text, values, context, async (way) => {
      const tally = await readTally(values.reports, way.domain, context)
      return runRamp(workOfRamp(way, tally, context.out), wish, { out: context.out, json: values.json === true })
    })
  },
})
