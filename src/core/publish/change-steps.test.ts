import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { recordsFrom, zoneName } from '../../../test/support/changes.ts'
import { changedRrsets, isMade, prerequisitesOf } from './change-steps.ts'

const tlsa = (data: string) => `_25._tcp.mx.example.org. 3600 TLSA 3 1 1 ${data.repeat(32)}`
const [old, current, next] = recordsFrom(tlsa('aa'), tlsa('bb'), tlsa('cc'))
const zone = zoneName('example.org.')
const { name, type } = old
const alias = zoneName('_25._tcp.mx.example.org.')

test('records are added only where no alias stands', () => {
  assert.deepEqual(prerequisitesOf({ zone, remove: [old], add: [next, current] }), [
    { kind: 'absent', name: alias, type: 5 },
  ])
})

test('a change that only removes needs nothing to be so: it may be made twice', () => {
  assert.deepEqual(prerequisitesOf({ zone, remove: [old], add: [] }), [])
})

test('an alias may be added, and may be put in the place of records or they in its place', () => {
  const [cname] = recordsFrom('_25._tcp.mx.example.org. 60 CNAME tlsa.example.net.')
  assert.deepEqual(prerequisitesOf({ zone, remove: [], add: [cname] }), [])
  assert.deepEqual(prerequisitesOf({ zone, remove: [cname], add: [next] }), [])
})

test('what is assumed must be so whole', () => {
  const assume = [
    { name, type, records: [old, current] },
    { name: zone, type: 16, records: [] },
    { name, type: 5, records: [] },
  ]
  assert.deepEqual(prerequisitesOf({ zone, remove: [old], add: [next], assume }), [
    { kind: 'is', rrset: assume[0] },
    { kind: 'absent', name: zone, type: 16 },
    { kind: 'absent', name, type: 5 },
  ])
})

const change = { zone, remove: [old], add: [next] }
const assumed = { ...change, assume: [{ name, type, records: [old, current] }] }
const made: [what: string, asked: typeof change, there: (typeof old)[], expected: boolean][] = [
  ['as it was before', change, [old, current], false],
  ['as it is afterwards', change, [current, next], true],
  ['with the new record and the old one', change, [old, next], false],
  ['without either', change, [current], false],
  ['with a record that nobody spoke of', change, [current, next, ...recordsFrom(tlsa('dd'))], true],
  ['as it is afterwards, all of it being known', assumed, [next, current], true],
  ['with a record too many, all of it being known', assumed, [current, next, ...recordsFrom(tlsa('dd'))], false],
  ['with a record too few, all of it being known', assumed, [next], false],
]
for (const [what, asked, there, expected] of made) {
  test(`an RRset ${what} is ${expected ? '' : 'not '}what the change makes of it`, () => {
    const [rrset] = changedRrsets(asked)
    assert.ok(rrset !== undefined)
    assert.equal(isMade(rrset, there), expected)
  })
}

test('a record that is removed and added stays, whatever its TTL and the case of its names', () => {
  const [mx, same] = recordsFrom('example.org. 60 MX 10 MX.example.org.', 'Example.org. 3600 MX 10 mx.example.org.')
  assert.deepEqual(changedRrsets({ zone, remove: [mx], add: [same] }), [
    { name: same.name, type: 15, has: [same], hasNot: [], isWhole: false },
  ])
})

test('whatever is made of a zone by a change is what the change makes of it, and a second time too', () => {
  const all = recordsFrom(...['a0', 'a1', 'a2', 'a3', 'a4', 'a5'].map(tlsa))
  fc.assert(
    fc.property(fc.subarray(all), fc.subarray(all), fc.subarray(all), (there, remove, add) => {
      const once = apply(there, remove, add)
      const twice = apply(once, remove, add)
      assert.deepEqual(twice, once)
      const assume = [{ name, type, records: there }]
      for (const asked of [
        { zone, remove, add },
        { zone, remove, add, assume },
      ]) {
        for (const rrset of changedRrsets(asked)) assert.ok(isMade(rrset, once))
      }
    }),
  )
})

function apply(there: (typeof old)[], remove: (typeof old)[], add: (typeof old)[]): (typeof old)[] {
  return [...new Set([...there.filter((record) => !remove.includes(record)), ...add])].toSorted(
    (one, other) => (one.rdata[3] ?? 0) - (other.rdata[3] ?? 0),
  )
}
