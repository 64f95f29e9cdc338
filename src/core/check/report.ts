import type { SectionName } from './check-facts.ts'

/**
 * What a check came to, as JSON has it and as every form of output is made from it. docs/check.md
 *
 * Texts may quote strangers, and must be escaped by what shows them. Times are ISO 8601.
 */
export interface CheckReport {
  readonly schema: 'waxseal.check/1'
  /** A-labels, lower case. */
  readonly domain: string
  /** The domain as its script has it, where that differs. */
  readonly unicode: string | null
  /** Milliseconds since 1970. */
  readonly checkedAt: number
  readonly verdict: Verdict
  /** The verdict in its fixed sentence. */
  readonly sentence: string
  /** Why the verdict is no better, the most important first, one line each without a full stop. */
  readonly why: readonly string[]
  /** DANE, MTA-STS, TLSRPT, in this order. */
  readonly lines: readonly ProtocolLine[]
  readonly senders: readonly SenderRow[]
  readonly grid: readonly HostRow[]
  /** By urgency. */
  readonly findings: readonly Finding[]
  readonly operators: readonly Operator[]
  readonly sections: readonly { readonly name: SectionName; readonly state: 'done' | 'left-out' }[]
  /** What was not looked at, and why, one line each. */
  readonly leftOut: readonly string[]
}

export const verdicts = [
  'protected',
  'protected-partly',
  'opportunistic',
  'cleartext',
  'broken',
  'undetermined',
] as const

/** What a domain comes to. docs/check.md */
export type Verdict = (typeof verdicts)[number]

/** DANE, MTA-STS or TLSRPT in a line. */
export interface ProtocolLine {
  readonly protocol: 'DANE' | 'MTA-STS' | 'TLSRPT'
  readonly state: ProtocolState
  /** When what is there was fetched or began, if known. */
  readonly since: string | null
  /** When what is there ends of itself, unless it is renewed. */
  readonly until: string | null
  /** One line without a full stop. */
  readonly reason: string
}

/**
 * `on`: it protects, or works. `partly`: not for all hosts, or not fully. `testing`: it is announced, and changes
 * nothing. `off`: it is not there. `broken`: it is there and does not work. `unknown`: it could not be told.
 */
export type ProtocolState = 'on' | 'partly' | 'testing' | 'off' | 'broken' | 'unknown'

/** What one kind of sender does with mail to the domain. */
export interface SenderRow {
  readonly id: SenderId
  readonly title: string
  readonly does: SenderDoes
  /** The weakest that its mail may meet; null when none is delivered, or when nobody can tell. */
  readonly protection: SenderProtection | null
  /** One line without a full stop. */
  readonly text: string
  readonly hosts: readonly SenderHost[]
}

export const senderIds = ['mta-sts', 'dane-and-sts', 'dane', 'opportunistic', 'strict', 'cached-policy'] as const

/** The kinds of senders. */
export type SenderId = (typeof senderIds)[number]

/** What becomes of mail from a sender. */
export type SenderDoes = 'delivers' | 'delays' | 'returns' | 'cannot-tell'

/** What mail is sure of, whatever an attacker does. */
export type SenderProtection = 'authenticated' | 'host-authenticated' | 'encrypted' | 'cleartext'

/** How such a sender gets on with one MX host. */
export interface SenderHost {
  readonly host: string
  readonly does: 'delivers' | 'skips' | 'sometimes' | 'cannot-tell'
  readonly protection: SenderProtection | null
  /** The row of docs/decisions.md. */
  readonly row: string
  readonly text: string
}

/** One MX host in the grid. */
export interface HostRow {
  readonly host: string
  readonly preference: number
  readonly addresses: readonly AddressRow[]
}

/** One address of an MX host in the grid. */
export interface AddressRow {
  readonly address: string
  readonly family: 'IPv4' | 'IPv6'
  readonly connect: Cell
  readonly startTls: Cell
  readonly keys: readonly KeyRow[]
}

/** One kind of certificate at one address. */
export interface KeyRow {
  readonly keyType: 'RSA' | 'ECDSA'
  readonly handshake: Cell
  readonly chain: Cell
  readonly name: Cell
  readonly expires: Cell
  /** Whether a TLSA record matches; `detail` is the record. */
  readonly tlsa: Cell
}

/** `good` and `bad` as far as it matters here; `none`: there is nothing of the kind; `unknown`: not seen. */
export interface Cell {
  readonly state: 'good' | 'bad' | 'weak' | 'none' | 'unknown'
  readonly text: string
  readonly detail: string | null
}

export const severities = ['breaks-now', 'will-break', 'weakens', 'note'] as const

/** How urgent a finding is. */
export type Severity = (typeof severities)[number]

/** Who must act. */
export type Actor = 'you' | 'your DNS host' | 'your mail provider' | 'your web host' | 'nobody'

/** Something that is wrong, or worth knowing, with its evidence. */
export interface Finding {
  /** Stable, of docs/findings/. */
  readonly id: string
  readonly severity: Severity
  readonly section: FindingSection
  readonly title: string
  /** What it is about: a host, a name, an address. */
  readonly subject: string
  /** When it breaks, of `will-break`; when it ends, of others; null when no date is known. */
  readonly date: string | null
  readonly seen: readonly Evidence[]
  readonly who: Actor
  /** Who that is, where it is somebody else: a zone. */
  readonly whoseName: string | null
  readonly publish: readonly Publication[]
  readonly rfc: string
  /** Of the page in docs/findings/. */
  readonly help: string
}

export const findingSections = ['mx', 'dnssec', 'dane', 'mta-sts', 'tlsrpt', 'smtp', 'tls'] as const

/** What a finding is about. */
export type FindingSection = (typeof findingSections)[number]

/** One thing that was seen, by its name in the library. */
export type CheckEvidence = Evidence

/** One thing that was seen. */
export interface Evidence {
  /** What it is, or the words of the server. */
  readonly text: string
  /** The server or address that showed it; null where there is none. */
  readonly source: string | null
}

/** Text to put somewhere, as it stands. */
export interface Publication {
  readonly kind: 'dns' | 'file' | 'setting'
  /** Where: a zone, a URL, a server. */
  readonly where: string
  readonly text: string
  /** What it does, and what to mind, without a full stop. */
  readonly note: string
}

/** Who operates a part of the mail system, by the zone its name lies in. */
export interface Operator {
  readonly part: 'domain' | 'name-server' | 'mx-host' | 'policy-host' | 'mta-sts-record' | 'tlsrpt-record'
  readonly name: string
  /** Null when it could not be told. */
  readonly zone: string | null
  readonly isYours: boolean
}
