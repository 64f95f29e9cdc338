import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLoopTurns } from './loop-turns.ts'

test('one goes at once, each of the others in a turn of the loop of its own, in order', async () => {
  const take = createLoopTurns()
  let turn = 0
  let counting = setImmediate(function count() {
    turn++
    counting = setImmediate(count)
  })
  const went: [name: string, turn: number][] = []
  assert.equal(take(), undefined)
  const others = ['second', 'third', 'fourth'].map((name) => take()?.then(() => went.push([name, turn])))
  assert.ok(others.every((other) => other !== undefined))
  await Promise.all(others)
  clearImmediate(counting)
  assert.deepEqual(
    went.map(([name]) => name),
    ['second', 'third', 'fourth'],
  )
  assert.equal(new Set(went.map(([, at]) => at)).size, 3, 'two went in one turn')
})

test('after a turn without anybody the next goes at once again', async () => {
  const take = createLoopTurns()
  assert.equal(take(), undefined)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(take(), undefined)
})
