import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = join(import.meta.dirname, 'corpus')

/** A kept input. Those that showed a fault once have names that begin with `fault-`, and stay. */
export interface Kept {
  readonly file: string
  readonly octets: Uint8Array
}

/** The names of the targets that have inputs. */
export function readTargets(): string[] {
  return readdirSync(folder).sort()
}

/** The inputs kept for a target, in the order of their names. */
export function readCorpus(target: string): Kept[] {
  const path = join(folder, target)
  if (!existsSync(path)) return []
  const files = readdirSync(path).sort()
  return files.map((file) => ({ file, octets: Uint8Array.from(readFileSync(join(path, file))) }))
}

/** Keeps these inputs, and of the others only those that showed a fault once. */
export function writeCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const path = join(folder, target)
  mkdirSync(path, { recursive: true })
  const wanted = new Map(inputs.map((octets) => [nameOf(octets), octets]))
  for (const { file } of readCorpus(target)) {
    if (!wanted.has(file) && !file.startsWith('fault-')) rmSync(join(path, file))
  }
  for (const [file, octets] of wanted) if (!existsSync(join(path, file))) writeFileSync(join(path, file), octets)
}

/** Keeps an input that shows a fault, and says where. */
export function writeFault(target: string, octets: Uint8Array): string {
  const path = join(folder, target)
  mkdirSync(path, { recursive: true })
  const file = join(path, `fault-${nameOf(octets)}`)
  writeFileSync(file, octets)
  return file
}

function nameOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex').slice(0, 12)
}
