import { createSecureContext } from 'node:tls'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { RedisAddress, RedisPlace } from '../../io/store/shared/redis-link.ts'
import { readText } from './read-file.ts'
import { readSecretFile } from './secret-file.ts'
import type { SettingValues } from './settings.ts'
import type { SharedStoreUrl } from './shared-store.ts'

export type SharedStoreSettings = Pick<
  SettingValues,
  'shared-store' | 'shared-store-password-file' | 'shared-store-ca-file' | 'shared-store-client-file'
>

/**
 * The shared store with its secrets, as the files have them now; undefined where none is set. Throws ConfigError for what
 * cannot be used.
 */
export function readSharedPlace(settings: SharedStoreSettings): RedisPlace | undefined {
  const url = settings['shared-store']
  const passwordFile = settings['shared-store-password-file']
  if (url === undefined) return undefined
  if (url.user !== undefined && passwordFile === undefined)
    throw new ConfigError('shared-store: it names a user: set shared-store-password-file')
  return {
    address: addressOf(url, settings),
    database: url.database,
    user: url.user,
    password: passwordFile === undefined ? undefined : readPassword(passwordFile),
  }
}

function addressOf({ where }: SharedStoreUrl, settings: SharedStoreSettings): RedisAddress {
  const ca = settings['shared-store-ca-file']
  const client = settings['shared-store-client-file']
  if (where.kind === 'tcp' && where.isTls) {
    const { host, port } = where
    return { kind: 'tcp', host, port, tls: readTls(ca, client) }
  }
  if (ca !== undefined || client !== undefined)
    throw new ConfigError('shared-store: certificates are for rediss://, and this is another')
  return where.kind === 'unix' ? where : { kind: 'tcp', host: where.host, port: where.port, tls: undefined }
}

function readTls(caFile: string | undefined, clientFile: string | undefined) {
  const ca = caFile === undefined ? undefined : readText(caFile, limits.files.caOctets)
  const most = limits.shared.clientFileOctets
  const identity = clientFile === undefined ? undefined : readSecretFile(clientFile, 'the certificate', most)
  try {
    createSecureContext({ ca, cert: identity, key: identity })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`cannot use the certificates in ${JSON.stringify(caFile ?? clientFile)}: ${reason}`)
  }
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new ConfigError(`cannot use the certificates in "${caFile}": there is none`)
  return { ca, identity }
}

/** The first line, without what ends it. */
function readPassword(path: string): string {
  const text = readSecretFile(path, 'the password', limits.shared.passwordOctets)
  const [first = ''] = text.split(/\r?\n/)
  if (first === '') throw new ConfigError(`cannot use the password in "${path}": its first line is empty`)
  return first
}
