import { DatabaseSync } from 'node:sqlite'
import type { StopSignal } from '../stop.ts'

/** Waits a moment; rejects when given up. */
export type Pause = (milliseconds: number, signal: StopSignal | undefined) => Promise<void>

export interface LockOptions {
  readonly waitMs: number
  readonly pollMs: number
  readonly pause: Pause
  readonly signal?: StopSignal | undefined
}

/**
 * Keeps all others from what this file stands for, in this process and in others, until the function that it resolves with
 * is called or the process is gone, however it ends: the lock is the kernel's, on a database that stays empty. Undefined
 * when another has it all the time. Rejects when the file cannot be made, and with the signal's reason.
 */
export async function takeFileLock(path: string, options: LockOptions): Promise<(() => void) | undefined> {
  const { waitMs, pollMs, pause, signal } = options
  for (let waited = 0; ; waited += pollMs) {
    signal?.throwIfAborted()
    const release = tryLock(path)
    if (release !== undefined) return release
    if (waited >= waitMs) return undefined
    await pause(pollMs, signal)
  }
}

function tryLock(path: string): (() => void) | undefined {
  const database = new DatabaseSync(path)
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return undefined
    throw error
  }
  return () => database.close()
}

/** SQLITE_BUSY */
const busy = 5
