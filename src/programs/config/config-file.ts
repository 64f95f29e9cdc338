import { isUtf8 } from 'node:buffer'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { TomlError } from 'smol-toml'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { reasonOf } from '../file-error.ts'
import { suggestion } from '../nearest.ts'
import { readOctets } from './read-file.ts'
import { type Raw, type Shape, settingNames, settings } from './settings.ts'

/** The keys of a configuration file, each of the shape that its setting has, and the line it stands on. */
export interface ConfigFile {
  readonly path: string
  readonly entries: ReadonlyMap<string, { readonly raw: Raw; readonly line: number }>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Where a configuration is looked for when none is named; the first that exists counts, alone. */
export function defaultConfigPaths({ XDG_CONFIG_HOME, HOME }: Environment): string[] {
  const own = XDG_CONFIG_HOME?.startsWith('/') ? XDG_CONFIG_HOME : HOME ? join(HOME, '.config') : undefined
  const paths = own === undefined ? [] : [join(own, 'waxseal', 'waxseal.toml')]
  return [...paths, '/etc/waxseal/waxseal.toml']
}

/** The file to read: the one named, else the first default one that exists. */
export function findConfigPath(named: string | undefined, environment: Environment): string | undefined {
  return named ?? defaultConfigPaths(environment).find(isThere)
}

/** Throws ConfigError when that cannot be told: settings that were made must not quietly count for nothing. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch (error) {
    throw new ConfigError(`cannot read "${path}": ${reasonOf(error)}`)
  }
}

/**
 * Reads a configuration file. Throws ConfigError, with file and line, for what is no TOML, for a key that is none of
 * ours and for a value of the wrong shape.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  return parseConfigFile(decode(readOctets(path, limits.files.configOctets), path), path)
}

/** As `readConfigFile`, of text that was read already. */
export async function parseConfigFile(text: string, path: string): Promise<ConfigFile> {
  const { parse, TomlError: Refusal } = await import('smol-toml')
  try {
    return await checkShapes(parse(text), { text, path })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new ConfigError(`${path}:${error.line}: ${explainSyntax(error, text)}`)
  }
}

/** The parser's reason, and the line that it is about. */
function explainSyntax({ message, line }: TomlError, text: string): string {
  const [reason = ''] = message.replace(/^Invalid TOML document: /, '').split('\n')
  const given = text.split('\n')[line - 1]?.trim() ?? ''
  const bare = /^[\w-]+\s*=\s*[^\s"'[\d]/.test(given) && reason === 'invalid value'
  return `${reason}: ${JSON.stringify(cut(given))}${bare ? ' (texts stand in quotes)' : ''}`
}

function cut(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text
}

/** TOML is UTF-8. Throws ConfigError, with the line, for anything else. */
function decode(octets: Uint8Array, path: string): string {
  if (isUtf8(octets)) return new TextDecoder().decode(octets)
  const lines = Buffer.from(octets).toString('latin1').split('\n')
  const line = lines.findIndex((one) => !isUtf8(Buffer.from(one, 'latin1'))) + 1
  throw new ConfigError(`${path}:${line}: no UTF-8 text`)
}

async function checkShapes(
  table: Record<string, unknown>,
  { text, path }: { readonly text: string; readonly path: string },
): Promise<ConfigFile> {
  const schema = await configSchema()
  const checked = schema.safeParse(table)
  const [issue] = checked.error?.issues ?? []
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    throw new ConfigError(`${at(path, text, key)}: unknown key ${JSON.stringify(key)}${suggestion(key, settingNames)}`)
  }
  if (issue !== undefined) {
    const name = settingNames.find((known) => known === issue.path[0])
    const wanted = name === undefined ? 'something else' : shapeWords[settings[name].shape]
    throw new ConfigError(`${at(path, text, String(issue.path[0]))}: ${String(issue.path[0])} must be ${wanted}`)
  }
  const values = Object.entries(checked.data ?? {}) as [string, Raw][] // the schema lets only these shapes through
  return { path, entries: new Map(values.map(([key, raw]) => [key, { raw, line: lineOf(text, key) }])) }
}

const shapeWords: Record<Shape, string> = {
  text: 'a text in quotes',
  texts: 'a text in quotes or a list of such',
  number: 'a number',
  boolean: 'true or false',
  'boolean or texts': 'true, false, a text in quotes or a list of such',
}

async function configSchema() {
  const { boolean, number, optional, strictObject, string, union, array } = await import('zod/mini')
  const schemas = {
    text: string(),
    texts: union([string(), array(string())]),
    number: number(),
    boolean: boolean(),
    'boolean or texts': union([boolean(), string(), array(string())]),
  }
  return strictObject(Object.fromEntries(settingNames.map((name) => [name, optional(schemas[settings[name].shape])])))
}

function at(path: string, text: string, key: string): string {
  return `${path}:${lineOf(text, key)}`
}

/** The first line that sets this key, or opens a table of that name. The parser tells values, but not where. */
function lineOf(text: string, key: string): number {
  const plain = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const sets = new RegExp(`^\\s*(?:\\[+\\s*)?["']?${plain}["']?\\s*[=.\\]]`)
  return text.split('\n').findIndex((line) => sets.test(line)) + 1 || 1
}
