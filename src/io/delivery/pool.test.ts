import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mapPooled } from './pool.ts'

test('never more than so many at once, and results in the order of the items', async () => {
  let running = 0
  let most = 0
  const values = await mapPooled([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return item * 10
  })
  assert.deepEqual(values, [10, 20, 30, 40, 50, 60, 70])
  assert.equal(most, 3)
})

test('nothing to do is done at once', async () => {
  assert.deepEqual(await mapPooled([], 3, async () => assert.fail()), [])
})
