import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { createCache } from './cache.ts'

/** What an entry costs beside its value, key included, for keys of one character. */
const overhead = 129

function cacheOf({ entries = 3, octets = 10_000 } = {}) {
  const clock = movedClock(0)
  const cache = createCache<string>({ now: () => clock.now(), entries, octets, octetsOf: (value) => value.length })
  return { clock, cache }
}

test('RES-21: a value is there until its end, and not at it', () => {
  const { cache, clock } = cacheOf()
  cache.put('a', 'one', 2000)
  clock.move(1.999)
  assert.deepEqual([cache.get('a')?.value, cache.get('a')?.until], ['one', 2000])
  clock.move(0.001)
  assert.equal(cache.get('a'), undefined)
  assert.equal(cache.size, 0)
})

test('RES-21: what has ended already is not kept, and takes what was there before', () => {
  const { cache } = cacheOf()
  cache.put('a', 'one', 1000)
  cache.put('a', 'two', 0)
  assert.equal(cache.get('a'), undefined)
})

test('RES-21: of too many entries the longest unused goes', () => {
  const { cache } = cacheOf()
  for (const key of ['a', 'b', 'c']) cache.put(key, key, 1000)
  cache.get('a')
  cache.put('d', 'd', 1000)
  assert.deepEqual(
    ['a', 'b', 'c', 'd'].filter((key) => cache.get(key) !== undefined),
    ['a', 'c', 'd'],
  )
})

test('RES-21: of too many octets the longest unused go, as many as must', () => {
  const { cache } = cacheOf({ entries: 10, octets: 4 * (overhead + 10) })
  for (const key of ['a', 'b', 'c', 'd']) cache.put(key, 'ten octets', 1000)
  assert.equal(cache.size, 4)
  cache.get('a')
  cache.put('e', 'x'.repeat(overhead + 20), 1000)
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined),
    ['a', 'd', 'e'],
  )
})

test('RES-21: what is larger than the cache is not kept, and costs the others nothing', () => {
  const { cache } = cacheOf({ octets: 1000 })
  cache.put('a', 'one', 1000)
  cache.put('b', 'x'.repeat(1000), 1000)
  assert.deepEqual([cache.get('a')?.value, cache.get('b')], ['one', undefined])
})

test('RES-21: a value put again takes the place of the first, and its octets', () => {
  const { cache } = cacheOf({ entries: 10, octets: 2 * (overhead + 10) })
  for (let again = 0; again < 20; again++) cache.put('a', 'ten octets', 1000)
  cache.put('b', 'ten octets', 1000)
  cache.delete('a')
  cache.delete('a')
  cache.put('c', 'ten octets', 1000)
  assert.deepEqual(
    [cache.get('a'), cache.get('b')?.value, cache.get('c')?.value],
    [undefined, 'ten octets', 'ten octets'],
  )
})

const step = fc.oneof(
  fc.record({
    kind: fc.constant('put' as const),
    key: fc.integer({ min: 0, max: 9 }),
    size: fc.nat(300),
    ttl: fc.nat(9),
  }),
  fc.record({ kind: fc.constant('get' as const), key: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('move' as const), seconds: fc.nat(3) }),
)

test('RES-21, RES-37: whatever is done, entries and octets stay in bounds, and a hit is what was put last', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { cache, clock } = cacheOf({ entries: 4, octets: 1000 })
      const put = new Map<string, { value: string; until: number }>()
      for (const one of steps) {
        const key = 'key' in one ? String(one.key) : ''
        if (one.kind === 'move') clock.move(one.seconds)
        if (one.kind === 'put') {
          const entry = { value: 'x'.repeat(one.size), until: clock.now() + one.ttl * 1000 }
          put.set(key, entry)
          cache.put(key, entry.value, entry.until)
        }
        const found = one.kind === 'get' ? cache.get(key) : undefined
        if (found !== undefined) {
          assert.deepEqual([found.value, found.until], [put.get(key)?.value, put.get(key)?.until])
          assert.ok(found.until > clock.now())
        }
        assert.ok(cache.size <= 4)
      }
      const kept = [...put].filter(([key]) => cache.get(key) !== undefined)
      assert.ok(kept.reduce((sum, [, { value }]) => sum + value.length + overhead, 0) <= 1000)
    }),
  )
})
