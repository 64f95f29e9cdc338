import { isUtf8 } from 'node:buffer'
import { dirname, resolve } from 'node:path'
import { type Prefix, readPrefix } from '../../../core/address/prefix.ts'
import { ConfigError } from '../../../core/config-error.ts'
import { parseAddress } from '../../../core/dns/rdata/address.ts'
import { limits } from '../../../core/limits.ts'
import { type DomainName, parseDomainName } from '../../../core/name/domain.ts'
import { composeHostedPolicy, policyFaultWords } from '../../../core/publish/hosted-policy.ts'
import type { CertificateEntry } from '../../../io/publish/certificate-files.ts'
import type { ProfileSource } from '../../../io/publish/policy-shelf.ts'
import { readOctets } from '../../config/read-file.ts'
import { type ListenAddress, readListenAddress } from '../../daemon/listen-address.ts'
import type { LogFormat } from '../../daemon/log.ts'
import { suggestion } from '../../nearest.ts'
import { type AcmeConfig, readAcmeConfig } from './acme-config.ts'
import type { HostTable } from './host-schema.ts'
import { lineOfPath, type TomlPath } from './toml-place.ts'

/** What a policy host is to do. */
export interface HostConfig {
  readonly path: string
  readonly https: readonly ListenAddress[]
  /** Where challenges of ACME are answered. */
  readonly http: readonly ListenAddress[]
  /** For a reverse proxy, in clear. */
  readonly plain: readonly ListenAddress[]
  readonly metrics: readonly ListenAddress[]
  /** Whose word about clients and hosts is taken. */
  readonly proxies: readonly Prefix[]
  /** Of this host, to which domains of others lead; undefined where nobody delegates anything. */
  readonly name: DomainName | undefined
  readonly addresses: readonly string[]
  readonly policies: string | undefined
  readonly state: string | undefined
  /** Whether domains that are not listed are served once they are delegated. */
  readonly customers: boolean
  readonly logFormat: LogFormat
  readonly contextsKept: number
  readonly certificates: readonly CertificateEntry[]
  readonly profiles: readonly ProfileSource[]
  /** Undefined where certificates are from files alone. */
  readonly acme: AcmeConfig | undefined
}

const usualHttps = ['0.0.0.0:443', '[::]:443']

/** Reads a configuration. Throws ConfigError, with file and line, for what cannot be meant. */
export async function readHostConfig(path: string): Promise<HostConfig> {
  const octets = readOctets(path, limits.policyServer.configOctets)
  if (!isUtf8(octets)) throw new ConfigError(`${path}: no UTF-8 text`)
  return parseHostConfig(octets.toString('utf8'), path)
}

/** As `readHostConfig`, of text that was read already. */
export async function parseHostConfig(text: string, path: string): Promise<HostConfig> {
  const at = (where: TomlPath) => `${path}:${lineOfPath(text, where)}`
  const refuse = (where: TomlPath, why: string): never => {
    throw new ConfigError(`${at(where)}: ${where.filter((part) => typeof part === 'string').join('.')}: ${why}`)
  }
  const table = await parseTable(text, path, at)
  const reader = createReader(refuse, dirname(resolve(path)))
  const name = table.name === undefined ? undefined : reader.domain(['name'], table.name)
  const plain = reader.places('plain', table.plain, [])
  const config: HostConfig = {
    path,
    https: reader.places('https', table.https, plain.length > 0 ? [] : usualHttps),
    http: reader.places('http', table.http, []),
    plain,
    metrics: reader.places('metrics', table.metrics, []),
    proxies: list(table.proxy).map(
      (one) => readPrefix(one) ?? refuse(['proxy'], `${quote(one)} is no address or prefix`),
    ),
    name,
    addresses: list(table.addresses).map((one) =>
      parseAddress(one) === undefined ? refuse(['addresses'], `${quote(one)} is no address`) : one,
    ),
    policies: reader.file(table.policies),
    state: reader.file(table.state),
    customers: table.customers === true,
    logFormat: reader.logFormat(table['log-format']),
    contextsKept: reader.integer('contexts-kept', table['contexts-kept'], limits.policyServer.contexts),
    certificates: (table.certificate ?? []).map(({ chain, key }) => ({
      chain: reader.file(chain) ?? chain,
      key: reader.file(key) ?? key,
    })),
    profiles: Object.entries(table.profile ?? {}).map(([label, profile]) => reader.profile(label, profile)),
    acme: table.acme === undefined ? undefined : readAcmeConfig(table.acme, table, { refuse, file: reader.file }),
  }
  if (config.customers && name === undefined) refuse(['customers'], 'it needs "name", to which their domains lead')
  if (config.customers && config.profiles.length === 0) refuse(['customers'], 'it needs a profile that they can choose')
  if (config.certificates.length > limits.policyServer.certificateEntries)
    refuse(['certificate'], `there are more than ${limits.policyServer.certificateEntries}: file them by {host}`)
  if (config.policies === undefined && config.profiles.length === 0)
    throw new ConfigError(`${path}: it names no policy: set "policies", or a table [profile.NAME]`)
  return config
}

type Profile = NonNullable<HostTable['profile']>[string]

/** Reads what texts and numbers mean; paths are relative to the folder. */
function createReader(refuse: (where: TomlPath, why: string) => never, folder: string) {
  const file = (path: string | undefined) => (path === undefined ? undefined : resolve(folder, path))
  const domain = (where: TomlPath, text: string): DomainName => {
    const parsed = parseDomainName(text)
    return parsed.ok ? parsed.value : refuse(where, `${quote(text)} is no domain name`)
  }
  return {
    file,
    domain,
    places: (name: string, given: string | readonly string[] | undefined, usual: readonly string[]) =>
      (given === undefined ? usual : list(given)).map(
        (one) => readListenAddress(one) ?? refuse([name], `${quote(one)} is no ADDRESS:PORT and no path of a socket`),
      ),
    logFormat(given: string | undefined): LogFormat {
      if (given === undefined || given === 'text') return 'text'
      return given === 'json' ? given : refuse(['log-format'], `${quote(given)} is neither "text" nor "json"`)
    },
    integer(name: string, given: number | undefined, most: number): number {
      if (given === undefined) return most
      return Number.isInteger(given) && given >= 1 && given <= most
        ? given
        : refuse([name], `it must be from 1 to ${most}`)
    },
    profile(name: string, profile: Profile): ProfileSource {
      const where = ['profile', name]
      if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
        refuse(where, 'a profile is named by one label of a domain name, in small letters')
      return {
        name,
        policy: policyOf(profile, where),
        domains: list(profile.domains).map((one) => domain([...where, 'domains'], one)),
        domainsFile: file(profile['domains-file']),
      }
    },
  }

  function policyOf({ mode, mx, 'max-age': maxAge, policy }: Profile, where: TomlPath): ProfileSource['policy'] {
    if (policy !== undefined) {
      if (mode !== undefined || mx !== undefined || maxAge !== undefined)
        refuse([...where, 'policy'], 'a file says mode, mx and max-age itself')
      return { kind: 'file', path: resolve(folder, policy) }
    }
    if (mode === undefined || maxAge === undefined) return refuse(where, 'it needs mode and max-age, or policy')
    const made = composeHostedPolicy({ mode, mx: list(mx), maxAge })
    if (made.ok) return { kind: 'words', policy: made.value }
    const key = made.fault === 'max_age' ? 'max-age' : made.fault === 'mode' ? 'mode' : 'mx'
    return refuse([...where, key], policyFaultWords[made.fault])
  }
}

async function parseTable(text: string, path: string, at: (where: TomlPath) => string): Promise<HostTable> {
  const [{ parse, TomlError }, { hostKeys, hostSchema }] = await Promise.all([
    import('smol-toml'),
    import('./host-schema.ts'),
  ])
  let table: unknown
  try {
    table = parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ConfigError(`${path}:${error.line}: ${reason}`)
  }
  const checked = hostSchema.safeParse(table)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  const where = (issue?.path ?? []).filter((part) => typeof part !== 'symbol')
  if (issue?.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    const [first] = where
    const isOwn = first === 'profile' || first === 'certificate' || first === 'acme'
    const known = isOwn ? hostKeys[first] : hostKeys.top
    throw new ConfigError(`${at([...where, key])}: unknown key ${JSON.stringify(key)}${suggestion(key, known)}`)
  }
  const names = where.filter((part) => typeof part === 'string').join('.')
  throw new ConfigError(`${at(where)}: ${names}: ${shapeOf(names)}`)
}

/** What a value of the wrong shape ought to be. */
function shapeOf(names: string): string {
  const last = names.split('.').at(-1) ?? ''
  if (names === 'certificate') return 'it must be tables [[certificate]]'
  if (names === 'acme') return 'it must be a table [acme]'
  if (names === 'profile' || /^profile\.[^.]*$/.test(names)) return 'it must be tables [profile.NAME]'
  if (['customers', 'agree-terms', 'check-addresses'].includes(last)) return 'it must be true or false'
  if (/^(?:max-age|contexts-kept|per-hour|per-day|per-week|at-once)$/.test(last)) return 'it must be a number'
  const isList = ['https', 'http', 'plain', 'metrics', 'proxy', 'addresses', 'mx', 'domains', ...acmeLists].includes(
    last,
  )
  return isList ? 'it must be a text in quotes or a list of such' : 'it must be a text in quotes'
}

const acmeLists = ['contact', 'challenges', 'other-servers']

function list(given: string | readonly string[] | undefined): readonly string[] {
  return given === undefined ? [] : typeof given === 'string' ? [given] : given
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}
