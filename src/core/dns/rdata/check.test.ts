import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { knownTypes, plain, rdataOf } from '../../../../test/fuzz/arbitrary-records.ts'
import { octetsOf } from '../../../../test/fuzz/wire-pieces.ts'
import { hex } from '../octets.ts'
import { formatType, TYPE } from '../types.ts'
import { checkRdata, expandRdata, type RdataFault } from './check.ts'
import { layoutOf } from './layout.ts'

const name = '0161047465737400' // a.test.

/** Data of one type that is right, down to the last octet: by default one octet more is refused. */
const right: [type: keyof typeof TYPE, rdata: string, rest?: 'any-length'][] = [
  ['A', 'c0000201'],
  ['AAAA', '20010db8000000000000000000000025'],
  ['NS', name],
  ['MD', name],
  ['MF', name],
  ['CNAME', name],
  ['MB', name],
  ['MG', name],
  ['MR', name],
  ['PTR', name],
  ['DNAME', name],
  ['SOA', `${name}00${'00000001'.repeat(5)}`],
  ['MINFO', `00${name}`],
  ['MX', `000a${name}`],
  ['RP', `${name}00`],
  ['AFSDB', `0001${name}`],
  ['RT', `0001${name}`],
  ['KX', `0001${name}`],
  ['PX', `0001${name}00`],
  ['SRV', `000000000019${name}`],
  ['NAPTR', `000100020155016100${name}`],
  ['HINFO', '016103626364'],
  ['TXT', '01610162'],
  ['NSEC', `${name}000120`],
  ['NSEC3', '0101000002aabb02ccdd000120'],
  ['NSEC3PARAM', '0100000002aabb'],
  ['SVCB', `0001${name}000100020268`],
  ['HTTPS', `0000${name}`],
  ['TLSA', '030101', 'any-length'],
  ['DS', '0e1d0f0200', 'any-length'],
  ['CDS', '0e1d0f0200', 'any-length'],
  ['SSHFP', '010100', 'any-length'],
  ['DNSKEY', '0101030f00', 'any-length'],
  ['CDNSKEY', '0101030f00', 'any-length'],
  ['ZONEMD', '00000001010100', 'any-length'],
  ['RRSIG', `00010f0200000e107c245f006955b9000e1d${name}00`, 'any-length'],
  ['CAA', '00056973737565', 'any-length'],
]

test('the table of right data has every type that has a layout', () => {
  const listed = right.map(([type]) => type).sort()
  assert.deepEqual(listed, knownTypes.map(formatType).sort())
})

for (const [type, rdata, rest] of right) {
  test(`WIRE-17: ${type} data must end just where its fields end`, () => {
    const octets = octetsOf(rdata)
    assert.deepEqual(plain(checkRdata(TYPE[type], octets)), { ok: true, value: octets })
    assert.equal(checkRdata(TYPE[type], octets.subarray(0, -1)).ok, false, 'an octet short')
    assert.equal(checkRdata(TYPE[type], octetsOf(rdata, 'ff')).ok, rest === 'any-length', 'an octet more')
    assert.equal(checkRdata(TYPE[type], new Uint8Array(0)).ok, false, 'nothing')
  })
}

const refused: [why: string, type: keyof typeof TYPE, rdata: string, fault: RdataFault][] = [
  ['an A record of three octets', 'A', 'c00002', 'rdata-too-short'],
  ['an A record of five octets', 'A', 'c000020100', 'rdata-too-long'],
  ['an MX record of a preference alone', 'MX', '000a', 'rdata-name'],
  ['a SOA record with 19 octets after its names', 'SOA', `0000${'00'.repeat(19)}`, 'rdata-too-short'],
  ['a TXT record without strings', 'TXT', '', 'rdata-too-short'],
  ['a TXT string that runs past its data', 'TXT', '0161ff', 'rdata-too-short'],
  ['a bitmap without its length', 'NSEC', `${name}00`, 'rdata-too-short'],
  ['a bitmap of no octets', 'NSEC', `${name}0000`, 'rdata-value'],
  ['a bitmap of 33 octets', 'NSEC', `${name}0021${'01'.repeat(33)}`, 'rdata-value'],
  ['a window that is there twice', 'NSEC', `${name}000101000101`, 'rdata-value'],
  ['windows that go down', 'NSEC', `${name}010101000101`, 'rdata-value'],
  ['a bitmap that runs past its data', 'NSEC', `${name}000201`, 'rdata-too-short'],
  ['a next hash of no octets', 'NSEC3', '01000000000000', 'rdata-value'],
  ['a salt that runs past its data', 'NSEC3', '01000000ff00', 'rdata-too-short'],
  ['a salt that runs past its data', 'NSEC3PARAM', '0100000001', 'rdata-too-short'],
  ['an RRSIG record without signature', 'RRSIG', `00010f0200000e107c245f006955b9000e1d${name}`, 'rdata-too-short'],
  ['a DNSKEY record without key', 'DNSKEY', '0101030f', 'rdata-too-short'],
  ['a DS record without digest', 'DS', '0e1d0f02', 'rdata-too-short'],
  ['parameters that are there twice', 'SVCB', '00000000010000' + '00010000', 'rdata-value'],
  ['parameters out of order', 'HTTPS', '00000000020000' + '00010000', 'rdata-value'],
]
for (const [why, type, rdata, fault] of refused) {
  test(`WIRE-17, WIRE-27, WIRE-28: ${why} is malformed in ${type}`, () => {
    const checked = checkRdata(TYPE[type], octetsOf(rdata))
    assert.equal(checked.ok ? 'taken' : checked.fault, fault)
  })
}

const empty: [type: keyof typeof TYPE, rdata: string][] = [
  ['NSEC', name],
  ['NSEC3', '0100000000' + '0161'],
  ['SVCB', `0000${name}`],
  ['NSEC3PARAM', '0100000000'],
]
for (const [type, rdata] of empty) {
  test(`WIRE-27, WIRE-28: ${type} data may leave its last list or salt empty`, () => {
    assert.equal(checkRdata(TYPE[type], octetsOf(rdata)).ok, true)
  })
}

/** A message with a.test. at 12, and data behind it. */
function expand(type: number, rdata: string) {
  const before = octetsOf('00'.repeat(12), name)
  const message = octetsOf('00'.repeat(12), name, rdata, '00'.repeat(9))
  const range = { from: before.length, to: before.length + rdata.length / 2 }
  return expandRdata(type, message, { ...range, budget: { octets: 1000 } })
}

const compressible = ['name', 'tolerated-name', 'plain-name'] as const
const lastNames = new Map(knownTypes.map((type) => [type, layoutOf(type)?.find((field) => field.includes('name'))]))
for (const kind of compressible) {
  const types = knownTypes.filter((type) => lastNames.get(type) === kind)
  for (const type of types) {
    test(`WIRE-06: a pointer in ${formatType(type)} data is ${kind === 'plain-name' ? 'malformed' : 'resolved'}`, () => {
      const whole = right.find(([known]) => TYPE[known] === type)?.[1] ?? ''
      const pointed = expand(type, whole.replace(name, 'c00c'))
      if (kind === 'plain-name') assert.deepEqual(pointed.ok ? 'taken' : pointed.fault, 'rdata-name')
      else assert.equal(pointed.ok && hex(pointed.value), whole)
    })
  }
}

test('RFC 3597 §4: the types whose names may be compressed are those of RFC 1035', () => {
  const types = knownTypes.filter((type) => lastNames.get(type) === 'name').map(formatType)
  assert.deepEqual(types.sort(), ['CNAME', 'MB', 'MD', 'MF', 'MG', 'MINFO', 'MR', 'MX', 'NS', 'PTR', 'SOA'])
})

test('WIRE-02: a name in data must end with the data, though the message goes on', () => {
  assert.equal(expand(TYPE.NS, '0161047465737400').ok, true)
  assert.equal(expand(TYPE.NS, '01610474657374').ok, false)
  assert.equal(expand(TYPE.NS, 'c0').ok, false)
})

test('WIRE-29: data of types that we do not know is taken as it is', () => {
  for (const type of [TYPE.NULL, TYPE.KEY, TYPE.NXT, TYPE.A6, 65280]) {
    const expanded = expand(type, 'c00cff')
    assert.equal(expanded.ok && hex(expanded.value), 'c00cff')
    assert.equal(checkRdata(type, new Uint8Array(0)).ok, true)
  }
})

test('WIRE-06: data that stands alone has nothing that a pointer could lead to', () => {
  const pointed: [type: keyof typeof TYPE, rdata: string][] = [
    ['SOA', `0c${'78'.repeat(12)}00c001${'00'.repeat(20)}`],
    ['MINFO', `0c${'78'.repeat(12)}00c00c`],
    ['RP', `0c${'00'.repeat(12)}00c00c`],
    ['NAPTR', `000000000c${'00'.repeat(12)}0000c00c`],
  ]
  for (const [type, rdata] of pointed) assert.equal(checkRdata(TYPE[type], octetsOf(rdata)).ok, false, type)
})

const anyRdata = fc.constantFrom(...knownTypes).chain((type) => fc.tuple(fc.constant(type), rdataOf(type)))

test('well-formed data of every type passes', () => {
  fc.assert(
    fc.property(anyRdata, ([type, rdata]) =>
      assert.deepEqual(plain(checkRdata(type, rdata)), { ok: true, value: rdata }),
    ),
    { numRuns: 1000 },
  )
})

test('WIRE-38: checkRdata never throws, and never changes what it takes', () => {
  const octets = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 0x3f, 0xc0), fc.nat({ max: 255 })), { maxLength: 60 })
  fc.assert(
    fc.property(fc.constantFrom(...knownTypes), octets, (type, list) => {
      const checked = checkRdata(type, Uint8Array.from(list))
      if (checked.ok) assert.deepEqual([...checked.value], list)
    }),
    { numRuns: 3000 },
  )
})
