import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../../limits.ts'
import { freeFrom, type History, harmUntil, noteServed, waitOf } from './history.ts'

const old = ['3 1 1 aa']
const both = ['3 1 1 aa', '3 1 1 bb']
const hasNext = (records: readonly string[]) => records.includes('3 1 1 bb')
const seconds = (count: number) => count * 1000

function note(
  ...looks: readonly [at: number, sets: readonly (readonly [readonly string[], number])[], isWhole?: boolean][]
) {
  return looks.reduce<History>((history, [at, sets, isWhole = true]) => {
    return noteServed(history, { sets: sets.map(([records, ttl]) => ({ records, ttl })), isWhole }, seconds(at))
  }, [])
}

const waits: [why: string, history: History, at: number | undefined][] = [
  ['what was there before the first look counts like a set without it', note([0, [[both, 300]]]), 600],
  [
    'a set that a server still has keeps it shut',
    note(
      [0, [[old, 300]]],
      [
        10,
        [
          [old, 300],
          [both, 300],
        ],
      ],
    ),
    undefined,
  ],
  ['it is the moment when the last server was seen without it', note([0, [[old, 300]]], [900, [[both, 300]]]), 1500],
  [
    'the largest TTL of any set that caches may have counts',
    note([0, [[old, 3600]]], [10, [[both, 60]]]),
    10 + 2 * 3600,
  ],
  [
    'a lowered TTL counts no sooner than the larger one is out of caches',
    note([0, [[both, 3600]]], [10, [[both, 60]]]),
    7200,
  ],
  [
    'while a server does not tell, what was there may still be',
    note([0, [[old, 300]]], [10, [[both, 300]], false]),
    undefined,
  ],
  ['nor is it known when the unknown was gone', note([0, [[both, 300]], false], [500, [[both, 300]]]), 500 + 600],
  [
    'a set that comes back begins anew',
    note([0, [[old, 300]]], [10, [[both, 300]]], [400, [[old, 300]]], [500, [[both, 300]]]),
    500 + 600,
  ],
  ['denials count by the negative TTL', note([0, [[[], 900]]], [10, [[both, 300]]]), 10 + 1800],
]

for (const [why, history, at] of waits) {
  test(`RFC 7671 §8.1: ${why}`, () => {
    assert.deepEqual(freeFrom(history, hasNext), { at: at === undefined ? undefined : seconds(at) })
  })
}

test('what no cache can have is forgotten, and a wait that is over stays over', () => {
  const history = note([0, [[old, 300]]], [10, [[both, 300]]], [10 + 600, [[both, 300]]])
  assert.deepEqual(
    history.map(({ records }) => records),
    [both],
  )
  assert.deepEqual(freeFrom(history, hasNext), { at: Number.NEGATIVE_INFINITY })
})

test('what a clock noted that was ahead is no later than now once it is right', () => {
  const history = note([0, [[old, 300]]], [1_000_000, [[both, 300]]], [60, [[both, 300]]])
  assert.deepEqual(freeFrom(history, hasNext), { at: seconds(60 + 600) })
})

test('harm lasts for one TTL of what does not hold, and without an end while it is served', () => {
  const history = note([0, [[old, 300]]], [100, [[both, 60]]])
  assert.equal(harmUntil(history, hasNext, seconds(101)), seconds(400))
  assert.equal(harmUntil(history, hasNext, seconds(400)), undefined)
  assert.equal(harmUntil(note([0, [[old, 300]]]), hasNext, seconds(1)), Number.POSITIVE_INFINITY)
})

test('rollover.sets: of too many sets the longest gone become one, and the wait for them stays', () => {
  const count = limits.rollover.sets + 20
  const looks = Array.from({ length: count }, (_, at): [number, [readonly string[], number][]] => {
    return [at, [[[`3 1 1 ${at.toString(16).padStart(4, '0')}`], at === 3 ? 86_400 : 3600]]]
  })
  const history = note(...looks)
  assert.equal(history.length, limits.rollover.sets)
  assert.equal(waitOf(history), 2 * seconds(86_400))
  assert.deepEqual(
    freeFrom(history, () => true),
    { at: seconds(20 + 1) + 2 * seconds(86_400) },
  )
})

test('a key is free only when for twice the least TTL every server, as last heard, had it', () => {
  const look = fc.record({
    after: fc.integer({ min: 1, max: 900 }),
    ttl: fc.constantFrom(60, 300, 600),
    has: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    tells: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  })
  fc.assert(
    fc.property(fc.array(look, { minLength: 1, maxLength: 30 }), (looks) => {
      let history: History = []
      let now = 0
      let lastLack = 0
      const heard: (boolean | undefined)[] = [undefined, undefined, undefined]
      for (const { after, ttl, has, tells } of looks) {
        now += after
        const told = has.filter((_, at) => tells[at])
        const sets = told.map((one) => ({ records: one ? both : old, ttl }))
        history = noteServed(history, { sets, isWhole: told.length === has.length }, seconds(now))
        // Until it was heard otherwise, a server may have had it the moment before.
        if (heard.some((one) => one !== true)) lastLack = now
        for (const [at, one] of has.entries()) if (tells[at]) heard[at] = one
        if (heard.some((one) => one !== true)) lastLack = now
        const { at } = freeFrom(history, hasNext)
        if (at !== undefined && at <= seconds(now)) assert.ok(now - lastLack >= 2 * 60, `${now} ${lastLack}`)
      }
    }),
    { numRuns: 1000 },
  )
})
