import type { SessionReport } from '../../core/decision/decision.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { Authenticator } from '../smtp/authenticator.ts'
import type { SessionRecord } from '../smtp/run-session.ts'
import type { Protection } from './report.ts'
import type { Status } from './status.ts'

/** What the decision about a domain means for one delivery. */
export type DomainPlan = {
  /** By which some of what it rests on was not validated. */
  readonly negativeAnchors?: readonly NegativeAnchor[]
} & (
  | { readonly action: 'deliver'; readonly hosts: readonly HostPlan[] }
  /** Bounce or defer everyone, without connecting anywhere; no row when it was interrupted. */
  | { readonly action: 'refuse'; readonly row: string | undefined; readonly status: Status }
)

export interface SkipPlan {
  readonly action: 'skip'
  readonly host: string
  readonly preference: number
  readonly row: string
  readonly reason: string
  readonly status: Status
}

export interface ConnectPlan {
  readonly action: 'connect'
  readonly host: string
  readonly preference: number
  readonly addresses: readonly string[]
  readonly tls: 'required' | 'may'
  /** A fresh one for each address: it remembers what it saw. */
  authenticator(): Promise<Authenticator>
  /** What the sessions with one address, the last of which counts, came to. */
  judge(sessions: readonly SessionRecord[]): Judgement
}

export type HostPlan = SkipPlan | ConnectPlan

/** What sessions with one address came to. */
export interface Judgement {
  readonly row: string
  /** One line without a full stop. */
  readonly reason: string
  readonly protection: Protection
  /** For the recipients whom the last session left open. */
  readonly failure: Status
  /** For TLSRPT. RFC 8460 §4.3 */
  readonly reports?: readonly SessionReport[] | undefined
}
