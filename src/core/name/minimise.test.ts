import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { names } from '../../../test/fuzz/arbitrary-names.ts'
import { limits } from '../limits.ts'
import { nextShown } from './minimise.ts'
import { isAtOrBelow, type Name, sameName } from './name.ts'
import { formatName, parseName } from './text.ts'

function nameOf(text: string): Name {
  const name = parseName(text)
  assert.ok(name.ok)
  return name.value
}

/** The names shown on the way from the root down. */
function shownOf(name: Name): Name[] {
  const all: Name[] = []
  while ((all.at(-1)?.labelCount ?? 0) < name.labelCount) all.push(nextShown(name, all.at(-1)?.labelCount ?? 0))
  return all
}

const ways: [text: string, shown: string[]][] = [
  ['org.', ['org.']],
  ['mx.example.org.', ['org.', 'example.org.', 'mx.example.org.']],
  ['_25._tcp.mx.example.org.', ['org.', 'example.org.', 'mx.example.org.', '_25._tcp.mx.example.org.']],
  ['_mta-sts.example.org.', ['org.', 'example.org.', '_mta-sts.example.org.']],
  ['a._b._c.org.', ['org.', '_b._c.org.', 'a._b._c.org.']],
]
for (const [text, shown] of ways) {
  test(`RES-31: the way down to ${text}`, () => {
    assert.deepEqual(shownOf(nameOf(text)).map(formatName), shown)
  })
}

const steps: [labels: number, steps: number[]][] = [
  [4, [1, 1, 1, 1]],
  [10, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
  [11, [1, 1, 1, 1, 1, 1, 1, 1, 1, 2]],
  [18, [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]],
  [127, [1, 1, 1, 1, 20, 20, 20, 21, 21, 21]],
]
for (const [labels, expected] of steps) {
  test(`RES-31: ${labels} labels are shown in ${expected.length} steps`, () => {
    const counts = shownOf(nameOf(`${'a.'.repeat(labels)}`)).map(({ labelCount }) => labelCount)
    assert.deepEqual(
      counts.map((count, at) => count - (counts[at - 1] ?? 0)),
      expected,
    )
  })
}

test('RES-31: whatever is known, every step shows more of the name, and ten show it all', () => {
  fc.assert(
    fc.property(names, fc.nat({ max: 127 }), (name, seed) => {
      const shown = name.labelCount === 0 ? 0 : seed % name.labelCount
      const next = nextShown(name, shown)
      assert.ok(isAtOrBelow(name, next))
      assert.ok(name.labelCount === 0 || next.labelCount > shown)
      const way = shownOf(name)
      assert.ok(way.length <= limits.resolver.minimiseCount)
      assert.ok(name.labelCount === 0 || sameName(way.at(-1) ?? next, name))
    }),
  )
})
