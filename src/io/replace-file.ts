import { randomUUID } from 'node:crypto'
import { open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'

/**
 * Puts a text in the place of a file: whoever reads it sees the old one or the new one, and never half of either. What
 * is no plain file, as a pipe or a terminal, is written to as it stands. Rejects as Node does.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const before = await stat(path).catch(() => undefined)
  if (before !== undefined && !before.isFile()) return writeFile(path, text)
  await putInPlace(path, text, { isThere: before !== undefined, mode: before?.mode ?? 0o666 })
}

/** Puts what is written into the place of a plain file, or of none, in one step; a link stays one. */
export async function putInPlace(
  path: string,
  data: string | Uint8Array,
  { isThere, mode }: { readonly isThere: boolean; readonly mode: number },
): Promise<void> {
  const target = isThere ? await realpath(path) : path
  const draft = `${target}.${randomUUID()}`
  try {
    const file = await open(draft, 'wx', mode)
    try {
      await file.writeFile(data)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, target)
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw error
  }
}
