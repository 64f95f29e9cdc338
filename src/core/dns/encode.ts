import { labelsOf, type Name, withoutLabels } from '../name/name.ts'
import type { Edns, Message, Question, ResourceRecord } from './message.ts'
import { layoutOf } from './rdata/layout.ts'
import { CLASS, TYPE } from './types.ts'
import { readWireName } from './wire-name.ts'

interface Writing {
  octets: Buffer
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
  const writing: Writing = { octets: Buffer.allocUnsafe(512), length: 0, offsets: compress ? new Map() : undefined }
  put16(writing, message.id)
  put16(writing, flagsOf(message))
  for (const section of [questions, answer, authority]) put16(writing, section.length)
  put16(writing, additional.length + (edns === undefined ? 0 : 1))
  for (const question of questions) putQuestion(writing, question)
  for (const record of [...answer, ...authority, ...additional]) putRecord(writing, record)
  if (edns !== undefined) putOpt(writing, edns, rcode >> 4)
  return writing.octets.subarray(0, writing.length)
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

/** Room for so many octets more; where they begin. */
function reserve(writing: Writing, count: number): number {
  const at = writing.length
  writing.length = at + count
  if (writing.length > writing.octets.length) {
    const larger = Buffer.allocUnsafe(2 * writing.length)
    larger.set(writing.octets.subarray(0, at))
    writing.octets = larger
  }
  return at
}

function put(writing: Writing, octets: Uint8Array): void {
  const at = reserve(writing, octets.length)
  writing.octets.set(octets, at)
}

function put8(writing: Writing, value: number): void {
  const at = reserve(writing, 1)
  writing.octets[at] = value
}

function put16(writing: Writing, value: number): void {
  const at = reserve(writing, 2)
  writing.octets.writeUInt16BE(value, at)
}

function put32(writing: Writing, value: number): void {
  const at = reserve(writing, 4)
  writing.octets.writeUInt32BE(value, at)
}

/** Octets that stand as characters. */
function putText(writing: Writing, text: string): void {
  const at = reserve(writing, text.length)
  writing.octets.write(text, at, 'latin1')
}

function putQuestion(writing: Writing, { name, type, class: klass }: Question): void {
  putName(writing, name)
  put16(writing, type)
  put16(writing, klass)
}

function putRecord(writing: Writing, { name, type, class: klass, ttl, rdata }: ResourceRecord): void {
  putName(writing, name)
  put16(writing, type)
  put16(writing, klass)
  put32(writing, ttl)
  const head = reserve(writing, 2)
  putRdata(writing, type, rdata)
  writing.octets.writeUInt16BE(writing.length - head - 2, head)
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
  if (writing.offsets === undefined) putText(writing, name.wire)
  else putCompressed(writing, writing.offsets, name)
}

/** A pointer to the longest part of the name that stands already, behind the labels before it. RFC 1035 §4.1.4 */
function putCompressed(writing: Writing, offsets: Map<string, number>, name: Name): void {
  for (const [skipped, label] of labelsOf(name).entries()) {
    const rest = withoutLabels(name, skipped)
    const known = offsets.get(rest.wire)
    if (known !== undefined) {
      put16(writing, 0xc000 | known)
      return
    }
    if (writing.length < 0x4000) offsets.set(rest.wire, writing.length)
    put8(writing, label.length)
    putText(writing, label)
  }
  put8(writing, 0)
}

/** RFC 6891 §6.1.2 */
function putOpt(writing: Writing, { udpPayload, version, dnssecOk, options }: Edns, extendedRcode: number): void {
  put8(writing, 0)
  put16(writing, TYPE.OPT)
  put16(writing, udpPayload)
  put32(writing, ((extendedRcode << 24) | (version << 16) | (dnssecOk ? 0x8000 : 0)) >>> 0)
  put16(writing, octetsOfOptions({ options }))
  for (const { code, data } of options) {
    put16(writing, code)
    put16(writing, data.length)
    put(writing, data)
  }
}

function octetsOfOptions({ options }: Pick<Edns, 'options'>): number {
  let octets = 0
  for (const { data } of options) octets += 4 + data.length
  return octets
}

/** Everything of a query that a resolver chooses. */
export interface QueryOptions {
  readonly id: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  readonly authenticData?: boolean
  readonly edns: Edns | undefined
}

/** What `encodeMessage` makes of `makeQuery`, without the message between; the name is as on the wire. RFC 1035 §4.1 */
export function encodeQuery(name: string, type: number, options: QueryOptions): Uint8Array {
  const { id, recursionDesired, checkingDisabled, authenticData = false, edns } = options
  const whole = 12 + name.length + 4 + (edns === undefined ? 0 : 11 + octetsOfOptions(edns))
  const writing: Writing = { octets: Buffer.allocUnsafe(whole), length: 0, offsets: undefined }
  put16(writing, id)
  put16(writing, (recursionDesired ? 0x0100 : 0) | (authenticData ? 0x0020 : 0) | (checkingDisabled ? 0x0010 : 0))
  put16(writing, 1)
  put32(writing, 0)
  put16(writing, edns === undefined ? 0 : 1)
  putText(writing, name)
  put16(writing, type)
  put16(writing, CLASS.IN)
  if (edns !== undefined) putOpt(writing, edns, 0)
  return writing.octets
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
