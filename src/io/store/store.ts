import type { Override, OverrideTarget } from '../../core/decision/override.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { FetchTurns } from './fetch-turns.ts'
import type { FleetState } from './shared/fleet.ts'

/** A policy as it was fetched, and what is needed to know how long it counts. RFC 8461 §3.2, §3.3 */
export interface StoredPolicy {
  readonly domain: DomainName
  /** The TXT record's id that led to the fetch; a refresh keeps the one before. */
  readonly id: string
  /** The body as served. */
  readonly body: string
  readonly mode: 'enforce' | 'testing' | 'none'
  /** Seconds from `fetchedAt`. */
  readonly maxAge: number
  /** Milliseconds since 1970, of the last successful fetch. */
  readonly fetchedAt: number
  /** Milliseconds since 1970: when to fetch it again whatever the TXT record says. */
  readonly refreshAt: number
}

/** A fetch that yielded no policy: no other is tried for this domain and id for some minutes. RFC 8461 §3.3 */
export interface FailedFetch {
  readonly domain: DomainName
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** What its finder wants to know again, as text: opaque to the store. */
  readonly failure: string
}

/** A certificate that a DANE-TA record named once and a server then showed, to need one handshake the next time. */
export interface KnownAnchor {
  readonly host: DomainName
  /** SHA-256 of `certificate`, lower-case hex. */
  readonly digest: string
  /** DER */
  readonly certificate: Uint8Array
  /** Milliseconds since 1970. */
  readonly usedAt: number
}

/** The store cannot be read: no word about what is in it. Has been told to `onWarning`. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** Whether a write reached the disk. `lost` has been told to `onWarning`. */
export type WriteOutcome = 'durable' | 'lost'

export interface PolicyTable {
  /**
   * The stored policy, lapsed or not. A damaged row is as absent, and warned of. Rejects with StoreError when the store
   * cannot be read.
   */
  find(domain: DomainName): Promise<StoredPolicy | undefined>
  /** Puts the policy in the place of any before; resolves when a crash can no longer lose it. */
  put(policy: StoredPolicy): Promise<WriteOutcome>
  /** As `put`, but only where none is stored that was fetched as late or later: `kept` then. */
  putIfNewer(policy: StoredPolicy): Promise<WriteOutcome | 'kept'>
  /** Moves the time of the next refresh. */
  postpone(domain: DomainName, refreshAt: number): Promise<WriteOutcome>
  remove(domain: DomainName): Promise<WriteOutcome>
  /** Policies still alive at `now` whose refresh is due, the most overdue first. */
  due(now: number, count: number): Promise<StoredPolicy[]>
  /** In the order of their names, from the first after `after`. */
  list(count: number, after?: string): Promise<StoredPolicy[]>
  /** How many there are, lapsed ones included; not to be asked for all the time. Absent where it is not known. */
  count?(): Promise<number>
  /**
   * Looks whether the next so many policies are found by their names, from the first again after the last, and makes the
   * index anew where one is not: damage there is silence, which would be no policy. What was wrong goes to `onWarning`.
   */
  scrub(count: number): Promise<void>
  findFailure(domain: DomainName, id: string): Promise<FailedFetch | undefined>
  putFailure(failed: FailedFetch): Promise<WriteOutcome>
}

export interface AnchorTable {
  /** Most recently used first. */
  find(host: DomainName): Promise<KnownAnchor[]>
  put(anchor: KnownAnchor): Promise<WriteOutcome>
}

/** What is known of the keys at the names that validation starts from, as text: opaque to the store. RFC 5011 */
export interface TrustPointTable {
  /** Undefined when nothing is known, or it is damaged, which is warned of. `owner` is zone text. */
  find(owner: string): Promise<string | undefined>
  /**
   * Makes what is known into something else, at once; nobody else changes it meanwhile. Resolves when a crash can no
   * longer lose it.
   */
  update(owner: string, change: (before: string | undefined) => string): Promise<WriteOutcome>
}

/** Who changes something, when and why. */
export interface Change {
  readonly author: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly reason: string
}

/** One change of overrides: what was put, or taken away, by whom and why. */
export interface AuditEntry extends Change {
  readonly id: number
  readonly action: 'add' | 'replace' | 'remove'
  readonly target: OverrideTarget
  /** As text for people; of an override that was taken away, what it was. */
  readonly rule: string
  readonly expiresAt: number | undefined
  /** False when it, or one before it, was not written by us. */
  readonly isIntact: boolean
}

/** What operators decided. All methods reject with StoreError when the store cannot be read. */
export interface OverrideTable {
  /** Differs after every change, whichever process made it: cheap enough to be asked every second. */
  revision(): Promise<string>
  /**
   * All of them, ended ones included. Rejects with StoreError for a damaged row as well: what it required is not to be
   * done without.
   */
  list(): Promise<Override[]>
  /** Puts it in the place of one for the same target. `full`: a limit is reached, and nothing was changed. */
  put(override: Override): Promise<WriteOutcome | 'full'>
  /** Takes the one for this target away, damaged or not; `absent` when there is none. */
  remove(target: OverrideTarget, change: Change): Promise<WriteOutcome | 'absent' | 'full'>
  /** Newest first, from the one before the entry of that id. */
  audit(count: number, before?: number): Promise<AuditEntry[]>
  /** Whether entries at the end of the trail are gone. */
  isAuditCut(): Promise<boolean>
}

/** What a check of a domain came to, kept for those who have its link. */
export interface KeptReport {
  /** Cannot be guessed. */
  readonly id: string
  readonly domain: DomainName
  /** Shown to nobody but those who have the link. */
  readonly isPrivate: boolean
  /** Milliseconds since 1970. */
  readonly checkedAt: number
  readonly verdict: string
  /** What its writer wants to know again, as text: opaque to the store. */
  readonly content: string
}

/** A report as lists have it. */
export type ListedReport = Pick<KeptReport, 'id' | 'domain' | 'checkedAt' | 'verdict'>

/**
 * Reports under their links, the oldest of which go first when there are too many, or too many octets of them. All
 * methods but `put` reject with StoreError when the store cannot be read.
 */
export interface ReportTable {
  /** Undefined for one that was never there, or was checked before `since`. */
  find(id: string, since: number): Promise<KeptReport | undefined>
  put(report: KeptReport): Promise<WriteOutcome>
  /** The latest public one of a domain. */
  latest(domain: DomainName, since: number): Promise<ListedReport | undefined>
  /** Public ones, the latest of each domain, the newest first. */
  list(count: number, since: number): Promise<ListedReport[]>
  /** Takes away what was checked before. */
  removeBefore(time: number): Promise<WriteOutcome>
  /** Takes away all that is known of a domain. */
  removeDomain(domain: DomainName): Promise<WriteOutcome>
}

/** Something the operator should know; the store goes on. */
export interface StoreWarning {
  readonly kind: 'damaged-row' | 'read-failed' | 'write-failed'
  readonly table: 'policies' | 'failures' | 'anchors' | 'trust_points' | 'overrides' | 'reports' | 'shared policies'
  /** The domain, host or zone. */
  readonly key: string
  /** One line without a full stop. */
  readonly reason: string
}

/** What must outlive the process. Every table is bounded; the limits are `limits.store`. */
export interface Store {
  readonly policies: PolicyTable
  readonly anchors: AnchorTable
  readonly trustPoints: TrustPointTable
  readonly overrides: OverrideTable
  readonly reports: ReportTable
  /** Only where several machines share what they know. */
  readonly turns?: FetchTurns
  /** How the store is that they share. */
  readonly shared?: () => FleetState
  close(): Promise<void>
}
