import { type Prefix, readPrefix } from '../../core/address/prefix.ts'
import { ConfigError } from '../../core/config-error.ts'
import { matchesPattern, type NamePattern, parseNamePattern } from '../../core/decision/override.ts'
import { limits } from '../../core/limits.ts'
import { readText } from '../config/read-file.ts'
import { isAmong } from './client.ts'

/** Who does not want to be looked at by visitors of the page. */
export interface OptOut {
  domain(name: string): boolean
  /** Of an MX host, which many domains may share. */
  host(name: string): boolean
  address(address: string): boolean
}

export const nobody: OptOut = { domain: () => false, host: () => false, address: () => false }

/**
 * Reads names, `.name` for a name and all below it, addresses and prefixes, one a line; `#` begins a comment. Throws
 * ConfigError, with the line, for anything else: who asked to be left alone must not be looked at for a slip.
 */
export function parseOptOut(text: string, path: string): OptOut {
  const names = new Set<string>()
  const below: NamePattern[] = []
  const prefixes: Prefix[] = []
  for (const [place, line] of text.split('\n').entries()) {
    const entry = line.replace(/#.*/, '').trim()
    if (entry === '') continue
    if (names.size + below.length + prefixes.length >= limits.web.optOutEntries)
      throw new ConfigError(`${path}: more than ${limits.web.optOutEntries} entries`)
    const prefix = readPrefix(entry)
    const pattern = prefix === undefined ? parseNamePattern(entry, 'host') : undefined
    if (prefix !== undefined) prefixes.push(prefix)
    else if (pattern?.ok !== true)
      throw new ConfigError(`${path}:${place + 1}: ${JSON.stringify(entry.slice(0, 80))} is no name, address or prefix`)
    else if (pattern.value.below) below.push(pattern.value)
    else names.add(pattern.value.name)
  }
  const isNamed = (name: string) => names.has(name) || below.some((pattern) => matchesPattern(pattern, name))
  return { domain: isNamed, host: isNamed, address: (address) => isAmong(address, prefixes) }
}

/** Throws ConfigError when the file cannot be read or understood. */
export function readOptOut(path: string | undefined): OptOut {
  return path === undefined ? nobody : parseOptOut(readText(path, limits.web.optOutOctets), path)
}
