import type { ResourceRecord } from '../dns/message.ts'
import { latin1 } from '../dns/octets.ts'
import { canonicalRdata } from '../dns/rdata/canonical.ts'
import { TYPE } from '../dns/types.ts'
import type { Name } from '../name/name.ts'
import type { AssumedRrset, ZoneChange } from './change.ts'

/** Something that must be so in the zone, or nothing is written. RFC 2136 §2.4 */
export type Prerequisite =
  /** The RRset is these records and no others. RFC 2136 §2.4.2 */
  | { readonly kind: 'is'; readonly rrset: AssumedRrset }
  /** There is no such RRset. RFC 2136 §2.4.3 */
  | { readonly kind: 'absent'; readonly name: Name; readonly type: number }

/**
 * What must be so before a change is made: what it assumes, and that no alias stands where records shall be, because a
 * server passes those over without a word. RFC 2136 §3.4.2.2
 *
 * To remove exact records and to add records can be done twice; so prerequisites are only what is also true afterwards,
 * or what `assume` asks for.
 */
export function prerequisitesOf({ add, remove, assume = [] }: ZoneChange): Prerequisite[] {
  const isAlias = ({ type }: ResourceRecord) => type === TYPE.CNAME
  const replaced = new Set(remove.filter(isAlias).map(({ name }) => name.key))
  const assumed = new Set(assume.filter(({ type }) => type === TYPE.CNAME).map(({ name }) => name.key))
  const named = new Map(add.filter((record) => !isAlias(record)).map(({ name }) => [name.key, name]))
  const free = [...named.values()].filter(({ key }) => !replaced.has(key) && !assumed.has(key))
  return [
    ...assume.map((rrset): Prerequisite => {
      const { name, type, records } = rrset
      return records.length === 0 ? { kind: 'absent', name, type } : { kind: 'is', rrset }
    }),
    ...free.map((name): Prerequisite => ({ kind: 'absent', name, type: TYPE.CNAME })),
  ]
}

/** One RRset that a change touches or assumes something of, and what it must be like when the change is made. */
export interface ChangedRrset {
  readonly name: Name
  readonly type: number
  readonly has: readonly ResourceRecord[]
  readonly hasNot: readonly ResourceRecord[]
  /** Whether it has nothing else than `has`: something was assumed of all of it. */
  readonly isWhole: boolean
}

/** Every RRset of a change, as it must be afterwards. */
export function changedRrsets({ remove, add, assume = [] }: ZoneChange): ChangedRrset[] {
  const places = new Map<string, Pick<ChangedRrset, 'name' | 'type'>>()
  for (const { name, type } of [...assume, ...remove, ...add]) places.set(placeOf({ name, type }), { name, type })
  const removed = new Set(remove.map(recordKey))
  return [...places].map(([place, { name, type }]) => {
    const isHere = (record: ResourceRecord) => placeOf(record) === place
    const before = assume.find((rrset) => placeOf(rrset) === place)
    const kept = (before?.records ?? []).filter((record) => !removed.has(recordKey(record)))
    const has = distinct([...kept, ...add.filter(isHere)])
    const keys = new Set(has.map(recordKey))
    const hasNot = distinct(remove.filter((record) => isHere(record) && !keys.has(recordKey(record))))
    return { name, type, has, hasNot, isWhole: before !== undefined }
  })
}

/** Whether these records, all of its name and type that there are, are as the change makes them. */
export function isMade({ has, hasNot, isWhole }: ChangedRrset, records: readonly ResourceRecord[]): boolean {
  const there = new Set(records.map(recordKey))
  const isThere = (record: ResourceRecord) => there.has(recordKey(record))
  return has.every(isThere) && !hasNot.some(isThere) && (!isWhole || there.size === has.length)
}

function placeOf({ name, type }: Pick<ResourceRecord, 'name' | 'type'>): string {
  return `${type} ${name.key}`
}

/** Equal for records that are one record to a server: name, type and data, in any case of names. RFC 2136 §1.1.1 */
function recordKey({ name, type, rdata }: ResourceRecord): string {
  return `${type} ${name.key} ${latin1(canonicalRdata(type, rdata))}`
}

function distinct(records: readonly ResourceRecord[]): ResourceRecord[] {
  return [...new Map(records.map((record) => [recordKey(record), record])).values()]
}
