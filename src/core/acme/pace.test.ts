import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { authorityBackOff, nameBackOff, retryTime } from './back-off.ts'
import { type IssuanceBudget, roomAt, type SpentBudget, spendOne } from './issuance-budget.ts'

const minute = 60_000
const hour = 60 * minute
const now = Date.UTC(2026, 0, 1)
const budget: IssuanceBudget = { perHour: 3, perDay: 5, perWeek: 8, atOnce: 1 }
const spend = (times: readonly number[]) => times.reduce<SpentBudget>((spent, time) => spendOne(spent, time), [])

const rooms: [why: string, times: number[], room: number][] = [
  ['is at once when nothing was ordered', [], now],
  ['is at once below each bound', [now, now], now],
  ['is an hour and its minute later once an hour is full', [now, now, now], now + minute + hour],
  ['counts by the oldest order that must have gone', [now - hour / 2, now, now], now + hour / 2 + minute],
  ['is a day later once the day is full', [-4, -4, -3, -2, -2].map((at) => now + at * hour), now + 20 * hour + minute],
  [
    'is a week later once the week is full',
    [-90, -90, -60, -60, -60, -30, -30, -30].map((at) => now + at * hour),
    now + 78 * hour + minute,
  ],
]
for (const [why, times, room] of rooms) {
  test(`room for an order ${why}`, () => assert.equal(roomAt(spend(times), now, budget), room))
}

test('orders of a clock that was ahead count as of now, and pass', () => {
  const spent = spend([now + 99 * hour, now + 99 * hour, now + 100 * hour])
  assert.equal(roomAt(spent, now, budget), now + minute + hour)
  assert.equal(roomAt(spendOne(spent, now), now, budget), now + minute + hour)
  assert.deepEqual(spendOne(spent, now), [{ minute: now / minute, count: 4 }])
})

test('no hour, day or week has more orders than the budget, however they are asked for', () => {
  const asked = fc.array(fc.integer({ min: 0, max: 4 * hour }), { maxLength: 60 })
  fc.assert(
    fc.property(asked, (pauses) => {
      let time = now
      let spent: SpentBudget = []
      const orders: number[] = []
      for (const pause of pauses) {
        time = roomAt(spent, time + pause, budget)
        spent = spendOne(spent, time)
        orders.push(time)
      }
      for (const [length, most] of [
        [hour, 3],
        [24 * hour, 5],
        [168 * hour, 8],
      ] as const) {
        for (const from of orders) assert.ok(orders.filter((at) => at >= from && at < from + length).length <= most)
      }
      assert.ok(spent.length <= 8)
    }),
  )
})

test('what is remembered of orders is bounded by the minutes of a week', () => {
  let spent: SpentBudget = []
  for (let at = 0; at < 20_000; at++) spent = spendOne(spent, now + at * minute)
  assert.ok(spent.length <= 7 * 24 * 60 + 2)
})

test('a name is left alone twice as long after each failure, up to a day, and as long as the authority asks', () => {
  const tenth = (value: number, least: number) => assert.ok(value >= least && value <= least * 1.1, `${value}`)
  for (const [failures, least] of [
    [1, 900_000],
    [2, 1_800_000],
    [4, 7_200_000],
    [40, 24 * hour],
  ] as const) {
    tenth(nameBackOff('mta-sts.example', failures), least)
  }
  tenth(nameBackOff('mta-sts.example', 1, 3 * hour), 3 * hour)
  tenth(nameBackOff('mta-sts.example', 1, 9999 * hour), 24 * hour)
  assert.notEqual(nameBackOff('one.example', 1), nameBackOff('two.example', 1))
})

test('the authority is left alone for a minute, then twice as long each time, up to an hour', () => {
  assert.equal(authorityBackOff(1), limits.acme.pauseMinMs)
  assert.equal(authorityBackOff(3), 4 * minute)
  assert.equal(authorityBackOff(100), hour)
  assert.equal(authorityBackOff(1, 10 * minute), 10 * minute)
  assert.equal(authorityBackOff(1, 999 * hour), hour)
})

const retries: [why: string, backOff: number, notAfter: number | undefined, wait: number][] = [
  ['without a certificate waits as long as it must', 24 * hour, undefined, 24 * hour],
  ['whose certificate has ended waits as long as it must', 24 * hour, now - 1, 24 * hour],
  ['with weeks left waits as long as it must', 24 * hour, now + 720 * hour, 24 * hour],
  ['with a day left waits a third of it', 24 * hour, now + 24 * hour, 8 * hour],
  ['with minutes left waits a quarter of an hour', 24 * hour, now + 6 * minute, 15 * minute],
]
for (const [why, backOff, notAfter, wait] of retries) {
  test(`a name ${why}`, () => assert.equal(retryTime(now, backOff, notAfter), now + wait))
}
