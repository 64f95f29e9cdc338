import type { DatabaseSync } from 'node:sqlite'
import { limits } from '../../core/limits.ts'
import { describeSqliteError } from './database.ts'
import type { WriteOutcome } from './store.ts'

/** Joins the writes of a short while into one transaction, because every commit waits for the disk. */
export interface GroupCommit {
  /** Applies the change at once, for readers here, and resolves when it is committed. `onLost` hears why it is not. */
  write(change: () => void, onLost: (reason: string) => void): Promise<WriteOutcome>
  /** Commits what is open. */
  flush(): void
}

interface Waiting {
  readonly settle: (outcome: WriteOutcome) => void
  readonly onLost: (reason: string) => void
}

export function createGroupCommit(database: DatabaseSync): GroupCommit {
  const savepoint = database.prepare('SAVEPOINT change')
  const release = database.prepare('RELEASE change')
  let waiting: Waiting[] = []
  let timer: NodeJS.Timeout | undefined
  let lastCommit = Number.NEGATIVE_INFINITY

  const settleAll = (outcome: WriteOutcome, reason?: string) => {
    const settled = waiting
    waiting = []
    clearTimeout(timer)
    timer = undefined
    for (const { settle, onLost } of settled) {
      if (reason !== undefined) onLost(reason)
      settle(outcome)
    }
  }
  const giveUp = (error: unknown) => {
    try {
      if (database.isTransaction) database.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself: the first error is the one to tell.
    }
    settleAll('lost', describeSqliteError(error))
  }
  const flush = () => {
    if (waiting.length === 0) return
    try {
      database.exec('COMMIT')
      lastCommit = performance.now()
      settleAll('durable')
    } catch (error) {
      giveUp(error)
    }
  }
  // A change that cannot be made takes none of those with it that wait beside it.
  const applyAlone = (change: () => void) => {
    savepoint.run()
    try {
      change()
      release.run()
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK TO change; RELEASE change')
      throw error
    }
  }
  const write = (change: () => void, onLost: (reason: string) => void) =>
    new Promise<WriteOutcome>((settle) => {
      const one = { settle, onLost }
      waiting.push(one)
      try {
        if (!database.isTransaction) database.exec('BEGIN IMMEDIATE')
        applyAlone(change)
        const pause = lastCommit + limits.store.commitPauseMs - performance.now()
        timer ??= setTimeout(flush, Math.max(0, pause))
      } catch (error) {
        // SQLite may have rolled everything back by itself, on a full disk for one.
        if (!database.isTransaction || waiting.length === 1) return giveUp(error)
        waiting = waiting.filter((other) => other !== one)
        onLost(describeSqliteError(error))
        settle('lost')
      }
    })
  return { write, flush }
}
