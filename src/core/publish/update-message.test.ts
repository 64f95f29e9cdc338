import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { encodeMessage } from '../dns/encode.ts'
import { makeUpdate } from './update-message.ts'

const [old, next] = recordsFrom('x.example. 3600 TLSA 3 1 1 aabb', 'x.example. 1800 TLSA 3 1 1 ccdd')
const zone = zoneName('example.')

/** What stands in it, as RFC 2136 draws it. */
const name = '0178076578616d706c6500'
const header = (prerequisites: number, updates: number) =>
  `1234280000010${prerequisites.toString(16).padStart(3, '0')}${updates.toString(16).padStart(4, '0')}0000`

test('an update has zone, prerequisites, removals and additions, octet by octet', () => {
  const octets = encodeMessage(makeUpdate({ zone, remove: [old], add: [next] }, 0x1234))
  assert.equal(
    Buffer.from(octets).toString('hex'),
    [
      header(1, 2),
      '076578616d706c650000060001', // zone section: SOA, IN
      `${name}000500fe000000000000`, // no CNAME: class NONE, TTL 0, no data
      `${name}003400fe000000000005030101aabb`, // delete an RR: class NONE, TTL 0
      `${name}00340001000007080005030101ccdd`,
    ].join(''),
  )
})

test('an RRset that is assumed stands among the prerequisites with its data, TTL 0', () => {
  const assume = [{ name: old.name, type: old.type, records: [old] }]
  const { answer } = makeUpdate({ zone, remove: [old], add: [], assume }, 1)
  assert.deepEqual(answer, [{ ...old, ttl: 0 }])
})
