import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { extendedErrorCode } from './edns.ts'
import type { Edns, EdnsOption, Message, Question, ResourceRecord } from './message.ts'
import { readU16, readU32 } from './octets.ts'
import { expandRdata } from './rdata/check.ts'
import { isDnssecType } from './rdata/layout.ts'
import { CLASS, TYPE } from './types.ts'
import { type ExpansionBudget, readWireName } from './wire-name.ts'

/** Why octets are no DNS message. */
export type MessageFault =
  | 'header-truncated'
  | 'too-long'
  | 'question'
  | 'record-truncated'
  | 'record-name'
  | 'record-data'
  | 'too-many-records'
  | 'opt'
  | 'signed-transaction'
  | 'trailing-octets'

interface Reading {
  readonly octets: Uint8Array
  /** Whether what the octets are a piece of is short enough to be kept with a record. */
  readonly isShort: boolean
  readonly budget: ExpansionBudget
  readonly damaged: Message['damaged'][number][]
  edns: (Edns & { extendedRcode: number }) | undefined
  at: number
}

type Section = 'answer' | 'authority' | 'additional'

/**
 * Reads one message. RFC 1035 §4.1
 *
 * Framing faults refuse the whole. A record of a DNSSEC type with malformed data is dropped and named in `damaged`;
 * other malformed data refuses the message when it is in the answer, and drops the record elsewhere. Records of a class
 * other than the question's are dropped.
 */
export function decodeMessage(octets: Uint8Array): Result<Message, MessageFault> {
  if (octets.length < 12) return refuse('header-truncated', octets.length)
  if (octets.length > limits.dns.messageOctets) return refuse('too-long', limits.dns.messageOctets)
  const counts = [4, 6, 8, 10].map((at) => readU16(octets, at)) as [number, number, number, number]
  if (counts[1] + counts[2] + counts[3] > limits.dns.records) return refuse('too-many-records', 4)
  const reading: Reading = {
    octets,
    isShort: octets.buffer.byteLength <= limits.dns.keptOctets,
    budget: { octets: limits.dns.expandedNameOctets, known: new Map() },
    damaged: [],
    edns: undefined,
    at: 12,
  }
  const questions = readQuestions(reading, counts[0])
  if (!questions.ok) return questions
  const klass = questions.value[0]?.class ?? CLASS.IN
  const answer = readSection(reading, 'answer', counts[1], klass)
  if (!answer.ok) return answer
  const authority = readSection(reading, 'authority', counts[2], klass)
  if (!authority.ok) return authority
  const additional = readSection(reading, 'additional', counts[3], klass)
  if (!additional.ok) return additional
  if (reading.at !== octets.length) return refuse('trailing-octets', reading.at)
  const sections = [answer.value, authority.value, additional.value] as const
  if (holdsManyRrsets(sections)) return refuse('too-many-records', 4)
  return accept(assemble(reading, questions.value, sections))
}

function holdsManyRrsets(sections: readonly (readonly ResourceRecord[])[]): boolean {
  if (sections.reduce((sum, { length }) => sum + length, 0) <= limits.dns.rrsets) return false
  const kinds = sections.map((records) => new Set(records.map(({ name, type }) => `${type} ${name.key}`)))
  return kinds.reduce((sum, { size }) => sum + size, 0) > limits.dns.rrsets
}

function assemble(
  { octets, edns, damaged }: Reading,
  questions: readonly Question[],
  [answer, authority, additional]: readonly [ResourceRecord[], ResourceRecord[], ResourceRecord[]],
): Message {
  const flags = readU16(octets, 2)
  return {
    id: readU16(octets, 0),
    opcode: (flags >> 11) & 15,
    rcode: ((edns?.extendedRcode ?? 0) << 4) | (flags & 15),
    isResponse: (flags & 0x8000) !== 0,
    isAuthoritative: (flags & 0x0400) !== 0,
    isTruncated: (flags & 0x0200) !== 0,
    recursionDesired: (flags & 0x0100) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    checkingDisabled: (flags & 0x0010) !== 0,
    questions,
    answer,
    authority,
    additional,
    edns:
      edns === undefined
        ? undefined
        : { udpPayload: edns.udpPayload, version: edns.version, dnssecOk: edns.dnssecOk, options: edns.options },
    damaged,
  }
}

function readQuestions(reading: Reading, count: number): Result<Question[], MessageFault> {
  const questions: Question[] = []
  if (count > 1) return refuse('question', 4)
  for (let left = count; left > 0; left--) {
    const read = readMessageName(reading)
    if (!read.ok || read.value.end + 4 > reading.octets.length) return refuse('question', reading.at)
    const { name, end } = read.value
    questions.push({ name, type: readU16(reading.octets, end), class: readU16(reading.octets, end + 2) })
    reading.at = end + 4
  }
  return accept(questions)
}

function readMessageName({ octets, at, budget }: Reading) {
  return readWireName(octets, at, { limit: octets.length, compressed: true, budget })
}

function readSection(
  reading: Reading,
  section: Section,
  count: number,
  klass: number,
): Result<ResourceRecord[], MessageFault> {
  const records: ResourceRecord[] = []
  for (let left = count; left > 0; left--) {
    const start = reading.at
    const frame = readFrame(reading)
    if (!frame.ok) return frame
    const fault = takeRecord(reading, frame.value, { section, klass, records })
    if (fault !== undefined) return refuse(fault, start)
    reading.at = frame.value.to
  }
  return accept(records)
}

interface Frame {
  readonly name: ResourceRecord['name']
  readonly type: number
  readonly class: number
  readonly ttl: number
  readonly from: number
  readonly to: number
}

function readFrame(reading: Reading): Result<Frame, MessageFault> {
  const { octets } = reading
  const read = readMessageName(reading)
  if (!read.ok) return refuse('record-name', read.at)
  const { name, end } = read.value
  if (end + 10 > octets.length) return refuse('record-truncated', end)
  const from = end + 10
  const to = from + readU16(octets, end + 8)
  if (to > octets.length) return refuse('record-truncated', end + 8)
  const klass = readU16(octets, end + 2)
  return accept({ name, type: readU16(octets, end), class: klass, ttl: readU32(octets, end + 4), from, to })
}

interface Place {
  readonly section: Section
  readonly klass: number
  readonly records: ResourceRecord[]
}

function takeRecord(reading: Reading, frame: Frame, place: Place): MessageFault | undefined {
  if (frame.type === TYPE.OPT) return takeOpt(reading, frame, place.section)
  // A transaction signature that nobody asked for is no part of an answer to us. RFC 8945 §5.1
  if (frame.type === TYPE.TSIG || (frame.type === TYPE.SIG && coversNothing(reading, frame)))
    return 'signed-transaction'
  if (frame.class !== place.klass) return undefined
  const { octets, budget } = reading
  const rdata = expandRdata(frame.type, octets, { from: frame.from, to: frame.to, budget })
  const { name, type, class: klass, ttl } = frame
  if (rdata.ok) {
    // Whoever keeps a record keeps what it is a piece of: a copy, unless that is as short as messages over UDP are.
    const own = reading.isShort ? rdata.value : new Uint8Array(rdata.value)
    place.records.push({ name, type, class: klass, ttl, rdata: own })
  } else if (isDnssecType(type)) reading.damaged.push({ name, type: damagedType(reading, frame) })
  else if (place.section === 'answer') return 'record-data'
  return undefined
}

function coversNothing({ octets }: Reading, { from, to }: Frame): boolean {
  return to - from >= 2 && readU16(octets, from) === 0
}

/** A malformed RRSIG damages the RRset that it says it covers. */
function damagedType({ octets }: Reading, { type, from, to }: Frame): number {
  return type === TYPE.RRSIG && to - from >= 2 ? readU16(octets, from) : type
}

/** RFC 6891 §6.1.1: one, at the root, among the additional records. */
function takeOpt(reading: Reading, frame: Frame, section: Section): MessageFault | undefined {
  if (section !== 'additional' || reading.edns !== undefined || frame.name.labelCount > 0) return 'opt'
  const options = readOptions(reading.octets, frame.from, frame.to)
  if (options === undefined) return 'opt'
  reading.edns = {
    udpPayload: Math.max(512, frame.class),
    extendedRcode: frame.ttl >>> 24,
    version: (frame.ttl >>> 16) & 255,
    dnssecOk: (frame.ttl & 0x8000) !== 0,
    options,
  }
  return undefined
}

/** Of a repeated option the first counts; undefined when one runs past the record. */
function readOptions(octets: Uint8Array, from: number, to: number): EdnsOption[] | undefined {
  const options = new Map<number, EdnsOption>()
  let seen = 0
  for (let at = from; at < to; ) {
    if (at + 4 > to || ++seen > limits.dns.ednsOptions) return undefined
    const code = readU16(octets, at)
    const end = at + 4 + readU16(octets, at + 2)
    if (end > to) return undefined
    if (!options.has(code) || code === extendedErrorCode) {
      options.set(code === extendedErrorCode ? code + seen * 65536 : code, { code, data: octets.subarray(at + 4, end) })
    }
    at = end
  }
  return [...options.values()]
}
