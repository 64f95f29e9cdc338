// The world of a batch, in a process of its own so that its work counts for nobody; prints how to get there.
import { systemClock } from '../../src/io/clock.ts'
import { startLab } from '../../src/programs/lab/lab.ts'
import { type BatchSize, batchWorld } from './batch-world.ts'

/** What a process besides needs. */
export interface BatchPlaces {
  readonly places: readonly { readonly world: Address; readonly local: Address }[]
  readonly rootHints: readonly Address[]
  readonly trustAnchors: string
  readonly ca: string
}

interface Address {
  readonly address: string
  readonly port: number
}

const size = JSON.parse(process.argv[2] ?? '') as BatchSize // our own text
const lab = await startLab(batchWorld(size), { clock: systemClock })
const { rootHints, trustAnchors, ca } = lab
process.stdout.write(`${JSON.stringify({ places: lab.places(), rootHints, trustAnchors, ca } satisfies BatchPlaces)}\n`)
/** How often anybody connected to each host, for who asks. */
process.stdin.on('data', () => {
  const counts: Record<string, number> = {}
  for (const host of lab.diary.connected) counts[host] = (counts[host] ?? 0) + 1
  lab.reset()
  process.stdout.write(`${JSON.stringify(counts)}\n`)
})
process.stdin.on('end', () => process.exit())
