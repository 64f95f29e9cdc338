import type { DatabaseSync } from 'node:sqlite'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { createAnchorTable } from './anchor-table.ts'
import { describeSqliteError, openDatabase } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import { createOverrideTable } from './override-table.ts'
import { createPolicyTable } from './policy-table.ts'
import { createReportTable } from './report-table.ts'
import type { Store, StoreWarning } from './store.ts'
import { createTrustPointTable } from './trust-point-table.ts'

export interface OpenStoreOptions {
  /** Hears of damaged rows and failed writes; without it they go unheard. */
  readonly onWarning?: ((warning: StoreWarning) => void) | undefined
  /** Rows kept, for tests and small machines. */
  readonly policies?: number | undefined
  readonly anchors?: number | undefined
}

/**
 * Opens the store in this file, made when it is not there; `:memory:` keeps nothing beyond the process.
 *
 * Several processes may have it open. Throws ConfigError when it cannot be opened or written.
 */
export function openStore(path: string, options: OpenStoreOptions = {}): Store {
  const { onWarning = () => {}, policies = limits.sts.policies, anchors = limits.store.anchors } = options
  const database = openDatabase(path)
  const commit = createGroupCommit(database)
  const tables = () => ({
    policies: createPolicyTable(database, commit, { rows: policies, onWarning }),
    anchors: createAnchorTable(database, commit, { rows: anchors, onWarning }),
    trustPoints: createTrustPointTable(database, commit, { rows: limits.store.trustPoints, onWarning }),
    overrides: createOverrideTable(database, commit, onWarning),
    reports: createReportTable(database, commit, {
      rows: limits.web.reports,
      octets: limits.web.reportsOctets,
      onWarning,
    }),
  })
  return {
    ...withSoundSchema(path, database, tables),
    close: async () => {
      commit.flush()
      if (database.isOpen) database.close()
    },
  }
}

/** A file whose tables are not what its version says is damaged. Throws ConfigError, and closes it. */
function withSoundSchema<Tables>(path: string, database: DatabaseSync, open: () => Tables): Tables {
  try {
    return open()
  } catch (error) {
    database.close()
    throw new ConfigError(`cannot open the store "${path}": ${describeSqliteError(error)}`)
  }
}
