/** A test Internet and what happens in it, as one text describes it. Names are as `readName` gives them. */
export interface World {
  readonly title: string
  /** Rows of the decision tables that it shows, like `1d/17`. */
  readonly rows: readonly string[]
  /** Milliseconds since 1970; undefined means the time at which the lab starts. */
  readonly start: number | undefined
  /** What stands when the lab starts. */
  readonly setting: readonly Declaration[]
  /** What happens then, in order. */
  readonly events: readonly Event[]
  /** What the domains of this world find out of their senders. */
  readonly tests: readonly TestDeclaration[]
}

export type Declaration = ZoneDeclaration | RecordDeclaration | HostDeclaration | PolicyDeclaration

export type Event = (
  | Declaration
  | DropEvent
  | ClockEvent
  | { readonly kind: 'attack'; readonly attack: Attack }
  | { readonly kind: 'calm'; readonly attack: AttackKind | undefined; readonly target: string | undefined }
  | SendEvent
  | ExpectEvent
) & {
  /** Line of the text, from 1. */
  readonly line: number
}

export const denials = ['nsec', 'nsec3', 'opt-out'] as const
export const delegations = ['right', 'none', 'wrong', 'unknown-algorithm', 'unknown-digest'] as const

/** A zone. Its SOA, NS, keys and the delegation from its parent are made, and so are all zones above it. */
export interface ZoneDeclaration {
  readonly kind: 'zone'
  readonly origin: string
  readonly signed: boolean
  /** DNSSEC algorithm number. RFC 8624 §3.1 */
  readonly algorithm: number
  readonly denial: (typeof denials)[number]
  /** Extra iterations of NSEC3's hash. RFC 5155 §3.1.3 */
  readonly iterations: number
  /** What the parent says of the zone's keys. */
  readonly ds: (typeof delegations)[number]
  /** Seconds. */
  readonly ttl: number
}

export const fates = ['bogus', 'unsigned', 'servfail', 'refused', 'timeout'] as const

/** How the answers about one owner and type are spoilt at their source; `none` is not at all. */
export type Fate = (typeof fates)[number]

/** One record. `text` is zone text with its names absolute and macros still in it. */
export interface RecordDeclaration {
  readonly kind: 'record'
  readonly owner: string
  /** Record type number. */
  readonly type: number
  readonly text: string
  readonly fate: Fate | undefined
}

/** From then on there is no record of this type at the owner. */
export interface DropEvent {
  readonly kind: 'drop'
  readonly owner: string
  readonly type: number
}

export const issuers = ['public', 'private', 'untrusted', 'self'] as const
export const validities = ['good', 'expired', 'future', 'short', 'ending'] as const
export const sendings = ['leaf', 'chain', 'all'] as const
export const keyKinds = ['p256', 'p384', 'rsa', 'ed25519'] as const

/** A certificate to be made. The same declaration makes the same certificate within one lab. */
export interface CertificateDeclaration {
  /** DNS names in subjectAltName; none leaves the extension out. */
  readonly names: readonly string[]
  readonly commonName: string
  /** `private` is a root of its own, sent along and in nobody's store; `untrusted` looks public and is not. */
  readonly issuer: (typeof issuers)[number]
  /** `short` is made for 90 days, as ACME does, and a third of them is over; of `ending` one day is left. */
  readonly validity: (typeof validities)[number]
  /** The leaf alone, with what a store lacks, or with the root as well. */
  readonly sends: (typeof sendings)[number]
  readonly key: (typeof keyKinds)[number]
  /** Another number makes another key. */
  readonly generation: number
}

export const startTlsBehaviours = [
  'yes',
  'no',
  'refused',
  'garbage',
  'hang',
  'injecting',
  'again',
  'hidden',
  'crossed-out',
  'closing',
  'believing',
] as const

/** How a host treats clients that name nobody in TLS (SNI), and how it speaks. */
export const namelessManners = ['usual', 'other', 'refused'] as const
export const tempers = ['usual', 'slow', 'endless', 'verbose', 'painting', 'busy-once'] as const
export const oldestVersions = ['1.0', '1.1', '1.2', '1.3'] as const

/** A host that takes mail on port 25. */
export interface HostDeclaration {
  readonly kind: 'host'
  readonly name: string
  /** Empty: one is given. */
  readonly addresses: readonly string[]
  /** Whether its addresses are put into DNS. */
  readonly published: boolean
  readonly certificate: CertificateDeclaration
  readonly startTls: (typeof startTlsBehaviours)[number]
  /** The best version of TLS that it has, as Node names it. */
  readonly tls: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'
  /** The oldest; with one before TLS 1.2, weak suites come along. Undefined: as far as OpenSSL goes by itself. */
  readonly oldest: (typeof oldestVersions)[number] | undefined
  /** Another certificate beside the first, with a key of this kind. */
  readonly also: CertificateDeclaration | undefined
  readonly nameless: (typeof namelessManners)[number]
  readonly temper: (typeof tempers)[number]
  /** Whether nothing listens there. */
  readonly down: boolean
  /** EHLO keywords before and inside TLS. */
  readonly offers: readonly string[]
  readonly offersInside: readonly string[]
  /** Replies that replace the usual ones: `greeting`, a verb in lower case, or `end` for the answer to a message. */
  readonly replies: ReadonlyMap<string, string>
  /** Local parts refused for good, and for now. */
  readonly refuses: readonly string[]
  readonly defers: readonly string[]
}

export const modes = ['enforce', 'testing', 'none'] as const

/** The MTA-STS policy of a domain: TXT record, host, certificate and what it serves. */
export interface PolicyDeclaration {
  readonly kind: 'policy'
  readonly domain: string
  /** The TXT record's text; undefined publishes none. */
  readonly txt: string | undefined
  /** The whole body. */
  readonly body: string
  readonly status: number
  /** `Content-Type`; undefined sends none. */
  readonly type: string | undefined
  readonly location: string | undefined
  readonly certificate: CertificateDeclaration
  readonly down: boolean
  /** Whether the body never ends. */
  readonly endless: boolean
}

/**
 * What must become of a message: `tls` is delivered, but never in clear; `second` is delivered to the host of `via` and
 * no other; `either` may be delivered or not.
 */
export const dues = ['either', 'deliver', 'tls', 'second', 'bounce', 'hold'] as const

export type Due = (typeof dues)[number]

/** A domain by which senders are tested: what is wrong with it, and what must become of mail to it. */
export interface TestDeclaration {
  readonly domain: string
  readonly fault: string
  /** The section by which that must be so. */
  readonly rfc: string
  /** With a sender that enforces nothing, DANE, MTA-STS, or both. */
  readonly opportunistic: Due
  readonly dane: Due
  readonly sts: Due
  readonly both: Due
  /** The only host that may have the message where it is due at the second. */
  readonly via: string | undefined
}

/** The attacker's own host, with a certificate that any authority would give him. */
export const attackerName = 'mx.attacker.example'

/** Attacks on the way of DNS, on the way to an MX host, and on the way to a policy host. */
export const resolutionAttacks = [
  'spoof-mx',
  'spoof-address',
  'forge-dnssec',
  'strip-dnssec',
  'forge-nxdomain',
  'suppress-txt',
  'break-tlsa',
  'replay',
] as const
export const mailAttacks = [
  'strip-starttls',
  'refuse-starttls',
  'garble-ehlo',
  'inject-after-starttls',
  'swap-certificate',
  'block-host',
] as const
export const policyAttacks = ['block-policy-host', 'forge-policy-host'] as const

export const attackKinds = [...resolutionAttacks, ...mailAttacks, ...policyAttacks] as const

export type ResolutionAttack = (typeof resolutionAttacks)[number]
export type MailAttack = (typeof mailAttacks)[number]
export type PolicyAttack = (typeof policyAttacks)[number]
export type AttackKind = (typeof attackKinds)[number]

export const manners = ['nodata', 'nxdomain', 'servfail', 'refused', 'timeout', 'bogus'] as const
export const forgedCertificates = ['self-signed', 'own-name', 'untrusted'] as const

/** What an attacker on the way does, and to whom: a host, a domain or a zone, as the kind has it. */
export interface Attack {
  readonly kind: AttackKind
  readonly target: string
  /** Record type, for those that need one. */
  readonly type: number | undefined
  /** How lookups are broken. */
  readonly how: (typeof manners)[number] | undefined
  /** What the attacker presents as his own. */
  readonly certificate: (typeof forgedCertificates)[number]
}

/** Time passes: to a moment, or for a while. Zones are signed anew unless they are to go stale. */
export interface ClockEvent {
  readonly kind: 'clock'
  readonly to: number | undefined
  readonly byMs: number
  readonly stale: boolean
}

/** What an operator may have set for a sender. */
export interface SenderOptions {
  /** Whether messages that no policy covers go out unprotected, as senders without DANE and MTA-STS do with all. */
  readonly as: 'enforced' | 'opportunistic'
  readonly dane: 'usual' | 'mandatory'
  readonly insecureMx: 'dane' | 'skip'
  readonly requireBoth: boolean
  readonly audit: boolean
  /** Local policy: TLS or nothing. */
  readonly tls: 'usual' | 'mandatory'
  readonly requireTls: boolean
  readonly tlsRequiredNo: boolean
  /** Whether a lookup of the policy record that fails holds the message. */
  readonly deferOnTxtError: boolean
  /** Whether the message has waited out its time in the queue. */
  readonly lastAttempt: boolean
}

/** A message to one mailbox. */
export interface SendEvent {
  readonly kind: 'send'
  readonly mailbox: string
  readonly options: SenderOptions
}

/** What must have come of the last message. */
export interface ExpectEvent {
  readonly kind: 'expect'
  readonly expectation: Expectation
}

export type Expectation =
  /** The recipient's host has it: the named one, over TLS or in clear. */
  | { readonly kind: 'delivered'; readonly host: string | undefined; readonly over: 'tls' | 'clear' | undefined }
  /** No host has it, and the sender will try again. */
  | { readonly kind: 'held' }
  /** No host has it, and the sender gave up. */
  | { readonly kind: 'bounced' }
  /** An attacker could read it. Without this line, none may have. */
  | { readonly kind: 'read-by-attacker' }
  | { readonly kind: 'domain'; readonly domain: string; readonly outcome: 'deliver' | 'defer' | 'bounce' }
  | { readonly kind: 'skip'; readonly host: string; readonly why: string | undefined }
  | { readonly kind: 'connect'; readonly host: string; readonly tls: 'dane' | 'pkix' | 'encrypt' | 'may' }
  | { readonly kind: 'row'; readonly row: string }
  | { readonly kind: 'code'; readonly code: string }
  /** Whether somebody asked the world's name servers for it since the last message. */
  | { readonly kind: 'asked'; readonly asked: boolean; readonly owner: string; readonly type: number }
  /** How often the policy was fetched since the last message. */
  | { readonly kind: 'fetched'; readonly domain: string; readonly times: number }
  /** How often somebody connected to the host since the last message. */
  | { readonly kind: 'connected'; readonly host: string; readonly times: number }
