import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAgenda } from './agenda.ts'

test('everything is taken once, at the first time of asking after its second has come', () => {
  const step = fc.record({ plans: fc.array(fc.nat(100_000), { maxLength: 8 }), move: fc.nat(20_000) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), fc.nat(10_000), (steps, begin) => {
      const agenda = createAgenda<number>()
      let second = Math.floor(begin / 1000)
      let open = 0
      agenda.takeDue(begin)
      const take = (now: number) => {
        const before = second
        second = Math.floor(now / 1000)
        for (const first of agenda.takeDue(now)) {
          open--
          assert.ok(first <= second && (first > before || before === second), `${first} taken at ${second}`)
        }
      }
      let now = begin
      for (const { plans, move } of steps) {
        for (const at of plans) {
          agenda.plan(Math.max(Math.ceil(at / 1000), second + 1), at)
          open++
        }
        now += move
        take(now)
      }
      take(now + 200_000)
      assert.equal(open, 0)
    }),
  )
})

test('a clock that jumps ahead by years costs no more than what was planned', () => {
  const agenda = createAgenda<string>()
  agenda.takeDue(1000)
  agenda.plan('late', 9000)
  agenda.plan('early', 5000)
  assert.deepEqual(agenda.takeDue(1e15), ['early', 'late'])
  agenda.plan('past', 1)
  assert.deepEqual(agenda.takeDue(1e15 + 2000), ['past'])
})

test('what is planned after a clock was set back is taken at its time', () => {
  const agenda = createAgenda<string>()
  agenda.takeDue(1000)
  agenda.plan('before', 9_000_000)
  assert.deepEqual(agenda.takeDue(5_000_000), [])
  assert.deepEqual(agenda.takeDue(60_000), [])
  agenda.plan('after', 70_000)
  assert.deepEqual(agenda.takeDue(69_000), [])
  assert.deepEqual(agenda.takeDue(70_000), ['after'])
  assert.deepEqual(agenda.takeDue(9_000_000), ['before'])
})
