import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { readWireName } from '../../src/core/dns/wire-name.ts'
import { createMemory, startCoverage } from './coverage.ts'
import { bounds, examine, fuzz, selectInputs } from './fuzz.ts'
import { createRandom, mutate } from './mutate.ts'
import type { Target } from './target.ts'

const coverage = startCoverage()
after(() => coverage.stop())

function read(octets: Uint8Array) {
  return readWireName(octets, 0, { limit: octets.length, compressed: true, budget: { octets: 65535 } })
}

/** Fails for names of two labels, which only an input that was led there step by step has. */
const planted: Target = {
  name: 'planted',
  run(octets) {
    const name = read(octets)
    if (name.ok && name.value.name.labelCount >= 2) throw new Error('two labels')
  },
  seeds: [],
  words: [Uint8Array.of(1, 97)],
}

function times(count: number): () => boolean {
  let left = count
  return () => left-- > 0
}

test('fuzzing finds a planted fault, and what it keeps ran something new', async () => {
  const { faults, pool } = await fuzz(planted, [], { coverage, random: createRandom(1), goesOn: times(40) })
  assert.equal(faults.length, 1)
  assert.match(faults[0]?.reason ?? '', /two labels/)
  assert.ok(pool.length > 1)
})

test('an input that makes too many steps is a fault, though it throws nothing', async () => {
  const slow: Target = {
    ...planted,
    run: () => void Array.from({ length: 2 * bounds.work }, () => read(Uint8Array.of(0))),
  }
  assert.match(String(await examine(slow, new Uint8Array(0), coverage)), /blocks entered/)
})

test('of inputs that run the same, one is kept', async () => {
  const quiet: Target = { ...planted, run: (octets) => void read(octets) }
  const pool = [Uint8Array.of(1, 97, 0), Uint8Array.of(1, 98, 0), Uint8Array.of(0x40), Uint8Array.of(0x41)]
  assert.equal((await selectInputs(quiet, { kept: [], pool, coverage })).length, 2)
})

test('memory learns from a run once', async () => {
  const memory = createMemory()
  const run = await examine({ ...planted, run: (octets) => void read(octets) }, Uint8Array.of(0xff, 1), coverage)
  assert.ok(typeof run !== 'string' && memory.wouldLearn(run))
  assert.ok(memory.learn(run) > 0)
  assert.ok(!memory.wouldLearn(run) && memory.learn(run) === 0)
})

function mutantsOf(seed: number): Uint8Array[] {
  const random = createRandom(seed)
  const material = { random, words: [Uint8Array.of(1, 2, 3)], other: new Uint8Array(50), octetsMax: 60 }
  return Array.from({ length: 500 }, () => mutate(new Uint8Array(40), material))
}

test('mutants are the same for the same seed', () => {
  assert.deepEqual(mutantsOf(3), mutantsOf(3))
  assert.notDeepEqual(mutantsOf(3), mutantsOf(4))
})

test('mutants keep to their bound, and differ', () => {
  const mutants = mutantsOf(3)
  assert.ok(mutants.every((mutant) => mutant.length <= 60))
  assert.ok(new Set(mutants.map((mutant) => mutant.join())).size > 300)
})
