import { labelsOf, type Name, withoutLabels } from '../name/name.ts'
import type { Edns, Message, Question, ResourceRecord } from './message.ts'
import { fromLatin1 } from './octets.ts'
import { layoutOf } from './rdata/layout.ts'
import { u16, u32 } from './rdata/write.ts'
import { CLASS, TYPE } from './types.ts'
import { readWireName } from './wire-name.ts'

interface Writing {
  readonly pieces: Uint8Array[]
  length: number
  /** Where each name stands already; undefined writes names whole. */
  readonly offsets: Map<string, number> | undefined
}

/**
 * Writes one message. RFC 1035 §4.1
 *
 * With `compress`, owners and the names inside RFC 1035 types point back to earlier ones. RFC 3597 §4
 */
export function encodeMessage(message: Message, { compress = false }: { compress?: boolean } = {}): Uint8Array {
  const { questions, answer, authority, additional, edns, rcode } = message
  const writing: Writing = { pieces: [], length: 0, offsets: compress ? new Map() : undefined }
  const counts = [questions, answer, authority].map((section) => section.length)
  put(writing, u16(message.id), u16(flagsOf(message)))
  put(writing, ...counts.map(u16), u16(additional.length + (edns === undefined ? 0 : 1)))
  for (const question of questions) putQuestion(writing, question)
  for (const record of [...answer, ...authority, ...additional]) putRecord(writing, record)
  if (edns !== undefined) put(writing, encodeOpt(edns, rcode >> 4))
  return Buffer.concat(writing.pieces, writing.length)
}

function flagsOf(message: Message): number {
  return (
    (message.isResponse ? 0x8000 : 0) |
    (message.opcode << 11) |
    (message.isAuthoritative ? 0x0400 : 0) |
    (message.isTruncated ? 0x0200 : 0) |
    (message.recursionDesired ? 0x0100 : 0) |
    (message.recursionAvailable ? 0x0080 : 0) |
    (message.authenticData ? 0x0020 : 0) |
    (message.checkingDisabled ? 0x0010 : 0) |
    (message.rcode & 15)
  )
}

function put(writing: Writing, ...pieces: readonly Uint8Array[]): void {
  for (const piece of pieces) {
    writing.pieces.push(piece)
    writing.length += piece.length
  }
}

function putQuestion(writing: Writing, { name, type, class: klass }: Question): void {
  putName(writing, name)
  put(writing, u16(type), u16(klass))
}

function putRecord(writing: Writing, { name, type, class: klass, ttl, rdata }: ResourceRecord): void {
  putName(writing, name)
  put(writing, u16(type), u16(klass), u32(ttl))
  const head = writing.pieces.length
  put(writing, u16(0))
  const before = writing.length
  putRdata(writing, type, rdata)
  writing.pieces[head] = u16(writing.length - before)
}

/** Only types whose names everybody may compress have `name` fields; those come first or after fixed fields. */
function putRdata(writing: Writing, type: number, rdata: Uint8Array): void {
  const layout = writing.offsets === undefined ? undefined : layoutOf(type)
  let at = 0
  for (const field of layout?.includes('name') === true ? layout : []) {
    if (field === 'u16') {
      put(writing, rdata.subarray(at, at + 2))
      at += 2
    } else if (field === 'name') {
      const read = readWireName(rdata, at, { limit: rdata.length, compressed: false, budget: { octets: 256 } })
      if (!read.ok) break
      putName(writing, read.value.name)
      at = read.value.end
    } else break
  }
  put(writing, rdata.subarray(at))
}

function putName(writing: Writing, name: Name): void {
  if (writing.offsets === undefined) put(writing, fromLatin1(name.wire))
  else putCompressed(writing, writing.offsets, name)
}

/** A pointer to the longest part of the name that stands already, behind the labels before it. RFC 1035 §4.1.4 */
function putCompressed(writing: Writing, offsets: Map<string, number>, name: Name): void {
  for (const [skipped, label] of labelsOf(name).entries()) {
    const rest = withoutLabels(name, skipped)
    const known = offsets.get(rest.wire)
    if (known !== undefined) {
      put(writing, u16(0xc000 | known))
      return
    }
    if (writing.length < 0x4000) offsets.set(rest.wire, writing.length)
    put(writing, Uint8Array.of(label.length), fromLatin1(label))
  }
  put(writing, Uint8Array.of(0))
}

/** RFC 6891 §6.1.2 */
function encodeOpt({ udpPayload, version, dnssecOk, options }: Edns, extendedRcode: number): Uint8Array {
  const data = Buffer.concat(options.flatMap(({ code, data }) => [u16(code), u16(data.length), data]))
  const ttl = ((extendedRcode << 24) | (version << 16) | (dnssecOk ? 0x8000 : 0)) >>> 0
  return Buffer.concat([Uint8Array.of(0), u16(TYPE.OPT), u16(udpPayload), u32(ttl), u16(data.length), data])
}

/** Everything of a query that a resolver chooses. */
export interface QueryOptions {
  readonly id: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  readonly authenticData?: boolean
  readonly edns: Edns | undefined
}

/** A query for one name and type, class IN. RFC 9619 §4 */
export function makeQuery(name: Name, type: number, options: QueryOptions): Message {
  return {
    id: options.id,
    opcode: 0,
    rcode: 0,
    isResponse: false,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: options.recursionDesired,
    recursionAvailable: false,
    authenticData: options.authenticData ?? false,
    checkingDisabled: options.checkingDisabled,
    questions: [{ name, type, class: CLASS.IN }],
    answer: [],
    authority: [],
    additional: [],
    edns: options.edns,
    damaged: [],
  }
}
