import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Shelved } from './decisions.ts'
import { createKeptDecisions, type KeptRecord } from './kept-decisions.ts'
import { createShelf } from './shelf.ts'

const read = ({ ready, rest }: Shelved, key: string) => `${key} ${ready} ${rest}`
const second = 1000
const start = 1_800_000_000 * second

function recordOf(key: string, shelved: Shelved, serial: number): KeptRecord<string> {
  const times = { at: start, until: start + 60 * second, askedAt: start, tookMs: 12.4 }
  return { key, shelved, serial, why: serial % 2 === 0 ? 'asked' : 'renewed', ...times }
}

const key = fc.constantFrom('a.example', 'b.example', '[c.example]:587', 'd.example')
const size = fc.oneof(fc.nat(200), fc.nat(5000), fc.constant(300_000))
const step = fc.oneof(
  fc.record({ key, ready: size, rest: size, letter: fc.integer({ min: 32, max: 255 }) }),
  fc.record({ key, dropped: fc.constant(true) }),
)

test('what is put is what is found, in the order of its coming, whatever came and went besides', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const kept = createKeptDecisions(read)
      const model = new Map<string, KeptRecord<string>>()
      let serial = 0
      for (const one of steps) {
        assert.equal(kept.has(one.key), model.has(one.key))
        if ('dropped' in one) assert.equal(kept.delete(one.key), model.has(one.key))
        model.delete(one.key)
        if (!('dropped' in one)) {
          const letter = String.fromCharCode(one.letter)
          const record = recordOf(one.key, { ready: letter.repeat(one.ready), rest: letter.repeat(one.rest) }, ++serial)
          model.set(one.key, record)
          kept.put(record)
        }
        assert.deepEqual([...kept.keys()], [...model.keys()])
        for (const [name, { shelved, ...rest }] of model) {
          const { view, destination, ...found } = kept.get(name) ?? {}
          assert.deepEqual(found, { ...rest, tookMs: 12 })
          assert.equal(view, read(shelved, name))
          assert.ok(destination)
          assert.equal(kept.ready(name, start), shelved.ready)
        }
      }
      for (const name of model.keys()) kept.delete(name)
      assert.deepEqual([kept.size, kept.octets], [0, 0])
    }),
    { numRuns: 60 },
  )
})

test('a text stands ready until its time is over, and who asks for it is noted', () => {
  const kept = createKeptDecisions(read)
  kept.put(recordOf('a.example', { ready: 'OK', rest: '' }, 1))
  assert.equal(kept.ready('a.example', start + 59 * second), 'OK')
  assert.equal(kept.get('a.example')?.askedAt, start + 59 * second)
  assert.equal(kept.ready('a.example', start + 60 * second), undefined)
  kept.touch('a.example', start + 61 * second)
  assert.equal(kept.get('a.example')?.askedAt, start + 61 * second)
  assert.equal(kept.ready('b.example', start), undefined)
})

test('a clock that shows what no number of seconds says breaks nothing', () => {
  const kept = createKeptDecisions(read)
  const { at, until, askedAt } = kept.put({
    ...recordOf('a.example', { ready: '', rest: '' }, 1),
    ...{ at: -5, until: 1e18, askedAt: -1e18 },
  })
  assert.deepEqual([at, until, askedAt], [0, 0xffff_ffff * second, 0])
})

test('records of a size share pieces, and a piece goes with the last of them', () => {
  const shelf = createShelf()
  const places = Array.from({ length: 3000 }, () => shelf.take(200))
  const full = shelf.octets
  assert.ok(full < 3000 * 200 * 1.5, `${full} octets`)
  assert.equal(new Set(places).size, places.length)
  for (const place of places.slice(0, 1500)) shelf.give(place)
  assert.ok(shelf.octets < full)
  const again = Array.from({ length: 1500 }, () => shelf.take(200))
  assert.equal(shelf.octets, full)
  for (const place of [...places.slice(1500), ...again]) shelf.give(place)
  assert.equal(shelf.octets, 0)
})
