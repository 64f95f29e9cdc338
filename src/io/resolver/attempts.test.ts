import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patienceBy } from './attempts.ts'

const waits: [why: string, factor: number, usualMs: number | undefined, rounds: number[]][] = [
  ['a server not measured', 1, undefined, [400, 800, 1500, 1500]],
  ['a fast server', 1, 20, [400, 800, 1500, 1500]],
  ['a slow server', 1, 250, [600, 1200, 1500, 1500]],
  ['a server slower than anybody waits', 1, 5000, [1500, 1500, 1500, 1500]],
  ['a server that asks others', 4, undefined, [1600, 3200, 6000, 6000]],
  ['a server nearby', 0.1, 20, [50, 100, 150, 150]],
]
for (const [why, factor, usualMs, rounds] of waits) {
  test(`RES-16: ${why} is waited for longer each round, up to a bound`, () => {
    const patience = patienceBy(factor)
    assert.deepEqual(
      rounds.map((_, round) => patience(round, usualMs)),
      rounds,
    )
  })
}
