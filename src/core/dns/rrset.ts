import { limits } from '../limits.ts'
import type { Name } from '../name/name.ts'
import type { Message, ResourceRecord } from './message.ts'
import { latin1, readU16 } from './octets.ts'
import { canonicalRdata } from './rdata/canonical.ts'
import { type Rrsig, readRrsig } from './rdata/records.ts'
import { TYPE } from './types.ts'

/** All records of one owner and type in one section, with the signatures over them. RFC 2181 §5 */
export interface Rrset {
  readonly name: Name
  readonly type: number
  readonly class: number
  /** The least of its records, in seconds. RFC 2181 §5.2 */
  readonly ttl: number
  /** Each different, in the order received; never empty. */
  readonly rdatas: readonly Uint8Array[]
  readonly signatures: readonly ReceivedSignature[]
  /** Whether a malformed record or signature of it was dropped: it can then not be secure. */
  readonly damaged: boolean
}

export interface ReceivedSignature extends Rrsig {
  /** Seconds. */
  readonly ttl: number
}

interface Growing extends Rrset {
  ttl: number
  readonly rdatas: Uint8Array[]
  readonly signatures: ReceivedSignature[]
  damaged: boolean
  /** Canonical forms of the data, made when a second record comes. */
  forms: Set<string> | undefined
}

/** RRsets by owner. */
type Gathering = Map<string, Growing[]>

/**
 * Groups records into RRsets, in the order in which each first appears; RRSIG records go to what they cover.
 *
 * A signature over nothing that is present is dropped; it may stand in `elsewhere`, another section. Duplicates, be it in
 * another case, are one record: the first. RFC 2181 §5, §5.2, RFC 4034 §6.3
 */
export function groupRrsets(
  records: readonly ResourceRecord[],
  damaged: Message['damaged'] = [],
  elsewhere: readonly ResourceRecord[] = [],
): Rrset[] {
  if (records.length === 0) return []
  const owners: Gathering = new Map()
  const sets: Growing[] = []
  for (const record of records) if (record.type !== TYPE.RRSIG) addRecord(owners, sets, record)
  for (const record of records) if (record.type === TYPE.RRSIG) addSignature(owners, record)
  for (const record of elsewhere) if (record.type === TYPE.RRSIG) addSignature(owners, record)
  for (const { name, type } of damaged) {
    for (const set of owners.get(name.key) ?? []) if (set.type === type) set.damaged = true
  }
  return sets
}

function findSet(owners: Gathering, { name, class: klass }: ResourceRecord, type: number): Growing | undefined {
  return owners.get(name.key)?.find((set) => set.type === type && set.class === klass)
}

function addRecord(owners: Gathering, sets: Growing[], record: ResourceRecord): void {
  const { name, type, class: klass, ttl, rdata } = record
  const known = findSet(owners, record, type)
  if (known !== undefined) {
    addData(known, record)
    return
  }
  const set = { name, type, class: klass, ttl, rdatas: [rdata], signatures: [], damaged: false, forms: undefined }
  sets.push(set)
  const others = owners.get(name.key)
  if (others === undefined) owners.set(name.key, [set])
  else others.push(set)
}

function addData(set: Growing, { type, ttl, rdata }: ResourceRecord): void {
  set.forms ??= new Set(set.rdatas.map((first) => formOf(type, first)))
  set.ttl = Math.min(set.ttl, ttl)
  const form = formOf(type, rdata)
  if (set.forms.has(form)) return
  // What is too many to keep is not quietly shortened: the rest alone would not verify, and must not be used.
  if (set.rdatas.length >= limits.dns.recordsPerRrset) {
    set.damaged = true
    return
  }
  set.forms.add(form)
  set.rdatas.push(rdata)
}

function formOf(type: number, rdata: Uint8Array): string {
  return latin1(canonicalRdata(type, rdata))
}

function addSignature(owners: Gathering, record: ResourceRecord): void {
  const { ttl, rdata } = record
  const signatures = rdata.length < 2 ? undefined : findSet(owners, record, readU16(rdata, 0))?.signatures
  if (signatures === undefined || signatures.length >= limits.dns.signaturesPerRrset) return
  const signature = readRrsig(rdata)
  // Decoding has refused malformed ones; only records made by hand get here.
  if (signature.ok) signatures.push({ ...signature.value, ttl })
}

/** The RRset's records again, without signatures. */
export function recordsOf({ name, type, class: klass, ttl, rdatas }: Rrset): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name, type, class: klass, ttl, rdata }))
}
