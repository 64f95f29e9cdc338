import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createHeap } from './heap.ts'

test('the least that is valid comes first, whatever was pushed and became invalid', () => {
  const commands = fc.array(fc.oneof(fc.nat({ max: 50 }), fc.constant('pop' as const), fc.constant('spoil' as const)))
  fc.assert(
    fc.property(commands, (all) => {
      const valid = new Set<{ value: number }>()
      const heap = createHeap<{ value: number }>(
        (one, other) => one.value - other.value,
        (item) => valid.has(item),
      )
      const least = () => Math.min(...[...valid].map(({ value }) => value))
      for (const command of all) {
        if (command === 'pop') {
          const expected = valid.size === 0 ? undefined : least()
          const popped = heap.pop()
          assert.equal(popped?.value, expected)
          if (popped !== undefined) valid.delete(popped)
        } else if (command === 'spoil') {
          const [first] = valid
          if (first !== undefined) valid.delete(first)
        } else {
          const item = { value: command }
          valid.add(item)
          heap.push(item)
        }
        assert.equal(heap.peek()?.value, valid.size === 0 ? undefined : least())
        assert.equal(heap.valid().length, valid.size)
      }
    }),
  )
})

test('what has become invalid is cleared away in the end', () => {
  let current: object | undefined
  let looks = 0
  const heap = createHeap<object>(
    () => 0,
    (item) => {
      looks++
      return item === current
    },
  )
  for (let each = 0; each < 100_000; each++) {
    current = {}
    heap.push(current)
  }
  looks = 0
  assert.equal(heap.valid().length, 1)
  assert.ok(looks <= 1001, `${looks} are still there`)
})
