import { dirname, resolve } from 'node:path'
import { ConfigError } from '../../core/config-error.ts'
import { UsageError } from '../cli/command.ts'
import type { WorldValues } from '../cli/world.ts'
import { type ConfigFile, findConfigPath, readConfigFile } from './config-file.ts'
import {
  type Origin,
  type Raw,
  type Setting,
  type SettingName,
  type Settings,
  settingNames,
  settings,
} from './settings.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the configuration that counts and puts the command line over it. Throws ConfigError or UsageError. */
export async function loadSettings(values: WorldValues, environment: Environment): Promise<Settings> {
  const path = findConfigPath(values.config, environment)
  return resolveSettings(values, path === undefined ? undefined : await readConfigFile(path))
}

/** Every setting with its origin: the command line before the file, the file before the default. */
export function resolveSettings(values: WorldValues, file: ConfigFile | undefined): Settings {
  const entries = settingNames.map((name) => [name, resolveOne(name, values, file)])
  return Object.fromEntries(entries) as Settings // each name with its own reader's value
}

/** What holds when nothing is given on the command line. */
export function settingsFromFile(file: ConfigFile | undefined): Settings {
  return resolveSettings({}, file)
}

function resolveOne(name: SettingName, values: WorldValues, file: ConfigFile | undefined) {
  const given = values[name]
  const setting: Setting<unknown> = settings[name]
  if (given !== undefined && !(Array.isArray(given) && given.length === 0)) {
    return { value: fromCommandLine(name, setting, given), origin: { from: 'command line' } satisfies Origin }
  }
  const entry = file?.entries.get(name)
  if (file === undefined || entry === undefined) {
    return { value: setting.fallback, origin: { from: 'default' } satisfies Origin }
  }
  const { path } = file
  const { line } = entry
  return { value: fromFile(name, setting, { ...entry, path }), origin: { from: 'file', path, line } satisfies Origin }
}

function fromCommandLine(name: SettingName, setting: Setting<unknown>, raw: Raw): unknown {
  const result = setting.read(raw)
  if (!result.ok) throw new UsageError(`option --${name}: ${result.fault}`)
  return result.value
}

function fromFile(
  name: SettingName,
  setting: Setting<unknown>,
  { raw, line, path }: { readonly raw: Raw; readonly line: number; readonly path: string },
): unknown {
  const result = setting.read(raw)
  if (!result.ok) throw new ConfigError(`${path}:${line}: ${name}: ${result.fault}`)
  if (setting.isPath !== true || raw === ':memory:') return result.value
  return resolve(dirname(path), String(result.value))
}
