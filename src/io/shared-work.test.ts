import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSharedWork } from './shared-work.ts'
import type { StopSignal } from './stop.ts'

/** Work that a test ends when it likes, and that notes what became of it. */
function heldWork() {
  const started: { signal: StopSignal; end: (value: string) => void; fail: (error: Error) => void }[] = []
  const start = (signal: StopSignal) =>
    new Promise<string>((end, fail) => {
      started.push({ signal, end, fail })
    })
  return { started, start }
}

test('STS-66: all who join one key wait for one piece of work', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const joined = [shared.join('a', start), shared.join('a', start), shared.join('b', start)]
  assert.equal(started.length, 2)
  started[0]?.end('one')
  started[1]?.end('other')
  assert.deepEqual(await Promise.all(joined), ['one', 'one', 'other'])
})

test('work that has ended is not joined, whether it went well or not', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const first = shared.join('a', start)
  started[0]?.fail(new Error('broken'))
  await assert.rejects(first, /broken/)
  const second = shared.join('a', start)
  started[1]?.end('well')
  assert.equal(await second, 'well')
  const third = shared.join('a', start)
  started[2]?.end('again')
  assert.equal(await third, 'again')
})

test('who gives up is told the reason at once, and the work goes on for the others', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const stop = new AbortController()
  const impatient = shared.join('a', start, stop.signal)
  const patient = shared.join('a', start)
  const reason = new Error('no time')
  stop.abort(reason)
  await assert.rejects(impatient, (error) => error === reason)
  assert.equal(started[0]?.signal.aborted, false)
  started[0]?.end('done')
  assert.equal(await patient, 'done')
})

test('work that nobody waits for any more is given up, and who comes then starts afresh', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const stop = new AbortController()
  const one = shared.join('a', start, stop.signal)
  const other = shared.join('a', start, stop.signal)
  stop.abort()
  await Promise.all([assert.rejects(one), assert.rejects(other)])
  assert.equal(started[0]?.signal.aborted, true)
  const late = shared.join('a', start)
  assert.equal(started.length, 2)
  started[0]?.fail(new Error('given up'))
  const later = shared.join('a', start)
  assert.equal(started.length, 2, 'the end of what was given up does not forget what came after')
  started[1]?.end('fresh')
  assert.deepEqual(await Promise.all([late, later]), ['fresh', 'fresh'])
})

test('whoever gives up may have a value instead, before the work, during it, and nobody else', async () => {
  const shared = createSharedWork<string>({ whenGivenUp: 'nothing' })
  const { started, start } = heldWork()
  assert.equal(await shared.join('a', start, AbortSignal.abort()), 'nothing')
  assert.equal(started.length, 0)
  const stop = new AbortController()
  const impatient = shared.join('a', start, stop.signal)
  const patient = shared.join('a', start)
  stop.abort()
  assert.equal(await impatient, 'nothing')
  started[0]?.fail(new Error('broken'))
  await assert.rejects(patient, /broken/)
})

test('who has given up before does not start anything', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const reason = new Error('too late')
  await assert.rejects(shared.join('a', start, AbortSignal.abort(reason)), (error) => error === reason)
  assert.equal(started.length, 0)
})

test('who gives up while the work starts is told so too', async () => {
  const shared = createSharedWork<string>()
  const { start } = heldWork()
  const stop = new AbortController()
  const reason = new Error('on second thoughts')
  const joined = shared.join(
    'a',
    (signal) => {
      stop.abort(reason)
      return start(signal)
    },
    stop.signal,
  )
  await assert.rejects(joined, (error) => error === reason)
})

test('closing gives everything up and waits until it has ended, also what was given up before', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  const stop = new AbortController()
  const abandoned = shared.join('a', start, stop.signal)
  stop.abort()
  await assert.rejects(abandoned)
  const joined = shared.join('b', start)
  let closed = false
  const closing = shared.close().then(() => {
    closed = true
  })
  assert.equal(started[1]?.signal.aborted, true)
  started[1]?.fail(new Error('given up'))
  await assert.rejects(joined, /given up/)
  await Promise.resolve()
  assert.equal(closed, false, 'one still works')
  started[0]?.end('after all')
  await closing
})

test('once closed, nothing is started any more', async () => {
  const shared = createSharedWork<string>()
  const { started, start } = heldWork()
  await shared.close()
  await assert.rejects(shared.join('a', start), { name: 'AbortError' })
  assert.equal(started.length, 0)
})
