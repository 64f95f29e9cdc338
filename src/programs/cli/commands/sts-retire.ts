import { usualMaxAge } from '../../../core/publish/sts-stages.ts'
import { readMaxAge } from '../../publish/sts/look.ts'
import { runRetire, workOfRetire } from '../../publish/sts/run-retire.ts'
import { onWay, wayOptions } from '../../publish/sts/way.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'

export const stsRetire = defineCommand({
  name: 'sts retire',
  summary: 'Lead a domain out of MTA-STS, so that no sender is left with a policy that has ended',
  usage: ['sts retire --state FILE [--output FILE] DOMAIN', 'sts retire --state FILE --dry-run DOMAIN'],
  description: [
    'Serves mode none, gives the TXT record a new id, waits until every policy that was ever served has ended, takes the ' +
      'record away, waits for its TTL, and then the policy host. Each step is refused before its time, and the ' +
      'date is said. Run it again whenever you like, until it says that the domain has left.',
    'Without the state that "sts ramp" or "sts policy" kept, what was served before is not known: it then waits for ' +
      'four weeks at least, or for what --longest says.',
  ],
  options: {
    longest: {
      ...{ type: 'string', value: 'TIME' },
      description: 'the longest max_age that was ever served before the state begins, as 8w: 4w unless told',
    },
    ...wayOptions,
  },
  operands: { name: 'DOMAIN', min: 1, max: 1 },
  examples: [
    {
      line: 'waxseal sts retire --state sts.json -o /srv/mta-sts.txt example.org',
      does: 'take the next step out if it is due, and say when the one after is',
    },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'it is done, or waits for its time' },
    { status: EXIT.nothing, means: 'nothing was done, and the reason is said' },
    { status: EXIT.cannotCreate, means: 'the policy could not be written, or the zone not changed' },
    { status: EXIT.temporary, means: 'something is to be done, or is not to be seen everywhere yet' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const longestBefore = readMaxAge('longest', values.longest) ?? usualMaxAge
    return onWay(text, values, context, (way) => {
      return runRetire(workOfRetire(way), { longestBefore }, { out: context.out, json: values.json === true })
    })
  },
})
