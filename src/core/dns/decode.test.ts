import assert from 'node:assert/strict'
import { test } from 'node:test'
import { header, octetsOf, opt, option, question, record } from '../../../test/fuzz/wire-pieces.ts'
import vectors from '../../../test/vectors/dns-wire.json' with { type: 'json' }
import { limits } from '../limits.ts'
import { formatName } from '../name/text.ts'
import { decodeMessage, type MessageFault } from './decode.ts'
import type { Message } from './message.ts'
import { readSoa } from './rdata/records.ts'
import { RCODE, TYPE } from './types.ts'
import { formatRecord } from './zone-text.ts'

function decode(...pieces: readonly string[]): Message {
  const decoded = decodeMessage(octetsOf(...pieces))
  assert.ok(decoded.ok, JSON.stringify(decoded))
  return decoded.value
}

function faultOf(...pieces: readonly string[]): MessageFault | undefined {
  const decoded = decodeMessage(octetsOf(...pieces))
  return decoded.ok ? undefined : decoded.fault
}

const a = (rdata = 'c0000201') => record({ type: TYPE.A, rdata })

test('WIRE-01, WIRE-06, DV5.1: a captured MX reply reads as its server meant it', () => {
  const message = decode(vectors.mxReply)
  assert.equal(message.id, 0x1234)
  assert.equal(message.isResponse && message.isAuthoritative, true)
  assert.deepEqual([...message.answer, ...message.authority, ...message.additional].map(formatRecord), [
    'vec.test. 3600 IN MX 10 mx1.vec.test.',
    'vec.test. 3600 IN MX 20 mx2.vec.test.',
    'vec.test. 3600 IN NS ns1.vec.test.',
    'mx1.vec.test. 3600 IN A 192.0.2.25',
    'mx2.vec.test. 3600 IN A 192.0.2.26',
    'ns1.vec.test. 3600 IN A 192.0.2.1',
    'mx1.vec.test. 3600 IN AAAA 2001:db8::25',
  ])
  assert.deepEqual([message.questions.length, message.edns, message.damaged], [1, undefined, []])
})

test('WIRE-20, DV5.2: a captured name error carries the SOA that bounds its life', () => {
  const message = decode(vectors.nameErrorReply)
  const soa = readSoa(message.authority[0]?.rdata ?? new Uint8Array())
  assert.equal(message.rcode, RCODE.NXDOMAIN)
  assert.equal(message.authority[0]?.ttl, 300)
  assert.ok(soa.ok)
  assert.equal(soa.value.minimum, 300)
  assert.equal(formatName(soa.value.mailbox), 'hostmaster.vec.test.')
})

test('WIRE-11, WIRE-26, DV5.3: a captured TLSA reply carries its signature, and OPT is lifted out', () => {
  const { header, tlsa, rrsig, opt } = vectors.tlsaReply
  const message = decode(header, tlsa, rrsig, opt)
  const known = (type: string) => vectors.rdata.find((sample) => sample.type === type)?.text
  const owner = '_25._tcp.mx1.vec.test. 3600 IN'
  assert.deepEqual(message.answer.map(formatRecord), [
    `${owner} TLSA ${known('TLSA')}`,
    `${owner} RRSIG ${known('RRSIG')}`,
  ])
  assert.deepEqual(message.edns, { udpPayload: 1232, version: 0, dnssecOk: true, options: [] })
  assert.deepEqual(message.additional, [])
})

const flags: [flag: keyof Message, bit: number][] = [
  ['isResponse', 0x8000],
  ['isAuthoritative', 0x0400],
  ['isTruncated', 0x0200],
  ['recursionDesired', 0x0100],
  ['recursionAvailable', 0x0080],
  ['authenticData', 0x0020],
  ['checkingDisabled', 0x0010],
]
for (const [flag, bit] of flags) {
  test(`WIRE-01: ${flag} is bit ${bit.toString(16)}, and no other`, () => {
    assert.equal(decode(header([0, 0, 0, 0], bit))[flag], true)
    assert.equal(decode(header([0, 0, 0, 0], 0xffff & ~bit))[flag], false)
  })
}

test('WIRE-01: the opcode and response code have their own bits, and Z means nothing', () => {
  const { opcode, rcode } = decode(header([0, 0, 0, 0], 0x2843))
  assert.deepEqual([opcode, rcode], [5, 3])
})

test('WIRE-01: a message shorter than its header is refused, whatever its length', () => {
  for (let length = 0; length < 12; length++) {
    const decoded = decodeMessage(new Uint8Array(length))
    assert.deepEqual(decoded, { ok: false, fault: 'header-truncated', at: length })
  }
})

const framing: [why: string, pieces: string[], fault: MessageFault][] = [
  [
    'WIRE-02: data that runs past the end',
    [header([1, 1, 0, 0]), question, record({ type: 1, rdata: '01', length: 4 })],
    'record-truncated',
  ],
  [
    'WIRE-02: a record without data length',
    [header([1, 1, 0, 0]), question, 'c00c000100010000003c'],
    'record-truncated',
  ],
  [
    'WIRE-02: an owner that is no name',
    [header([1, 1, 0, 0]), question, record({ owner: '40', type: 1 })],
    'record-name',
  ],
  ['WIRE-02: no record where one is counted', [header([1, 1, 0, 0]), question], 'record-name'],
  ['WIRE-07: two questions', [header([2, 0, 0, 0]), question, question], 'question'],
  ['WIRE-07: half a question', [header([1, 0, 0, 0]), question.slice(0, -2)], 'question'],
  ['WIRE-30: 65535 answers in 30 octets', [header([1, 65535, 0, 0]), question], 'too-many-records'],
  ['WIRE-30: 4097 records in three sections', [header([1, 2000, 2000, 97]), question], 'too-many-records'],
  ['WIRE-31: an octet after the last record', [header([1, 1, 0, 0]), question, a(), '00'], 'trailing-octets'],
  ['WIRE-31: a record more than is counted', [header([1, 1, 0, 0]), question, a(), a()], 'trailing-octets'],
  [
    'WIRE-35: a transaction signature',
    [header([1, 0, 0, 1]), question, record({ owner: '00', type: TYPE.TSIG, class: 255 })],
    'signed-transaction',
  ],
  [
    'WIRE-35: SIG(0)',
    [header([1, 0, 0, 1]), question, record({ owner: '00', type: TYPE.SIG, class: 255, rdata: '0000' })],
    'signed-transaction',
  ],
]
for (const [why, pieces, fault] of framing) {
  test(`${why} is refused: ${fault}`, () => assert.equal(faultOf(...pieces), fault))
}

test('WIRE-35: a SIG record over a type is data like any other, even without data', () => {
  const [over, empty] = ['0001', ''].map((rdata) =>
    decode(header([1, 1, 0, 0]), question, record({ type: TYPE.SIG, rdata })),
  )
  assert.deepEqual([over?.answer.length, empty?.answer.length], [1, 1])
})

const places: [fault: MessageFault, pieces: readonly string[], at: number][] = [
  ['header-truncated', ['1234'], 2],
  ['question', [header([2, 0, 0, 0])], 4],
  ['question', [header([1, 0, 0, 0]), '04766563'], 12],
  ['too-many-records', [header([1, 4097, 0, 0]), question], 4],
  ['record-name', [header([1, 1, 0, 0]), question, '40'], 26],
  ['record-truncated', [header([1, 1, 0, 0]), question, 'c00c0001'], 28],
  ['record-truncated', [header([1, 1, 0, 0]), question, record({ type: 1, length: 1 })], 36],
  ['record-data', [header([1, 2, 0, 0]), question, a(), a('00')], 42],
  ['opt', [header([1, 1, 0, 0]), question, opt()], 26],
  ['trailing-octets', [header([1, 0, 0, 0]), question, '00'], 26],
]
for (const [fault, pieces, at] of places) {
  test(`decodeMessage says that the fault ${fault} is at ${at}`, () => {
    assert.deepEqual(decodeMessage(octetsOf(...pieces)), { ok: false, fault, at })
  })
}

test('WIRE-30: a message over 65535 octets is refused', () => {
  assert.equal(faultOf(header([0, 0, 0, 0]), '00'.repeat(65524)), 'too-long')
})

test('WIRE-30: a message of 65535 octets is taken', () => {
  const largest = record({ owner: '00', type: 65280, rdata: '00'.repeat(65535 - 12 - 11) })
  assert.equal(decode(header([0, 1, 0, 0]), largest).answer.length, 1)
})

test('WIRE-30: a message of 4096 records is taken', () => {
  const same = record({ owner: '00', type: TYPE.TXT, rdata: '0161' })
  const { answer, authority, additional } = decode(header([0, 2000, 2000, 96]), ...Array<string>(4096).fill(same))
  assert.equal(answer.length + authority.length + additional.length, limits.dns.records)
})

const hex = (text: string) => Buffer.from(text).toString('hex')

test('WIRE-30: a message of 512 RRsets is taken, one of 513 is not', () => {
  const records = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      record({ owner: `03${hex(String(index).padStart(3, '0'))}00`, type: 1, rdata: 'c0000201' }),
    )
  const { rrsets } = limits.dns
  assert.equal(decode(header([0, rrsets, 0, 0]), ...records(rrsets)).answer.length, 512)
  assert.equal(decode(header([0, rrsets + 1, 0, 0]), ...records(rrsets), ...records(1)).answer.length, 513)
  assert.equal(faultOf(header([0, rrsets, 1, 0]), ...records(rrsets + 1)), 'too-many-records')
  assert.equal(decode(header([0, 600, 0, 0]), ...Array<string>(600).fill(a().replace('c00c', '00'))).answer.length, 600)
})

test('WIRE-05: names that point to a long one cost no more than their share, then the message is refused', () => {
  const long = `${`3f${'78'.repeat(63)}`.repeat(3)}00`
  const records = Array.from({ length: 4000 }, () => record({ type: 1, class: 3 }))
  assert.equal(faultOf(header([1, 4000, 0, 0]), long, '00010001', ...records), 'record-name')
  assert.equal(decode(header([1, 600, 0, 0]), long, '00010001', ...records.slice(0, 600)).answer.length, 0)
})

const optFaults: [why: string, pieces: string[]][] = [
  ['two of them', [header([1, 0, 0, 2]), question, opt(), opt()]],
  ['one below the root', [header([1, 0, 0, 1]), question, opt({ owner: 'c00c' })]],
  ['one right below it', [header([1, 0, 0, 1]), question, opt({ owner: '016100' })]],
  ['one in the answer', [header([1, 1, 0, 0]), question, opt()]],
  ['one in the authority section', [header([1, 0, 1, 0]), question, opt()]],
  ['one with an option that runs past it', [header([1, 0, 0, 1]), question, opt({ options: '000a000801' })]],
  ['one with half an option', [header([1, 0, 0, 1]), question, opt({ options: '000a00' })]],
  ['one with 101 options', [header([1, 0, 0, 1]), question, opt({ options: option(65001).repeat(101) })]],
]
for (const [why, pieces] of optFaults) {
  test(`WIRE-12: OPT, and ${why}, refuses the message`, () => assert.equal(faultOf(...pieces), 'opt'))
}

test('WIRE-12: OPT with 100 options is taken, and an Extended DNS Error of each', () => {
  const options = Array.from({ length: limits.dns.ednsOptions }, (_, code) =>
    option(15, code.toString(16).padStart(4, '0')),
  )
  assert.equal(decode(header([0, 0, 0, 1]), opt({ options: options.join('') })).edns?.options.length, 100)
})

test('WIRE-12: a payload size under 512 means 512', () => {
  assert.equal(decode(header([0, 0, 0, 1]), opt({ payload: 0 })).edns?.udpPayload, 512)
  assert.equal(decode(header([0, 0, 0, 1]), opt({ payload: 4096 })).edns?.udpPayload, 4096)
})

test('WIRE-12: of a repeated option the first counts; Extended DNS Errors may be several', () => {
  const options = option(10, '01') + option(15, '0006') + option(10, '02') + option(15, '0007')
  const { edns } = decode(header([0, 0, 0, 1]), opt({ options }))
  assert.deepEqual(
    edns?.options.map(({ code, data }) => [code, ...data]),
    [
      [10, 1],
      [15, 0, 6],
      [15, 0, 7],
    ],
  )
})

const codes: [header: number, extended: number, rcode: number][] = [
  [7, 1, RCODE.BADCOOKIE],
  [0, 1, RCODE.BADVERS],
  [6, 1, RCODE.BADTRUNC],
  [3, 0, RCODE.NXDOMAIN],
  [15, 255, 4095],
]
for (const [low, high, rcode] of codes) {
  test(`WIRE-08: response code ${low} with ${high} in OPT is ${rcode}`, () => {
    assert.equal(decode(header([0, 0, 0, 1], 0x8000 | low), opt({ ttl: high * 2 ** 24 })).rcode, rcode)
  })
}

test('WIRE-11: version and DO are read from the TTL of OPT', () => {
  const edns = (ttl: number) => decode(header([0, 0, 0, 1]), opt({ ttl })).edns
  assert.deepEqual([edns(0x00010000)?.version, edns(0x00010000)?.dnssecOk], [1, false])
  assert.deepEqual([edns(0x8000)?.version, edns(0x8000)?.dnssecOk], [0, true])
  assert.deepEqual([edns(0x7fff)?.version, edns(0x7fff)?.dnssecOk], [0, false])
})

test('WIRE-32: a malformed DS record is dropped, and its RRset named as damaged', () => {
  const good = record({ type: TYPE.DS, rdata: '0e1d0f02aa' })
  const message = decode(header([1, 2, 0, 0]), question, good, record({ type: TYPE.DS, rdata: '0e1d0f' }))
  assert.equal(message.answer.length, 1)
  assert.deepEqual(
    message.damaged.map(({ name, type }) => [formatName(name), type]),
    [['vec.test.', TYPE.DS]],
  )
})

test('WIRE-32: a malformed RRSIG record damages the RRset that it says it covers', () => {
  const rrsig = record({ type: TYPE.RRSIG, rdata: '0034' })
  const message = decode(header([1, 2, 0, 0]), question, a(), rrsig)
  assert.deepEqual(
    message.damaged.map(({ type }) => type),
    [TYPE.TLSA],
  )
})

test('WIRE-06: an RRSIG record with a compressed signer is malformed', () => {
  const rdata = '00010f0200000e107c245f006955b9000e1dc00cff'
  assert.equal(decode(header([1, 1, 0, 0]), question, record({ type: TYPE.RRSIG, rdata })).damaged.length, 1)
})

for (const type of ['DS', 'RRSIG', 'NSEC', 'DNSKEY', 'NSEC3', 'NSEC3PARAM', 'CDS', 'CDNSKEY'] as const) {
  for (const [section, counts] of [
    ['answer', [1, 1, 0, 0]],
    ['authority', [1, 0, 1, 0]],
  ] as const) {
    test(`WIRE-32: malformed ${type} data in the ${section} damages, and does not condemn the message`, () => {
      const message = decode(header(counts), question, record({ type: TYPE[type] }))
      assert.equal(message.damaged.length, 1)
    })
  }
}

test('WIRE-32: other malformed data condemns the message in the answer, and is dropped elsewhere', () => {
  const bad = a('c00002')
  assert.equal(faultOf(header([1, 1, 0, 0]), question, bad), 'record-data')
  assert.deepEqual(decode(header([1, 0, 1, 1]), question, bad, bad).authority, [])
})

test('WIRE-23: a TLSA record without data is there, for unusable is not absent', () => {
  assert.equal(decode(header([1, 1, 0, 0]), question, record({ type: TYPE.TLSA, rdata: '030101' })).answer.length, 1)
  assert.equal(faultOf(header([1, 1, 0, 0]), question, record({ type: TYPE.TLSA, rdata: '0301' })), 'record-data')
})

test('WIRE-29: data of an unknown type stays as it is, though it looks compressed', () => {
  const message = decode(header([1, 1, 0, 0]), question, record({ type: 65280, rdata: 'c00c01' }))
  assert.deepEqual(message.answer.map(formatRecord), ['vec.test. 60 IN TYPE65280 \\# 3 c00c01'])
})

test('WIRE-36: records of a class other than that of the question are dropped', () => {
  const other = record({ type: TYPE.A, class: 3, rdata: 'c0000201' })
  assert.equal(decode(header([1, 2, 0, 0]), question, other, a()).answer.length, 1)
  assert.equal(decode(header([1, 1, 0, 0]), question.slice(0, -4), '0003', other).answer.length, 1)
})

test('WIRE-30: a record that is kept keeps nothing of its message', () => {
  const { answer, authority } = decode(vectors.mxReply)
  for (const { rdata } of [...answer, ...authority]) assert.equal(rdata.buffer.byteLength, rdata.length)
})

test('WIRE-34: a TTL is unsigned, and comes as it was received', () => {
  const ttls = [0, 0x80000001, 0xffffffff]
  const records = ttls.map((ttl) => record({ type: TYPE.A, ttl, rdata: 'c0000201' }))
  assert.deepEqual(
    decode(header([1, 3, 0, 0]), question, ...records).answer.map(({ ttl }) => ttl),
    ttls,
  )
})

test('WIRE-08: an error without its question is a message', () => {
  const message = decode(header([0, 0, 0, 0], 0x8001))
  assert.deepEqual([message.rcode, message.questions], [RCODE.FORMERR, []])
})
