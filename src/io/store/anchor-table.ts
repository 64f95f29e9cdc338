import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { describeSqliteError } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import type { TableOptions } from './policy-table.ts'
import type { AnchorTable, KnownAnchor, StoreWarning } from './store.ts'

/** Anchors that nobody used for longest make room: per host, then in all. */
export function createAnchorTable(database: DatabaseSync, commit: GroupCommit, options: TableOptions): AnchorTable {
  const statements = prepareStatements(database)
  const warn = (kind: StoreWarning['kind'], key: string, reason: string) =>
    options.onWarning({ kind, table: 'anchors', key, reason })

  return {
    find: async (host) => {
      try {
        return statements.find.all(host).flatMap((row) => {
          const anchor = anchorOfRow(host, row)
          if (anchor === undefined) warn('damaged-row', host, 'the stored certificate does not match its digest')
          return anchor === undefined ? [] : [anchor]
        })
      } catch (error) {
        warn('read-failed', host, describeSqliteError(error))
        return []
      }
    },
    put: ({ host, digest, certificate, usedAt }) =>
      commit.write(
        () => {
          statements.put.run(host, digest, certificate, usedAt)
          statements.trimHost.run(host, host, limits.store.anchorsPerHost)
          statements.trim.run(options.rows)
        },
        (reason) => warn('write-failed', host, reason),
      ),
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    find: database.prepare('SELECT digest, certificate, used_at FROM anchors WHERE host = ? ORDER BY used_at DESC'),
    put: database.prepare('INSERT OR REPLACE INTO anchors (host, digest, certificate, used_at) VALUES (?, ?, ?, ?)'),
    trimHost: database.prepare(
      `DELETE FROM anchors WHERE host = ? AND rowid NOT IN
       (SELECT rowid FROM anchors WHERE host = ? ORDER BY used_at DESC LIMIT ?)`,
    ),
    trim: database.prepare(
      `DELETE FROM anchors WHERE rowid IN
       (SELECT rowid FROM anchors ORDER BY used_at LIMIT max(0, (SELECT count(*) FROM anchors) - ?))`,
    ),
  }
}

function anchorOfRow(host: DomainName, row: Record<string, unknown>): KnownAnchor | undefined {
  const { digest, certificate } = row
  if (!(certificate instanceof Uint8Array) || typeof digest !== 'string') return undefined
  if (createHash('sha256').update(certificate).digest('hex') !== digest) return undefined
  return { host, digest, certificate, usedAt: Number(row.used_at) }
}
