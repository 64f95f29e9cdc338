import type { DatabaseSync } from 'node:sqlite'
import type { DomainName } from '../../core/name/domain.ts'
import { describeSqliteError } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import type { TableOptions } from './policy-table.ts'
import { type KeptReport, type ListedReport, type ReportTable, StoreError, type StoreWarning } from './store.ts'

interface ReportTableOptions extends TableOptions {
  /** Of the contents of all rows. */
  readonly octets: number
}

type Row = Record<string, unknown>

/** Reports of the checker's page. A lost one is asked for again: nothing rests on them. */
export function createReportTable(
  database: DatabaseSync,
  commit: GroupCommit,
  { rows, octets, onWarning }: ReportTableOptions,
): ReportTable {
  const find = database.prepare('SELECT * FROM reports WHERE id = ? AND checked_at >= ?')
  const put = database.prepare(
    'INSERT OR REPLACE INTO reports (id, domain, is_private, checked_at, verdict, content, octets) VALUES (?, ?, ?, ?, ?, ?, ?)',
  )
  const latest = database.prepare(
    'SELECT id, domain, checked_at, verdict FROM reports WHERE domain = ? AND is_private = 0 AND checked_at >= ? ORDER BY checked_at DESC LIMIT 1',
  )
  // Of each domain the row that has the greatest time: SQLite takes the other columns from there.
  const list = database.prepare(
    'SELECT id, domain, max(checked_at) AS checked_at, verdict FROM reports WHERE is_private = 0 AND checked_at >= ? GROUP BY domain ORDER BY 3 DESC LIMIT ?',
  )
  const removeBefore = database.prepare('DELETE FROM reports WHERE checked_at < ?')
  const removeDomain = database.prepare('DELETE FROM reports WHERE domain = ?')
  const sum = database.prepare('SELECT count(*) AS count, coalesce(sum(octets), 0) AS octets FROM reports')
  const oldest = database.prepare('SELECT id, octets FROM reports ORDER BY checked_at, id LIMIT 100')
  const remove = database.prepare('DELETE FROM reports WHERE id = ?')
  /** Known from the first change on, and counted from then: adding up goes through all rows. */
  let total: { count: number; octets: number } | undefined
  const warn = (kind: StoreWarning['kind'], key: string, reason: string) =>
    onWarning({ kind, table: 'reports', key, reason })

  const read = <Value>(key: string, query: () => Value): Value => {
    try {
      return query()
    } catch (error) {
      const reason = describeSqliteError(error)
      warn('read-failed', key, reason)
      throw new StoreError(reason)
    }
  }
  const change = (key: string, apply: () => void) =>
    commit.write(apply, (reason) => {
      total = undefined
      warn('write-failed', key, reason)
    })
  const count = () => {
    const row = sum.get()
    return { count: Number(row?.count), octets: Number(row?.octets) }
  }
  const trim = () => {
    total ??= count()
    // Other processes add to it as well: what is believed is counted before anything goes.
    if (total.count > rows || total.octets > octets) total = count()
    while (total.count > rows || total.octets > octets) {
      const found = oldest.all()
      if (found.length === 0) return
      for (const row of found) {
        if (total.count <= rows && total.octets <= octets) return
        remove.run(String(row.id))
        total = { count: total.count - 1, octets: total.octets - Number(row.octets) }
      }
    }
  }

  return {
    find: async (id, since) => read(id, () => find.all(id, since).map(reportOf)[0]),
    put: (report) =>
      change(report.id, () => {
        const { id, domain, isPrivate, checkedAt, verdict, content } = report
        const size = Buffer.byteLength(content)
        put.run(id, domain, Number(isPrivate), checkedAt, verdict, content, size)
        if (total !== undefined) total = { count: total.count + 1, octets: total.octets + size }
        trim()
      }),
    latest: async (domain, since) => read(domain, () => latest.all(domain, since).map(listedOf)[0]),
    list: async (most, since) => read('', () => list.all(since, most).map(listedOf)),
    removeBefore: (time) =>
      change('', () => {
        if (Number(removeBefore.run(time).changes) > 0) total = undefined
      }),
    removeDomain: (domain) =>
      change(domain, () => {
        if (Number(removeDomain.run(domain).changes) > 0) total = undefined
      }),
  }
}

function reportOf(row: Row): KeptReport {
  return { ...listedOf(row), isPrivate: row.is_private !== 0, content: String(row.content) }
}

function listedOf(row: Row): ListedReport {
  const domain = String(row.domain) as DomainName // one when it was put
  return { id: String(row.id), domain, checkedAt: Number(row.checked_at), verdict: String(row.verdict) }
}
