import type { DomainName } from '../name/domain.ts'
import type { Extensions } from '../smtp/ehlo.ts'
import type { Reply, ReplyFault } from '../smtp/reply.ts'
import type { TlsParameters } from './tls-parameters.ts'

/**
 * What one address of one MX host showed to us: facts alone, and each way of failing under a name of its own.
 *
 * Texts of the server stand here as it sent them, and must be escaped by what shows them. Transcripts are escaped.
 */
export interface AddressProbe {
  readonly host: DomainName
  readonly address: string
  readonly port: number
  /** The name in SNI; undefined for a host that is an address literal. RFC 7672 §8.1 */
  readonly serverName: DomainName | undefined
  /** `quick`: who is there, and both kinds of certificate. `full`: how it does TLS besides. */
  readonly depth: ProbeDepth
  /** Milliseconds since 1970-01-01T00:00Z, of the first and the last moment that this tells of. */
  readonly begun: number
  readonly ended: number
  readonly outcome: ProbeOutcome
  /** Every connection made, in the order in which they began. */
  readonly sessions: readonly ProbeSession[]
}

export type ProbeDepth = 'quick' | 'full'

export type ProbeOutcome =
  /** No TCP connection came about. `forbidden` is our own gate's word, `overload` our own want of sockets. */
  | { readonly kind: 'not-connected'; readonly why: 'refused' | 'timeout' | 'unreachable' | 'forbidden' | 'overload' }
  /** Connected, and closed by the server without a word, or silent until we gave up. */
  | { readonly kind: 'no-greeting'; readonly why: 'closed' | 'timed-out' }
  /** What came first is no reply of SMTP; `text` is how it began, bounded. RFC 5321 §4.2 */
  | { readonly kind: 'not-smtp'; readonly fault: TalkFault; readonly text: string }
  /** 4yz, now and at a second try some time later: busy, or greylisting us. It says nothing about TLS. */
  | { readonly kind: 'busy'; readonly at: TalkStage; readonly tries: readonly BusyTry[] }
  /** The greeting is 5yz, or something else than 220: it speaks with nobody, or not with us. It says nothing about TLS. RFC 5321 §3.1 */
  | { readonly kind: 'turned-away'; readonly reply: Reply }
  /** It greeted us with 220 (or another 2yz) and more can be told. */
  | Talk
  /** We were told to stop before anything could be told. */
  | { readonly kind: 'given-up' }

/** `unsolicited`: a reply before anything was asked; later ones could not be told whose they are. */
export type TalkFault = ReplyFault | 'unsolicited'

export type TalkStage = 'greeting' | 'ehlo' | 'starttls'

/** One refusal for now, and when it came. */
export interface BusyTry {
  readonly at: number
  readonly reply: Reply
}

/** A server that greeted us. */
export interface Talk {
  readonly kind: 'talked'
  readonly greeting: Greeting
  /** Before TLS, of the first session. */
  readonly ehlo: EhloFinding
  /** Of the first session. */
  readonly startTls: StartTlsFinding
  /** What every session that came as far saw of the offer: it must not change. RFC 7672 §9.2 */
  readonly offers: readonly StartTlsOffer['kind'][]
  readonly keys: Readonly<Record<KeyType, KeyFinding>>
  /** EHLO inside TLS, the one that counts. Undefined when no session got there. RFC 3207 §4.2 */
  readonly inside: EhloFinding | undefined
  /** Without SNI. Asked in full depth, and when all was refused with SNI. */
  readonly withoutName: UnnamedFinding
  /** Undefined in quick depth, and where no TLS can be had. */
  readonly parameters: TlsParameters | undefined
}

/** The greeting, and whether somebody on the way has painted it over. */
export interface Greeting {
  readonly reply: Reply
  /** The first word, which ought to be the server's name. RFC 5321 §4.2 */
  readonly name: string
  readonly nameFault: NameFault | undefined
  /** Whether it says ESMTP; EHLO is tried either way. */
  readonly saysEsmtp: boolean
  /** Asterisks or crosses in place of its text, as middleboxes write: `220 ****2***`. */
  readonly isMasked: boolean
}

/** What is wrong with the name by which a server calls itself. RFC 5321 §2.3.5 */
export type NameFault = 'missing' | 'not-a-name' | 'single-label' | 'localhost' | 'address-literal'

export type EhloFinding =
  | EhloAnswer
  /** Neither EHLO nor HELO was let pass; `helo` is undefined when it was not tried. */
  | { readonly kind: 'refused'; readonly reply: Reply; readonly helo: Reply | undefined }
  /** 421, or another 4yz. */
  | { readonly kind: 'busy'; readonly reply: Reply }
  | { readonly kind: 'lost' | 'timed-out' }
  | { readonly kind: 'not-smtp'; readonly fault: TalkFault; readonly text: string }
  /** Not said, since the session ended earlier or EHLO was told by another one. */
  | { readonly kind: 'not-said' }

export interface EhloAnswer {
  readonly kind: 'answered'
  /** HELO when EHLO was refused for good; then nothing is offered. RFC 5321 §3.2 */
  readonly verb: 'EHLO' | 'HELO'
  readonly reply: Reply
  /** By which the server answers; ought to be the one of its greeting. */
  readonly name: string
  readonly nameFault: NameFault | undefined
  readonly extensions: Extensions
}

export type StartTlsOffer =
  | { readonly kind: 'offered' }
  | { readonly kind: 'absent' }
  /** A keyword that was STARTTLS once: `crossed-out` as in XXXXXXXA, or with single letters `altered`. */
  | { readonly kind: 'garbled'; readonly keyword: string; readonly how: 'crossed-out' | 'altered' }
  /** There was no answer to EHLO that could tell. */
  | { readonly kind: 'unknown' }

/** What the server says of STARTTLS, and what it does: the command is sent whatever was offered. RFC 3207 §4 */
export interface StartTlsFinding {
  readonly offer: StartTlsOffer
  readonly answer: StartTlsAnswer
}

export type StartTlsAnswer =
  /** 220: though not offered, TLS may be had. */
  | { readonly kind: 'accepted'; readonly reply: Reply }
  /** 5yz. */
  | { readonly kind: 'refused'; readonly reply: Reply }
  /** 454 and every other 4yz but 421. RFC 3207 §4 */
  | { readonly kind: 'unavailable'; readonly reply: Reply }
  /** 421. */
  | { readonly kind: 'busy'; readonly reply: Reply }
  /** A refusal that quotes another command than ours: it was changed on the way. */
  | { readonly kind: 'mangled'; readonly reply: Reply; readonly received: string }
  /** Anything but a refusal or 220. */
  | { readonly kind: 'unexpected'; readonly reply: Reply }
  | { readonly kind: 'lost' | 'timed-out' }
  | { readonly kind: 'not-smtp'; readonly fault: TalkFault; readonly text: string }
  /** Octets came behind the 220 and before the handshake: somebody's injection. RFC 3207 §6 */
  | { readonly kind: 'early-octets'; readonly reply: Reply; readonly text: string }
  /** The session did not come as far. */
  | { readonly kind: 'not-sent' }

/** `ecdsa` is every kind but RSA: Ed25519 and Ed448 show themselves there too. */
export type KeyType = 'rsa' | 'ecdsa'

export type KeyFinding =
  | { readonly kind: 'presented'; readonly handshake: HandshakeSeen }
  /** The handshake was refused by an alert for this kind of key, while the other kind was presented. */
  | { readonly kind: 'absent'; readonly failure: HandshakeFailure }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }
  /** No handshake was begun: what `startTls` says, of this session. */
  | { readonly kind: 'no-tls'; readonly startTls: StartTlsFinding }
  | { readonly kind: 'untold'; readonly why: Untold; readonly reply: Reply | undefined }

/** Why something is not known: nothing follows from it. */
export type Untold =
  /** The server refused a connection, or this one, for now. */
  | 'busy'
  /** It did not answer, or not in SMTP, in a session after the first. */
  | 'lost'
  /** All connections, or all time, that we grant one address were used. */
  | 'spent'
  /** We were told to stop. */
  | 'given-up'
  /** Quick depth. */
  | 'not-asked'
  /** There is nothing of the kind to ask: no such version of TLS, no such key exchange. */
  | 'meaningless'

/** A handshake that was completed. Nothing in it says that the peer is who it should be. */
export interface HandshakeSeen {
  /** As OpenSSL names them: TLSv1.3, TLSv1.2. */
  readonly protocol: string
  /** As IANA names it. */
  readonly suite: string
  /** Key agreement, such as `X25519`; undefined when OpenSSL does not tell. */
  readonly group: string | undefined
  readonly serverName: string | undefined
  /** DER, as they were sent and in that order, the server's own first; at most `limits.certificates.chain`. */
  readonly chain: readonly Uint8Array[]
  /** OpenSSL's name for what is wrong with the chain by public roots; undefined when it leads to one. */
  readonly chainError: string | undefined
  /** Milliseconds since 1970. */
  readonly at: number
  /** Most that a ticket for resumption allows: 0 when none came; undefined for one that cannot be read. RFC 8446 §4.6.1 */
  readonly earlyDataOctets: number | undefined
}

/** Why no TLS came about. */
export interface HandshakeFailure {
  readonly fault: 'protocol' | 'closed' | 'timeout' | 'aborted' | 'no-certificate'
  /** What OpenSSL or the socket said. */
  readonly reason: string
  /** The number of the alert received. RFC 8446 §6 */
  readonly alert: number | undefined
}

export type UnnamedFinding =
  /** A handshake without SNI, and whether the certificate is one that was presented with it. RFC 7672 §8.1 */
  | { readonly kind: 'presented'; readonly handshake: HandshakeSeen; readonly sameCertificate: boolean }
  | { readonly kind: 'failed'; readonly failure: HandshakeFailure }
  | { readonly kind: 'untold'; readonly why: Untold }

/** One connection. */
export interface ProbeSession {
  /** What it was made for, for people: `rsa`, `ecdsa`, `no name`, `TLS 1.0`. */
  readonly purpose: string
  readonly transcript: readonly TranscriptLine[]
}

/** One line of what passed, already fit for a terminal. */
export interface TranscriptLine {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly kind: 'sent' | 'received' | 'tls' | 'note'
  readonly text: string
}
