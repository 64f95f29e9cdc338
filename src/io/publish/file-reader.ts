import { isUtf8 } from 'node:buffer'
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs'
import { limits } from '../../core/limits.ts'

/** What a file holds, or why that cannot be used, in one line. */
export type ReadFile<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly reason: string }

/** Reads many files, those that have not changed since the last time not again. */
export interface FileReader {
  /** Lets others have their turn now and then; never rejects. A path is always read in the same way. */
  read<Value>(path: string, octetsMax: number, parse: (text: string) => ReadFile<Value>): Promise<ReadFile<Value>>
  /** How many files were read, and not taken as they were before. */
  readonly opened: number
}

interface Known {
  readonly stamp: string
  readonly read: ReadFile<unknown>
}

const known = Symbol('known')

interface Remembering extends FileReader {
  readonly [known]: ReadonlyMap<string, Known>
}

export function createFileReader(before?: FileReader): FileReader {
  const old = before === undefined ? new Map<string, Known>() : (before as Remembering)[known] // only made here
  const now = new Map<string, Known>()
  let count = 0
  let opened = 0
  const reader: Remembering = {
    [known]: now,
    async read<Value>(path: string, octetsMax: number, parse: (text: string) => ReadFile<Value>) {
      if (++count % limits.policyServer.filesInOneGo === 0) await new Promise(setImmediate)
      const found = readOne(path, octetsMax, old.get(path), (text) => {
        opened++
        return parse(text)
      })
      if (found.stamp !== undefined) now.set(path, { stamp: found.stamp, read: found.read })
      return found.read as ReadFile<Value> // by the same parser as before
    },
    get opened() {
      return opened
    },
  }
  return reader
}

interface Found {
  /** Undefined where the file could not be looked at. */
  readonly stamp?: string
  readonly read: ReadFile<unknown>
}

function readOne(
  path: string,
  octetsMax: number,
  before: Known | undefined,
  parse: (text: string) => ReadFile<unknown>,
): Found {
  let file: number | undefined
  try {
    // Never waits for somebody to write, as opening a pipe does.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const { mode, size, dev, ino, mtimeMs, ctimeMs } = fstatSync(file)
    const stamp = [dev, ino, size, mtimeMs, ctimeMs].join('.')
    if (before?.stamp === stamp) return before
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return refused('it is no plain file')
    if (size > octetsMax) return refused(`it is longer than ${octetsMax} octets`)
    const octets = readFileSync(file)
    return {
      stamp,
      read: isUtf8(octets) ? parse(octets.toString('utf8')) : { ok: false, reason: 'it is no UTF-8 text' },
    }
  } catch (error) {
    return refused((error as Error).message)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function refused(reason: string): Found {
  return { read: { ok: false, reason } }
}
