import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTurns } from './turns.ts'

test('so many at once, the others in the order of their coming, and no more than may wait', async () => {
  const turns = createTurns(2, 2)
  const order: string[] = []
  const come = (name: string) =>
    turns.take()?.then((done) => {
      order.push(name)
      return done
    })
  const first = come('first')
  const second = come('second')
  const third = come('third')
  const fourth = come('fourth')
  assert.equal(come('fifth'), undefined)
  assert.equal(turns.waiting, 2)
  const doneFirst = await first
  const doneSecond = await second
  assert.deepEqual(order, ['first', 'second'])
  doneFirst?.()
  doneFirst?.() // once is enough
  await third
  assert.deepEqual(order, ['first', 'second', 'third'])
  doneSecond?.()
  const doneFourth = await fourth
  doneFourth?.()
  ;(await third)?.()
  assert.equal(turns.waiting, 0)
  assert.ok(await come('sixth'))
})
