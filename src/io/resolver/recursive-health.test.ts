import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { limits } from '../../core/limits.ts'
import { createRecursiveHealth } from './recursive-health.ts'

const { silencesUntilDown, downLeast, downMost, probeEvery, recursiveServersKnown } = limits.resolver

function watch() {
  const clock = movedClock(0)
  const health = createRecursiveHealth(() => clock.now())
  return {
    clock,
    ...health,
    /** Servers are letters. */
    order: (text: string) =>
      health
        .order([...text].map((address) => ({ address, port: 53 })))
        .map(({ address }) => address)
        .join(''),
    /** So many questions that get no answer, each sent after the one before had ended. */
    silences(server: string, count: number) {
      for (let left = count; left > 0; left--) health.noteSilence(server, clock.now())
    },
  }
}

test('RES-14: the fastest comes first, then those that nobody knows yet, as they are given', () => {
  const { order, noteAnswer } = watch()
  assert.equal(order('abcd'), 'abcd')
  noteAnswer('d', 30)
  noteAnswer('c', 20)
  assert.equal(order('abcd'), 'cdab')
})

test('RES-14: times are smoothed, and are never below nothing', () => {
  const { order, noteAnswer } = watch()
  noteAnswer('a', 80)
  noteAnswer('b', 89)
  noteAnswer('a', 160) // 90
  assert.equal(order('ab'), 'ba')
  noteAnswer('b', 89 + 8 * 2) // 91
  assert.equal(order('ab'), 'ab')
  noteAnswer('c', -5)
  noteAnswer('d', 0)
  assert.equal(order('dc'), 'dc')
})

test('RES-14: a refusal is no sign of speed', () => {
  const { order, noteAnswer } = watch()
  noteAnswer('b', 50)
  noteAnswer('a')
  assert.equal(order('ab'), 'ba')
})

test('RES-14: who was silent comes after who answers or is new, until it answers', () => {
  const { order, noteAnswer, silences } = watch()
  noteAnswer('a', 10)
  noteAnswer('b', 90)
  silences('a', silencesUntilDown - 1)
  assert.equal(order('abc'), 'bca')
  noteAnswer('a', 10)
  assert.equal(order('abc'), 'abc')
})

test('RES-14: one question in twenty has another first, by turns', () => {
  const { order, noteAnswer } = watch()
  noteAnswer('a', 10)
  noteAnswer('b', 20)
  noteAnswer('c', 30)
  const firsts = Array.from({ length: 4 * probeEvery }, () => order('abc')[0]).join('')
  const usual = 'a'.repeat(probeEvery - 1)
  assert.equal(firsts, `${usual}c${usual}b${usual}c${usual}b`)
})

test('RES-14: who is down is not tried out by chance, and where all others are down nobody is', () => {
  const { order, noteAnswer, silences } = watch()
  noteAnswer('a', 10)
  silences('b', silencesUntilDown)
  for (let count = 0; count < 3 * probeEvery; count++) assert.equal(order('ab'), 'ab')
})

test('RES-14: after four silences in a row it is down, for longer each time, a minute at most', () => {
  const { clock, order, noteAnswer, silences } = watch()
  noteAnswer('b', 10)
  silences('a', silencesUntilDown)
  const pauses = Array.from({ length: 5 }, () => {
    for (let waited = 1; ; waited++) {
      clock.move(1)
      if (order('abc') !== 'abc') continue
      silences('a', 1) // whoever found the pause to be over has waited in vain
      return waited
    }
  })
  assert.deepEqual(pauses, [downLeast, 20, 40, downMost, downMost])
})

test('RES-14: one question alone finds out whether it is back', () => {
  const { clock, order, noteAnswer, silences } = watch()
  noteAnswer('b', 10)
  silences('a', silencesUntilDown)
  assert.equal(order('ab'), 'ba')
  clock.move(downLeast)
  assert.equal(order('ab'), 'ab')
  assert.equal(order('ab'), 'ba')
  noteAnswer('a', 5)
  assert.equal(order('ab'), 'ab')
})

test('RES-14: many questions that wait in vain at once are one silence', () => {
  const { clock, order, noteSilence } = watch()
  const sent = clock.now()
  clock.move(1)
  for (let count = 0; count < 10 * silencesUntilDown; count++) noteSilence('a', sent)
  assert.equal(order('ab'), 'ba')
  for (let count = 0; count < probeEvery; count++) if (order('ab') === 'ab') return // down, it would not be tried out
  assert.fail('it is down')
})

test('RES-02, RES-14: who cannot be reached is down at once', () => {
  const { clock, order, noteUnreachable } = watch()
  noteUnreachable('a')
  noteUnreachable('a') // by another question at the same time
  assert.equal(order('ab'), 'ba')
  clock.move(downLeast)
  assert.equal(order('ab'), 'ab')
})

test('RES-36: so many servers are told apart, and no more', () => {
  const { order, noteAnswer } = watch()
  noteAnswer('a', 10)
  for (let count = 0; count < recursiveServersKnown; count++) noteAnswer(`192.0.2.${count}`, 10)
  assert.equal(order('ba'), 'ba')
})
