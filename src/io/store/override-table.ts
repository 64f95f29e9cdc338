import { createHash } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import {
  describeRule,
  formatNamePattern,
  type NamePattern,
  type Override,
  type OverrideRule,
  type OverrideTarget,
  parseNamePattern,
} from '../../core/decision/override.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { describeSqliteError } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import { type AuditEntry, type Change, type OverrideTable, StoreError, type StoreWarning } from './store.ts'

type Row = Record<string, unknown>

export function createOverrideTable(
  database: DatabaseSync,
  commit: GroupCommit,
  onWarning: (warning: StoreWarning) => void,
): OverrideTable {
  const statements = prepareStatements(database)
  const read = <Value>(query: () => Value): Value => {
    try {
      return query()
    } catch (error) {
      throw error instanceof StoreError ? error : new StoreError(describeSqliteError(error))
    }
  }
  const countOf = (row: Row | undefined) => Number(row?.count)
  const isFull = () => countOf(statements.countAudit.get()) >= limits.overrides.audited
  const enter = (action: AuditEntry['action'], what: Entry, { at, author, reason }: Change) => {
    const entry = [at, author, action, what.domain, what.host, what.rule, reason, what.expiresAt] as const
    const before = String(statements.last.get()?.digest ?? '')
    statements.enter.run(...entry, digestOf([before, ...entry]))
  }
  const write = (what: Entry, change: () => void) =>
    commit.write(change, (reason) =>
      onWarning({ kind: 'write-failed', table: 'overrides', key: `${what.domain} ${what.host}`.trim(), reason }),
    )

  return {
    revision: async () => read(() => String(statements.last.get()?.digest ?? '')),
    list: async () => read(() => statements.list.all().map(overrideOfRow)),
    async put(override) {
      const [domain, host] = keysOf(override.target)
      const { reason, author, createdAt: at, expiresAt = null } = override
      const rule = JSON.stringify(override.rule)
      const isThere = read(() => statements.find.get(domain, host)) !== undefined
      if (read(isFull) || (!isThere && countOf(read(() => statements.count.get())) >= limits.overrides.kept))
        return 'full'
      const row = [domain, host, rule, reason, author, at, expiresAt] as const
      return write({ domain, host, rule, expiresAt }, () => {
        statements.put.run(...row, digestOf(row))
        enter(isThere ? 'replace' : 'add', { domain, host, rule, expiresAt }, { at, author, reason })
      })
    },
    async remove(target, change) {
      const [domain, host] = keysOf(target)
      const found = read(() => statements.find.get(domain, host))
      if (found === undefined) return 'absent'
      if (read(isFull)) return 'full'
      const expiresAt = found.expires_at === null ? null : Number(found.expires_at)
      const what = { domain, host, rule: String(found.rule), expiresAt }
      return write(what, () => {
        statements.remove.run(domain, host)
        enter('remove', what, change)
      })
    },
    audit: async (count, before = Number.MAX_SAFE_INTEGER) =>
      read(() => statements.audit.all(before, count).map(entryOfRow)),
    isAuditCut: async () =>
      read(() => Number(statements.issued.get()?.seq ?? 0) !== Number(statements.last.get()?.id ?? 0)),
  }
}

function prepareStatements(database: DatabaseSync) {
  return {
    last: database.prepare('SELECT id, digest FROM override_audit ORDER BY id DESC LIMIT 1'),
    issued: database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'override_audit'"),
    list: database.prepare('SELECT * FROM overrides ORDER BY domain, host'),
    find: database.prepare('SELECT * FROM overrides WHERE domain = ? AND host = ?'),
    count: database.prepare('SELECT count(*) AS count FROM overrides'),
    countAudit: database.prepare('SELECT count(*) AS count FROM override_audit'),
    put: database.prepare(
      `INSERT OR REPLACE INTO overrides (domain, host, rule, reason, author, created_at, expires_at, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    remove: database.prepare('DELETE FROM overrides WHERE domain = ? AND host = ?'),
    enter: database.prepare(
      `INSERT INTO override_audit (at, author, action, domain, host, rule, reason, expires_at, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    audit: database.prepare(
      `SELECT *, (SELECT digest FROM override_audit AS earlier WHERE earlier.id < entry.id ORDER BY id DESC LIMIT 1)
       AS digest_before FROM override_audit AS entry WHERE id < ? ORDER BY id DESC LIMIT ?`,
    ),
  }
}

interface Entry {
  readonly domain: string
  readonly host: string
  readonly rule: string
  readonly expiresAt: number | null
}

function keysOf({ domain, host }: OverrideTarget): [domain: string, host: string] {
  const keyOf = (pattern: NamePattern | undefined) => (pattern === undefined ? '' : formatNamePattern(pattern))
  return [keyOf(domain), keyOf(host)]
}

function digestOf(values: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(values)).digest('hex')
}

/** Throws StoreError for what we did not write: nobody knows what it required. */
function overrideOfRow(row: Row): Override {
  const { domain, host, rule, reason, author, created_at, expires_at } = row
  const isOurs = digestOf([domain, host, rule, reason, author, created_at, expires_at]) === row.digest
  const target = targetOf(row)
  const known = isOurs && target !== undefined ? ruleOf(String(rule)) : undefined
  if (known === undefined || target === undefined) {
    throw new StoreError(`the override of ${[domain, host].filter((key) => key !== '').join(' ')} is damaged`)
  }
  // Not held to the limits of this release: one that was allowed before counts until its end.
  return {
    ...{ target, rule: known, reason: String(reason), author: String(author), createdAt: Number(created_at) },
    expiresAt: expires_at === null ? undefined : Number(expires_at),
  }
}

function targetOf({ domain, host }: Row): OverrideTarget | undefined {
  const to = domain === '' ? undefined : parseNamePattern(String(domain), 'domain')
  const via = host === '' ? undefined : parseNamePattern(String(host), 'host')
  if (to?.ok === false || via?.ok === false) return undefined
  return { domain: to?.value, host: via?.value }
}

/** Undefined for rules of another release. */
function ruleOf(text: string): OverrideRule | undefined {
  const rule = JSON.parse(text) as { kind?: unknown; level?: unknown; names?: unknown } // what it is, the cases say
  const { kind, level, names } = rule
  if (kind === 'skip') return { kind }
  if (kind === 'relax' && (level === 'may' || level === 'encrypt')) return { kind, level }
  if (kind !== 'require') return undefined
  if (level === 'encrypt' || level === 'dane') return { kind, level }
  const isNamed = level === 'pkix' && Array.isArray(names) && names.every((name) => typeof name === 'string')
  return isNamed ? { kind, level: 'pkix', names: names as DomainName[] } : undefined // names when they were written
}

function entryOfRow(row: Row): AuditEntry {
  const { at, author, action, domain, host, rule, reason, expires_at, digest_before } = row
  const entry = [digest_before ?? '', at, author, action, domain, host, rule, reason, expires_at]
  const target = targetOf(row)
  const known = safeRule(String(rule))
  return {
    ...{ id: Number(row.id), at: Number(at), author: String(author), reason: String(reason) },
    action: String(action) as AuditEntry['action'], // one of ours where the digest is
    target: target ?? { domain: undefined, host: undefined },
    rule: known === undefined ? String(rule) : describeRule(known),
    expiresAt: expires_at === null ? undefined : Number(expires_at),
    isIntact: target !== undefined && digestOf(entry) === row.digest,
  }
}

function safeRule(text: string): OverrideRule | undefined {
  try {
    return ruleOf(text)
  } catch {
    return undefined
  }
}
