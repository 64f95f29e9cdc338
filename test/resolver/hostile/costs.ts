import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { workingAlgorithms } from '../../../src/core/dnssec/algorithms.ts'

/** Work of the crypto library, counted where it is called, whatever the resolver's own counters say. */
export interface Costs {
  /** Signatures checked. */
  checks: number
  /** Keys read. */
  imports: number
  /** DS digests made. */
  digests: number
  /** Rounds of SHA-1, one for each NSEC3 iteration. */
  rounds: number
}

const costs: Costs = { checks: 0, imports: 0, digests: 0, rounds: 0 }
let isPaused = false

workingAlgorithms() // tests itself once, with the functions that are now replaced
const { verify, createPublicKey, hash, createHash } = crypto

type AnyFunction = (...given: never[]) => unknown

function counted<Called extends AnyFunction>(
  called: Called,
  count: (first: unknown) => keyof Costs | undefined,
): Called {
  return ((...given: never[]) => {
    const cost = isPaused ? undefined : count(given[0])
    if (cost !== undefined) costs[cost]++
    return called(...given)
  }) as Called
}

Object.assign(crypto, {
  verify: counted(verify, () => 'checks'),
  createPublicKey: counted(createPublicKey, () => 'imports'),
  hash: counted(hash, () => 'digests'),
  createHash: counted(createHash, (algorithm) => (algorithm === 'sha1' ? 'rounds' : undefined)),
})
syncBuiltinESMExports()

/** What the work costs, but for the servers' own. */
export async function costOf<Value>(
  work: () => Promise<Value>,
): Promise<{ readonly value: Value; readonly costs: Costs }> {
  Object.assign(costs, { checks: 0, imports: 0, digests: 0, rounds: 0 } satisfies Costs)
  const value = await work()
  return { value, costs: { ...costs } }
}

/** Runs what a server does, which does not count. */
export function atServer<Value>(work: () => Value): Value {
  isPaused = true
  try {
    return work()
  } finally {
    isPaused = false
  }
}
