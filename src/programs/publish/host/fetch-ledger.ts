import { plainOctets } from '../../../core/address/prefix.ts'
import { formatIpv6 } from '../../../core/dns/rdata/address.ts'
import { limits } from '../../../core/limits.ts'
import type { DomainName } from '../../../core/name/domain.ts'

/** Kinds of clients, by what they call themselves. Nothing is answered otherwise because of it. */
export const agentKinds = [
  ...['google', 'microsoft', 'waxseal', 'postfix-mta-sts-resolver', 'postfix-tlspol', 'mox', 'checker', 'curl'],
  ...['go', 'python', 'java', 'browser', 'none', 'other'],
] as const
export type AgentKind = (typeof agentKinds)[number]

const patterns: readonly (readonly [AgentKind, RegExp])[] = [
  ['google', /google/i],
  ['microsoft', /microsoft|outlook|exchange/i],
  ['waxseal', /waxseal/i],
  ['postfix-mta-sts-resolver', /postfix-mta-sts-resolver/i],
  ['postfix-tlspol', /postfix-tlspol/i],
  ['mox', /^mox\b/i],
  ['checker', /check|hardenize|internet\.nl|mailhardener|valimail|easydmarc|dmarc/i],
  ['curl', /curl|wget/i],
  ['go', /go-http-client/i],
  ['python', /python|aiohttp|urllib|httpx/i],
  ['java', /java|okhttp|apache-httpclient/i],
  ['browser', /^mozilla\//i],
]

/** One network that fetched policies: of IPv4 a /24, of IPv6 a /48. */
export interface NetworkFetches {
  readonly network: string
  fetches: number
  /** Milliseconds since 1970. */
  lastAt: number
  lastDomain: DomainName
  lastAgent: AgentKind
}

/** Who fetched what, in memory that does not grow with senders or domains. */
export interface FetchLedger {
  /** `client` is its address, or text that begins with it. */
  fetched(domain: DomainName, client: string, agent: string | undefined): void
  /** Fetches by domain: so many domains each, and `other` for all that came later. */
  readonly byDomain: ReadonlyMap<string, number>
  readonly byAgent: ReadonlyMap<AgentKind, number>
  /** Those that came last, the latest first. */
  networks(): NetworkFetches[]
}

export function createFetchLedger(now: () => number): FetchLedger {
  const byDomain = new Map<string, number>([['other', 0]])
  const byAgent = new Map<AgentKind, number>(agentKinds.map((kind) => [kind, 0]))
  const networks = new Map<string, NetworkFetches>()
  const kinds = new Map<string, AgentKind>()
  let latest: { readonly client: string; readonly entry: NetworkFetches } | undefined

  function kindOf(agent: string): AgentKind {
    const known = kinds.get(agent)
    if (known !== undefined) return known
    const kind = patterns.find(([, pattern]) => pattern.test(agent))?.[0] ?? 'other'
    if (kinds.size >= limits.policyServer.agents) kinds.clear()
    kinds.set(agent, kind)
    return kind
  }

  return {
    fetched(domain, client, agent) {
      const counted = byDomain.get(domain)
      if (counted !== undefined || byDomain.size <= limits.policyServer.countedDomains) {
        byDomain.set(domain, (counted ?? 0) + 1)
      } else byDomain.set('other', (byDomain.get('other') ?? 0) + 1)
      const kind = agent === undefined ? 'none' : kindOf(agent)
      byAgent.set(kind, (byAgent.get(kind) ?? 0) + 1)
      // One connection asks many times, mostly.
      const network = client === latest?.client ? latest.entry.network : networkOf(client)
      const found = client === latest?.client ? latest.entry : networks.get(network)
      const entry = found ?? { network, fetches: 0, lastAt: 0, lastDomain: domain, lastAgent: kind }
      entry.fetches++
      entry.lastAt = now()
      entry.lastDomain = domain
      entry.lastAgent = kind
      if (entry === latest?.entry) return
      latest = { client, entry }
      // Whoever came last stays longest.
      networks.delete(network)
      networks.set(network, entry)
      if (networks.size > limits.policyServer.networks) networks.delete(networks.keys().next().value as string) // it has one
    },
    byDomain,
    byAgent,
    networks: () => [...networks.values()].reverse(),
  }
}

/** The network of an address, as operators write it; text that is no address stands for itself. */
export function networkOf(client: string): string {
  const isPlainIpv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(client)
  if (isPlainIpv4) return `${client.slice(0, client.lastIndexOf('.'))}.0/24`
  const octets = octetsOf(client)
  if (octets === undefined) return client
  if (octets.length === 4) return `${octets.subarray(0, 3).join('.')}.0/24`
  return `${formatIpv6(Uint8Array.from(octets, (octet, place) => (place < 6 ? octet : 0)))}/48`
}

/** Of an address, or of a subscriber with an IPv6 /64, as core names such. */
function octetsOf(client: string): Uint8Array | undefined {
  const [, subscriber] = /^([0-9a-f]{16})::\/64$/.exec(client) ?? []
  return subscriber === undefined ? plainOctets(client) : Buffer.from(subscriber.padEnd(32, '0'), 'hex')
}
