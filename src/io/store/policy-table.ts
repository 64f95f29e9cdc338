import { hash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { describeSqliteError } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import {
  type FailedFetch,
  type PolicyTable,
  type StoredPolicy,
  StoreError,
  type StoreWarning,
  type WriteOutcome,
} from './store.ts'

/** How the tables are bounded, and whom they tell of trouble. */
export interface TableOptions {
  readonly rows: number
  readonly onWarning: (warning: StoreWarning) => void
}

type Row = Record<string, unknown>

export function createPolicyTable(database: DatabaseSync, commit: GroupCommit, options: TableOptions): PolicyTable {
  const statements = prepareStatements(database)
  const warn = (kind: StoreWarning['kind'], key: string, reason: string) =>
    options.onWarning({ kind, table: 'policies', key, reason })
  let puts = 0
  let scrubbed = Number.MIN_SAFE_INTEGER

  const change = (key: string, apply: () => void): Promise<WriteOutcome> =>
    commit.write(apply, (reason) => warn('write-failed', key, reason))
  const understand = (rows: readonly Row[]): StoredPolicy[] =>
    rows.flatMap((row) => {
      const policy = policyOfRow(row)
      if (policy === undefined) warn('damaged-row', String(row.domain), 'the stored policy does not match its digest')
      return policy === undefined ? [] : [policy]
    })
  const read = (key: string, query: () => Row[]): Row[] | StoreError => {
    try {
      return query()
    } catch (error) {
      const reason = describeSqliteError(error)
      warn('read-failed', key, reason)
      return new StoreError(reason)
    }
  }
  const readMany = (query: () => Row[]): StoredPolicy[] => {
    const rows = read('', query)
    return rows instanceof StoreError ? [] : understand(rows)
  }
  // Counting rows costs, so not at every policy, but at the first: a command may put no second.
  const trim = () => {
    if (puts++ % Math.max(1, Math.floor(options.rows / 100)) === 0) statements.trim.run(options.rows)
  }

  return {
    find: async (domain) => {
      const rows = read(domain, () => statements.find.all(domain))
      if (rows instanceof StoreError) throw rows
      return understand(rows)[0]
    },
    put: (policy) =>
      change(policy.domain, () => {
        statements.put.run(...valuesOf(policy))
        statements.forgetFailures.run(policy.domain)
        trim()
      }),
    async putIfNewer(policy) {
      let isPut = false
      const written = await change(policy.domain, () => {
        isPut = Number(statements.putIfNewer.run(...valuesOf(policy)).changes) > 0
        if (isPut) trim()
      })
      return written === 'durable' && !isPut ? 'kept' : written
    },
    postpone: (domain, refreshAt) => change(domain, () => statements.postpone.run(refreshAt, domain)),
    remove: (domain) => change(domain, () => statements.remove.run(domain)),
    due: async (now, count) => readMany(() => statements.due.all(now, now, count)),
    list: async (count, after = '') => readMany(() => statements.list.all(after, count)),
    count: async () => {
      const rows = read('', () => statements.count.all())
      if (rows instanceof StoreError) throw rows
      return Number(rows[0]?.count)
    },
    async scrub(count) {
      const rows = read('', () => statements.walk.all(scrubbed, count))
      if (rows instanceof StoreError) return
      scrubbed = rows.length < count ? Number.MIN_SAFE_INTEGER : Number(rows.at(-1)?.rowid)
      const lost = rows.find(({ rowid, domain }) => {
        const found = read(String(domain), () => statements.locate.all(String(domain)))
        return !(found instanceof StoreError) && found[0]?.rowid !== rowid
      })
      if (lost === undefined) return
      warn('damaged-row', String(lost.domain), 'the index of policies is damaged, and is made anew')
      await change(String(lost.domain), () => database.exec('REINDEX policies'))
    },
    findFailure: async (domain, id) => {
      try {
        return failureOfRow(domain, id, statements.findFailure.get(domain, id))
      } catch (error) {
        options.onWarning({ kind: 'read-failed', table: 'failures', key: domain, reason: describeSqliteError(error) })
        return undefined
      }
    },
    putFailure: (failed) =>
      commit.write(
        () => {
          statements.putFailure.run(failed.domain, failed.id, failed.at, failed.failure)
          statements.ageFailures.run(failed.at - limits.store.failuresKeptMs)
          statements.trimFailures.run(limits.store.failures)
        },
        (reason) => options.onWarning({ kind: 'write-failed', table: 'failures', key: failed.domain, reason }),
      ),
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    find: database.prepare('SELECT * FROM policies WHERE domain = ?'),
    put: database.prepare(
      `INSERT OR REPLACE INTO policies (domain, id, body, mode, max_age, fetched_at, expires_at, refresh_at, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    walk: database.prepare('SELECT rowid, domain FROM policies NOT INDEXED WHERE rowid > ? ORDER BY rowid LIMIT ?'),
    locate: database.prepare('SELECT rowid FROM policies WHERE domain = ?'),
    putIfNewer: database.prepare(
      `INSERT INTO policies (domain, id, body, mode, max_age, fetched_at, expires_at, refresh_at, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (domain) DO UPDATE SET id = excluded.id, body = excluded.body, mode = excluded.mode,
       max_age = excluded.max_age, fetched_at = excluded.fetched_at, expires_at = excluded.expires_at,
       refresh_at = excluded.refresh_at, digest = excluded.digest WHERE excluded.fetched_at > policies.fetched_at`,
    ),
    postpone: database.prepare('UPDATE policies SET refresh_at = ? WHERE domain = ?'),
    remove: database.prepare('DELETE FROM policies WHERE domain = ?'),
    due: database.prepare(
      'SELECT * FROM policies WHERE refresh_at <= ? AND expires_at > ? ORDER BY refresh_at LIMIT ?',
    ),
    list: database.prepare('SELECT * FROM policies WHERE domain > ? ORDER BY domain LIMIT ?'),
    count: database.prepare('SELECT count(*) AS count FROM policies'),
    // Policies that demand nothing go first, then those nearest to their end, lapsed ones before all.
    trim: database.prepare(
      `DELETE FROM policies WHERE rowid IN (SELECT rowid FROM policies ORDER BY mode = 'none' DESC, expires_at
       LIMIT max(0, (SELECT count(*) FROM policies) - ?))`,
    ),
    findFailure: database.prepare('SELECT at, failure FROM failures WHERE domain = ? AND id = ?'),
    putFailure: database.prepare('INSERT OR REPLACE INTO failures (domain, id, at, failure) VALUES (?, ?, ?, ?)'),
    forgetFailures: database.prepare('DELETE FROM failures WHERE domain = ?'),
    ageFailures: database.prepare('DELETE FROM failures WHERE at < ?'),
    trimFailures: database.prepare(
      `DELETE FROM failures WHERE (domain, id) IN (SELECT domain, id FROM failures ORDER BY at
       LIMIT max(0, (SELECT count(*) FROM failures) - ?))`,
    ),
  }
}

function valuesOf(policy: StoredPolicy): [string, string, string, string, number, number, number, number, string] {
  const { domain, id, body, mode, maxAge, fetchedAt, refreshAt } = policy
  const expiresAt = fetchedAt + maxAge * 1000
  return [domain, id, body, mode, maxAge, fetchedAt, expiresAt, refreshAt, digestOf(policy)]
}

function digestOf({ domain, id, body, mode, maxAge, fetchedAt }: Omit<StoredPolicy, 'refreshAt'>): string {
  // At once: an object that hashes piece by piece outlives what it was made for, until all memory is gone through.
  return hash('sha256', JSON.stringify([domain, id, body, mode, maxAge, fetchedAt]))
}

/** Undefined for a row that is not what we wrote. STS-65 */
function policyOfRow(row: Row): StoredPolicy | undefined {
  const policy = {
    domain: String(row.domain) as DomainName, // a parsed name when it was written, which the digest shows
    id: String(row.id),
    body: String(row.body),
    mode: String(row.mode) as StoredPolicy['mode'], // likewise
    maxAge: Number(row.max_age),
    fetchedAt: Number(row.fetched_at),
    refreshAt: Number(row.refresh_at),
  }
  return digestOf(policy) === row.digest ? policy : undefined
}

function failureOfRow(domain: DomainName, id: string, row: Row | undefined): FailedFetch | undefined {
  return row === undefined ? undefined : { domain, id, at: Number(row.at), failure: String(row.failure) }
}
