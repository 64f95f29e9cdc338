import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../limits.ts'
import { formatName } from '../name/text.ts'
import type { ResourceRecord } from './message.ts'
import { groupRrsets, recordsOf } from './rrset.ts'
import { formatType, TYPE } from './types.ts'
import { formatRecord, parseZone } from './zone-text.ts'

function zone(text: string): ResourceRecord[] {
  const records = parseZone(text, { ttl: 300 })
  assert.ok(records.ok, JSON.stringify(records))
  return records.value
}

const rrsig = (owner: string, covered: string, ttl = 300, tag = 1) =>
  `${owner} ${ttl} RRSIG ${covered} 15 2 300 20360101000000 20260101000000 ${tag} test. AAAA`

test('WIRE-33: records of one name, in any case, and one type are one RRset, in the order they came', () => {
  const sets = groupRrsets(zone('MX.test. A 192.0.2.2\nmx.test. TXT a\nmx.TEST. A 192.0.2.1'))
  assert.deepEqual(
    sets.map(({ name, type, rdatas }) => [formatName(name), formatType(type), rdatas.map((rdata) => rdata.join('.'))]),
    [
      ['MX.test.', 'A', ['192.0.2.2', '192.0.2.1']],
      ['mx.test.', 'TXT', ['1.97']],
    ],
  )
})

test('WIRE-33: the least TTL is the TTL of all', () => {
  const [set] = groupRrsets(zone('a. 300 A 192.0.2.1\na. 60 A 192.0.2.2\na. 120 A 192.0.2.3'))
  assert.equal(set?.ttl, 60)
  assert.deepEqual(set === undefined ? [] : recordsOf(set).map(formatRecord), [
    'a. 60 IN A 192.0.2.1',
    'a. 60 IN A 192.0.2.2',
    'a. 60 IN A 192.0.2.3',
  ])
})

test('WIRE-33: a record that is there twice is one, and its TTL counts', () => {
  const [set, surplus] = groupRrsets(zone('a. 300 A 192.0.2.1\na. 60 A 192.0.2.1'))
  assert.deepEqual([set?.rdatas.length, set?.ttl, surplus], [1, 60, undefined])
  const [later] = groupRrsets(zone('a. A 192.0.2.1\na. A 192.0.2.2\na. A 192.0.2.2'))
  assert.equal(later?.rdatas.length, 2)
})

test('WIRE-33: records whose names differ in case alone are one, and other data is never folded', () => {
  const counts = [
    'a. MX 10 MX.test.\na. MX 10 mx.TEST.\na. MX 20 mx.test.',
    'a. CNAME B.\na. CNAME b.',
    'a. TXT X\na. TXT x',
    'a. NSEC B. A\na. NSEC b. A',
  ].map((text) => groupRrsets(zone(text))[0]?.rdatas.length)
  assert.deepEqual(counts, [2, 1, 2, 2])
  const [first] = groupRrsets(zone('a. MX 10 MX.test.\na. MX 10 mx.test.'))
  assert.deepEqual(first === undefined ? [] : recordsOf(first).map(formatRecord), ['a. 300 IN MX 10 MX.test.'])
})

test('WIRE-33: RRSIG records go to the RRset that they cover, wherever they stand', () => {
  const text = `${rrsig('A.test.', 'TXT', 200)}\na.test. A 192.0.2.1\na.test. TXT x\n${rrsig('a.test.', 'A')}`
  const sets = groupRrsets(zone(text))
  assert.deepEqual(
    sets.map(({ type, signatures }) => [formatType(type), signatures.map(({ ttl }) => ttl)]),
    [
      ['A', [300]],
      ['TXT', [200]],
    ],
  )
})

test('a signature over nothing that is there is dropped', () => {
  assert.deepEqual(groupRrsets(zone(`${rrsig('a.test.', 'A')}\n${rrsig('b.test.', 'RRSIG')}`)), [])
})

test('WIRE-33: records of different classes are different RRsets, and so are their signatures', () => {
  const text = `a. CH TXT x\na. IN TXT y\n${rrsig('a.', 'TXT').replace('RRSIG', 'CH RRSIG')}`
  const sets = groupRrsets(zone(text))
  assert.deepEqual(
    sets.map(({ class: klass, signatures }) => [klass, signatures.length]),
    [
      [3, 1],
      [1, 0],
    ],
  )
})

test('WIRE-32: an RRset of which a record was dropped is damaged, and no other', () => {
  const records = zone('a. DS 1 15 2 aa\nb. DS 1 15 2 aa\na. A 192.0.2.1')
  const damaged = records.slice(0, 1).map(({ name, type }) => ({ name, type }))
  assert.deepEqual(
    groupRrsets(records, damaged).map((set) => set.damaged),
    [true, false, false],
  )
})

test('WIRE-30: an RRset of 256 records is kept; of more, 256 are, and it is damaged', () => {
  const text = (count: number) =>
    Array.from({ length: count }, (_, index) => `a. A 192.0.${index >> 8}.${index & 255}`).join('\n')
  const { recordsPerRrset } = limits.dns
  const [full] = groupRrsets(zone(text(recordsPerRrset)))
  const [over] = groupRrsets(zone(text(recordsPerRrset + 1)))
  assert.deepEqual([full?.rdatas.length, full?.damaged], [recordsPerRrset, false])
  assert.deepEqual([over?.rdatas.length, over?.damaged], [recordsPerRrset, true])
})

test('WIRE-30: of signatures, the first 32 are kept', () => {
  const signatures = Array.from({ length: 40 }, (_, index) => rrsig('a.', 'A', 300, index)).join('\n')
  const [set] = groupRrsets(zone(`a. A 192.0.2.1\n${signatures}`))
  assert.deepEqual(
    set?.signatures.map(({ keyTag }) => keyTag),
    Array.from({ length: limits.dns.signaturesPerRrset }, (_, index) => index),
  )
})

test('a signature made by hand that is malformed is dropped', () => {
  const [record] = zone('a. A 192.0.2.1')
  assert.ok(record !== undefined)
  const broken = { ...record, type: TYPE.RRSIG, rdata: Uint8Array.of(0, 1) }
  assert.deepEqual(groupRrsets([record, broken])[0]?.signatures, [])
})

test('WIRE-33: the records of a small section are grouped as they are among many', () => {
  const small = zone(
    [
      'a. A 192.0.2.1',
      'b. A 192.0.2.2',
      'A. A 192.0.2.3',
      'a. TXT x',
      rrsig('a.', 'A'),
      rrsig('b.', 'TXT'),
      rrsig('a.', 'TXT'),
    ].join('\n'),
  )
  const others = zone(Array.from({ length: 40 }, (_, index) => `n${index}. A 192.0.2.9`).join('\n'))
  const damaged = small.slice(3, 4).map(({ name, type }) => ({ name, type }))
  const alone = groupRrsets(small, damaged)
  const amongMany = groupRrsets([...small, ...others], damaged)
  assert.deepEqual(
    alone.map(({ rdatas, signatures, damaged: isDamaged }) => [rdatas.length, signatures.length, isDamaged]),
    [
      [2, 1, false],
      [1, 0, false],
      [1, 1, true],
    ],
  )
  assert.deepEqual(amongMany.slice(0, alone.length), alone)
})
