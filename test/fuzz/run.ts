// Looks for inputs that make parsers throw, contradict themselves or work too long.
// node test/fuzz/run.ts [--seconds N] [--target NAME] [--seed N]
import { parseArgs } from 'node:util'
import { readCorpus, writeCorpus, writeFault } from './corpus.ts'
import { type Coverage, startCoverage } from './coverage.ts'
import { fuzz, selectInputs } from './fuzz.ts'
import { createRandom } from './mutate.ts'
import type { Target } from './target.ts'
import { targets } from './targets.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, target: { type: 'string' }, seed: { type: 'string' } },
})
const chosen = targets.filter(({ name }) => values.target === undefined || name === values.target)
const seconds = Number(values.seconds)
const seed = Number(values.seed ?? Date.now() % 2 ** 32)

if (chosen.length === 0 || !(seconds > 0) || !Number.isInteger(seed)) {
  process.stderr.write('usage: run.ts [--seconds N] [--target NAME] [--seed N]; targets are:\n')
  for (const { name } of targets) process.stderr.write(`  ${name}\n`)
  process.exit(64)
}

/** Fuzzes one target, keeps what it found, and says how many faults there were. */
async function fuzzTarget(target: Target, coverage: Coverage): Promise<number> {
  const deadline = performance.now() + (seconds * 1000) / chosen.length
  const kept = readCorpus(target.name).map(({ octets }) => octets)
  const goesOn = () => performance.now() < deadline
  const { pool, faults, tried, size } = await fuzz(target, kept, { coverage, random: createRandom(seed), goesOn })
  const inputs = await selectInputs(target, { kept, pool, coverage })
  writeCorpus(target.name, inputs)
  process.stdout.write(`${target.name}: ${tried} tried, ${size} characters of source run, ${inputs.length} kept\n`)
  for (const { octets, reason } of faults) {
    process.stdout.write(
      `  ${writeFault(target.name, octets)}\n    ${reason.split('\n').slice(0, 16).join('\n    ')}\n`,
    )
  }
  return faults.length
}

process.stdout.write(`seed ${seed}\n`)
const coverage = startCoverage()
let faults = 0
for (const target of chosen) faults += await fuzzTarget(target, coverage)
coverage.stop()
process.exit(faults === 0 ? 0 : 1)
