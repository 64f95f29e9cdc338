import { formatNamePattern } from '../../../core/decision/override.ts'
import { describeNegativeAnchor } from '../../../core/dnssec/negative-anchors.ts'
import { defaultConfigPaths, findConfigPath, readConfigFile } from '../../config/config-file.ts'
import { formatEndpoint } from '../../config/endpoint.ts'
import { checkInputs } from '../../config/inputs.ts'
import { settingsFromFile } from '../../config/resolve-settings.ts'
import {
  type Origin,
  type SettingName,
  type Settings,
  type SettingValues,
  settingNames,
  valuesOf,
} from '../../config/settings.ts'
import { readHttpToken } from '../../daemon/http/token.ts'
import { formatListenAddress } from '../../daemon/listen-address.ts'
import { defineCommand, UsageError } from '../command.ts'
import { negativeAnchorToJson } from '../dns-json.ts'
import { EXIT } from '../exit.ts'
import type { Out } from '../out.ts'
import { padEnd, widthOf } from '../wrap.ts'

export const configCheck = defineCommand({
  name: 'config check',
  summary: 'Check the configuration, and show every value with where it comes from',
  usage: ['config check [--json] [FILE]'],
  description: [
    'Reads the configuration and every file that it names, and says what is wrong with them, by line. Asks nothing of ' +
      'the network and writes nothing. Without FILE it takes the configuration that other commands would take.',
  ],
  options: {
    json: { type: 'boolean', description: 'print one JSON object (schema waxseal.config/1)' },
    config: { type: 'string', value: 'FILE', description: 'the same as FILE, as the other commands take it' },
  },
  operands: { name: 'FILE', min: 0, max: 1 },
  examples: [{ line: 'waxseal config check /etc/waxseal/waxseal.toml', does: 'before a service is restarted' }],
  async run({ values, positionals: [named] }, { out, environment, clock }) {
    if (named !== undefined && values.config !== undefined) throw new UsageError('give either FILE or --config')
    const path = findConfigPath(named ?? values.config, environment)
    const found = settingsFromFile(path === undefined ? undefined : await readConfigFile(path))
    await checkInputs(valuesOf(found), clock.now())
    readHttpToken(valuesOf(found))
    await checkSharedStore(valuesOf(found))
    if (values.json === true) out.line(JSON.stringify(toJson(path, found)))
    else writeText(out, { path, found, looked: defaultConfigPaths(environment) })
    return EXIT.done
  },
})

/** Only who shares pays for what it takes. */
async function checkSharedStore(values: SettingValues): Promise<void> {
  if (values['shared-store'] === undefined) return
  const { readSharedPlace } = await import('../../config/shared-place.ts')
  readSharedPlace(values)
}

interface Shown {
  readonly path: string | undefined
  readonly found: Settings
  readonly looked: readonly string[]
}

function writeText(out: Out, { path, found, looked }: Shown): void {
  if (path === undefined) out.line(`No configuration file (looked for ${looked.join(', ')}): the defaults hold.`)
  else out.line(`${out.style('bold', `${path} can be used.`)}`)
  out.line()
  const rows = settingNames.map((name) => [name, formatValue(name, found), formatOrigin(found[name].origin)] as const)
  const left = Math.max(...rows.map(([name]) => widthOf(name)))
  const middle = Math.min(40, Math.max(...rows.map(([, value]) => widthOf(value))))
  for (const [name, value, origin] of rows) {
    const from = origin === 'default' ? out.style('dim', origin) : origin
    out.line(`  ${padEnd(name, left)}  ${padEnd(value, middle)}  ${from}`)
  }
}

function formatValue(name: SettingName, found: Settings): string {
  if (name === 'server') {
    const servers = found.server.value.map(formatEndpoint)
    return servers.length === 0 ? 'those of the system' : servers.join(', ')
  }
  if (name === 'socketmap') return found.socketmap.value.map(formatListenAddress).join(', ')
  if (name === 'http') return found.http.value.map(formatListenAddress).join(', ') || 'off'
  if (name === 'lines' || name === 'tcp-table' || name === 'web')
    return found[name].value.map(formatListenAddress).join(', ') || 'nowhere'
  if (name === 'negative-trust-anchor') {
    const anchors = found[name].value.map(describeNegativeAnchor)
    return anchors.length === 0 ? 'none' : anchors.join(', ')
  }
  if (name === 'own-host') return found[name].value.join(', ') || 'none'
  if (name === 'dry-run') return formatDryRun(found).join(', ') || 'no'
  if (name === 'shared-store') return found[name].value?.text ?? 'none'
  return String(found[name].value ?? unset[name] ?? '')
}

function formatDryRun({ 'dry-run': { value } }: Settings): string[] {
  return value === 'all' ? ['all'] : value.map(formatNamePattern)
}

const unset: Partial<Record<SettingName, string>> = {
  'root-hints': 'built in',
  'trust-anchor': 'built in',
  'update-anchors': 'those built in',
  'ca-file': 'built in',
  store: 'the usual place',
}

function formatOrigin(origin: Origin): string {
  return origin.from === 'file' ? `${origin.path}:${origin.line}` : origin.from
}

function toJson(path: string | undefined, found: Settings) {
  const settings = settingNames.map((name) => {
    const shown = name === 'shared-store' ? found[name].value?.text : (listedValue(name, found) ?? found[name].value)
    return [name, { value: shown ?? null, origin: found[name].origin }]
  })
  return { schema: 'waxseal.config/1', file: path ?? null, settings: Object.fromEntries(settings) }
}

/** Of a setting with a list of values, each as it is written. */
function listedValue(name: SettingName, found: Settings): readonly unknown[] | undefined {
  if (name === 'server') return found.server.value.map(formatEndpoint)
  if (name === 'dry-run') return formatDryRun(found)
  if (name === 'negative-trust-anchor') return found[name].value.map(negativeAnchorToJson)
  const isPlace = name === 'socketmap' || name === 'http' || name === 'lines' || name === 'tcp-table' || name === 'web'
  return isPlace ? found[name].value.map(formatListenAddress) : undefined
}
