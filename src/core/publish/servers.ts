import type { CheckFacts, ServerSays, ServersFinding, ServersTopic } from '../check/check-facts.ts'
import { readTxt } from '../dns/rdata/records.ts'
import { parseRecord } from '../dns/zone-text.ts'
import { limits } from '../limits.ts'

/** A name where records of this kind stand, and those to which aliases there lead, as name servers have them. */
export function namesAlong(facts: CheckFacts, topic: ServersTopic, first: string): string[] {
  const names = [first]
  for (let at: string | undefined = first; at !== undefined && names.length <= limits.resolver.aliases; ) {
    const alias: string | undefined = findingAt(facts, topic, at)?.servers.find(({ says }) => says === 'alias')
      ?.records[0]
    const target: string | undefined = alias?.replace(/\.$/, '').toLowerCase()
    at = target === undefined || names.includes(target) ? undefined : target
    if (at !== undefined) names.push(at)
  }
  return names
}

/** What every name server says there, but those that lead on. */
export function serversAlong(facts: CheckFacts, topic: ServersTopic, first: string): ServerSays[] {
  return namesAlong(facts, topic, first).flatMap((name) => {
    const servers = findingAt(facts, topic, name)?.servers ?? []
    return servers.filter(({ says }) => says !== 'alias')
  })
}

function findingAt({ servers }: CheckFacts, topic: ServersTopic, name: string): ServersFinding | undefined {
  return servers?.find((one) => one.topic === topic && one.name === name)
}

/** `ns1.example.org [192.0.2.53]` */
export function serverLabel({ server, address }: ServerSays): string {
  return address === undefined ? server : `${server} [${address}]`
}

/** Where TXT records are as they should be, by name servers. */
export interface TextSpread {
  readonly right: readonly string[]
  readonly wrong: readonly string[]
  /** Those that could not be asked. */
  readonly untold: readonly string[]
}

/** Holds the TXT records of each name server against a wish. */
export function spreadOfTexts(
  servers: readonly ServerSays[],
  isRight: (records: readonly (readonly string[])[]) => boolean,
): TextSpread {
  const told = servers.filter(({ says }) => says === 'answer' || says === 'nodata' || says === 'nxdomain')
  const right = told.filter(({ says, records }) => says === 'answer' && isRight(records.flatMap(stringsOf)))
  const labels = (some: readonly ServerSays[]) => some.map(serverLabel)
  return {
    right: labels(right),
    wrong: labels(told.filter((one) => !right.includes(one))),
    untold: labels(servers.filter((one) => !told.includes(one))),
  }
}

/** The character-strings of a TXT record in zone text. */
function stringsOf(text: string): (readonly string[])[] {
  const record = parseRecord(`. 0 IN TXT ${text}`)
  const strings = record.ok ? readTxt(record.value.rdata) : record
  return strings.ok ? [strings.value] : []
}
