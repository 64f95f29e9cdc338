import { ConfigError } from './core/config-error.ts'
import { digests } from './core/dane/tlsa.ts'
import { defaultOptions } from './core/decision/decision.ts'
import { parseAddress } from './core/dns/rdata/address.ts'
import { limits } from './core/limits.ts'
import { parseDomainName } from './core/name/domain.ts'
import type { WaxsealOptions } from './index.ts'
import type { Endpoint } from './io/network.ts'

const engines: readonly unknown[] = ['auto', 'forward', 'iterate', 'trust-ad']
const aggressions: readonly unknown[] = ['off', 'hosts', 'all']

/** Throws ConfigError for options that no types kept out: a misspelt one must not quietly count for nothing. */
export function checkOptions(options: WaxsealOptions): void {
  const {
    engine,
    servers = [],
    rootHints,
    smtpPort,
    trustRemoteAd = false,
    cacheFile,
    aggressiveNsec = 'off',
    decision = {},
  } = options
  if (engine !== undefined && !engines.includes(engine)) throw wrong('engine', engine)
  // Whom to believe hangs on it: the text "false" must not count as true.
  if (typeof trustRemoteAd !== 'boolean') throw wrong('trustRemoteAd', trustRemoteAd)
  if (!aggressions.includes(aggressiveNsec)) throw wrong('aggressiveNsec', aggressiveNsec)
  if (cacheFile !== undefined && !isPath(cacheFile)) throw wrong('cacheFile', cacheFile)
  const { updateAnchors = false, clockSkew = 0 } = options
  if (typeof updateAnchors !== 'boolean') throw wrong('updateAnchors', updateAnchors)
  if (!Number.isInteger(clockSkew) || clockSkew < 0 || clockSkew > limits.dnssec.inceptionSkewMax) {
    throw wrong('clockSkew', clockSkew)
  }
  for (const server of servers) if (!isEndpoint(server)) throw wrong('servers', server)
  for (const server of rootHints ?? []) if (!isEndpoint(server)) throw wrong('rootHints', server)
  if (rootHints?.length === 0) throw new ConfigError('option rootHints: no root server')
  if (smtpPort !== undefined && !isPort(smtpPort)) throw wrong('smtpPort', smtpPort)
  for (const [name, value] of Object.entries(decision))
    if (!isDecisionOption(name, value)) throw wrong(`decision.${name}`, value)
}

function wrong(name: string, value: unknown): ConfigError {
  return new ConfigError(`option ${name}: cannot be ${JSON.stringify(value)}`)
}

function isEndpoint(endpoint: Endpoint): boolean {
  if (endpoint.tlsName !== undefined && !parseDomainName(String(endpoint.tlsName)).ok) return false
  return parseAddress(String(endpoint.address)) !== undefined && isPort(endpoint.port)
}

function isPath(path: unknown): boolean {
  return typeof path === 'string' && path !== '' && !path.includes('\0')
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

function isDecisionOption(name: string, value: unknown): boolean {
  if (name === 'insecureMx') return value === 'dane' || value === 'skip'
  if (name === 'preferredDigest') return digests.some((digest) => digest === value)
  return Object.hasOwn(defaultOptions, name) && typeof value === 'boolean'
}
