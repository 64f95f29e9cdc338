import type { ResourceRecord } from '../../dns/message.ts'
import { isAtOrBelow, labelsOf, type Name, nameFromLabels, rootName } from '../../name/name.ts'
import { formatName } from '../../name/text.ts'

/** Records of one name and type, in their order: what most ways to write a zone deal in. RFC 2181 §5 */
export interface RecordSet {
  readonly name: Name
  readonly type: number
  /** The least of its records: they must not differ. RFC 2181 §5.2 */
  readonly ttl: number
  readonly rdatas: readonly Uint8Array[]
}

/** The sets of records, in the order in which the first of each stands. */
export function recordSetsOf(records: readonly ResourceRecord[]): RecordSet[] {
  const sets = new Map<string, RecordSet>()
  for (const { name, type, ttl, rdata } of records) {
    const key = `${type} ${name.key}`
    const { rdatas, ttl: least } = sets.get(key) ?? { rdatas: [], ttl }
    sets.set(key, { name, type, ttl: Math.min(least, ttl), rdatas: [...rdatas, rdata] })
  }
  return [...sets.values()]
}

/** `_25._tcp.mx`; empty for the zone itself. */
export function relativeName(name: Name, zone: Name): string {
  if (!isAtOrBelow(name, zone)) throw new Error(`${formatName(name)} is not in the zone ${formatName(zone)}`)
  const labels = labelsOf(name).slice(0, name.labelCount - zone.labelCount)
  return formatName(nameFromLabels(labels) ?? rootName).replace(/\.$/, '')
}

/** What a reader of record data made of a record of ours. */
export function demand<Read>(read: { readonly ok: true; readonly value: Read } | { readonly ok: false }): Read {
  if (!read.ok) throw new Error('a record to publish is malformed')
  return read.value
}
