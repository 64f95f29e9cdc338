import type { AddressProbe } from '../../core/check/address-probe.ts'
import type { CheckFacts, HostSide, SectionName } from '../../core/check/check-facts.ts'
import type { TlsProfileName } from '../../core/check/tls-judgement.ts'
import type { AppliedPolicy, HostFacts } from '../../core/decision/facts.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../../io/clock.ts'
import type { PkixTrust } from '../../io/https/pkix-trust.ts'
import type { Network } from '../../io/network.ts'
import type { ServerSurvey } from '../../io/resolver/all-servers.ts'
import type { Resolver, TraceEvent } from '../../io/resolver/resolver.ts'

/** One address of an MX host to be looked at. */
export interface ProbeAsk {
  readonly host: DomainName
  readonly address: string
  /** For SNI: the TLSA base domain where there is one. RFC 7672 §8.1 */
  readonly serverName: DomainName
  readonly signal: AbortSignal
}

/** What a check needs from the world. */
export interface GatherIo {
  readonly resolver: Resolver
  /** Asks every authoritative server; undefined where only a resolver may be asked. */
  readonly survey: Pick<ServerSurvey, 'survey'> | undefined
  /** The same of what concerns an MX host, which many domains may have: `survey` unless told. */
  readonly hostSurveys?: Pick<ServerSurvey, 'survey'> | undefined
  readonly network: Network
  readonly clock: Clock
  readonly trust: PkixTrust
  readonly smtpPort: number
  readonly tlsProfile: TlsProfileName
  /** Sees every query of the resolver. */
  readonly trace?: ((event: TraceEvent) => void) | undefined
  /** The MTA-STS policy that is remembered from before, while it lasts. */
  remembered(domain: DomainName): Promise<AppliedPolicy | undefined>
  probe(ask: ProbeAsk): Promise<AddressProbe>
  /** Holds what was presented against the anchors of DANE-TA records, as OpenSSL judges. RFC 7672 §3.1.2 */
  anchor(facts: HostFacts, probes: readonly AddressProbe[], signal: AbortSignal): Promise<HostSide['anchored']>
}

export interface GatherOptions {
  /** All unless told. */
  readonly sections?: ReadonlySet<SectionName> | undefined
  /** The name is a mail server's, which is looked at by itself: no MX records say so, and no policy is its own. */
  readonly isHost?: boolean | undefined
  /** Connect to IPv4 addresses alone. */
  readonly ipv4?: boolean | undefined
  /** Called as each section is done, with everything that is known by then. */
  readonly onSection?: ((section: SectionName, facts: CheckFacts) => void) | undefined
  readonly signal: AbortSignal
  /** Ends all but the sessions with MX hosts, which may take longer; `signal` unless told. */
  readonly lookupSignal?: AbortSignal | undefined
}
