import { ConfigError } from '../../core/config-error.ts'
import {
  type NamePattern,
  type OverrideFault,
  type OverrideTarget,
  parseNamePattern,
} from '../../core/decision/override.ts'
import { limits } from '../../core/limits.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { openStore } from '../../io/store/open-store.ts'
import { type Store, StoreError } from '../../io/store/store.ts'
import { loadSettings } from '../config/resolve-settings.ts'
import { chooseStorePath, type StoreNeed } from '../config/store-path.ts'
import { type CommandContext, type OptionTable, UsageError } from './command.ts'
import { onTerminal } from './trace-text.ts'
import { worldOptions } from './world-options.ts'

const { store, config } = worldOptions

/** Of commands that ask nothing but the store. */
export const storeOptions = { store, config } as const

export const targetOptions = {
  domain: {
    ...{ type: 'string', value: 'DOMAIN' },
    description: 'mail to this domain; with a dot before it, to all names below it as well',
  },
  host: {
    ...{ type: 'string', value: 'HOST' },
    description: 'mail by way of this MX host, or with a dot before it of those below it',
  },
} as const satisfies OptionTable

export const changeOptions = {
  reason: { type: 'string', value: 'TEXT', description: 'why, for the log and the audit trail' },
  author: { type: 'string', value: 'NAME', description: 'who decides so, instead of the name of the user' },
} as const satisfies OptionTable

interface StoreValues {
  readonly store?: string | undefined
  readonly config?: string | undefined
}

/** Opens the store that the service uses by the same configuration. Throws ConfigError when it cannot be read either. */
export async function withStore<Value>(
  { store: named, config: file }: StoreValues,
  need: StoreNeed,
  { environment, out }: CommandContext,
  work: (store: Store) => Promise<Value>,
): Promise<Value> {
  const given = { ...(named !== undefined && { store: named }), ...(file !== undefined && { config: file }) }
  const settings = await loadSettings(given, environment)
  const path = chooseStorePath(settings.store.value, need, environment)
  const opened = openStore(path, {
    onWarning: ({ table, key, reason }) => out.warn(onTerminal(`store: ${table} of ${key}: ${reason}`)),
  })
  try {
    return await work(opened)
  } catch (error) {
    if (error instanceof StoreError) throw new ConfigError(`the store "${path}" cannot be used: ${error.message}`)
    throw error
  } finally {
    await opened.close()
  }
}

/** Throws UsageError without either, and for what is no name. */
export function readTarget(values: { readonly domain?: string | undefined; readonly host?: string | undefined }) {
  const target: OverrideTarget = {
    domain: readPattern('domain', values.domain),
    host: readPattern('host', values.host),
  }
  if (target.domain === undefined && target.host === undefined) throw new UsageError('give --domain, --host or both')
  return target
}

function readPattern(of: 'domain' | 'host', text: string | undefined): NamePattern | undefined {
  if (text === undefined) return undefined
  const pattern = parseNamePattern(text, of)
  if (pattern.ok) return pattern.value
  throw new UsageError(`option --${of}: not a name: "${escapeText(text)}"`)
}

/** Behind sudo, whoever called it. */
export function readAuthor(named: string | undefined, { environment }: CommandContext): string {
  const { SUDO_USER, LOGNAME, USER } = environment
  const author = named ?? (SUDO_USER || LOGNAME || USER)
  if (author === undefined || author === '') throw new UsageError('nobody knows who you are: give --author')
  return author
}

const dayMs = 86_400_000

/** What is wrong with an override, in the words of the options. */
export const overrideFaults: Readonly<Record<OverrideFault, string>> = {
  'no-target': 'give --domain, --host or both',
  'relax-without-domain': 'option --relax needs --domain: it never holds for all domains that share a host',
  'too-wide': 'options --relax and --skip cannot hold for all names below a top-level domain',
  'names-missing': 'option --require pkix needs --name: what DNS says of the hosts of a domain may be forged',
  'too-many-names': `option --name: more than ${limits.overrides.names}`,
  reason: `option --reason: one line of up to ${limits.overrides.reasonCharacters} characters is needed`,
  author: `option --author: one line of up to ${limits.overrides.authorCharacters} characters is needed`,
  'expiry-missing': 'options --relax and --skip need --until: what lowers protection must end',
  'expiry-past': 'option --until: that is over already',
  'expiry-too-far':
    `option --until: --relax and --skip may last ${limits.overrides.relaxMs / dayMs} days, and --require ` +
    `${limits.overrides.requireMs / dayMs}`,
}
