import { type Digest, digests } from '../../core/dane/tlsa.ts'
import { type NamePattern, parseNamePattern } from '../../core/decision/override.ts'
import {
  type NegativeAnchor,
  type NegativeAnchorFault,
  parseNegativeAnchor,
} from '../../core/dnssec/negative-anchors.ts'
import { limits } from '../../core/limits.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import type { Endpoint } from '../../io/network.ts'
import { type ListenAddress, readListenAddress } from '../daemon/listen-address.ts'
import { suggestion } from '../nearest.ts'
import { readServer } from './endpoint.ts'
import { ownHostSetting } from './own-host.ts'
import { readPrefix, readSharedStore, type SharedStoreUrl } from './shared-store.ts'
import { contactSetting, heloSetting, proxySetting, urlSetting } from './web-settings.ts'

export const engines = ['auto', 'forward', 'iterate', 'trust-ad'] as const
export type Engine = (typeof engines)[number]

/** Where denials may answer for other names: nowhere, where no policy hangs on it, everywhere. */
export const aggressions = ['off', 'hosts', 'all'] as const
export type AggressiveNsec = (typeof aggressions)[number]

/** What an operator may set, under the names that options and keys of the configuration file share. */
export interface SettingValues {
  readonly engine: Engine
  /** Resolvers to ask; none means those of the system. */
  readonly server: readonly Endpoint[]
  readonly 'root-hints': string | undefined
  readonly 'trust-anchor': string | undefined
  /** Undefined: those built in alone. */
  readonly 'update-anchors': boolean | undefined
  readonly 'negative-trust-anchor': readonly NegativeAnchor[]
  readonly 'allow-sha1': boolean
  /** Seconds. */
  readonly 'clock-skew': number
  readonly 'trust-remote-ad': boolean
  /** The digest that counts where TLSA records of one usage and selector have several. RFC 7671 §9 */
  readonly 'preferred-digest': Digest
  readonly 'aggressive-nsec': AggressiveNsec
  readonly 'ca-file': string | undefined
  readonly 'cache-file': string | undefined
  /** Path, or `:memory:`; undefined for the usual place. */
  readonly store: string | undefined
  /** Where the service shares policies with other machines. */
  readonly 'shared-store': SharedStoreUrl | undefined
  readonly 'shared-store-password-file': string | undefined
  readonly 'shared-store-ca-file': string | undefined
  readonly 'shared-store-client-file': string | undefined
  readonly 'shared-store-prefix': string
  readonly 'smtp-port': number
  /** Names and addresses of the mail server that sends, as `readOwnHost` makes them. */
  readonly 'own-host': readonly string[]
  readonly 'allow-private': boolean
  /** Seconds. */
  readonly timeout: number
  /** Where the service listens for Postfix. */
  readonly socketmap: readonly ListenAddress[]
  /** Where it listens for HTTP; none when that is off. */
  readonly http: readonly ListenAddress[]
  /** A file with what clients over HTTP must show. */
  readonly 'http-token-file': string | undefined
  /** Where it listens for questions of one line, as Exim asks them, and for those of tcp_table; nowhere unless told. */
  readonly lines: readonly ListenAddress[]
  readonly 'tcp-table': readonly ListenAddress[]
  readonly 'mixed-hosts': 'dane-only' | 'secure'
  readonly 'testing-level': 'none' | 'may' | 'encrypt'
  readonly 'log-format': 'text' | 'json'
  /** For which domains nothing is asked of Postfix, and only logged what would be. */
  readonly 'dry-run': DryRun
  /** Where the checker's page is; nowhere unless told. */
  readonly web: readonly ListenAddress[]
  /** Its place as others see it. */
  readonly 'web-url': string | undefined
  /** Addresses and prefixes of proxies whose X-Forwarded-For counts. */
  readonly 'web-proxy': readonly string[]
  /** A file with who is to be left alone. */
  readonly 'web-opt-out': string | undefined
  /** Our name for EHLO in its checks; undefined for that of this machine. */
  readonly 'web-helo': string | undefined
  readonly 'web-contact': string | undefined
  readonly 'web-allow-private': boolean
}

export type DryRun = 'all' | readonly NamePattern[]

export type SettingName = keyof SettingValues

/** Where a value comes from: what `waxseal config check` shows beside it. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'command line' }
  | { readonly from: 'file'; readonly path: string; readonly line: number }

export type Settings = {
  readonly [Name in SettingName]: { readonly value: SettingValues[Name]; readonly origin: Origin }
}

/** What TOML may hold for a setting; on the command line everything is text. */
export type Shape = 'text' | 'texts' | 'number' | 'boolean' | 'boolean or texts'

/** A value before its meaning is read: of the shape that its setting has. */
export type Raw = string | number | boolean | readonly string[]

export interface Setting<Value> {
  readonly shape: Shape
  readonly fallback: Value
  /** Whether the value is a path, read relative to the file that names it. */
  readonly isPath?: boolean
  /** The fault is one line without a full stop, to stand behind the name of the setting. */
  readonly read: (raw: Raw) => Result<Value, string>
}

export const settings: { readonly [Name in SettingName]: Setting<SettingValues[Name]> } = {
  engine: wordSetting(...engines),
  server: { shape: 'texts', fallback: [], read: readServers },
  'root-hints': pathSetting(),
  'trust-anchor': pathSetting(),
  'update-anchors': { shape: 'boolean', fallback: undefined, read: readBoolean },
  'negative-trust-anchor': { shape: 'texts', fallback: [], read: readNegativeAnchors },
  'allow-sha1': { shape: 'boolean', fallback: false, read: readBoolean },
  'clock-skew': {
    ...{ shape: 'number', fallback: limits.dnssec.inceptionSkew },
    read: integerBetween(0, limits.dnssec.inceptionSkewMax),
  },
  'trust-remote-ad': { shape: 'boolean', fallback: false, read: readBoolean },
  'preferred-digest': wordSetting(...digests),
  'aggressive-nsec': wordSetting(...aggressions),
  'ca-file': pathSetting(),
  'cache-file': pathSetting(),
  store: { ...pathSetting(), read: readStorePath },
  'shared-store': { shape: 'text', fallback: undefined, read: (raw) => readSharedStore(String(raw)) },
  'shared-store-password-file': pathSetting(),
  'shared-store-ca-file': pathSetting(),
  'shared-store-client-file': pathSetting(),
  'shared-store-prefix': { shape: 'text', fallback: 'waxseal:', read: (raw) => readPrefix(String(raw)) },
  'smtp-port': { shape: 'number', fallback: 25, read: integerBetween(1, 65_535) },
  'own-host': ownHostSetting,
  'allow-private': { shape: 'boolean', fallback: false, read: readBoolean },
  timeout: { shape: 'number', fallback: 60, read: integerBetween(1, 600) },
  socketmap: {
    shape: 'texts',
    fallback: [{ kind: 'tcp', address: '127.0.0.1', port: 8461 }],
    read: readListenAddresses,
  },
  http: {
    shape: 'texts',
    fallback: [{ kind: 'tcp', address: '127.0.0.1', port: 8462 }],
    read: (raw) => (String(raw) === 'off' ? accept([]) : readListenAddresses(raw)),
  },
  'http-token-file': pathSetting(),
  lines: { shape: 'texts', fallback: [], read: readListenAddresses },
  'tcp-table': { shape: 'texts', fallback: [], read: readListenAddresses },
  'mixed-hosts': wordSetting('dane-only', 'secure'),
  'testing-level': wordSetting('none', 'may', 'encrypt'),
  'log-format': wordSetting('text', 'json'),
  'dry-run': { shape: 'boolean or texts', fallback: [], read: readDryRun },
  web: { shape: 'texts', fallback: [], read: readListenAddresses },
  'web-url': urlSetting,
  'web-proxy': proxySetting,
  'web-opt-out': pathSetting(),
  'web-helo': heloSetting,
  'web-contact': contactSetting,
  'web-allow-private': { shape: 'boolean', fallback: false, read: readBoolean },
}

export const settingNames = Object.keys(settings) as SettingName[] // the table's own keys

/** Settings without their origins. */
export function valuesOf(found: Settings): SettingValues {
  const entries = settingNames.map((name) => [name, found[name].value])
  return Object.fromEntries(entries) as unknown as SettingValues // name by name the same values
}

function pathSetting(): Setting<string | undefined> {
  return { shape: 'text', fallback: undefined, isPath: true, read: readPath }
}

/** One of some words; the first unless told. */
function wordSetting<const Word extends string>(...words: readonly [Word, ...Word[]]): Setting<Word> {
  const read = (raw: Raw): Result<Word, string> => {
    const text = String(raw)
    const word = words.find((known) => known === text)
    if (word !== undefined) return accept(word)
    return refuse(`${quote(text)} is none of ${words.join(', ')}${suggestion(text, words)}`)
  }
  return { shape: 'text', fallback: words[0], read }
}

/** `true`, or `all` where there is only text, or domains. */
function readDryRun(raw: Raw): Result<DryRun, string> {
  if (raw === true || raw === false) return accept(raw ? 'all' : [])
  const patterns: NamePattern[] = []
  for (const text of Array.isArray(raw) ? raw : [String(raw)]) {
    if (text === 'all') return accept('all')
    // A domain of that name would be watched, and every other one held to what it asks.
    if (/^(?:true|false|yes|no|on|off)$/i.test(text))
      return refuse(`${quote(text)} is no domain: write true or false without quotes, or all`)
    const pattern = parseNamePattern(text, 'domain')
    if (!pattern.ok) return refuse(`${quote(text)} is no domain, nor .domain for all below it, nor all`)
    patterns.push(pattern.value)
  }
  return accept(patterns)
}

function readListenAddresses(raw: Raw): Result<readonly ListenAddress[], string> {
  const texts = Array.isArray(raw) ? raw : [String(raw)]
  const addresses: ListenAddress[] = []
  for (const text of texts) {
    const address = readListenAddress(text)
    if (address === undefined) return refuse(`${quote(text)} is neither address and port nor the path of a socket`)
    addresses.push(address)
  }
  return accept(addresses)
}

function readServers(raw: Raw): Result<readonly Endpoint[], string> {
  const texts = Array.isArray(raw) ? raw : [String(raw)]
  const endpoints: Endpoint[] = []
  for (const text of texts) {
    const endpoint = readServer(text)
    if (endpoint === undefined) return refuse(`${quote(text)} is ${describe(text)}`)
    endpoints.push(endpoint)
  }
  return accept(endpoints)
}

function describe(text: string): string {
  if (!text.startsWith('tls:')) return 'no address, or address and port'
  return 'no server over TLS: write tls://ADDRESS#NAME, with the name that its certificate must have'
}

function readNegativeAnchors(raw: Raw): Result<readonly NegativeAnchor[], string> {
  const texts = Array.isArray(raw) ? raw : [String(raw)]
  const anchors: NegativeAnchor[] = []
  for (const text of texts) {
    const anchor = parseNegativeAnchor(text)
    if (!anchor.ok) return refuse(`${quote(text)}: ${negativeFaults[anchor.fault]}`)
    anchors.push(anchor.value)
  }
  return accept(anchors)
}

const negativeFaults: Record<NegativeAnchorFault, string> = {
  'not-a-name': 'begins with no name; write NAME TIME REASON',
  root: 'would leave everything unvalidated',
  'not-a-time': 'has no end behind the name, such as 2026-12-01T00:00Z',
  'no-reason': 'has no reason behind its end',
  'reason-too-long': `has a reason of more than ${limits.dnssec.negativeReasonCharacters} characters`,
}

function readPath(raw: Raw): Result<string, string> {
  const text = String(raw)
  return text === '' || text.includes('\0') ? refuse(`${quote(text)} is no path`) : accept(text)
}

/** Machines share by another setting, and each has its own file beside that. */
function readStorePath(raw: Raw): Result<string, string> {
  const [scheme] = /^(?:rediss?|valkeys?|unix):/.exec(String(raw)) ?? []
  if (scheme === undefined) return readPath(raw)
  return refuse(`${scheme} is for shared-store; this is the file that each machine has beside it`)
}

function readBoolean(raw: Raw): Result<boolean, string> {
  return raw === true || raw === false ? accept(raw) : refuse(`${quote(String(raw))} is neither true nor false`)
}

function integerBetween(least: number, most: number): (raw: Raw) => Result<number, string> {
  return (raw) => {
    const value = typeof raw === 'number' ? raw : /^\d{1,9}$/.test(String(raw)) ? Number(raw) : Number.NaN
    if (Number.isInteger(value) && value >= least && value <= most) return accept(value)
    return refuse(`${quote(String(raw))} is no whole number from ${least} to ${most}`)
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
