import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { rootAnchors, type TrustAnchor } from '../../core/dnssec/anchors.ts'
import { limits } from '../../core/limits.ts'
import type { Endpoint } from '../../io/network.ts'
import { readText } from './config-file.ts'
import { parseRootHints } from './root-hints.ts'
import type { SettingValues } from './settings.ts'
import { inMemory } from './store-path.ts'
import { parseAnchorFile } from './trust-anchors.ts'

/** What the files that settings name hold. */
export interface Inputs {
  /** Undefined for the built-in ones. */
  readonly rootHints: readonly Endpoint[] | undefined
  readonly trustAnchors: readonly TrustAnchor[]
}

/** Reads root hints and trust anchors. Throws ConfigError for a file that cannot be read or is not what it should be. */
export function readInputs(values: Pick<SettingValues, 'root-hints' | 'trust-anchor' | 'allow-sha1'>): Inputs {
  const hints = values['root-hints']
  const path = values['trust-anchor']
  const allowSha1 = values['allow-sha1']
  return {
    rootHints: hints === undefined ? undefined : parseRootHints(readText(hints, limits.files.rootHintsOctets), hints),
    trustAnchors:
      path === undefined
        ? rootAnchors
        : parseAnchorFile(readText(path, limits.files.trustAnchorOctets), { path, allowSha1 }),
  }
}

/** Whether everything that settings name can be used, without writing anything. Throws ConfigError when not. */
export async function checkInputs(values: SettingValues): Promise<void> {
  readInputs(values)
  const authorities = values['ca-file']
  if (authorities !== undefined) {
    const { readPkixTrust } = await import('../../io/https/pkix-trust.ts')
    readPkixTrust(authorities)
  }
  if (values.store !== undefined && values.store !== inMemory) checkWritable(values.store)
}

/** The store's file, or the folder in which it would be made. */
function checkWritable(store: string): void {
  const path = existsSync(store) ? store : dirname(store)
  try {
    accessSync(path, constants.W_OK)
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new ConfigError(
      `cannot write the store "${store}": ${missing ? 'its folder is missing' : 'permission denied'}`,
    )
  }
}
