import { type Coverage, createMemory, type Memory, type Run } from './coverage.ts'
import { mutate, type Random } from './mutate.ts'
import type { Target } from './target.ts'

/** What inputs may cost, and how many are kept. */
export const bounds = {
  octets: 1024,
  inputs: 40,
  /** Blocks entered for an input, whatever its length, and for each octet of it unless its target says otherwise. */
  work: 5000,
  workPerOctet: 50,
} as const

export interface Fault {
  readonly octets: Uint8Array
  readonly reason: string
}

/** What an input made run; or, as text, the fault in the code that it shows. */
export async function examine(target: Target, octets: Uint8Array, coverage: Coverage): Promise<Run | string> {
  coverage.take()
  const reason = await failureOf(target, octets)
  const run = coverage.take()
  if (reason !== undefined) return reason
  const allowed = allowedWork(target, octets)
  return run.work > allowed ? `${run.work} blocks entered, ${allowed} allowed` : run
}

async function failureOf(target: Target, octets: Uint8Array): Promise<string | undefined> {
  try {
    await target.run(octets)
    return undefined
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error)
  }
}

function allowedWork({ workPerOctet = bounds.workPerOctet }: Target, octets: Uint8Array): number {
  return bounds.work + workPerOctet * octets.length
}

/** What fuzzing came to. */
export interface Found {
  /** Inputs that each ran what none before them did. */
  readonly pool: readonly Uint8Array[]
  readonly faults: readonly Fault[]
  readonly tried: number
  /** Characters of source that ran. */
  readonly size: number
}

interface Fuzzing {
  readonly target: Target
  readonly coverage: Coverage
  readonly memory: Memory
  readonly pool: Uint8Array[]
  readonly faults: Fault[]
  /** Blocks that a batch usually enters. */
  usualWork: number
}

const batchSize = 64
const faultsMax = 5

/** Mutates inputs until `goesOn` says no, or some faults are found; an input that runs new code joins the pool. */
export async function fuzz(
  target: Target,
  start: readonly Uint8Array[],
  { coverage, random, goesOn }: { coverage: Coverage; random: Random; goesOn: () => boolean },
): Promise<Found> {
  const fuzzing: Fuzzing = { target, coverage, memory: createMemory(), pool: [], faults: [], usualWork: 0 }
  for (const octets of [new Uint8Array(0), ...target.seeds, ...start]) await consider(fuzzing, octets)
  let tried = 0
  while (goesOn() && fuzzing.faults.length < faultsMax) {
    const batch = Array.from({ length: batchSize }, () => nextInput(fuzzing, random))
    tried += batch.length
    if (await isTelling(fuzzing, batch)) for (const octets of batch) await consider(fuzzing, octets)
  }
  return { pool: fuzzing.pool, faults: fuzzing.faults, tried, size: fuzzing.memory.size }
}

function nextInput({ pool, target }: Fuzzing, random: Random): Uint8Array {
  const parent = pool[random(pool.length)] ?? new Uint8Array(0)
  const other = pool[random(pool.length)] ?? parent
  return mutate(parent, { random, words: target.words, other, octetsMax: bounds.octets })
}

/** Asking for coverage costs more than most runs: a batch is asked for at once, and looked at singly if that tells. */
async function isTelling(fuzzing: Fuzzing, batch: readonly Uint8Array[]): Promise<boolean> {
  const { target, coverage, memory, faults, usualWork } = fuzzing
  coverage.take()
  for (const octets of batch) {
    const reason = await failureOf(target, octets)
    if (reason !== undefined) addFault(faults, { octets, reason })
  }
  const run = coverage.take()
  fuzzing.usualWork += (run.work - usualWork) / 8
  return (
    run.work > usualWork + Math.min(...batch.map((octets) => allowedWork(target, octets))) || memory.wouldLearn(run)
  )
}

async function consider({ target, coverage, memory, pool, faults }: Fuzzing, octets: Uint8Array): Promise<void> {
  const run = await examine(target, octets, coverage)
  if (typeof run === 'string') addFault(faults, { octets, reason: run })
  else if (memory.learn(run) > 0 && octets.length <= bounds.octets) pool.push(octets)
}

/** Faults that begin with the same words are one, shown by the shortest input. */
function addFault(faults: Fault[], fault: Fault): void {
  const title = ({ reason }: Fault) => reason.replace(/\d+/g, '').slice(0, 60)
  const known = faults.findIndex((other) => title(other) === title(fault))
  if (known < 0) faults.push(fault)
  else if (fault.octets.length < (faults[known]?.octets.length ?? 0)) faults[known] = fault
}

/**
 * The inputs worth keeping, at most `bounds.inputs`: those kept before first, so that the corpus stays what it is, then
 * the shortest; each must run what the ones before it do not.
 */
export async function selectInputs(
  target: Target,
  { kept, pool, coverage }: { kept: readonly Uint8Array[]; pool: readonly Uint8Array[]; coverage: Coverage },
): Promise<Uint8Array[]> {
  const memory = createMemory()
  const gains: { octets: Uint8Array; gain: number }[] = []
  for (const octets of [...kept, ...pool.toSorted((one, other) => one.length - other.length)]) {
    const run = await examine(target, octets, coverage)
    const gain = typeof run === 'string' ? 0 : memory.learn(run)
    if (gain > 0) gains.push({ octets, gain })
  }
  const best = gains.toSorted((one, other) => other.gain - one.gain).slice(0, bounds.inputs)
  return best.map(({ octets }) => octets)
}
