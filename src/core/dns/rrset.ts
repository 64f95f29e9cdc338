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

/** So many records are gone through faster than a map of them is made. */
const few = 12

/** RRsets so far, in the order of their first records. */
class Gathering {
  readonly sets: Growing[] = []
  readonly #byOwner: Map<string, Growing[]> | undefined

  constructor(records: number) {
    this.#byOwner = records > few ? new Map() : undefined
  }

  /** Those of one owner, and perhaps others. */
  around(key: string): readonly Growing[] {
    return this.#byOwner === undefined ? this.sets : (this.#byOwner.get(key) ?? [])
  }

  find({ name, class: klass }: ResourceRecord, type: number): Growing | undefined {
    for (const set of this.around(name.key)) {
      if (set.type === type && set.class === klass && set.name.key === name.key) return set
    }
    return undefined
  }

  add(set: Growing): void {
    this.sets.push(set)
    const others = this.#byOwner?.get(set.name.key)
    if (others === undefined) this.#byOwner?.set(set.name.key, [set])
    else others.push(set)
  }
}

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
  const gathered = new Gathering(records.length)
  for (const record of records) if (record.type !== TYPE.RRSIG) addRecord(gathered, record)
  for (const record of records) if (record.type === TYPE.RRSIG) addSignature(gathered, record)
  for (const record of elsewhere) if (record.type === TYPE.RRSIG) addSignature(gathered, record)
  for (const { name, type } of damaged) {
    for (const set of gathered.around(name.key)) {
      if (set.type === type && set.name.key === name.key) set.damaged = true
    }
  }
  return gathered.sets
}

function addRecord(gathered: Gathering, record: ResourceRecord): void {
  const { name, type, class: klass, ttl, rdata } = record
  const known = gathered.find(record, type)
  if (known !== undefined) {
    addData(known, record)
    return
  }
  gathered.add({ name, type, class: klass, ttl, rdatas: [rdata], signatures: [], damaged: false, forms: undefined })
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

function addSignature(gathered: Gathering, record: ResourceRecord): void {
  const { ttl, rdata } = record
  const signatures = rdata.length < 2 ? undefined : gathered.find(record, readU16(rdata, 0))?.signatures
  if (signatures === undefined || signatures.length >= limits.dns.signaturesPerRrset) return
  const signature = readRrsig(rdata)
  // Decoding has refused malformed ones; only records made by hand get here.
  if (signature.ok) signatures.push({ ...signature.value, ttl })
}

/** The RRset's records again, without signatures. */
export function recordsOf({ name, type, class: klass, ttl, rdatas }: Rrset): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name, type, class: klass, ttl, rdata }))
}
