import assert from 'node:assert/strict'
import { test } from 'node:test'
import { soleText } from './versioned-text.ts'

const cases: [what: string, records: string[][], expected: string][] = [
  ['none', [], 'none'],
  ['one, whatever it is', [['v=spf1 -all']], 'v=spf1 -all'],
  ['one in pieces', [['v=X1', '; a=b']], 'v=X1; a=b'],
  ['one among others', [['v=spf1 -all'], ['v=X1; a=b'], ['x']], 'v=X1; a=b'],
  ['only others', [['v=spf1 -all'], ['x']], 'none'],
  ['another version, with others', [['v=X10; a=b'], ['x']], 'none'],
  ['two', [['v=X1; a=b'], ['v=X1; a=c']], 'several'],
]
for (const [what, records, expected] of cases) {
  test(`STS-4, STS-5: of all TXT records of a name: ${what}`, () => {
    const found = soleText(records, 'v=X1;')
    assert.equal(found.ok ? found.value : found.fault, expected)
  })
}
