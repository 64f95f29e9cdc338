import type { Tlsa, UsableTlsa } from '../dane/tlsa.ts'
import type { Failure, Resolution, Security } from '../dnssec/resolution.ts'
import type { StsPolicy } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'

/** Where mail is to go next: a recipient's domain, a host that an operator named, or an address. */
export type NextHop =
  | { readonly kind: 'domain'; readonly domain: DomainName }
  | { readonly kind: 'relay'; readonly host: DomainName }
  | { readonly kind: 'literal'; readonly address: string }

/** What is known about one next hop: everything that a decision rests on, with the lookups that showed it. */
export interface Facts {
  readonly nextHop: NextHop
  readonly mx: MxFinding
  /** In the order of the MX records, as far as such were found. */
  readonly hosts: readonly HostFacts[]
  /** Undefined where no policy can apply: for an address literal. RFC 8461 §3.4 */
  readonly sts: StsFinding | undefined
}

/** The rows of table 1a. `resolution` is the lookup of MX records. */
export type MxFinding =
  | { readonly row: 'M1'; readonly resolution: Failure }
  | { readonly row: 'M2' | 'M3' | 'M7'; readonly resolution: Resolution }
  | FoundHosts
  /** An address literal or a relay: nothing was looked up. */
  | { readonly row: 'M8'; readonly resolution: undefined }

export interface FoundHosts {
  /** No MX records, secure, insecure. */
  readonly row: 'M4' | 'M5' | 'M6'
  readonly resolution: Resolution
  readonly status: Security
  /** What the domain is an alias of. */
  readonly expanded: DomainName | undefined
}

/** What is known about one MX host. */
export interface HostFacts {
  /** As the MX record names it; an address literal for row M8. */
  readonly host: string
  readonly preference: number
  readonly addresses: AddressFinding
  readonly tlsa: TlsaFinding
}

/** Each with the lookups, A and AAAA, that it rests on. */
export type AddressFinding =
  | { readonly kind: 'found'; readonly addresses: readonly string[]; readonly lookups: readonly Resolution[] }
  | { readonly kind: 'none'; readonly lookups: readonly Resolution[] }
  | { readonly kind: 'failed'; readonly reason: string; readonly lookups: readonly Resolution[] }

/** The rows of table 1b that are about TLSA records. `lookups` in the order of asking. */
export type TlsaFinding =
  /** Not asked, because of an option, of insecure addresses, or because there is nothing to connect to. */
  | { readonly row: 'H1' | 'H2' | 'H3' | 'H4'; readonly lookups: readonly Resolution[] }
  | (FoundTlsa & { readonly row: 'H5'; readonly usable: readonly UsableTlsa[] })
  | (FoundTlsa & { readonly row: 'H6' })
  | { readonly row: 'H7'; readonly lookups: readonly Resolution[] }
  | { readonly row: 'H8'; readonly reason: string; readonly lookups: readonly Resolution[] }

export interface FoundTlsa {
  /** Below which the records stand: SNI, and a name for DANE-TA. RFC 7672 §2.2.3 */
  readonly baseDomain: DomainName
  readonly records: readonly Tlsa[]
  readonly lookups: readonly Resolution[]
}

export type StsRow = 'S1' | 'S2' | 'S3' | 'S4' | 'S5' | 'S6' | 'S7' | 'S8' | 'S9' | 'S10' | 'S11'

/** The rows of table 1c: the policy in force, or why there is none. */
export interface StsFinding {
  readonly row: StsRow
  /** Row S12: a policy was remembered, and its time was over. */
  readonly lapsed: boolean
  readonly policy: AppliedPolicy | undefined
  /** What went wrong, in the words of reports; beside a policy too, which then lives on what is left of it. */
  readonly failure: { readonly resultType: StsResultType; readonly reason: string } | undefined
  /** The lookup of the TXT record; undefined when there can be no such name. */
  readonly record: Resolution | undefined
  readonly id: string | undefined
  /** What is remembered cannot be read, so that a policy may be in force: row S3, and a failure of our own. */
  readonly unreadable?: true | undefined
}

export type StsResultType = 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'

export interface AppliedPolicy {
  readonly policy: StsPolicy
  readonly id: string
  /** As it was served. */
  readonly body: string
  readonly source: 'cache' | 'fetched'
  /** Milliseconds since 1970. */
  readonly fetchedAt: number
  readonly expiresAt: number
}
