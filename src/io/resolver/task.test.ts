import assert from 'node:assert/strict'
import { test } from 'node:test'
import { limits } from '../../core/limits.ts'
import { systemClock } from '../clock.ts'
import { createSharedWork } from '../shared-work.ts'
import { createTask, joinOnOwnMeans, octetsOfWords, type Task } from './task.ts'

function taskOf(queries?: number): Task {
  return createTask({ signal: new AbortController().signal, clock: systemClock, queries })
}

test('RES-36: a question costs as many queries as the limit says, and none more', () => {
  const task = taskOf()
  let taken = 0
  while (task.takeQuery('192.0.2.1')) taken++
  assert.equal(taken, limits.resolver.queries)
  assert.equal(task.takeQuery('192.0.2.2'), false)
  assert.equal(task.lastServer(), '192.0.2.1')
})

test('RES-36: what a task is split into counts together', () => {
  const task = taskOf(3)
  const part: Task = task.under(new AbortController().signal)
  assert.deepEqual(
    [task, part, task, part].map((one) => one.takeQuery('192.0.2.1')),
    [true, true, true, false],
  )
})

/** Joins work that takes a query and is spent without one. */
function joinTaking(work: ReturnType<typeof createSharedWork<boolean>>, task: Task) {
  const start = async (own: Task) => {
    await new Promise((resolve) => setImmediate(resolve))
    return own.takeQuery('192.0.2.1')
  }
  return joinOnOwnMeans(work, { key: 'a', task, start, isSpent: (isDone) => !isDone })
}

test('RES-36, DNSSEC-62: who joins a question without means does not fail with it', async () => {
  const work = createSharedWork<boolean>()
  const [poor, rich] = [taskOf(0), taskOf(1)]
  const all = [joinTaking(work, poor), joinTaking(work, rich), joinTaking(work, taskOf(0)), joinTaking(work, rich)]
  const found = await Promise.all(all)
  assert.deepEqual([found[0], found[1], found[3]], [false, true, true])
  assert.equal(rich.takeQuery('192.0.2.1'), false)
})

test('RES-05: who joins a question with means costs nothing', async () => {
  const work = createSharedWork<boolean>()
  const [first, second] = [taskOf(1), taskOf(1)]
  assert.deepEqual(await Promise.all([joinTaking(work, first), joinTaking(work, second)]), [true, true])
  assert.deepEqual([first.takeQuery('192.0.2.1'), second.takeQuery('192.0.2.1')], [false, true])
})

test('RES-21, WIRE-15: the words that strangers choose count as the memory that they take', () => {
  const said = Array.from({ length: 4 }, () => ({ code: 0, text: 'x'.repeat(256) }))
  assert.equal(octetsOfWords({ reason: undefined }), 0)
  assert.ok(octetsOfWords({ reason: 'y'.repeat(1000), said }) >= 2 * (1000 + 4 * 256))
})
