import type { Reply } from '../smtp/reply.ts'
import type { TlsVersion } from '../tls/versions.ts'
import type { Untold } from './address-probe.ts'

/** What a server takes and what it chooses in TLS, found out one ClientHello a connection. Facts alone. */
export interface TlsParameters {
  /** All that were asked for, the newest first. */
  readonly versions: readonly VersionSeen[]
  /** For each version taken, the newest first. */
  readonly suites: readonly SuitesSeen[]
  readonly order: Told<SuiteOrder>
  readonly groups: {
    readonly tls13: Told<Listed<GroupSeen>>
    /** Elliptic curves for ECDHE in TLS 1.2 or older. RFC 8422 §5.1.1 */
    readonly older: Told<Listed<GroupSeen>>
  }
  /** The DHE group; undefined when no suite of that kind is taken. RFC 7919 */
  readonly finiteField: Told<FiniteFieldSeen | undefined>
  /** Signs the key exchange of TLS 1.2. RFC 5246 §7.4.3 */
  readonly exchangeSignature: Told<ExchangeSignatureSeen>
  /** Whether the server chose to compress when that was offered. RFC 9325 §3.3 */
  readonly compression: Told<boolean>
  /** RFC 5746 §3.6 */
  readonly secureRenegotiation: Told<boolean>
  /** Renegotiations that the client asked for and got, in one connection; the count stops at a bound. RFC 9325 §3.5 */
  readonly clientRenegotiation: Told<Renegotiation>
  /** Most octets of early data that a ticket allows: 0 when it allows none, or no tickets come. RFC 8446 §4.2.10 */
  readonly earlyData: Told<number>
  /** RFC 7627 §4 */
  readonly extendedMasterSecret: Told<boolean>
  /** RFC 7366 §2; meaningful for CBC suites alone. */
  readonly encryptThenMac: Told<boolean>
  readonly commandInjection: Told<InjectionSeen>
}

/** Something found out, or why it was not. */
export type Told<Value> =
  | { readonly kind: 'told'; readonly value: Value }
  | { readonly kind: 'untold'; readonly why: Untold }

/** Found in the order in which the server chose them; `isComplete` when nothing that is left was taken. */
export interface Listed<Item> {
  readonly items: readonly Item[]
  readonly isComplete: boolean
}

export interface VersionSeen {
  readonly version: TlsVersion
  readonly finding: Told<VersionFinding>
}

export type VersionFinding =
  | { readonly kind: 'taken'; readonly suite: string }
  /** With the alert's number; undefined when the connection was just closed, or another version was chosen. */
  | { readonly kind: 'refused'; readonly alert: number | undefined }

export interface SuitesSeen {
  readonly version: TlsVersion
  /** As IANA names them; weak ones are asked for first, should we have to stop early. */
  readonly suites: Listed<string>
}

/** Whose order of suites decides, seen by offering the same two in both orders. */
export type SuiteOrder =
  | { readonly kind: 'server'; readonly version: TlsVersion; readonly chosen: string; readonly over: string }
  | { readonly kind: 'client'; readonly version: TlsVersion; readonly between: readonly [string, string] }
  /** One suite alone is taken. */
  | { readonly kind: 'none'; readonly version: TlsVersion }

export interface GroupSeen {
  /** As IANA names it; `0x…` for one without a name. */
  readonly name: string
  readonly id: number
}

export interface FiniteFieldSeen {
  readonly bits: number
  /** The well-known group that it is, such as `ffdhe2048` or `modp2048`; undefined for one of the server's own. */
  readonly name: string | undefined
  /** The prime, in hex. */
  readonly prime: string
}

/** How a server signs when asked well, and whether it would with a hash that is weak. */
export interface ExchangeSignatureSeen {
  /** The SignatureScheme chosen when all are offered, as IANA names it. */
  readonly usual: string
  /** Chosen when nothing better than SHA-224, or than SHA-1, is offered; undefined when that is refused. */
  readonly sha224: Told<string | undefined>
  readonly sha1: Told<string | undefined>
}

export interface Renegotiation {
  readonly count: number
  /** Whether we stopped asking, not the server answering. */
  readonly isBound: boolean
}

/** What became of a command sent in the clear behind STARTTLS, in the same segment. CVE-2011-0411, RFC 3207 §6 */
export type InjectionSeen =
  /** It was dropped. */
  | { readonly kind: 'dropped' }
  /** It was answered inside TLS: what is said in the clear is believed there. */
  | { readonly kind: 'answered-inside'; readonly reply: Reply }
  /** It was answered in the clear, behind the 220. */
  | { readonly kind: 'answered-before'; readonly text: string }
  /** STARTTLS was refused because of it. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** The connection was cut, or the handshake failed, which it does not without. */
  | { readonly kind: 'cut' }
