import type { Question, ResourceRecord } from '../../../core/dns/message.ts'
import { TYPE } from '../../../core/dns/types.ts'
import { parseZone } from '../../../core/dns/zone-text.ts'
import { type Name, parentOfName, rootName } from '../../../core/name/name.ts'
import { formatName, parseName } from '../../../core/name/text.ts'
import { zoneAround } from '../world/undeclared.ts'

/** Seconds that a record lives when its line does not say. */
const usualTtl = 3600

/** Reads zone text whose names are absolute even without their final dot. Throws for text that a world cannot hold. */
export function readZoneText(text: string): ResourceRecord[] {
  const records = parseZone(text, { origin: rootName, ttl: usualTtl })
  if (!records.ok) throw new Error(`the lab cannot read its own record: ${records.fault} in "${text}"`)
  return [...records.value]
}

/** A name of the world language, as `readName` gives them. */
export function readOwner(text: string): Name {
  const name = parseName(text, rootName)
  if (!name.ok) throw new Error(`the lab cannot read its own name: ${name.fault} in "${text}"`)
  return name.value
}

/** The zone whose server a question belongs to; DS records stand in the zone above. RFC 4035 §3.1.4.1 */
export function originFor({ name, type }: Question, origins: ReadonlySet<string>): string {
  const where = type === TYPE.DS ? (parentOfName(name) ?? name) : name
  return zoneAround(formatName(where).toLowerCase(), origins) ?? '.'
}
