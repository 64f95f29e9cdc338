import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { createMatrix, kindsOf } from './mutation-matrix.ts'
import type { Engine } from './signed-world.ts'

/** Set to `all` it makes every mutation be tried, which takes many minutes; else a fixed choice of them is. */
const isWhole = process.env.WAXSEAL_MUTATIONS === 'all'

/** A test for each kind of good answer: no change of its replies makes it other than it is, but for a failure. */
export function checkMatrix(engine: Engine): void {
  const denials = ['nsec', 'nsec3', 'opt-out'] as const
  let matrix: Awaited<ReturnType<typeof createMatrix>>
  before(async () => {
    matrix = await createMatrix(engine, denials.flatMap(kindsOf), isWhole)
  })
  for (const denial of denials) {
    for (const kind of kindsOf(denial)) {
      test(`DNSSEC-01, DNSSEC-60: ${engine}: ${denial}: ${kind.kind}: mutations never make it ${unwanted(kind.status)}`, async (t) => {
        const { tried, wrong } = await matrix.play(kind)
        t.diagnostic([...tried].map(([sort, count]) => `${sort} ${count}`).join(', '))
        assert.ok(tried.size > 0)
        assert.deepEqual(wrong, [])
      })
    }
  }
}

function unwanted(status: 'secure' | 'insecure'): string {
  return status === 'secure' ? 'secure with other data, or insecure' : 'secure'
}
