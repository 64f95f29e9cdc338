import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import { suggestion } from '../nearest.ts'
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
  return named ?? defaultConfigPaths(environment).find((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
}

/**
 * Reads a configuration file. Throws ConfigError, with file and line, for what is no TOML, for a key that is none of
 * ours and for a value of the wrong shape.
 */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  return parseConfigFile(readText(path, limits.files.configOctets), path)
}

/** As `readConfigFile`, of text that was read already. */
export async function parseConfigFile(text: string, path: string): Promise<ConfigFile> {
  const { parse, TomlError } = await import('smol-toml')
  try {
    return await checkShapes(parse(text), { text, path })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ConfigError(`${path}:${error.line}: ${reason}`)
  }
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
}

async function configSchema() {
  const { boolean, number, optional, strictObject, string, union, array } = await import('zod/mini')
  const schemas = {
    text: string(),
    texts: union([string(), array(string())]),
    number: number(),
    boolean: boolean(),
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

/** The text of an operator's file. Throws ConfigError when it cannot be read or is longer than `most` octets. */
export function readText(path: string, most: number): string {
  try {
    if (statSync(path).size > most) throw new ConfigError(`"${path}" is longer than ${most} octets`)
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`cannot read "${path}": ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a directory'
  return error instanceof Error ? error.message : String(error)
}
