import type { ResourceRecord } from '../../../core/dns/message.ts'
import { CLASS } from '../../../core/dns/types.ts'
import { parseRecord } from '../../../core/dns/zone-text.ts'
import { isAtOrBelow, type Name } from '../../../core/name/name.ts'
import { formatName, parseName } from '../../../core/name/text.ts'
import type { AssumedRrset, ZoneChange } from '../../../core/publish/change.ts'
import { defaultTtl } from '../../../core/publish/record.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { statusOfFailure, tellOutcome } from '../../publish/tell-outcome.ts'
import { createZoneWriter, readWriterPlan, writerOptions } from '../../publish/writer-options.ts'
import { defineCommand, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { worldOptions } from '../world-options.ts'

export const zoneChange = defineCommand({
  name: 'zone change',
  summary: 'Put records into a zone and take others out, all at once',
  usage: [
    'zone change [--add RECORD]... [--remove RECORD]... [--expect RECORD]... --tsig FILE ZONE',
    'zone change [--add RECORD]... [--remove RECORD]... [--update nsupdate|zone] ZONE',
    'zone change [--add RECORD]... [--remove RECORD]... --command COMMAND ZONE',
  ],
  description: [
    'Writes records as the commands do that know which ones are due: by an update of the zone (RFC 2136), by a program, or by ' +
      'printing what a person is to do. Give it again whenever it is not known what came of it: what is so already is passed ' +
      'over.',
    'RECORD is a line of zone text. Names without a final dot lie in ZONE, and a TTL may be left out.',
    'Only the primary server is looked at: "waxseal dns --all-servers" shows when the others have followed.',
  ],
  options: {
    add: { type: 'string', value: 'RECORD', multiple: true, description: 'put this record in; may be repeated' },
    remove: {
      ...{ type: 'string', value: 'RECORD', multiple: true },
      description: 'take this record out, if it is there; may be repeated',
    },
    expect: {
      ...{ type: 'string', value: 'RECORD', multiple: true },
      description:
        'change nothing unless there is this record, and no other of its name and type but those expected too',
    },
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.zone-written/1)' },
    ...writerOptions,
    ...worldOptions,
  },
  operands: { name: 'ZONE', min: 1, max: 1 },
  examples: [
    {
      line: 'waxseal zone change --add \'_mta-sts TXT "v=STSv1; id=1"\' --tsig k example.org',
      does: 'one record more, by an update',
    },
    {
      line: "waxseal zone change --remove '_mta-sts TXT x' --update nsupdate example.org",
      does: 'what nsupdate is to be told',
    },
  ],
  exitStatuses: [
    { status: EXIT.done, means: 'the change is made, or printed' },
    { status: EXIT.data, means: 'nothing is changed: the zone is not as expected, or an alias is in the way' },
    { status: EXIT.unavailable, means: 'nothing is changed: the server is not where this zone is changed' },
    {
      status: EXIT.temporary,
      means: 'no answer, or the server or program failed: the change may be made all the same',
    },
    { status: EXIT.noPermission, means: 'the server does not know the key, or does not let it change this' },
  ],
  async run({ values, positionals: [text = ''] }, context) {
    const { out, signal, environment } = context
    const change = readChange(text, values)
    const plan = readWriterPlan(values)
    const world = await context.openWorld(values, 'optional')
    try {
      const outcome = await createZoneWriter(plan, { ...world, environment }).write(change, signal)
      if (signal.aborted) return EXIT.interrupted
      if (values.json !== true) return tellOutcome(outcome, out)
      out.line(JSON.stringify({ schema: 'waxseal.zone-written/1', ...outcome }))
      return outcome.kind === 'failed' ? statusOfFailure(outcome.why) : EXIT.done
    } finally {
      await world.close()
    }
  },
})

interface Given {
  readonly add: readonly string[]
  readonly remove: readonly string[]
  readonly expect: readonly string[]
}

/** Throws UsageError. */
function readChange(text: string, { add, remove, expect }: Given): ZoneChange {
  const zone = parseName(text)
  if (!zone.ok) throw new UsageError(`not a zone: "${escapeText(text)}"`)
  if (add.length === 0 && remove.length === 0) throw new UsageError('nothing to do: give --add or --remove')
  const read = (option: string, lines: readonly string[]) => lines.map((line) => readRecord(option, line, zone.value))
  return {
    ...{ zone: zone.value, remove: read('remove', remove), add: read('add', add) },
    ...(expect.length > 0 && { assume: groupAssumed(read('expect', expect)) }),
  }
}

function readRecord(option: string, line: string, zone: Name): ResourceRecord {
  const record = parseRecord(line, { origin: zone, ttl: defaultTtl })
  if (!record.ok) throw new UsageError(`option --${option}: "${escapeText(line)}" is no record: ${record.fault}`)
  const { name, class: klass } = record.value
  if (klass !== CLASS.IN || !isAtOrBelow(name, zone))
    throw new UsageError(`option --${option}: ${formatName(name)} does not lie in ${formatName(zone)}`)
  return record.value
}

function groupAssumed(records: readonly ResourceRecord[]): AssumedRrset[] {
  const places = Map.groupBy(records, ({ name, type }) => `${type} ${name.key}`)
  return [...places.values()].flatMap((here) => {
    const [first] = here
    return first === undefined ? [] : [{ name: first.name, type: first.type, records: here }]
  })
}
