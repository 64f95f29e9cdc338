import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../core/limits.ts'
import { pauseFor, Stop } from './stop.ts'

test('who listens is told once, in the order of coming', () => {
  const stop = new Stop()
  const told: string[] = []
  for (const who of ['one', 'other']) stop.addEventListener('abort', () => told.push(who))
  stop.abort('timeout')
  stop.abort('again')
  assert.deepEqual([stop.aborted, stop.reason, told], [true, 'timeout', ['one', 'other']])
})

test('who has left is not told, nor who comes when it is over', () => {
  const stop = new Stop()
  const tell = () => assert.fail('told')
  stop.addEventListener('abort', tell)
  stop.removeEventListener('abort', tell)
  stop.abort()
  stop.addEventListener('abort', tell)
})

test('without a reason it is the one of an AbortController', () => {
  const stop = new Stop()
  stop.throwIfAborted()
  stop.abort()
  assert.throws(() => stop.throwIfAborted(), { name: 'AbortError' })
})

test('a listener that leaves others while it is told takes nothing from those before', () => {
  const stop = new Stop()
  const told: string[] = []
  const last = () => told.push('last')
  stop.addEventListener('abort', () => {
    told.push('first')
    stop.removeEventListener('abort', last)
  })
  stop.addEventListener('abort', last)
  stop.abort()
  assert.deepEqual(told, ['first', 'last'])
})

test('a pause ends with its time, with its signal, and at once when that has been aborted', async () => {
  const stop = new Stop()
  await pauseFor(1, stop)
  const long = pauseFor(limits.resolver.questionMs, stop)
  stop.abort()
  await long
  await pauseFor(limits.resolver.questionMs, stop)
})
