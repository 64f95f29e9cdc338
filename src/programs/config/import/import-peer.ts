import { ConfigError } from '../../../core/config-error.ts'
import { formatListenAddress, readListenAddress } from '../../daemon/listen-address.ts'
import { readServer } from '../endpoint.ts'
import { readPlainYaml, type YamlEntry } from './plain-yaml.ts'

/** What became of one line of another program's configuration. */
interface Line {
  /** TOML, or undefined where nothing is to be set. */
  readonly toml?: string | undefined
  /** What to know or to do, without a full stop. */
  readonly comment?: string
}

type Rule = (value: string, all: ReadonlyMap<string, string>) => Line

/** Rules by key; a key that ends in `.*` is for all below it. */
type Rules = Readonly<Record<string, Rule>>

interface Peer {
  readonly name: string
  /** Top-level keys of which one must be there. */
  readonly marks: readonly string[]
  readonly rules: Rules
  readonly advice: readonly string[]
}

const comment = (text: string) => (): Line => ({ comment: text })
const store = 'store = "/var/lib/waxseal/waxseal.sqlite"'
const isYes = (value: string) => /^(?:y|yes|true|on)$/i.test(value)

const mapAdvice =
  'main.cf: the name of the map chooses the answers: smtp_tls_policy_maps = socketmap:…:QUERY for Postfix up to 3.9, ' +
  'QUERYwithTLSRPT from 3.10 on'
const sharedAdvice = 'each machine has a store of its own; "shared-store" lets several share policies in a Redis'
const policiesAdvice = 'policies are fetched anew when mail first goes to their domains: its cache cannot be taken over'

const tlspol: Peer = {
  name: 'postfix-tlspol',
  marks: ['server', 'dns', 'redis'],
  rules: {
    'server.address': socketmapAt,
    'server.metrics-address': comment('metrics are part of the HTTP interface, at /metrics'),
    'server.socket-permissions': comment('Unix sockets are open to whoever may enter their folder'),
    'server.log-level': comment('there are no levels: one line is logged for each decision'),
    'server.log-format': (value) => ({ toml: `log-format = ${JSON.stringify(value === 'json' ? 'json' : 'text')}` }),
    'server.tlsrpt': (value) => ({
      comment: isYes(value)
        ? 'write QUERYwithTLSRPT as the name of the map in main.cf'
        : 'write QUERY as the name of the map in main.cf',
    }),
    'server.prefetch': comment('decisions are always renewed before they end, for destinations that get mail'),
    'server.cache-file': () => ({ toml: store, comment: policiesAdvice }),
    'dns.address': resolverAt,
    'redis.disable': comment('decisions are kept in memory, and policies in the store'),
    'redis.*': comment('decisions are kept in memory, and policies in the store'),
  },
  advice: [mapAdvice],
}

const resolver: Peer = {
  name: 'postfix-mta-sts-resolver',
  marks: ['host', 'port', 'path', 'cache', 'default_zone', 'zones', 'proactive_policy_fetching', 'cache_grace'],
  rules: {
    host: (value, all) => (all.has('path') ? {} : socketmapAt(`${bracketed(value)}:${all.get('port') ?? '8461'}`)),
    port: (value, all) => (all.has('host') || all.has('path') ? {} : socketmapAt(`127.0.0.1:${value}`)),
    path: socketmapAt,
    mode: comment('Unix sockets are open to whoever may enter their folder'),
    reuse_port: comment('one process serves all connections'),
    shutdown_timeout: comment('questions under way are answered within 15 seconds when the service is stopped'),
    cache_grace: comment('decisions are kept until the first record or policy under them ends'),
    'cache.type': (value) => {
      if (value === 'internal') return { comment: 'policies are always kept on disk' }
      return { toml: store, comment: value === 'redis' ? `${sharedAdvice}; ${policiesAdvice}` : policiesAdvice }
    },
    'cache.options.*': comment('the store needs no options'),
    'proactive_policy_fetching.*': comment('policies are fetched anew once a day, whether or not mail goes there'),
    'default_zone.strict_testing': strictTesting,
    'default_zone.timeout': comment('"timeout" is for a whole domain with all its lookups, 60 seconds unless told'),
    'default_zone.require_sni': comment('servername=hostname is always answered: Postfix 3.4 or later is needed'),
    'zones.*': comment('there are no zones: the name of the map in main.cf must be QUERY or QUERYwithTLSRPT'),
  },
  advice: [
    mapAdvice,
    'DANE is decided too: set smtp_dns_support_level = dnssec in main.cf, with a validating resolver',
  ],
}

function strictTesting(value: string): Line {
  return isYes(value)
    ? {
        comment:
          'policies in mode testing are not enforced (RFC 8461 §5); testing-level = "encrypt" has them reported by',
      }
    : { comment: 'policies in mode testing are never enforced' }
}

function socketmapAt(value: string): Line {
  const address = readListenAddress(value.replace(/^localhost:/, '127.0.0.1:').replace(/^:/, '0.0.0.0:'))
  return address === undefined
    ? { comment: `${JSON.stringify(value)} is no address and port: set socketmap yourself` }
    : { toml: `socketmap = ${JSON.stringify(formatListenAddress(address))}` }
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** What it is told of is believed no more: it is asked, and its answers are validated. */
function resolverAt(value: string): Line {
  return readServer(value) === undefined
    ? { comment: `${JSON.stringify(value)} is no address of a resolver: set server yourself` }
    : { toml: `engine = "forward"\nserver = ${JSON.stringify(value)}`, comment: 'its answers are validated here' }
}

/**
 * Our configuration in the place of that of postfix-tlspol or postfix-mta-sts-resolver, as TOML; every line of theirs is
 * named above what became of it. Throws ConfigError for what is neither.
 */
export function importPeer(text: string, path: string): string {
  const read = readPlainYaml(text)
  if (!read.ok) throw new ConfigError(`${path}:${read.at}: no YAML that is understood here`)
  const [entries, peer] = [read.value, peerOf(read.value)]
  if (peer === undefined) {
    throw new ConfigError(`${path}: neither a configuration of postfix-tlspol nor of postfix-mta-sts-resolver`)
  }
  const all = new Map(entries.map((entry) => [entry.path.join('.'), textOf(entry)]))
  const written = new Set<string>()
  const blocks = entries
    .filter((entry) => !isParent(entry, entries))
    .map((entry) => blockOf(entry, { peer, all, written }))
  const head = [`# From a configuration of ${peer.name}.`, ...peer.advice.map((one) => `# ${one}.`)]
  return `${[head.join('\n'), ...blocks].join('\n\n')}\n`
}

function peerOf(entries: readonly YamlEntry[]): Peer | undefined {
  const top = entries.map(({ path }) => path[0] ?? '')
  return [tlspol, resolver].find(({ marks }) => top.some((key) => marks.includes(key)))
}

function isParent({ path, value }: YamlEntry, entries: readonly YamlEntry[]): boolean {
  return (
    value === undefined &&
    entries.some((one) => one.path.length > path.length && path.every((key, at) => one.path[at] === key))
  )
}

function textOf({ value }: YamlEntry): string {
  return typeof value === 'string' ? value : (value ?? []).join(', ')
}

interface Around {
  readonly peer: Peer
  readonly all: ReadonlyMap<string, string>
  /** TOML that stands there already: a key may be set once. */
  readonly written: Set<string>
}

function blockOf(entry: YamlEntry, { peer, all, written }: Around): string {
  const key = entry.path.join('.')
  const { toml, comment: why } = ruleFor(peer.rules, entry.path)?.(textOf(entry), all) ?? {
    comment: 'this is not known here: look it up in docs/configuration.md',
  }
  const isNew = toml !== undefined && !written.has(toml)
  if (isNew) written.add(toml)
  const lines = [`# ${onOneLine(key)}: ${onOneLine(shown(key, entry))}`]
  if (why !== undefined) lines.push(`#   ${onOneLine(why)}.`)
  if (isNew) lines.push(toml)
  return lines.join('\n')
}

function ruleFor(rules: Rules, path: readonly string[]): Rule | undefined {
  const exact = rules[path.join('.')]
  if (exact !== undefined) return exact
  for (let length = path.length - 1; length > 0; length--) {
    const below = rules[`${path.slice(0, length).join('.')}.*`]
    if (below !== undefined) return below
  }
  return undefined
}

/** Passwords stay where they are. */
function shown(key: string, entry: YamlEntry): string {
  return /password|dsn|url|secret|token/i.test(key) ? '(not shown)' : textOf(entry)
}

/** A comment ends with its line. */
function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '?')
}
