import { isIPv4 } from 'node:net'
import { ConfigError } from '../../../core/config-error.ts'
import { limits } from '../../../core/limits.ts'
import { readSecretFile } from '../../config/secret-file.ts'
import type { SettingValues } from '../../config/settings.ts'
import { formatListenAddress } from '../listen-address.ts'

/**
 * What clients over TCP must show; undefined when they need not. Throws ConfigError when the file cannot be used, or is not
 * there for an address that others than this machine reach.
 */
export function readHttpToken({
  http,
  'http-token-file': path,
}: Pick<SettingValues, 'http' | 'http-token-file'>): string | undefined {
  if (path !== undefined) return http.length === 0 ? undefined : readToken(path)
  const open = http.find((where) => where.kind === 'tcp' && !isLoopback(where.address))
  if (open === undefined) return undefined
  throw new ConfigError(`http: ${formatListenAddress(open)} can be reached by others: set http-token-file`)
}

/** Whether only this machine reaches the address; IPv4 may stand in IPv6. RFC 4291 §2.5.5.2 */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:/i, '')
  return plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))
}

/**
 * Reads the token from a file that nobody but its owner may read or write, and its group read. Throws ConfigError for
 * any other file, and for a token that could be guessed.
 */
export function readToken(path: string): string {
  const text = readSecretFile(path, 'the token', limits.http.tokenFileOctets).trim()
  if (text.length < limits.http.tokenCharacters)
    throw new ConfigError(`the token in "${path}" is shorter than ${limits.http.tokenCharacters} characters`)
  // What can stand in a header. RFC 6750 §2.1
  if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text))
    throw new ConfigError(`the token in "${path}" has characters that none may have`)
  return text
}
