import fc from 'fast-check'
import type { Message, ResourceRecord } from '../../src/core/dns/message.ts'
import { fromLatin1 } from '../../src/core/dns/octets.ts'
import { type Field, layoutOf } from '../../src/core/dns/rdata/layout.ts'
import { u16, u32, writeBitmap } from '../../src/core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../src/core/dns/types.ts'
import { kinNames, names } from './arbitrary-names.ts'

const anyName = fc.oneof(kinNames, names)
const number16 = fc.nat({ max: 0xffff })
const number32 = fc.nat({ max: 0xffffffff })

function octets(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength })
}

const counted = (minLength: number) => octets(minLength, 40).map((data) => join(Uint8Array.of(data.length), data))
const wireName = anyName.map((name) => fromLatin1(name.wire))

/** Values such as the keys known by name want, and others. */
const parameter = fc.tuple(
  fc.oneof(fc.nat({ max: 7 }), number16),
  fc.oneof(octets(0, 12), octets(16, 16), counted(1), octets(2, 2), fc.constant(Uint8Array.of(0, 1, 0, 4))),
)
const parameters = fc
  .uniqueArray(parameter, { maxLength: 4, selector: ([key]) => key })
  .map((list) => list.sort(([one], [other]) => one - other))
  .map((list) => join(...list.flatMap(([key, value]) => [u16(key), u16(value.length), value])))

const fields: Readonly<Record<Field, fc.Arbitrary<Uint8Array>>> = {
  u8: octets(1, 1),
  u16: octets(2, 2),
  u32: octets(4, 4),
  type: number16.map(u16),
  time: number32.map(u32),
  ipv4: octets(4, 4),
  ipv6: fc.array(fc.constantFrom(0, 0, 1, 255), { minLength: 16, maxLength: 16 }).map((list) => Uint8Array.from(list)),
  name: wireName,
  'tolerated-name': wireName,
  'plain-name': wireName,
  string: counted(0),
  tag: fc.stringMatching(/^[A-Za-z0-9]{1,15}$/).map((text) => join(Uint8Array.of(text.length), Buffer.from(text))),
  strings: fc.array(counted(0), { minLength: 1, maxLength: 3 }).map((list) => join(...list)),
  salt: counted(0),
  hash: counted(1),
  bitmap: fc.array(fc.oneof(fc.nat({ max: 70 }), number16), { maxLength: 6 }).map((list) => writeBitmap(new Set(list))),
  hex: octets(1, 40),
  'hex-or-none': octets(0, 40),
  base64: octets(1, 40),
  text: octets(0, 40),
  parameters,
}

function join(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces))
}

/** Every type whose fields we know. */
export const knownTypes: readonly number[] = Object.values(TYPE).filter((type) => layoutOf(type) !== undefined)

/** Well-formed data of a type; opaque for one that we do not know. */
export function rdataOf(type: number): fc.Arbitrary<Uint8Array> {
  const layout = layoutOf(type)
  return layout === undefined
    ? octets(0, 40)
    : fc.tuple(...layout.map((field) => fields[field])).map((pieces) => join(...pieces))
}

const types = fc.oneof(fc.constantFrom(...knownTypes), fc.constantFrom(65280, TYPE.NULL, TYPE.KEY))

/** A record that may stand in a zone. */
export const records: fc.Arbitrary<ResourceRecord> = types.chain((type) =>
  fc.record({
    name: anyName,
    type: fc.constant(type),
    class: fc.constant(CLASS.IN),
    ttl: number32,
    rdata: rdataOf(type),
  }),
)

const flag = fc.boolean()
const section = fc.array(records, { maxLength: 4 })

const options = fc.uniqueArray(fc.record({ code: number16, data: octets(0, 20) }), {
  maxLength: 4,
  selector: ({ code }) => code,
})
const edns = fc.record({
  udpPayload: fc.integer({ min: 512, max: 0xffff }),
  version: fc.nat({ max: 255 }),
  dnssecOk: flag,
  options,
})

/** A message that the wire can carry. */
export const messages: fc.Arbitrary<Message> = fc
  .record({
    id: number16,
    opcode: fc.nat({ max: 15 }),
    rcode: fc.nat({ max: 0xfff }),
    isResponse: flag,
    isAuthoritative: flag,
    isTruncated: flag,
    recursionDesired: flag,
    recursionAvailable: flag,
    authenticData: flag,
    checkingDisabled: flag,
    questions: fc.array(fc.record({ name: anyName, type: number16, class: fc.constant(CLASS.IN) }), { maxLength: 1 }),
    answer: section,
    authority: section,
    additional: section,
    edns: fc.option(edns, { nil: undefined }),
    damaged: fc.constant([]),
  })
  .map((message) => (message.edns === undefined ? { ...message, rcode: message.rcode & 15 } : message))

/** Arrays of octets made all of one class, for comparing. */
export function plain<Value>(value: Value): Value {
  if (value instanceof Uint8Array) return Uint8Array.from(value) as Value
  if (Array.isArray(value)) return value.map(plain) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, plain(part)])) as Value
}
