import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startDeadline } from './deadline.ts'

test('a deadline ends work when its time is over', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { signal } = startDeadline(new AbortController().signal, 1000)
  t.mock.timers.tick(999)
  assert.equal(signal.aborted, false)
  t.mock.timers.tick(1)
  assert.equal(signal.aborted && signal.reason.name, 'TimeoutError')
})

test('a deadline ends work that is given up, before it began or later, for the same reason', () => {
  const giving = new AbortController()
  const { signal } = startDeadline(giving.signal, 1000)
  giving.abort(new Error('enough'))
  assert.match(String(signal.reason), /enough/)
  const later = startDeadline(giving.signal, 1000)
  assert.match(String(later.signal.reason), /enough/)
  later.stop()
})

test('a deadline that was taken back ends nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const giving = new AbortController()
  const { signal, stop } = startDeadline(giving.signal, 1000)
  stop()
  t.mock.timers.tick(1000)
  giving.abort()
  assert.equal(signal.aborted, false)
})
