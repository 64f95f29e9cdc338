import { checkOptions } from './check-options.ts'
import { checkReport } from './core/check/check-report.ts'
import type { CheckReport } from './core/check/report.ts'
import { ConfigError } from './core/config-error.ts'
import { decide } from './core/decision/decide.ts'
import { type DecisionOptions, type DomainDecision, defaultOptions } from './core/decision/decision.ts'
import type { Facts } from './core/decision/facts.ts'
import { parseType } from './core/dns/types.ts'
import { parseTrustAnchors, unusableOwner } from './core/dnssec/anchors.ts'
import { makeNegativeAnchor, type NegativeAnchor } from './core/dnssec/negative-anchors.ts'
import { createPolicy } from './core/dnssec/policy.ts'
import type { Resolution } from './core/dnssec/resolution.ts'
import { type DomainName, parseDomainName } from './core/name/domain.ts'
import { formatName, parseName } from './core/name/text.ts'
import { formatMailDomain, type Mailbox, parseMailbox, parseMailDomain } from './core/smtp/mailbox.ts'
import { type Clock, systemClock } from './io/clock.ts'
import { deliver } from './io/delivery/deliver.ts'
import { type OwnHosts, ownHostsOf, readOwnHost } from './io/delivery/own-hosts.ts'
import type { DeliveryReport } from './io/delivery/report.ts'
import { examine } from './io/examine/examine.ts'
import { createPkixTrust } from './io/https/pkix-trust.ts'
import { createStsService } from './io/mtasts/sts-service.ts'
import type { Endpoint, Network } from './io/network.ts'
import { createNetwork } from './io/network-node.ts'
import { createOverrideWatch } from './io/overrides/override-watch.ts'
import { createResolver } from './io/resolver/create-resolver.ts'
import type { TraceEvent } from './io/resolver/resolver.ts'
import { createTlsProfile } from './io/smtp/tls-profile.ts'
import { openStore } from './io/store/open-store.ts'

export type {
  AddressRow,
  Cell,
  CheckEvidence,
  CheckReport,
  Finding,
  HostRow,
  KeyRow,
  Operator,
  ProtocolLine,
  Publication,
  SenderRow,
  Verdict,
} from './core/check/report.ts'
export { ConfigError } from './core/config-error.ts'
export type {
  ConnectDecision,
  DecisionOptions,
  DomainDecision,
  HostDecision,
  SkipDecision,
} from './core/decision/decision.ts'
export type { AddressFinding, Facts, HostFacts, MxFinding, StsFinding, TlsaFinding } from './core/decision/facts.ts'
export type { Override, OverrideRule, OverrideTarget } from './core/decision/override.ts'
export type { ResourceRecord } from './core/dns/message.ts'
export { formatType } from './core/dns/types.ts'
export { formatRecord } from './core/dns/zone-text.ts'
export type { NegativeAnchor } from './core/dnssec/negative-anchors.ts'
export type {
  Alias,
  Answer,
  ChainLink,
  Denial,
  Evidence,
  Failure,
  Resolution,
  Security,
} from './core/dnssec/resolution.ts'
export type { Name } from './core/name/name.ts'
export { formatName } from './core/name/text.ts'
export { formatMailbox } from './core/smtp/mailbox.ts'
export type { Clock } from './io/clock.ts'
export type { DeliveryReport, DomainReport, HostReport, RecipientReport } from './io/delivery/report.ts'
export type { Status } from './io/delivery/status.ts'
export type { Endpoint, Network } from './io/network.ts'
export type { TraceEvent } from './io/resolver/resolver.ts'

/** How to look at the world. Everything may be left out. */
export interface WaxsealOptions {
  /** `auto` unless told: from the root, or through `servers`, or the system's resolvers where port 53 is closed. */
  readonly engine?: 'auto' | 'forward' | 'iterate' | 'trust-ad'
  /** Recursive resolvers, over TLS where they have a name, in the place of those of the system; `auto` then forwards through them. */
  readonly servers?: readonly Endpoint[]
  /** Addresses of root servers, in the place of those built in. */
  readonly rootHints?: readonly Endpoint[]
  /** DS or DNSKEY records as zone text, or `root-anchors.xml` of IANA, in the place of those of the root. */
  readonly trustAnchors?: string
  /**
   * Follow the keys of those zones from one to the next, with `store` beyond the process. Only for the root's built-in
   * anchors unless told. RFC 5011
   */
  readonly updateAnchors?: boolean
  /** Names at and below which nothing is validated for a while, so that they have no DANE; each start warns of them. */
  readonly negativeTrustAnchors?: readonly NegativeTrustAnchor[]
  /** Believe RSA/SHA-1 signatures. */
  readonly allowSha1?: boolean
  /** Seconds, 60 unless told and at most 3600: by how much this machine's clock may be slow. RFC 4035 §5.3.1 */
  readonly clockSkew?: number
  /** Let `trust-ad` believe servers that are not on this machine and have no `tlsName`: only where nobody can come between. */
  readonly trustRemoteAd?: boolean
  /**
   * Told, in one line each, of resolvers that strip DNSSEC records or do not validate, of what becomes of trust anchors,
   * and of negative ones in force.
   */
  readonly onWarning?: (warning: string) => void
  /** PEM text of the authorities to trust for MTA-STS, in the place of those that Node carries. */
  readonly ca?: string
  /**
   * Where MTA-STS policies are kept, and what operators overrode: a path, or `:memory:`, which forgets it with the
   * process. Overrides count for `explain` and `deliver` as for the commands.
   */
  readonly store?: string
  /**
   * A file that secure DNS answers are saved to by `close`, and proved again from by the next process; not with engine
   * `trust-ad`.
   */
  readonly cacheFile?: string
  /**
   * Let what is proved absent answer for the names around it: `off` unless told, `hosts` for all but MX, TLSA and
   * `_mta-sts`, of which news matters, or `all`. RFC 8198
   */
  readonly aggressiveNsec?: 'off' | 'hosts' | 'all'
  /** Connect to private and loopback addresses that DNS names. */
  readonly allowPrivate?: boolean
  /** Of MX hosts; 25 except in laboratories. */
  readonly smtpPort?: number
  /** Our name for EHLO, or our address in brackets. */
  readonly clientName?: string
  /**
   * Names and addresses of this mail server: `deliver` leaves out where they stand among MX hosts, with the hosts that are
   * no better, so that mail does not go round. RFC 5321 §5.1
   */
  readonly ownHosts?: readonly string[]
  /** How to decide where RFC 7672 and RFC 8461 leave room; what is left out is as they recommend. */
  readonly decision?: Partial<DecisionOptions>
  /** In the place of sockets, for tests and the lab. */
  readonly network?: Network
  /** In the place of the machine's. */
  readonly clock?: Clock
}

/** A zone whose DNSSEC is broken and known to be, so that its names count as unsigned instead of bogus. RFC 7646 */
export interface NegativeTrustAnchor {
  /** Zone text; not the root. */
  readonly name: string
  /** Milliseconds since 1970, at most a week ahead. After that it counts for nothing. */
  readonly until: number
  /** One line, shown with every result that rests on it. */
  readonly reason: string
}

/** What every method may be given. */
export interface Given {
  /** Ends what the method waits for. docs/errors.md says what then comes of it. */
  readonly signal?: AbortSignal
}

/** One message and its envelope. */
export interface Mail {
  /** An address, or null for the empty reverse-path. */
  readonly from: string | null
  readonly to: readonly string[]
  /** The whole message, header and body. */
  readonly message: Uint8Array
  /** REQUIRETLS. RFC 8689 */
  readonly requireTls?: boolean
}

/** What was found out about mail for a domain, and what follows from it. */
export interface Explanation {
  readonly facts: Facts
  readonly decision: DomainDecision
}

/** Enforced STARTTLS: validated lookups, decisions with their reasons, and deliveries that keep to them. */
export interface Waxseal {
  /**
   * A validated lookup; `name` as zone text, `type` as `MX` or `TYPE257`. Never rejects for what DNS does: failures are
   * values, of kind `failure`, and have no records. RFC 4035 §4.3
   */
  resolve(
    name: string,
    type: string,
    options?: Given & { readonly trace?: (event: TraceEvent) => void },
  ): Promise<Resolution>
  /** What mail to a domain must be shown, and what that rests on. RFC 7672 §2.2, RFC 8461 §5 */
  explain(domain: string, options?: Given): Promise<Explanation>
  /**
   * What every kind of sender does with mail to a domain, and what is wrong. Connects to all of its MX hosts, and begins no
   * mail. What is given up by `signal` is left out of the report. docs/check.md
   */
  check(domain: string, options?: Given): Promise<CheckReport>
  /** Delivers to the MX hosts of every recipient. Every recipient gets a status; nothing is queued. */
  deliver(mail: Mail, options?: Given): Promise<DeliveryReport>
  /** Fetches MTA-STS policies again whose time has come; to be called now and then by whoever runs long. RFC 8461 §3.3 */
  refreshPolicies(options?: Given): Promise<{ readonly refreshed: number; readonly failed: number }>
  /** Ends what is under way and closes sockets, timers and the store: nothing keeps the process from ending. */
  close(): Promise<void>
}

/**
 * Puts together what looks up, decides and delivers. Nothing is asked before a method is called.
 *
 * Throws ConfigError for options that cannot be used; its methods reject with TypeError for names, types and addresses
 * that are none.
 */
export function createWaxseal(options: WaxsealOptions = {}): Waxseal {
  const { clock = systemClock, allowPrivate = false, smtpPort = 25, ca } = options
  checkOptions(options)
  const clientName = readClientName(options.clientName ?? 'localhost')
  const ownHosts = readOwnHosts(options)
  const network = options.network ?? createNetwork({ allowPrivate })
  const trust = createPkixTrust(ca)
  const anchors = { trustAnchors: readAnchors(options), negativeAnchors: readNegativeAnchors(options) }
  const path = options.store ?? ':memory:'
  const kept = path === ':memory:' ? {} : { trustPoints: () => store.trustPoints }
  const own = { network, clock, trust: () => trust, prefetch: true }
  const resolver = createResolver({ ...options, ...anchors, ...kept, ...own })
  const profile = createTlsProfile({ ca })
  const store = openStore(path) // last: nothing that fails may leave it open
  const sts = createStsService({ resolver, network, store, clock, trust })
  const decision = { ...defaultOptions, ...options.decision }
  const watch = createOverrideWatch({ table: store.overrides, clock, onTrouble: options.onWarning })
  return {
    resolve: async (name, type, more) => resolver.resolve(readName(name), readType(type), more),
    async explain(domain, { signal } = {}) {
      const nextHop = { kind: 'domain', domain: readDomain(domain) } as const
      const now = clock.now()
      const { insecureMx, preferredDigest } = decision
      const facts = await examine(nextHop, { resolver, sts, smtpPort, signal, insecureMx, preferredDigest })
      await watch.refresh()
      return { facts, decision: decide(facts, { now, options: decision, overrides: watch.current }) }
    },
    async check(domain, { signal } = {}) {
      const { checkDomain } = await import('./programs/check/check-domain.ts')
      const resolverOptions = { ...options, ...anchors, ...own }
      const world = {
        resolver,
        resolverOptions,
        network,
        clock,
        trust,
        ca,
        store,
        smtpPort,
        clientName,
        depth: 'quick',
      } as const
      return checkReport(
        await checkDomain(readDomain(domain), signal === undefined ? {} : { signal }, world),
        clock.now(),
      )
    },
    async deliver({ from, to, message, requireTls }, { signal } = {}) {
      await watch.refresh()
      return deliver(
        { sender: from === null ? null : readMailbox(from), recipients: to.map(readMailbox), message, requireTls },
        {
          ...{ resolver, network, clock, profile, sts, signal, clientName, port: smtpPort, anchors: store.anchors },
          ...{ random: Math.random, options: decision, overrides: watch.current, ownHosts },
        },
      )
    },
    refreshPolicies: ({ signal } = {}) => sts.refreshDue({ signal }),
    async close() {
      await sts.close()
      await resolver.close()
      await store.close()
    },
  }
}

function readAnchors({ trustAnchors: text, allowSha1 = false }: WaxsealOptions) {
  if (text === undefined) return undefined
  const anchors = parseTrustAnchors(text)
  if (!anchors.ok) {
    throw new ConfigError(`option trustAnchors: ${anchors.fault.replaceAll('-', ' ')} at character ${anchors.at}`)
  }
  const unusable = unusableOwner(anchors.value, createPolicy({ allowSha1 }))
  if (unusable !== undefined) {
    throw new ConfigError(`option trustAnchors: none of ${formatName(unusable)} can be used`)
  }
  return anchors.value
}

function readNegativeAnchors({ negativeTrustAnchors = [] }: WaxsealOptions): NegativeAnchor[] {
  return negativeTrustAnchors.map((given) => {
    const { name, until, reason } = given
    const anchor = makeNegativeAnchor({
      ...{ name: String(name), reason: String(reason ?? '') },
      until: Number.isSafeInteger(until) ? until : undefined,
    })
    if (anchor.ok) return anchor.value
    const why = anchor.fault.replaceAll('-', ' ')
    throw new ConfigError(`option negativeTrustAnchors: cannot be ${JSON.stringify(given)} (${why})`)
  })
}

/** A U-label would be sent before the server says whether it knows any. RFC 8616 §4 */
function readClientName(text: string): string {
  const name = parseMailDomain(text)
  if (!name.ok) throw new ConfigError(`client name: not a host name: ${JSON.stringify(text)}`)
  return formatMailDomain(name.value)
}

function readOwnHosts({ ownHosts = [] }: WaxsealOptions): OwnHosts {
  if (!Array.isArray(ownHosts)) throw new ConfigError(`option ownHosts: cannot be ${JSON.stringify(ownHosts)}`)
  return ownHostsOf(
    ownHosts.map((text: unknown) => {
      const host = readOwnHost(String(text))
      if (host === undefined) throw new ConfigError(`option ownHosts: not a host or address: ${JSON.stringify(text)}`)
      return host
    }),
  )
}

function readName(text: string) {
  const name = parseName(text)
  if (!name.ok) throw new TypeError(`not a name: ${JSON.stringify(text)} (${name.fault})`)
  return name.value
}

function readType(text: string): number {
  const type = parseType(text)
  if (type === undefined) throw new TypeError(`not a record type: ${JSON.stringify(text)}`)
  return type
}

function readDomain(text: string): DomainName {
  const domain = parseDomainName(text)
  if (!domain.ok) throw new TypeError(`not a domain name: ${JSON.stringify(text)} (${domain.fault})`)
  return domain.value
}

function readMailbox(text: string): Mailbox {
  const mailbox = parseMailbox(text)
  if (!mailbox.ok) throw new TypeError(`not a mail address: ${JSON.stringify(text)} (${mailbox.fault})`)
  return mailbox.value
}
