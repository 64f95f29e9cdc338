import crypto, { type KeyObject } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createProbeContexts } from '../../src/io/probe/probe-contexts.ts'
import { bareSession } from './bare-session.ts'
import { type BatchLab, createBatch, type Query, type SignatureCheck, startBatchLab, watchSignatures } from './batch.ts'
import type { BatchSize } from './batch-world.ts'

/** Domains at once, as `waxseal check --file` has them, and sessions of the bare client. */
const atOnce = 8

/** Of one round, each domain's part, processor time in microseconds. */
interface Round {
  readonly ours: number
  readonly bare: number
  /** The same datagrams as ours, sent and answered, without a look at the answers. */
  readonly sockets: number
  /** Signature checks that were made, and those of them that differ: the others were made before. */
  readonly made: number
  readonly checks: number
  readonly queries: number
}

/** `probes` is how often the MX host that was asked most was asked, in a round. */
export async function measureBatch(
  size: BatchSize,
  count: number,
): Promise<{ readonly rounds: readonly Round[]; readonly probes: number }> {
  const lab = await startBatchLab(size)
  try {
    const contexts = Object.values(createProbeContexts({ ca: lab.ca }).keys)
    const warmUp = Math.min(200, size.domains)
    await checkAll(lab, warmUp)
    const rounds: Round[] = []
    let most = 0
    for (let round = 0; round < count; round++) {
      await lab.connections() // of the bare client
      const stop = watchSignatures()
      lab.takeQueries()
      const ours = await cpuOf(() => checkAll(lab, size.domains))
      const made = stop()
      const queries = lab.takeQueries()
      most = Math.max(most, ...Object.values(await lab.connections()))
      const checks = [...new Map(made.map((check) => [keyOf(check), check])).values()]
      const keys = keysOf(checks)
      const bare = await cpuOf(async () => {
        verifyAll(checks, keys)
        await forEach(2 * size.hosts, async (number) => {
          const [context] = contexts.slice(number % 2)
          const host = lab.hosts[number >> 1]
          if (context !== undefined && host !== undefined) await bareSession(host, context, { isTrusted: false })
        })
      })
      const sockets = await cpuOf(() => forEach(queries.length, (number) => askBare(lab, queries[number])))
      const each = { ours, bare, made: made.length, checks: checks.length, queries: queries.length }
      const { domains } = size
      rounds.push({
        ...{ ours: ours / domains, bare: bare / domains, sockets: sockets / domains, made: each.made / domains },
        ...{ checks: each.checks / domains, queries: each.queries / domains },
      })
    }
    return { rounds, probes: most / 2 } // a probe has a session for each kind of key
  } finally {
    lab.close()
  }
}

/** A socket for each question, as resolvers must have it. RFC 5452 §4.5 */
async function askBare({ network }: BatchLab, query: Query | undefined): Promise<void> {
  if (query === undefined) return
  const opened = await network.openUdp(query.to, { chosenBy: 'operator' })
  if (!opened.ok) throw new Error(opened.fault)
  await new Promise<void>((resolve) => {
    opened.value.onMessage = () => resolve()
    opened.value.send(query.message)
  })
  opened.value.close()
}

function keyOf({ signature, data }: SignatureCheck): string {
  return `${octets(signature).toString('latin1')} ${crypto.hash('sha256', octets(data))}`
}

function octets({ buffer, byteOffset, byteLength }: NodeJS.ArrayBufferView): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** The keys as they were read from DNS. */
function keysOf(checks: readonly SignatureCheck[]): ReadonlyMap<KeyObject, Buffer> {
  return new Map(checks.map(({ key }) => [key, key.export({ type: 'spki', format: 'der' })]))
}

/** Each key is new to the crypto library, as it is to a check: the first use of one costs as much as several more. */
function verifyAll(checks: readonly SignatureCheck[], keys: ReadonlyMap<KeyObject, Buffer>): void {
  const imported = new Map<KeyObject, KeyObject>()
  for (const [key, octets] of keys) {
    imported.set(key, crypto.createPublicKey({ key: octets, type: 'spki', format: 'der' }))
  }
  for (const { digest, data, key, signature, isGood } of checks) {
    const isGoodNow = crypto.verify(digest, data, imported.get(key) ?? key, signature)
    if (isGoodNow !== isGood) throw new Error('a signature is not what it was')
  }
}

/** Checks the first domains in a world that knows nothing yet. */
async function checkAll(lab: BatchLab, domains: number): Promise<void> {
  const batch = createBatch(lab)
  await forEach(domains, (number) => batch.check(number).then(() => {}))
  await batch.close()
}

async function forEach(count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0
  const hand = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: atOnce }, hand))
}

/** Microseconds of CPU, all threads together. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}

/** Megabytes in use after each thousand domains, and by how much the last has more than the first. */
export async function measureMemory(
  size: BatchSize,
): Promise<{ readonly samples: readonly number[]; readonly growthMb: number }> {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void // V8's own
  const lab = await startBatchLab(size)
  const batch = createBatch(lab)
  const samples: number[] = []
  try {
    // Each host is met before: it is domains that are many.
    const zones = Math.min(size.hosts, Math.floor(size.domains / size.domainsOfZone))
    await forEach(zones, (zone) => batch.check(zone * size.domainsOfZone).then(() => {}))
    for (let done = 0; done < size.domains; done += 1000) {
      await forEach(Math.min(1000, size.domains - done), (number) => batch.check(done + number).then(() => {}))
      lab.takeQueries() // which are the bench's own
      gc()
      await turn() // what native objects held is given back after they are collected
      gc()
      const { heapUsed, external } = process.memoryUsage()
      samples.push((heapUsed + external) / 2 ** 20)
    }
  } finally {
    await batch.close()
    lab.close()
  }
  return { samples, growthMb: (samples.at(-1) ?? 0) - (samples[0] ?? 0) }
}
