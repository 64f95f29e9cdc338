import type { AppliedPolicy, Facts, MxFinding } from '../decision/facts.ts'
import type { Resolution, Security } from '../dnssec/resolution.ts'
import type { FetchFault } from '../mtasts/fetch-fault.ts'
import type { DomainName } from '../name/domain.ts'
import type { ReportTarget } from '../tlsrpt/record.ts'
import type { AddressProbe, KeyType } from './address-probe.ts'
import type { TlsProfileName } from './tls-judgement.ts'

/** The parts of a check, in the order in which they are begun. */
export const sectionNames = ['mail', 'mta-sts', 'tlsrpt', 'servers', 'smtp'] as const

export type SectionName = (typeof sectionNames)[number]

/**
 * Everything that a check of one domain rests on. A section is undefined until it was looked at, or when it was not to
 * be: nothing follows from that.
 */
export interface CheckFacts {
  readonly domain: DomainName
  /** Milliseconds since 1970: when the looking began. */
  readonly at: number
  readonly smtpPort: number
  /** By which guidelines TLS is judged. */
  readonly tlsProfile: TlsProfileName
  /** Questions whose answers did not fit into a datagram. RFC 9715 §3 */
  readonly overTcp: readonly { readonly name: string; readonly type: string }[]
  /** What a delivery by someone without memory finds: MX records, addresses, TLSA records, the policy. */
  readonly mail: Facts | undefined
  readonly sts: StsSide | undefined
  readonly reporting: ReportingSide | undefined
  readonly servers: readonly ServersFinding[] | undefined
  readonly hosts: readonly HostSide[] | undefined
  /** What was asked for and left out, in one line each. */
  readonly leftOut: readonly string[]
}

/** What MTA-STS has beside the record and policy of `Facts.sts`. RFC 8461 §3 */
export interface StsSide {
  readonly policyHost: DomainName | undefined
  /** TXT at `_mta-sts`; undefined when there can be no such name. */
  readonly record: Resolution | undefined
  /** TXT at the domain itself. */
  readonly apex: Resolution
  /**
   * TXT at a name beside `_mta-sts` that nobody has reason to publish: whether a wildcard answers for all. Undefined where
   * that is known, or there can be no such name.
   */
  readonly beside: Resolution | undefined
  /** A and AAAA of the policy host. */
  readonly addresses: readonly Resolution[]
  readonly fetches: readonly PolicyLook[]
  /** The policy that this machine remembers from before this check, while it lasts. */
  readonly remembered: AppliedPolicy | undefined
}

/** One fetch of the policy, from one address. */
export interface PolicyLook {
  readonly address: string
  /** How we called ourselves: not at all, as libraries of programs do, or as a browser does. */
  readonly as: 'nobody' | 'library' | 'browser'
  readonly outcome:
    | { readonly kind: 'fetched'; readonly body: Uint8Array }
    | { readonly kind: 'failed'; readonly fault: FetchFault; readonly reason: string }
  readonly status: number | undefined
  readonly location: string | undefined
  readonly contentType: string | undefined
  readonly protocol: string | undefined
  /** DER, of the policy host's own certificate. */
  readonly certificate: Uint8Array | undefined
  readonly milliseconds: number
}

/** What TLSRPT has. RFC 8460 §3 */
export interface ReportingSide {
  /** TXT at `_smtp._tls`; undefined when there can be no such name. */
  readonly record: Resolution | undefined
  /** TXT at `_smtp-tlsrpt`, the name of drafts before the RFC. */
  readonly oldName: Resolution | undefined
  readonly apex: Resolution
  readonly beside: Resolution | undefined
  readonly targets: readonly TargetLook[]
}

/** Whether reports can arrive. Nothing is sent. */
export type TargetLook =
  | {
      readonly target: ReportTarget & { readonly kind: 'mailto' }
      readonly mx: MxFinding
      readonly hasAddress: boolean
    }
  | { readonly target: ReportTarget & { readonly kind: 'https' }; readonly reached: HttpsReached }

export type HttpsReached =
  | { readonly kind: 'reached'; readonly address: string }
  | { readonly kind: 'failed'; readonly fault: FetchFault; readonly reason: string }

/** What a question is about, for who must act on its answer. */
export type ServersTopic = 'mx' | 'addresses' | 'tlsa' | 'sts' | 'tlsrpt'

/** What every authoritative server says of one question. */
export interface ServersFinding {
  readonly topic: ServersTopic
  /** Without a final dot, as zone text. */
  readonly name: string
  readonly type: string
  /** The zone that the name lies in; undefined when its servers cannot be found. */
  readonly zone: string | undefined
  readonly failed: string | undefined
  readonly servers: readonly ServerSays[]
  /** Addresses that were too many to be asked. */
  readonly left: number
}

export interface ServerSays {
  readonly server: string
  readonly address: string | undefined
  readonly serial: number | undefined
  readonly says:
    | 'answer'
    | 'alias'
    | 'nodata'
    | 'nxdomain'
    | 'bogus'
    | 'indeterminate'
    | 'useless'
    | 'silent'
    | 'no-address'
  readonly status: Security | undefined
  /** Zone text of the data, sorted. */
  readonly records: readonly string[]
  readonly ttl: number | undefined
  readonly reason: string | undefined
}

/** What one MX host has beside its part of `Facts.hosts`. */
export interface HostSide {
  readonly host: string
  /** TLSA records asked for where no sender would, since the addresses are not signed. */
  readonly tlsaAnyway: Resolution | undefined
  /** At `_tcp` below the TLSA base domain: a server that denies it denies the records below. RFC 8020 §2 */
  readonly parent: Resolution | undefined
  /** TXT at `_smtp._tls` of the host, where it is not the domain: reports about DANE may go there. RFC 8460 §1.1 */
  readonly reporting: Resolution | undefined
  /** At the host and at every name above it, up to the one that has any. RFC 8659 §3 */
  readonly caa: readonly Resolution[]
  /** Of those addresses that were connected to. */
  readonly probes: readonly AddressProbe[]
  readonly anchored: readonly AnchoredChain[]
  /** Addresses that were not connected to, and why. */
  readonly notProbed: readonly { readonly address: string; readonly why: string }[]
}

/** A chain as OpenSSL judged it under the trust anchors that TLSA records name. RFC 7672 §3.1.2 */
export interface AnchoredChain {
  readonly address: string
  readonly keyType: KeyType
  /** DER, in the order of the server. */
  readonly chain: readonly Uint8Array[]
  /** DER */
  readonly anchors: readonly Uint8Array[]
  readonly chainError: string | undefined
}
