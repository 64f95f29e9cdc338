import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { messages, plain } from '../../../test/fuzz/arbitrary-records.ts'
import { octetsOf } from '../../../test/fuzz/wire-pieces.ts'
import vectors from '../../../test/vectors/dns-wire.json' with { type: 'json' }
import { limits } from '../limits.ts'
import { nameFromLabels, rootName } from '../name/name.ts'
import { decodeMessage } from './decode.ts'
import { ourEdns } from './edns.ts'
import { encodeMessage, encodeQuery, makeQuery } from './encode.ts'
import type { Message } from './message.ts'
import { hex } from './octets.ts'
import { TYPE } from './types.ts'

const ours = { id: 0x1234, recursionDesired: false, checkingDisabled: false, edns: ourEdns }

function decode(octets: Uint8Array): Message {
  const decoded = decodeMessage(octets)
  assert.ok(decoded.ok, `${JSON.stringify(decoded)} ${hex(octets)}`)
  return decoded.value
}

test('WIRE-07, WIRE-11, WIRE-13, DV5.3: our query has one question, and offers 1232 octets and DO', () => {
  const name = nameFromLabels(['_25', '_tcp', 'mx1', 'vec', 'test']) ?? rootName
  assert.equal(hex(encodeMessage(makeQuery(name, TYPE.TLSA, ours))), vectors.tlsaQuery)
})

test('makeQuery sets the flags it is asked for, and no others', () => {
  const options = { id: 1, recursionDesired: true, checkingDisabled: true, authenticData: true, edns: undefined }
  assert.equal(hex(encodeMessage(makeQuery(rootName, TYPE.NS, options))), '0001013000010000000000000000020001')
})

test('encodeQuery writes what encodeMessage makes of makeQuery', () => {
  const option = fc.record({ code: fc.nat(65535), data: fc.uint8Array({ maxLength: 300 }) })
  const edns = fc.record({ options: fc.array(option, { maxLength: 3 }), dnssecOk: fc.boolean() })
  const options = fc.record({
    id: fc.nat(65535),
    recursionDesired: fc.boolean(),
    checkingDisabled: fc.boolean(),
    authenticData: fc.boolean(),
    edns: fc.option(
      edns.map((some) => ({ ...ourEdns, ...some })),
      { nil: undefined },
    ),
  })
  fc.assert(
    fc.property(messages, options, fc.nat(65535), ({ questions }, chosen, type) => {
      const name = questions[0]?.name ?? rootName
      assert.equal(hex(encodeQuery(name.wire, type, chosen)), hex(encodeMessage(makeQuery(name, type, chosen))))
    }),
  )
})

for (const sample of [vectors.mxReply, vectors.nameErrorReply]) {
  test(`WIRE-06, DV5: a captured reply of ${sample.length / 2} octets is written as its server wrote it`, () => {
    const message = decode(octetsOf(sample))
    assert.equal(hex(encodeMessage(message, { compress: true })), sample)
  })
}

test('RFC 3597 §4: names inside the data of newer types are never compressed', () => {
  const name = nameFromLabels(['vec', 'test']) ?? rootName
  const message = makeQuery(name, TYPE.SRV, { ...ours, edns: undefined })
  const rdata = octetsOf('000000000019', Buffer.from(name.wire, 'latin1').toString('hex'))
  for (const type of [TYPE.SRV, TYPE.DNAME, 65280]) {
    const answer = [{ name, type, class: 1, ttl: 0, rdata: type === TYPE.SRV ? rdata : rdata.subarray(6) }]
    assert.ok(hex(encodeMessage({ ...message, answer }, { compress: true })).endsWith('0376656304746573740' + '0'))
  }
})

test('WIRE-38: every message comes back from its octets, compressed or not', () => {
  fc.assert(
    fc.property(messages, fc.boolean(), (message, compress) => {
      assert.deepEqual(plain(decode(encodeMessage(message, { compress }))), plain(message))
    }),
    { numRuns: 500 },
  )
})

test('WIRE-38: a message that was read and written is read the same, and written the same', () => {
  fc.assert(
    fc.property(messages, (message) => {
      const once = encodeMessage(message, { compress: true })
      assert.deepEqual(encodeMessage(decode(once), { compress: true }), once)
      assert.ok(once.length <= encodeMessage(message).length)
    }),
  )
})

test('WIRE-05: names behind the reach of a pointer are written whole, and found again', () => {
  const name = nameFromLabels(['far', 'test']) ?? rootName
  const filler = { name: rootName, type: 65280, class: 1, ttl: 0, rdata: new Uint8Array(0x4000) }
  const late = { name, type: TYPE.NS, class: 1, ttl: 0, rdata: Buffer.from(name.wire, 'latin1') }
  const message = { ...makeQuery(rootName, TYPE.NS, ours), answer: [filler, late, late] }
  assert.deepEqual(plain(decode(encodeMessage(message, { compress: true }))), plain(message))
})

const { header, tlsa, rrsig, opt } = vectors.tlsaReply
const samples = [vectors.mxReply, vectors.nameErrorReply, vectors.tlsaQuery, header + tlsa + rrsig + opt].map(
  (sample) => octetsOf(sample),
)

/** What anyone may make of an accepted message: it can be written, and read again. */
function survives(octets: Uint8Array): void {
  const decoded = decodeMessage(octets)
  if (!decoded.ok) {
    assert.ok(decoded.at >= 0 && decoded.at <= octets.length)
    return
  }
  const again = encodeMessage(decoded.value)
  assert.ok(again.length <= octets.length + limits.dns.expandedNameOctets)
  assert.deepEqual(plain({ ...decode(again), damaged: [] }), plain({ ...decoded.value, damaged: [] }))
}

test('WIRE-38, DV5: a message with any one bit flipped is a message or a refusal', () => {
  for (const sample of samples) {
    for (let bit = 0; bit < sample.length * 8; bit++) {
      const octets = Uint8Array.from(sample)
      octets[bit >> 3] = (octets[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7))
      survives(octets)
    }
  }
})

test('WIRE-38, DV5: a message with any octet replaced is a message or a refusal', () => {
  const values = [0, 1, 0x3f, 0x40, 0x7f, 0xc0, 0xff]
  for (const sample of samples) {
    for (let at = 0; at < sample.length; at++) for (const value of values) survives(sample.with(at, value))
  }
})

test('WIRE-38, DV5: a message cut short anywhere is refused', () => {
  for (const sample of samples) {
    for (let length = 0; length < sample.length; length++)
      assert.equal(decodeMessage(sample.subarray(0, length)).ok, false)
  }
})

test('WIRE-38, DV5: a pointer spliced in anywhere leaves a message or a refusal', () => {
  for (const sample of samples) {
    for (let at = 12; at < sample.length - 1; at++) {
      for (const target of [0, 11, 12, at - 1, at, at + 2]) {
        survives(sample.with(at, 0xc0 | ((target >> 8) & 0x3f)).with(at + 1, target & 255))
      }
    }
  }
})

const counts = fc.array(fc.constantFrom(0, 1, 2), { minLength: 4, maxLength: 4 })
const octet = fc.oneof(fc.constantFrom(0, 1, 12, 0xc0, 41, 46), fc.nat({ max: 255 }))

test('WIRE-38: decodeMessage never throws, whatever octets come', () => {
  fc.assert(
    fc.property(counts, fc.array(octet, { maxLength: 120 }), fc.uint8Array({ maxLength: 40 }), (four, body, junk) => {
      survives(Uint8Array.from([0, 0, 0x80, 0, ...four.flatMap((count) => [0, count]), ...body]))
      survives(junk)
    }),
    { numRuns: 2000 },
  )
})

test('WIRE-38: a generated message with an octet changed is a message or a refusal', () => {
  fc.assert(
    fc.property(messages, fc.nat(), fc.nat({ max: 255 }), (message, place, value) => {
      const octets = encodeMessage(message, { compress: true })
      survives(Uint8Array.from(octets).with(place % octets.length, value))
    }),
    { numRuns: 500 },
  )
})
