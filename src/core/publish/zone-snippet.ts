import { formatRecord } from '../dns/zone-text.ts'
import { formatName } from '../name/text.ts'
import type { ZoneChange } from './change.ts'

/**
 * A change as a piece of a zone file, for people: what to take out stands in comments, what to put in as records, whole
 * names and all, so that it may be pasted wherever records may stand. RFC 1035 §5.1
 */
export function formatSnippet({ zone, remove, add, assume = [] }: ZoneChange): string {
  const assumed = assume.flatMap(({ records }) => records)
  return `${[
    `; Zone ${formatName(zone)}`,
    ...(assumed.length === 0 ? [] : ['; When this was planned, there was:', ...assumed.map(commented)]),
    ...(remove.length === 0 ? [] : ['; Take out:', ...remove.map(commented)]),
    ...(add.length === 0 ? [] : ['; Put in:', ...add.map(formatRecord)]),
    '; Then raise the serial of the SOA record, sign the zone unless the server does, and have it loaded.',
  ].join('\n')}\n`
}

function commented(record: Parameters<typeof formatRecord>[0]): string {
  return `;   ${formatRecord(record)}`
}
