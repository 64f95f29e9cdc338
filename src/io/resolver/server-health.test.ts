import assert from 'node:assert/strict'
import { test } from 'node:test'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { createServerHealth } from './server-health.ts'

function watch() {
  const clock = movedClock(0)
  const health = createServerHealth(() => clock.now())
  return { clock, ...health, orderOf: (text: string) => health.order([...text], (server) => server).join('') }
}

test('RES-14: silent servers come last, and both kinds keep their order', () => {
  const { orderOf, noteSilence } = watch()
  noteSilence('a')
  noteSilence('c')
  assert.equal(orderOf('abcd'), 'bdac')
})

test('RES-14: an answer ends the silence', () => {
  const { orderOf, noteSilence, noteAnswer } = watch()
  noteSilence('a')
  noteAnswer('a')
  assert.equal(orderOf('ab'), 'ab')
})

test('RES-14: silence is remembered for longer each time in a row, five minutes at most', () => {
  const { clock, orderOf, noteSilence } = watch()
  const pauses = Array.from({ length: 8 }, () => {
    noteSilence('a')
    for (let waited = 1; ; waited++) {
      clock.move(1)
      if (orderOf('ab') === 'ab') return waited
    }
  })
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300])
})

test('RES-14: many questions that wait in vain at once are one silence', () => {
  const { clock, orderOf, noteSilence } = watch()
  for (let count = 0; count < 10; count++) noteSilence('a')
  clock.move(5)
  assert.equal(orderOf('ab'), 'ab')
})
