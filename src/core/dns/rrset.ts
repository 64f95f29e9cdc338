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
}

/** An RRset, and the canonical forms of its data, made when a second record comes. */
interface Gathering {
  readonly set: Growing
  forms: Set<string> | undefined
}

/**
 * Groups records into RRsets, in the order in which each first appears; RRSIG records go to what they cover.
 *
 * A signature over nothing that is present is dropped. Duplicates, be it in another case, are one record: the first.
 * RFC 2181 §5, §5.2, RFC 4034 §6.3
 */
export function groupRrsets(records: readonly ResourceRecord[], damaged: Message['damaged'] = []): Rrset[] {
  const sets = new Map<string, Gathering>()
  const broken = new Set(damaged.map(({ name, type }) => `${type} ${name.key}`))
  for (const record of records) if (record.type !== TYPE.RRSIG) addRecord(sets, record, broken)
  for (const record of records) if (record.type === TYPE.RRSIG) addSignature(sets, record)
  return [...sets.values()].map(({ set }) => set)
}

function addRecord(sets: Map<string, Gathering>, record: ResourceRecord, broken: ReadonlySet<string>): void {
  const { name, type, class: klass, ttl, rdata } = record
  const key = `${klass} ${type} ${name.key}`
  const known = sets.get(key)
  if (known === undefined) {
    const damaged = broken.has(`${type} ${name.key}`)
    const set = { name, type, class: klass, ttl, rdatas: [rdata], signatures: [], damaged }
    sets.set(key, { set, forms: undefined })
    return
  }
  const { set } = known
  known.forms ??= new Set(set.rdatas.map((first) => formOf(type, first)))
  const { forms } = known
  const form = formOf(type, rdata)
  set.ttl = Math.min(set.ttl, ttl)
  if (forms.has(form)) return
  // What is too many to keep is not quietly shortened: the rest alone would not verify, and must not be used.
  if (set.rdatas.length >= limits.dns.recordsPerRrset) {
    set.damaged = true
    return
  }
  forms.add(form)
  set.rdatas.push(rdata)
}

function formOf(type: number, rdata: Uint8Array): string {
  return latin1(canonicalRdata(type, rdata))
}

function addSignature(sets: Map<string, Gathering>, { name, class: klass, ttl, rdata }: ResourceRecord): void {
  if (rdata.length < 2) return
  const signatures = sets.get(`${klass} ${readU16(rdata, 0)} ${name.key}`)?.set.signatures
  if (signatures === undefined || signatures.length >= limits.dns.signaturesPerRrset) return
  const signature = readRrsig(rdata)
  // Decoding has refused malformed ones; only records made by hand get here.
  if (signature.ok) signatures.push({ ...signature.value, ttl })
}

/** The RRset's records again, without signatures. */
export function recordsOf({ name, type, class: klass, ttl, rdatas }: Rrset): ResourceRecord[] {
  return rdatas.map((rdata) => ({ name, type, class: klass, ttl, rdata }))
}
