import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { createServerHealth } from './server-health.ts'

function watch() {
  const clock = movedClock(0)
  const health = createServerHealth(() => clock.now())
  return {
    clock,
    ...health,
    bySpeed: (text: string) => health.orderBySpeed([...text], (server) => server).join(''),
  }
}

test('RES-32: silent servers come last, and both kinds keep their order', () => {
  const { bySpeed, noteSilence } = watch()
  noteSilence('a')
  noteSilence('c')
  assert.equal(bySpeed('abcd'), 'bdac')
})

test('RES-32: an answer ends the silence', () => {
  const { bySpeed, noteSilence, noteAnswer } = watch()
  noteSilence('a')
  noteAnswer('a', 0)
  assert.equal(bySpeed('ab'), 'ab')
})

test('RES-32: silence is remembered for longer each time in a row, five minutes at most', () => {
  const { clock, bySpeed, noteSilence } = watch()
  const pauses = Array.from({ length: 8 }, () => {
    noteSilence('a')
    for (let waited = 1; ; waited++) {
      clock.move(1)
      if (bySpeed('ab') === 'ab') return waited
    }
  })
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300])
})

test('RES-32: many questions that wait in vain at once are one silence', () => {
  const { clock, bySpeed, noteSilence } = watch()
  for (let count = 0; count < 10; count++) noteSilence('a')
  clock.move(5)
  assert.equal(bySpeed('ab'), 'ab')
})

test('RES-32: servers within 400 ms of the fastest keep their order, slower ones come by their times', () => {
  const { bySpeed, noteAnswer } = watch()
  for (const [server, time] of Object.entries({ a: 900, b: 420, c: 20, d: 421, e: 90 })) noteAnswer(server, time)
  assert.equal(bySpeed('abcde'), 'bceda')
})

test('RES-32: a server not measured yet is asked like the fastest', () => {
  const { bySpeed, noteAnswer } = watch()
  noteAnswer('a', 500)
  assert.equal(bySpeed('ab'), 'ba')
})

test('RES-32: a silent server comes last, however fast it was', () => {
  const { bySpeed, noteAnswer, noteSilence } = watch()
  noteAnswer('a', 10)
  noteAnswer('b', 1000)
  noteSilence('a')
  assert.equal(bySpeed('ab'), 'ba')
})

test('RES-16: times are smoothed, are never below nothing, and are forgotten', () => {
  const { clock, timeOf, noteAnswer } = watch()
  noteAnswer('a', 80)
  noteAnswer('a', 160)
  assert.equal(timeOf('a'), 90)
  noteAnswer('b', -5) // the clock was set back
  assert.equal(timeOf('b'), 0)
  clock.move(900)
  assert.equal(timeOf('a'), undefined)
})
