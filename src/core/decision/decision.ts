import { type Digest, digests, type UsableTlsa } from '../dane/tlsa.ts'
import type { NegativeAnchor } from '../dnssec/negative-anchors.ts'
import type { DomainName } from '../name/domain.ts'
import type { Override } from './override.ts'

/** What an operator may have decided for a destination. The defaults are those of RFC 7672 and RFC 8461. */
export interface DecisionOptions {
  /** Of TLSA records of hosts that insecure MX records name: use them, or pass them over. RFC 7672 §2.2.1 */
  readonly insecureMx: 'dane' | 'skip'
  /** The digest that counts where TLSA records of one usage and selector have several. RFC 7671 §9 */
  readonly preferredDigest: Digest
  /** Where both apply, MTA-STS must hold as well as DANE. */
  readonly requireBoth: boolean
  /** Deliver what DANE or MTA-STS would hold back after a session (rows 2–7, 16–20), and say so. RFC 7672 §9.1 */
  readonly audit: boolean
  /** Wait when the TXT record of MTA-STS cannot be looked up. */
  readonly deferOnTxtError: boolean
  /** RFC 7672 §2.2, §6 */
  readonly daneMandatory: boolean
  readonly tlsMandatory: boolean
}

export const defaultOptions: DecisionOptions = {
  insecureMx: 'dane',
  preferredDigest: digests[0],
  requireBoth: false,
  audit: false,
  deferOnTxtError: false,
  daneMandatory: false,
  tlsMandatory: false,
}

/** What a message asks for itself. RFC 8689 */
export interface MessageDemand {
  /** REQUIRETLS. RFC 8689 §2 */
  readonly requireTls: boolean
  /** `TLS-Required: No`, or a report about TLS. RFC 8689 §3, RFC 8460 §3 */
  readonly waived: boolean
}

export const noDemand: MessageDemand = { requireTls: false, waived: false }

/** What to do with mail for one next hop. */
export interface DomainDecision {
  readonly action: 'deliver' | 'defer' | 'bounce'
  /** Of table 1a. */
  readonly row: 'M1' | 'M2' | 'M3' | 'M4' | 'M5' | 'M6' | 'M7' | 'M8'
  readonly reason: DomainReason
  /** One line without a full stop. */
  readonly text: string
  /** In the order of their preferences. Empty when there is nothing to try. */
  readonly hosts: readonly HostDecision[]
  /** What is to be reported before any session with a host, once for the domain. RFC 8460 §4.3 */
  readonly reports: readonly SessionReport[]
  /** Milliseconds since 1970; undefined when nothing was learnt that lasts. */
  readonly validUntil: number | undefined
  /** Those by which some of what it rests on was not validated, so that DANE cannot apply there. RFC 7646 */
  readonly negativeAnchors: readonly NegativeAnchor[]
  /** Those of an operator that count for it or for a host of it, each once; absent where none does. */
  readonly overrides?: readonly Override[] | undefined
  /** An operator leaves the domain to other rules than ours: of no host anything is asked. */
  readonly isLeftAlone?: true | undefined
}

export type DomainReason =
  | 'hosts'
  | 'mx-lookup-failed'
  | 'no-such-domain'
  | 'null-mx'
  | 'no-usable-host'
  | 'all-hosts-skipped'
  | 'dane-required'
  | 'policy-lookup-failed'

/** Whether to connect to an MX host, and what it must then show. */
export type HostDecision = ConnectDecision | SkipDecision

/** A host that mail must not reach, and why. */
export interface SkipDecision {
  readonly action: 'skip'
  readonly host: string
  readonly preference: number
  /** Of table 1d, or H2 (behind insecure MX records) and H3 of table 1b. */
  readonly row: Row
  /** The row of table 1b. */
  readonly daneRow: DaneRow
  readonly reason: SkipReason
  readonly text: string
  readonly reports: readonly SessionReport[]
  readonly override?: AppliedOverride | undefined
}

/** An operator's word for one host, beside or in the place of what was found. */
export interface AppliedOverride {
  readonly by: Override
  /** What was decided without it; undefined where mail to the whole domain waited. */
  readonly instead: HostDecision | undefined
}

export type SkipReason =
  | 'tlsa-lookup-failed'
  | 'address-lookup-failed'
  | 'no-address'
  | 'mx-not-in-policy'
  | 'dane-required'
  | 'requiretls-unprotected'
  | 'override'

/** What is asked of a session, from the strictest down. */
export type TlsDemand = 'dane' | 'pkix' | 'encrypt' | 'may'

/** A host that mail may reach, and what its session must show first. */
export interface ConnectDecision {
  readonly action: 'connect'
  readonly host: string
  readonly preference: number
  readonly addresses: readonly string[]
  readonly daneRow: DaneRow
  readonly tls: TlsDemand
  readonly text: string
  /** SNI; undefined for an address literal. RFC 7672 §8.1, RFC 8461 §7.1 */
  readonly serverName: DomainName | undefined
  readonly dane: DaneUse
  readonly sts: StsUse
  /** Whether the domain's word for the host's name is proved. RFC 7672 §2.2.1 */
  readonly mxIsSecure: boolean
  readonly options: DecisionOptions
  readonly demand: MessageDemand
  readonly override?: AppliedOverride | undefined
}

export type DaneUse =
  | { readonly state: 'none' }
  | { readonly state: 'unusable' }
  | {
      readonly state: 'ok'
      readonly records: readonly UsableTlsa[]
      readonly baseDomain: DomainName
      /** For DANE-TA. */
      readonly names: readonly DomainName[]
    }

/** The policy as far as it is about one host. */
export type StsUse = { readonly mode: 'none' } | { readonly mode: 'testing' | 'enforce'; readonly listed: boolean }

export type DaneRow = 'H1' | 'H2' | 'H3' | 'H4' | 'H5' | 'H6' | 'H7' | 'H8'

/** Rows of table 1d, beside those of 1b that end a host. */
export type Row = `${number}` | 'H2' | 'H3'

/** One line of a TLSRPT report: a session that counted for a policy. RFC 8460 §4.3 */
export interface SessionReport {
  readonly policyType: 'tlsa' | 'sts' | 'no-policy-found'
  /** Undefined for a success. */
  readonly resultType: ResultType | undefined
  readonly reason: string | undefined
}

/** RFC 8460 §4.3 */
export type ResultType =
  | 'starttls-not-supported'
  | 'certificate-host-mismatch'
  | 'certificate-expired'
  | 'certificate-not-trusted'
  | 'validation-failure'
  | 'tlsa-invalid'
  | 'dnssec-invalid'
  | 'dane-required'
  | 'sts-policy-fetch-error'
  | 'sts-policy-invalid'
  | 'sts-webpki-invalid'
