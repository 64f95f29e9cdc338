import type { Actor, Evidence, Publication } from '../../check/report.ts'

/** What a doctor's visit came to, as JSON has it. Texts may quote strangers, and must be escaped by what shows them. */
export interface DoctorReport {
  readonly schema: 'waxseal.doctor/1'
  /** The host or domain that was asked about, in A-labels. */
  readonly subject: string
  readonly kind: 'host' | 'domain'
  /** Milliseconds since 1970. */
  readonly checkedAt: number
  /** The worst of all hosts. */
  readonly verdict: DoctorVerdict
  /** In one sentence, without a full stop: what to do before anything else; null where there is nothing to do. */
  readonly first: string | null
  readonly hosts: readonly HostDiagnosis[]
  /** What was not looked at, in one line each. */
  readonly leftOut: readonly string[]
}

/**
 * `sound`: every key that any address presents is published on every name server. `act-soon`: mail comes, and something
 * is to be mended. `no-dane`: no TLSA record counts. `broken`: senders who check hold mail back now. `undetermined`: it could
 * not be told.
 */
export type DoctorVerdict = 'sound' | 'act-soon' | 'no-dane' | 'undetermined' | 'broken'

/** One mail server: what it presents, what is published of it, and what to do. */
export interface HostDiagnosis {
  readonly host: string
  /** Where its TLSA records stand, or would, without a final dot. */
  readonly owner: string
  readonly verdict: DoctorVerdict
  /** One sentence without a full stop. */
  readonly sentence: string
  readonly keys: readonly LiveKey[]
  readonly records: readonly PublishedRecord[]
  readonly servers: readonly ServerState[]
  /** In the order in which they are to be done. */
  readonly steps: readonly DoctorStep[]
}

/** A certificate that addresses present. */
export interface LiveKey {
  readonly keyType: 'RSA' | 'ECDSA'
  readonly addresses: readonly string[]
  /** `3 1 1 …`, its own record; null for a certificate that cannot be read. */
  readonly record: string | null
  /** When the certificate ends, ISO 8601; null where it has no such date. */
  readonly until: string | null
  /** What TLSA records came to for a sender who asked now: null where none applies, or nobody can tell. */
  readonly matches: boolean | null
  /** Name servers that have a record of it, that have others alone, and that have none at all. */
  readonly on: readonly string[]
  readonly notOn: readonly string[]
  readonly without: readonly string[]
}

/** A TLSA record that some name server has. */
export interface PublishedRecord {
  /** `3 1 1 …` */
  readonly record: string
  /** `next` and `old` are so by the state of a rollover; `maybe-next` by what the record is like. */
  readonly role: 'in-use' | 'next' | 'old' | 'maybe-next' | 'matches-nothing' | 'unusable' | 'unknown'
  readonly on: readonly string[]
  readonly notOn: readonly string[]
}

/** One name server of the zone, and whether it could be asked. */
export interface ServerState {
  readonly server: string
  readonly address: string | null
  readonly serial: number | null
  readonly state: 'records' | 'none' | 'untold'
  readonly ttl: number | null
  /** Why it could not be told. */
  readonly reason: string | null
}

/** Something to do. */
export interface DoctorStep {
  /** A finding's id, of docs/findings/, or one of the doctor's own. */
  readonly id: string
  readonly urgency: 'now' | 'dated' | 'soon' | 'note'
  /** One sentence in the imperative, without a full stop. */
  readonly does: string
  /** What is wrong, likewise. */
  readonly why: string
  /** When it breaks, ISO 8601. */
  readonly date: string | null
  readonly who: Actor
  readonly whoseName: string | null
  readonly publish: readonly Publication[]
  /** Zone text of records to take away. */
  readonly remove: readonly string[]
  readonly seen: readonly Evidence[]
  readonly rfc: string
}

/** What a rollover has planned for a host, by its state file. */
export interface KnownRollover {
  readonly next: readonly string[]
  readonly old: readonly string[]
}
