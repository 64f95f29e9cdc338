import { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { applicationId, migrations } from './migrations.ts'

/**
 * Opens or creates the database and brings its schema up to date.
 *
 * Throws ConfigError for a file that cannot be opened and written, is no database, or belongs to something else or to
 * a newer release: going on without stored policies would quietly give up protection.
 */
export function openDatabase(path: string): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: limits.store.busyMs })
    prepareDatabase(database, path)
    return database
  } catch (error) {
    database?.close()
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`cannot open the store "${path}": ${describeSqliteError(error)}`)
  }
}

export function describeSqliteError(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** WAL with a sync on every commit: what was acknowledged survives a power cut, and readers never wait. */
function prepareDatabase(database: DatabaseSync, path: string): void {
  database.exec('PRAGMA trusted_schema = OFF')
  // Before anything else, because a change of the journal's mode stays in the file.
  database.exec('BEGIN')
  readVersion(database, path)
  database.exec('COMMIT; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE')
  // Once more: until now another process may have made it something.
  const version = readVersion(database, path)
  for (const migration of migrations.slice(version)) database.exec(migration)
  // Written even when nothing changed: this is where a file that can only be read is found out.
  database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${migrations.length}; COMMIT`)
}

/** The schema's version; 0 for a database that is nobody's yet. */
function readVersion(database: DatabaseSync, path: string): number {
  const version = readPragma(database, 'user_version')
  const owner = readPragma(database, 'application_id')
  if (owner !== applicationId && !(owner === 0 && version === 0 && isEmpty(database))) {
    throw new ConfigError(`the store "${path}" is a database of something else`)
  }
  if (version > migrations.length) {
    throw new ConfigError(`the store "${path}" was written by a newer release (schema ${version})`)
  }
  return version
}

function isEmpty(database: DatabaseSync): boolean {
  return database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count === 0
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}
