import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { anchorsAt, rootAnchors, type TrustAnchor } from '../../core/dnssec/anchors.ts'
import { limits } from '../../core/limits.ts'
import { formatName } from '../../core/name/text.ts'
import type { Endpoint } from '../../io/network.ts'
import { applicationId } from '../../io/store/migrations.ts'
import { reasonOf } from '../file-error.ts'
import { readOctets, readStart, readText } from './read-file.ts'
import { parseRootHints } from './root-hints.ts'
import type { SettingValues } from './settings.ts'
import { inMemory } from './store-path.ts'
import { parseAnchorFile } from './trust-anchors.ts'

/** What the files that settings name hold. */
export interface Inputs {
  /** Undefined for the built-in ones. */
  readonly rootHints: readonly Endpoint[] | undefined
  readonly trustAnchors: readonly TrustAnchor[]
  /** PEM text; undefined for those that Node carries. */
  readonly authorities: string | undefined
}

/** Reads every file but the store. Throws ConfigError for one that cannot be read or is not what it should be. */
export function readInputs(
  values: Pick<SettingValues, 'root-hints' | 'trust-anchor' | 'ca-file' | 'allow-sha1'>,
): Inputs {
  const { 'root-hints': hints, 'trust-anchor': path, 'ca-file': authorities, 'allow-sha1': allowSha1 } = values
  return {
    rootHints: hints === undefined ? undefined : parseRootHints(readText(hints, limits.files.rootHintsOctets), hints),
    trustAnchors:
      path === undefined
        ? rootAnchors
        : parseAnchorFile(readText(path, limits.files.trustAnchorOctets), { path, allowSha1 }),
    // Comments beside the certificates may be in any script.
    authorities:
      authorities === undefined ? undefined : readOctets(authorities, limits.files.caOctets).toString('latin1'),
  }
}

/** Does something with the authorities of this file. Throws ConfigError that names it when they cannot be used. */
export function useAuthorities<Value>(path: string | undefined, use: () => Value): Value {
  try {
    return use()
  } catch (error) {
    if (path === undefined || !(error instanceof ConfigError)) throw error
    throw new ConfigError(`cannot use the certificates in "${path}": ${error.message}`)
  }
}

/**
 * Whether everything that settings name can be used at a time, in milliseconds since 1970, without writing or asking
 * anything. Throws ConfigError when not.
 */
export async function checkInputs(values: SettingValues, now: number): Promise<void> {
  const { authorities, rootHints, trustAnchors } = readInputs(values)
  const without = anchorsAt(trustAnchors, now).find(({ kind }) => kind === 'none')
  if (without !== undefined) {
    throw new ConfigError(`"${values['trust-anchor']}" holds for ${formatName(without.owner)} nothing that counts now`)
  }
  if (authorities !== undefined) {
    const { createPkixTrust } = await import('../../io/https/pkix-trust.ts')
    useAuthorities(values['ca-file'], () => createPkixTrust(authorities))
  }
  const { createResolver } = await import('../../io/resolver/create-resolver.ts')
  const { createNetwork } = await import('../../io/network-node.ts')
  const { engine, server: servers, 'trust-remote-ad': trustRemoteAd, 'negative-trust-anchor': negativeAnchors } = values
  // Opens nothing before it is asked: this is for engines and servers that do not go together.
  await createResolver({
    ...{ network: createNetwork(), engine, servers, rootHints, trustAnchors, negativeAnchors, trustRemoteAd },
  }).close()
  if (values.store !== undefined && values.store !== inMemory) checkStore(values.store)
}

/** The store's file, or the folder in which it would be made. */
function checkStore(store: string): void {
  try {
    accessSync(existsSync(store) ? store : dirname(store), constants.W_OK)
  } catch (error) {
    const reason = reasonOf(error)
    throw new ConfigError(
      `cannot write the store "${store}": ${reason === 'no such file' ? 'its folder is missing' : reason}`,
    )
  }
  const found = statSync(store, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isFile()) throw new ConfigError(`cannot open the store "${store}": it is no file`)
  if (found.size > 0) checkHeader(store)
}

/** Of a database file: the string it begins with, and the mark of whose it is. */
const header = { magic: 'SQLite format 3\0', ownerAt: 68, octets: 100 }

function checkHeader(store: string): void {
  const octets = readStart(store, header.octets)
  if (octets.toString('latin1', 0, header.magic.length) !== header.magic || octets.length < header.octets)
    throw new ConfigError(`cannot open the store "${store}": it is no database`)
  const owner = octets.readUInt32BE(header.ownerAt)
  // None yet: while a database is in use, what was written first may stand in the file beside it.
  if (owner !== 0 && owner !== applicationId)
    throw new ConfigError(`the store "${store}" is a database of something else`)
}
