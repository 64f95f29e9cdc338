import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import type { Mailbox, ReversePath } from '../../core/smtp/mailbox.ts'
import type { SessionRecord } from '../smtp/run-session.ts'
import type { Status } from './status.ts'

/** How mail was protected on its way, from nothing up. */
export type Protection =
  /** In the clear. */
  | 'none'
  /** TLS with a server that proved nothing. */
  | 'encrypted'
  /** The host is the one named, but the domain's word for that name was not proved. RFC 7672 §2.2.1 */
  | 'host-verified'
  /** The host was proved to be the domain's, by DANE or by MTA-STS. */
  | 'verified'

/** What became of one recipient, and where. */
export interface RecipientReport {
  readonly mailbox: Mailbox
  readonly status: Status
  /** The host whose session, or whose decision, the status is of; undefined when none was reached or judged. */
  readonly host: string | undefined
  /** Address of that host, when it was connected to. */
  readonly address: string | undefined
  /** Row of the decision tables that settled it. */
  readonly row: string | undefined
  /** Of mail that was delivered. */
  readonly protection: Protection | undefined
}

/** One MX host, and what was done about it. */
export interface HostReport {
  readonly host: string
  readonly row: string
  /** One line without a full stop, as in the decision or the judgement on its session. */
  readonly reason: string
  /** Empty when it was skipped. */
  readonly sessions: readonly SessionRecord[]
}

/** What was tried for one next hop, host by host. */
export interface DomainReport {
  /** The next-hop domain, or an address literal in brackets. */
  readonly nextHop: string
  readonly hosts: readonly HostReport[]
  /** By which some of what was decided rests on names that were not validated: there only if any. RFC 7646 */
  readonly negativeAnchors?: readonly NegativeAnchor[]
}

/** What became of one message. */
export interface DeliveryReport {
  readonly sender: ReversePath
  /** In the order in which they were given. */
  readonly recipients: readonly RecipientReport[]
  readonly domains: readonly DomainReport[]
}
