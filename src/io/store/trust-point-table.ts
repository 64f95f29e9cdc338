import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { describeSqliteError } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import type { TableOptions } from './policy-table.ts'
import type { StoreWarning, TrustPointTable } from './store.ts'

/** One row a trust point: what is known of its keys is written as a whole, or not at all. RFC 5011 §4 */
export function createTrustPointTable(
  database: DatabaseSync,
  commit: GroupCommit,
  { rows, onWarning }: TableOptions,
): TrustPointTable {
  const find = database.prepare('SELECT state, digest FROM trust_points WHERE owner = ?')
  const put = database.prepare('INSERT OR REPLACE INTO trust_points (owner, state, digest) VALUES (?, ?, ?)')
  // What is replaced gets a number above all others, so that what nobody wrote for longest has the least.
  const trim = database.prepare(
    'DELETE FROM trust_points WHERE rowid NOT IN (SELECT rowid FROM trust_points ORDER BY rowid DESC LIMIT ?)',
  )
  const warn = (kind: StoreWarning['kind'], key: string, reason: string) =>
    onWarning({ kind, table: 'trust_points', key, reason })

  function read(owner: string): string | undefined {
    const row = find.get(owner)
    if (row === undefined) return undefined
    const state = String(row.state)
    if (digestOf(owner, state) === row.digest) return state
    warn('damaged-row', owner, 'what was known of its keys does not match its digest, and is begun anew')
    return undefined
  }

  return {
    find: async (owner) => {
      try {
        return read(owner)
      } catch (error) {
        warn('read-failed', owner, describeSqliteError(error))
        return undefined
      }
    },
    update: (owner, change) =>
      commit.write(
        () => {
          const state = change(read(owner))
          put.run(owner, state, digestOf(owner, state))
          trim.run(rows)
        },
        (reason) => warn('write-failed', owner, reason),
      ),
  }
}

function digestOf(owner: string, state: string): string {
  return createHash('sha256')
    .update(JSON.stringify([owner, state]))
    .digest('hex')
}
