import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { createEnding } from './ending.ts'

test('an ending comes with the signal that it was given', () => {
  const caller = new AbortController()
  const { signal } = createEnding(caller.signal)
  assert.equal(signal.aborted, false)
  caller.abort()
  assert.deepEqual([signal.aborted, signal.reason], [true, 'aborted'])
})

test('an ending has come when its signal has', () => {
  assert.equal(createEnding(AbortSignal.abort()).signal.reason, 'aborted')
})

test('an ending comes when the time is over', async () => {
  const { signal } = createEnding(undefined, 1)
  await new Promise<void>((resolve) => signal.addEventListener('abort', resolve))
  assert.equal(signal.reason, 'timeout')
})

test('an ending can be brought about', () => {
  const ending = createEnding(undefined)
  ending.abort()
  assert.equal(ending.signal.reason, 'aborted')
})

test('nothing is left in the signal of whoever asked', () => {
  const caller = new AbortController()
  const endings = Array.from({ length: 5 }, () => createEnding(caller.signal, 60_000))
  assert.equal(getEventListeners(caller.signal, 'abort').length, 5)
  for (const ending of endings) ending.stop()
  assert.equal(getEventListeners(caller.signal, 'abort').length, 0)
  caller.abort()
  assert.deepEqual(
    endings.filter(({ signal }) => signal.aborted),
    [],
  )
})
