import { planToJson } from '../../publish/rollover/plan-json.ts'
import { writePlan } from '../../publish/rollover/plan-text.ts'
import { readHost, readWishes, rolloverOptions, wishOptions } from '../../publish/rollover/rollover-options.ts'
import { openRolloverWorld } from '../../publish/rollover/rollover-world.ts'
import { lookOnly } from '../../publish/rollover/run-step.ts'
import { inTime, statusOfStep, tellRefused } from '../../publish/rollover/tell.ts'
import { defineCommand } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

export const tlsaPlan = defineCommand({
  name: 'tlsa plan',
  summary: 'Say when what is to be done with the TLSA records of a host, before its key changes and after',
  usage: ['tlsa plan [--json] [--next FILE]... HOST', 'tlsa plan --compromised KEY [--next FILE]... HOST'],
  description: [
    'Asks every name server for the TLSA records of a mail server, looks at what each of its addresses presents, RSA and ' +
      'ECDSA, and prints what is to be done now and what comes when, with the reasons. Nothing is changed or remembered: ' +
      '"waxseal tlsa apply" does the step that is due.',
    'A change of keys goes so: publish the record of the next key beside that of the key in use; wait until every name server ' +
      'has it, and then for twice the largest TTL of any of them; deploy the key; see every address present it; take the old ' +
      'record out after the same wait; make the next key. A certificate renewed with the same key changes nothing.',
    'What is published is of keys that files name or that DNSSEC vouches for already, never of what an address shows alone.',
  ],
  options: { ...rolloverOptions, ...wishOptions, ...worldOptions },
  operands: { name: 'HOST', min: 1, max: 1 },
  examples: [
    { line: 'waxseal tlsa plan mx.example.org', does: 'how things stand, and what is next' },
    { line: 'waxseal tlsa plan --next new-ecdsa.pem mx.example.org', does: 'the calendar of a change of keys' },
    { line: "waxseal tlsa plan --form '2 1 1' --authority ca.pem mx.example.org", does: 'from keys to an authority' },
    { line: 'waxseal tlsa plan --compromised old.pem mx.example.org', does: 'the choices in an emergency' },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the plan is printed, be there something to do or not' },
    { status: EXIT.data, means: 'nothing can be done safely, for a reason that somebody must mend' },
    { status: EXIT.temporary, means: 'nothing can be said: name servers or the host could not be asked' },
    { status: EXIT.config, means: 'a key or the state cannot be used' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const host = readHost(text)
    const wishes = readWishes(values)
    const rollover = await openRolloverWorld(host, values, context)
    try {
      return await inTime(rollover, context, async () => {
        const { world, port } = rollover
        const looked = await lookOnly({ host, port, wishes }, { ...rollover, clock: world.clock })
        if (looked.kind !== 'looked') return tellRefused(looked, context.out)
        if (values.json === true) context.out.line(JSON.stringify(planToJson(looked)))
        else writePlan(looked, context.out)
        return statusOfStep(looked.step)
      })
    } finally {
      await rollover.close()
    }
  },
})
