import { ConfigError } from '../../core/config-error.ts'
import type { Endpoint } from '../network.ts'
import { formatServer } from './ask.ts'
import { type ServerList, watchSystemServers } from './system-servers.ts'

/** Which recursive servers are to be asked, and who hears of what is wrong with them. */
export interface RecursiveOptions {
  /** Those of the system unless told. */
  readonly servers?: readonly Endpoint[] | undefined
  /** Whether `trust-ad` believes servers that are not on this machine, and are not asked over TLS. */
  readonly trustRemoteAd?: boolean | undefined
  /** In the place of /etc/resolv.conf, for tests. */
  readonly resolvConf?: string | undefined
  /** In the place of those that it names, for tests. */
  readonly systemServers?: readonly Endpoint[] | undefined
  /** Told, in one line, of recursive servers that are not what they must be, and of what becomes of trust anchors. */
  readonly onWarning?: ((warning: string) => void) | undefined
}

/** Those that options name, or the system, now and when its file changes. Throws ConfigError when there are none. */
export function serversFor(options: RecursiveOptions, now: () => number): ServerList {
  const { servers = [] } = options
  const all: ServerList = servers.length > 0 ? () => servers : knownToSystem(options, now)
  if (all().length === 0) throw new ConfigError('no resolver to ask: name one with --server or in /etc/resolv.conf')
  return all
}

export function knownToSystem({ systemServers, resolvConf }: RecursiveOptions, now: () => number): ServerList {
  return systemServers === undefined ? watchSystemServers(now, resolvConf) : () => systemServers
}

/** Whom the operator names himself he knows. */
export function warnOfNetwork(options: RecursiveOptions, now: () => number): void {
  const { servers = [], onWarning } = options
  const named = servers.length > 0 ? [] : knownToSystem(options, now)()
  if (named.length === 0 || named.some(isNear)) return
  onWarning?.(
    `the resolvers of the system (${namesOf(named)}) are asked in the clear over a network: nobody there can forge ` +
      'what is signed, but read what is asked and hold back answers',
  )
}

/**
 * Those whose AD bit may be believed. Later on too: others than the operator write /etc/resolv.conf, as DHCP does.
 * Throws ConfigError when there are none, or one is on another machine, is not asked over TLS, and that is not allowed.
 * RFC 4035 §4.9.3, RFC 8310 §5
 */
export function believedServers(options: RecursiveOptions, now: () => number): ServerList {
  const { trustRemoteAd = false, onWarning = () => {} } = options
  const all = serversFor(options, now)
  let last = all()
  const [far] = last.filter(isFar)
  if (far !== undefined && !trustRemoteAd) {
    throw new ConfigError(
      `engine trust-ad would believe ${far.address}, which is not on this machine: use engine forward, ask it over TLS ` +
        '(tls://ADDRESS#NAME), or set trust-remote-ad where nobody can come between',
    )
  }
  if (far !== undefined) onWarning(believedFromAfar(last.filter(isFar)))
  let believed = last
  return () => {
    const named = all()
    if (named === last) return believed
    last = named
    const others = named.filter(isFar)
    if (trustRemoteAd) believed = named
    else if (others.length < named.length) believed = named.filter((server) => !isFar(server))
    if (others.length > 0) onWarning(trustRemoteAd ? believedFromAfar(others) : notBelieved(others, believed))
    return believed
  }
}

function believedFromAfar(servers: readonly Endpoint[]): string {
  return `what ${namesOf(servers)} says of DNSSEC is believed over the network, as trust-remote-ad is set`
}

function notBelieved(servers: readonly Endpoint[], others: readonly Endpoint[]): string {
  return `${namesOf(servers)} is not on this machine, and engine trust-ad goes on asking ${namesOf(others)}`
}

function namesOf(servers: readonly Endpoint[]): string {
  return servers.map(formatServer).join(', ')
}

/** On this machine: nobody else has the line to it. */
function isNear({ address }: Endpoint): boolean {
  return /^(?:127\.|::1$)/.test(address)
}

/** Whether others may have the line to it, and write the AD bit: not where its certificate must be of its name. RFC 8310 §5 */
function isFar(server: Endpoint): boolean {
  return !isNear(server) && server.tlsName === undefined
}
