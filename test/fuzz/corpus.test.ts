import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readCorpus, readTargets } from './corpus.ts'
import { startCoverage } from './coverage.ts'
import { bounds, examine } from './fuzz.ts'
import { targets } from './targets.ts'

const coverage = startCoverage()
after(() => coverage.stop())

for (const target of targets) {
  test(`WIRE-38: no kept input makes ${target.name} throw, contradict itself or work too long`, async () => {
    const inputs = readCorpus(target.name)
    assert.ok(inputs.length > 0, 'nothing is kept')
    for (const { file, octets } of inputs) {
      const run = await examine(target, octets, coverage)
      assert.equal(typeof run === 'string' ? run : undefined, undefined, file)
      assert.ok(octets.length <= bounds.octets, file)
    }
  })
}

test('WIRE-38: every kept input belongs to a target', () => {
  assert.deepEqual(readTargets(), targets.map(({ name }) => name).sort())
})
