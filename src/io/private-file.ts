import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { putInPlace } from './replace-file.ts'

/** The octets of a plain file of at most so many; undefined where there is no file. Throws for anything else. */
export function readPrivateFile(path: string, octetsMax: number): Uint8Array | undefined {
  const file = openIfThere(path)
  if (file === undefined) return undefined
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Error('is no plain file')
    if (stat.size > octetsMax) throw new Error(`is longer than ${octetsMax} octets`)
    const octets = Buffer.alloc(stat.size)
    let at = 0
    while (at < octets.length) {
      const count = readSync(file, octets, at, octets.length - at, at)
      if (count === 0) break
      at += count
    }
    return octets.subarray(0, at)
  } finally {
    closeSync(file)
  }
}

/** Never waits for somebody to write, as opening a pipe does. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Puts octets in the place of a file that nobody else may read: whoever reads it sees the old one or the new one, and
 * never half of either, whatever happens meanwhile. Rejects as Node does.
 */
export async function writePrivateFile(path: string, octets: Uint8Array): Promise<void> {
  const before = await stat(path).catch(() => undefined)
  if (before?.isFile() === false) throw new Error(`${JSON.stringify(path)} is no plain file`)
  await putInPlace(path, octets, { isThere: before !== undefined, mode: 0o600 })
}
