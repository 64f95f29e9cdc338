import type { LookupReport, NegativeAnchorReport } from './dns-json.ts'

/** What `waxseal explain` has to say, as JSON has it and as the text is made from it. docs/json.md */
export interface ExplainReport {
  readonly schema: 'waxseal.explain/1'
  /** A-labels, lower case. */
  readonly domain: string
  readonly outcome: 'deliver' | 'defer' | 'bounce'
  /** What those who sent by it now would have: the weakest of the hosts that mail may reach. */
  readonly protection: string
  readonly summary: string
  /** The row of the decision table that decided about the domain. */
  readonly row: string
  readonly reasons: readonly string[]
  /** Those by which some of what the decision rests on was not validated. */
  readonly negativeTrustAnchors: readonly NegativeAnchorReport[]
  /** ISO 8601; null when nothing was learnt that lasts. */
  readonly validUntil: string | null
  readonly mx: LookupReport | null
  readonly hosts: readonly HostReport[]
  readonly policy: PolicyReport
  /** What operators decided otherwise, as far as it counts here. */
  readonly overrides: readonly OverrideReport[]
  /** What to do, when something is wrong. */
  readonly advice: readonly string[]
}

export interface OverrideReport {
  /** `mail to example.org by way of mx.example.net` */
  readonly target: string
  /** `require pkix (mail.example.org)`, `relax may`, `skip` */
  readonly rule: string
  readonly author: string
  readonly reason: string
  readonly createdAt: number
  readonly expiresAt: number | null
}

export interface HostReport {
  readonly host: string
  readonly preference: number
  readonly action: 'connect' | 'skip'
  /** What the session must achieve; null for a host that is skipped. */
  readonly tls: 'dane' | 'pkix' | 'encrypt' | 'may' | null
  readonly row: string
  readonly reason: string
  /** What the host must show before mail is handed over, in one sentence. */
  readonly mustShow: string | null
  /** DNS names of which the certificate must bear one; empty where names do not count. */
  readonly names: readonly string[]
  readonly addresses: readonly string[]
  readonly addressLookups: readonly LookupReport[]
  /** Where TLSA records that count were found. */
  readonly tlsaBaseDomain: string | null
  readonly tlsa: readonly TlsaReport[]
  readonly tlsaLookups: readonly LookupReport[]
}

export interface TlsaReport {
  readonly record: string
  readonly usable: boolean
  /** Why it cannot be used. */
  readonly reason: string | null
}

export interface PolicyReport {
  /** Whether a policy is in force, and if not, why not. */
  readonly state: 'in-force' | 'none' | 'failed'
  readonly row: string
  readonly mode: 'enforce' | 'testing' | 'none' | null
  readonly id: string | null
  readonly mx: readonly string[]
  /** Whether it was remembered rather than fetched now. */
  readonly cached: boolean
  readonly fetchedAt: number | null
  readonly expiresAt: number | null
  readonly reason: string | null
  readonly record: LookupReport | null
}
