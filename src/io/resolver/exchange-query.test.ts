import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { replyTo } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { nameFromLabels, rootName } from '../../core/name/name.ts'
import { type ExchangeRequest, matchReply, mixCase, readReply, writeQuery } from './exchange-query.ts'

const request: ExchangeRequest = {
  endpoint: { address: '192.0.2.53', port: 53 },
  chosenBy: 'stranger',
  name: nameOfText('_25._tcp.Mail.example.org'),
  type: TYPE.TLSA,
  recursionDesired: false,
  checkingDisabled: true,
}
const query = writeQuery(request, { id: 0x1234 })
const reply = replyTo(query.octets)
const questionEnd = 12 + request.name.wire.length + 4

/** The reply with one octet changed. */
function altered(at: number, change: (octet: number) => number): Uint8Array {
  const octets = Uint8Array.from(reply)
  octets[at] = change(octets[at] ?? 0)
  return octets
}

test('RES-09: every query carries EDNS with DO and a payload of 1232', () => {
  const message = readReply(query.octets, query)
  assert.deepEqual(message?.edns, { udpPayload: limits.dns.udpPayload, version: 0, dnssecOk: true, options: [] })
  assert.equal(message?.checkingDisabled, true)
  assert.equal(message?.recursionDesired, false)
})

test('RES-01: the reply to a query matches it', () => assert.equal(matchReply(query, reply), 'match'))

test('RES-07: letters of the question may come back in another case', () => {
  const upper = altered(12 + 1 + '_25'.length + 2, (octet) => octet ^ 0x20)
  assert.notDeepEqual(upper, reply)
  assert.equal(matchReply(query, upper), 'match')
})

test('RES-06: another ID alone is an ID guessed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), (id) => {
      const octets = Uint8Array.from(reply)
      octets[0] = id >> 8
      octets[1] = id & 255
      assert.equal(matchReply(query, octets), id === query.id ? 'match' : 'wrong-id')
    }),
  )
})

const others: [why: string, octets: Uint8Array][] = [
  ['a query', altered(2, (octet) => octet & 0x7f)],
  ['another opcode', altered(2, (octet) => octet | 0x20)],
  ['no question', altered(5, () => 0)],
  ['two questions', altered(5, () => 2)],
  ['another name', altered(13, () => 0x2d)],
  ['a letter of the name that differs by 0x20 from no letter', altered(13, (octet) => octet ^ 0x20)],
  ['a label length that differs by 0x20', altered(12, (octet) => octet ^ 0x20)],
  ['another type', altered(questionEnd - 3, (octet) => octet ^ 0x20)],
  ['another class', altered(questionEnd - 1, () => 3)],
  ['an end inside the question', reply.subarray(0, questionEnd - 1)],
  ['nothing', new Uint8Array(0)],
]
for (const [why, octets] of others) {
  test(`RES-01: ${why} is no reply`, () => assert.equal(matchReply(query, octets), 'other'))
}

test('RES-01: no octets upset the matching or the reading', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      const octets = Buffer.concat([reply.subarray(0, questionEnd), tail])
      assert.equal(matchReply(query, octets), 'match')
      readReply(octets, query)
      assert.notEqual(matchReply(query, tail), 'match')
    }),
  )
})

const mixed = writeQuery(request, { id: 0x1234, mixed: mixCase(request.name, new Uint8Array(32).fill(0xff)) })

test('RES-07: letters alone change their case, each by its own bit', () => {
  const name = nameFromLabels(['_25', 'aZ', '\xc8x']) ?? rootName
  assert.equal(mixCase(name, new Uint8Array(32).fill(0xff)), '\x03_25\x02Az\x02\xc8X\0')
  assert.equal(mixCase(name, new Uint8Array(32)), name.wire)
  assert.equal(mixCase(name, Uint8Array.of(0x20, 0)), '\x03_25\x02AZ\x02\xc8x\0')
  assert.equal(mixed.octets.length, query.octets.length)
})

test('RES-07: a question in mixed case must come back octet for octet', () => {
  assert.equal(matchReply(mixed, replyTo(mixed.octets)), 'match')
  assert.equal(matchReply(mixed, reply), 'wrong-case')
  assert.equal(matchReply({ ...mixed, id: 0x1235 }, reply), 'wrong-id')
})

test('RES-07: names that point to the question are read as it was asked', () => {
  const octets = replyTo(mixed.octets)
  const message = readReply(octets, mixed)
  assert.deepEqual(message?.questions[0]?.name, request.name)
  assert.deepEqual(octets, replyTo(mixed.octets)) // what came stays as it came
})
