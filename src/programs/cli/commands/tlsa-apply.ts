import { parseTtl } from '../../../core/dns/zone-text.ts'
import { defaultTtl } from '../../../core/publish/record.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { makeKey } from '../../../io/publish/make-key.ts'
import { planToJson } from '../../publish/rollover/plan-json.ts'
import { writePlan } from '../../publish/rollover/plan-text.ts'
import { readHost, readWishes, rolloverOptions, wishOptions } from '../../publish/rollover/rollover-options.ts'
import { openRolloverWorld } from '../../publish/rollover/rollover-world.ts'
import { type Applied, applyStep } from '../../publish/rollover/run-step.ts'
import { inTime, statusOfStep, tellRefused } from '../../publish/rollover/tell.ts'
import { keyWords, stepWords } from '../../publish/rollover/words.ts'
import { createZoneWriter, readWriterPlan, writerOptions } from '../../publish/writer-options.ts'
import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import type { Out } from '../out.ts'
import { worldOptions } from '../world-options.ts'

export const tlsaApply = defineCommand({
  name: 'tlsa apply',
  summary: 'Do the step that is due with the TLSA records of a host: publish, take out, or wait',
  usage: [
    'tlsa apply [--tsig FILE] [--next FILE]... [--make-keys FOLDER] HOST',
    'tlsa apply [--tsig FILE] --renewed FILE HOST',
    'tlsa apply --update nsupdate|zone [--next FILE]... HOST',
  ],
  description: [
    'Looks at name servers and the host as "waxseal tlsa plan" does, and does the one step that is due, by an update of the ' +
      'zone (RFC 2136), by a program, or by printing what a person is to do. Run it as often as you like, from a timer and ' +
      'from hooks: what it did and saw is kept in a small file, and whenever a run ends, by whatever, the next goes on from there.',
    'It refuses what could stop mail, and says why: after each change every form of record must hold by itself for what every ' +
      'address presents.',
    'With --compromised the records of that key go as soon as no address presents it, without the usual wait.',
  ],
  options: {
    ...rolloverOptions,
    ...wishOptions,
    'make-keys': {
      ...{ type: 'string', value: 'FOLDER' },
      description: 'make the next key there when there is none, of the same kind as the one in use',
    },
    ttl: {
      ...{ type: 'string', value: 'TIME' },
      description: 'TTL of records where there are none yet, 1h unless told',
    },
    ...writerOptions,
    ...worldOptions,
  },
  operands: { name: 'HOST', min: 1, max: 1 },
  examples: [
    { line: 'waxseal tlsa apply --tsig /etc/waxseal/tsig.key mx.example.org', does: 'what a timer runs every hour' },
    {
      line: 'waxseal tlsa apply --key cert.pem --update zone mx.example.org',
      does: 'the first records, to be put into the zone by hand',
    },
    {
      line: 'waxseal tlsa apply --tsig k --make-keys /etc/waxseal/keys mx.example.org',
      does: 'there is always a next key, published ahead',
    },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the step was done or printed, or nothing is to be done now' },
    { status: EXIT.data, means: 'refused: it could stop mail, or something must be mended first' },
    { status: EXIT.temporary, means: 'not now: something could not be asked or written, or another run does not end' },
    { status: EXIT.config, means: 'a key or the state cannot be used' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const host = readHost(text)
    const wishes = readWishes(values)
    const plan = readWriterPlan(values)
    const ttl = values.ttl === undefined ? defaultTtl : readTtl(values.ttl)
    const folder = values['make-keys']
    const rollover = await openRolloverWorld(host, values, context)
    try {
      return await inTime(rollover, context, async () => {
        const { world, port } = rollover
        const writer = createZoneWriter(plan, { ...world, environment: context.environment })
        const applied = await applyStep(
          { host, port, wishes },
          {
            ...{ ...rollover, clock: world.clock, writer, ttl },
            ...(folder !== undefined && { makeKey: (after, known) => makeKey({ host, folder }, after, known) }),
          },
        )
        if (applied.kind !== 'applied') return tellRefused(applied, context.out)
        if (values.json === true) context.out.line(JSON.stringify(planToJson(applied, applied)))
        else writeApplied(applied, context.out)
        return statusOf(applied)
      })
    } finally {
      await rollover.close()
    }
  },
})

type Done = Extract<Applied, { readonly kind: 'applied' }>

function statusOf({ step, outcome }: Done): number {
  return outcome?.kind === 'failed' ? EXIT.temporary : statusOfStep(step)
}

function writeApplied(applied: Done, out: Out): void {
  const { situation, step, made, outcome } = applied
  for (const key of made) out.line(`Made ${keyWords(key)}`)
  if (outcome === undefined) {
    writePlan(applied, out)
    return
  }
  const { host } = situation.rollover
  switch (outcome.kind) {
    case 'written':
      out.line(`${host}: ${stepWords(step)}: done by ${outcome.by}`)
      return
    case 'to-do':
      out.line(`; ${host}: ${stepWords(step)}. Do this, then run it again:`)
      out.write(outcome.text.endsWith('\n') ? outcome.text : `${outcome.text}\n`)
      return
    case 'failed':
      out.warn(`${host}: ${stepWords(step)}: ${outcome.reason}: ${outcome.advice}`)
  }
}

function readTtl(text: string): number {
  const ttl = parseTtl(text)
  if (ttl !== undefined && ttl > 0) return ttl
  throw new UsageError(`option --ttl: "${escapeText(text)}" is no time, as 3600 or 1h`)
}
