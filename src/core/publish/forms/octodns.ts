import { hex } from '../../dns/octets.ts'
import { formatRdata } from '../../dns/rdata/format.ts'
import { readMx, readNameRdata, readTlsa, readTxt } from '../../dns/rdata/records.ts'
import { formatType, TYPE } from '../../dns/types.ts'
import { type Name, sameName } from '../../name/name.ts'
import { formatName } from '../../name/text.ts'
import { demand, type RecordSet, relativeName } from './record-sets.ts'

/** A value of a record as octoDNS has it: text, or fields that YAML shows below each other. */
type Value = string | Readonly<Record<string, string | number>>

/**
 * Records as they stand in octoDNS's file of a zone, to be pasted there: names relative to the zone, keys in the order
 * that octoDNS demands, `;` escaped in TXT. Throws for a type that octoDNS cannot hold, or a name outside of the zone.
 */
export function toOctodns(sets: readonly RecordSet[], zone: Name): string {
  const names = [...new Map(sets.map((set) => [set.name.key, set.name])).values()]
  const entries = names.map((name) => ({
    key: relativeName(name, zone),
    sets: sets.filter((set) => sameName(set.name, name)),
  }))
  const sorted = entries.toSorted((one, other) => compareNaturally(one.key, other.key))
  return sorted.map((entry) => entryOf(entry.key, entry.sets)).join('')
}

function entryOf(key: string, sets: readonly RecordSet[]): string {
  const [only] = sets
  const lines = sets.length === 1 && only !== undefined ? mappingOf(only) : sets.flatMap((set) => item(mappingOf(set)))
  return [`${word(key)}:`, ...lines.map((line) => `  ${line}`)].map((line) => `${line}\n`).join('')
}

function mappingOf(set: RecordSet): string[] {
  const values = set.rdatas.map((rdata) => yamlValue(set.type, rdata))
  const [only] = values
  const shown = values.length === 1 && only !== undefined ? oneValue(only) : ['values:', ...values.flatMap(listed)]
  return [`ttl: ${set.ttl}`, `type: ${formatType(set.type)}`, ...shown]
}

function oneValue(value: Value): string[] {
  return typeof value === 'string' ? [`value: ${word(value)}`] : ['value:', ...fields(value).map((line) => `  ${line}`)]
}

function listed(value: Value): string[] {
  return item(typeof value === 'string' ? [word(value)] : fields(value))
}

/** Lines as one item of a list. */
function item(lines: readonly string[]): string[] {
  return lines.map((line, place) => `${place === 0 ? '- ' : '  '}${line}`)
}

function fields(value: Exclude<Value, string>): string[] {
  const keys = Object.keys(value).toSorted()
  return keys.map((key) => `${key}: ${typeof value[key] === 'number' ? value[key] : quoted(String(value[key]))}`)
}

function yamlValue(type: number, rdata: Uint8Array): Value {
  switch (type) {
    case TYPE.TLSA: {
      const { usage, selector, matchingType, data } = demand(readTlsa(rdata))
      return {
        certificate_association_data: hex(data),
        certificate_usage: usage,
        matching_type: matchingType,
        selector,
      }
    }
    case TYPE.TXT:
      return textValue(demand(readTxt(rdata)).join(''))
    case TYPE.CNAME:
      return formatName(demand(readNameRdata(rdata)))
    case TYPE.MX: {
      const { preference, exchange } = demand(readMx(rdata))
      return { exchange: formatName(exchange), preference }
    }
    case TYPE.A:
    case TYPE.AAAA:
      return formatRdata(type, rdata)
    default:
      throw new Error(`octoDNS text is not made of ${formatType(type)} records`)
  }
}

/** octoDNS refuses a bare semicolon, and what is no ASCII. */
function textValue(text: string): string {
  return text.replace(/[^ -~]|[;\\]/g, (octet) =>
    octet === ';' || octet === '\\' ? `\\${octet}` : `\\${String(octet.charCodeAt(0)).padStart(3, '0')}`,
  )
}

/** Plain where YAML could take it for nothing else, and quoted everywhere else. */
function word(text: string): string {
  return /^[a-z_][\w.-]*$/i.test(text) && !/^(?:y|n|yes|no|on|off|true|false|null)$/i.test(text) ? text : quoted(text)
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** As people count: `mx2` before `mx10`. octoDNS refuses keys in another order. */
function compareNaturally(one: string, other: string): number {
  const left = one.split(/(\d+)/)
  const right = other.split(/(\d+)/)
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const a = left[at] as string
    const b = right[at] as string
    if (a === b) continue
    if (at % 2 === 1 && BigInt(a) !== BigInt(b)) return BigInt(a) < BigInt(b) ? -1 : 1
    if (at % 2 === 0) return a < b ? -1 : 1
  }
  return left.length - right.length
}
