import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import { expiryTime, isAlive, isPaused, refreshRetryTime, refreshTime } from './cache.ts'

const day = 86_400
const start = 1_800_000_000_000

/** A moment so many seconds after the fetch. */
const at = (seconds: number) => start + seconds * 1000

const policyA = { fetchedAt: start, maxAge: 1000 }

test('V-CACHE (STS-60): a policy lives for max_age from its fetch', () => {
  assert.equal(expiryTime(policyA), at(1000))
  const alive = [0, 100, 999, 999.999].map((seconds) => isAlive(policyA, at(seconds)))
  assert.deepEqual(alive, [true, true, true, true])
  assert.deepEqual([isAlive(policyA, at(1000)), isAlive(policyA, at(1001))], [false, false])
})

test('V-CACHE (STS-62): a refresh moves the end', () => {
  const refreshed = { ...policyA, fetchedAt: at(700) }
  assert.deepEqual([isAlive(refreshed, at(1001)), isAlive(refreshed, at(1700))], [true, false])
})

test('STS-65: a policy from the future, after the clock went back, is not used', () => {
  assert.equal(isAlive(policyA, at(-0.001)), false)
})

test('STS-43: max_age 0 is for the present attempt alone', () => {
  assert.equal(isAlive({ fetchedAt: start, maxAge: 0 }, start), false)
})

const refreshes: [maxAge: number, after: number][] = [
  [30 * day, day],
  [2 * day, day],
  [day, day / 2],
  [1000, 500],
  [0, 0],
]

for (const [maxAge, after] of refreshes) {
  test(`STS-62: a policy of ${maxAge} seconds is refreshed after ${after}`, () => {
    assert.equal(refreshTime({ fetchedAt: start, maxAge }), at(after))
  })
}

const retries: [why: string, maxAge: number, now: number, wait: number][] = [
  ['six hours at most', 30 * day, day, 21_600],
  ['a quarter of what is left', day, day / 2, day / 8],
  ['five minutes at least', 1000, 500, 300],
  ['five minutes when nothing is left', 1000, 2000, 300],
]

for (const [why, maxAge, now, wait] of retries) {
  test(`STS-63: a refresh that failed waits for ${why}`, () => {
    assert.equal(refreshRetryTime({ fetchedAt: start, maxAge }, at(now)), at(now + wait))
  })
}

test('V-CACHE (STS-27): after a failed fetch five minutes pass before the next', () => {
  const failedAt = at(200)
  const paused = [200, 210, 499.999, 500, 501].map((seconds) => isPaused(failedAt, at(seconds)))
  assert.deepEqual(paused, [true, true, true, false, false])
})

test('every time is in whole milliseconds, as the store takes them', () => {
  for (let late = 0; late < 8; late++) {
    const life = { fetchedAt: start, maxAge: 7201 }
    assert.ok(Number.isInteger(refreshRetryTime(life, at(1000) + late)), `${late}`)
    assert.ok(Number.isInteger(refreshTime({ fetchedAt: start + late, maxAge: 7201 })))
  }
})

test('a failure from the future, after the clock went back, stops nobody', () => {
  assert.equal(isPaused(at(200), at(199)), false)
})

test('a policy is refreshed while it lives, and tried again before it ends, unless it is shorter than the pause', () => {
  const lives = fc.record({ fetchedAt: fc.constant(start), maxAge: fc.integer({ min: 1, max: limits.sts.maxAge }) })
  fc.assert(
    fc.property(lives, (life) => {
      const refresh = refreshTime(life)
      assert.ok(isAlive(life, refresh))
      const retry = refreshRetryTime(life, refresh)
      assert.ok(retry - refresh >= limits.sts.fetchPause * 1000)
      if (life.maxAge > 2 * limits.sts.fetchPause) assert.ok(isAlive(life, retry))
    }),
  )
})
