import type { limits } from '../limits.ts'
import type { Command } from './command.ts'
import type { Extensions } from './ehlo.ts'
import type { Mailbox, ReversePath } from './mailbox.ts'
import type { MessageFacts } from './message-facts.ts'
import type { Reply, ReplyFault } from './reply.ts'

/** What one session is to do. */
export interface SessionPlan {
  /** For EHLO: a host name in A-labels, or an address literal. RFC 8616 §4 */
  readonly clientName: string
  /** `required`: no mail without TLS. `may`: TLS when offered. `never`: a permitted retry in the clear. RFC 3207 §4 */
  readonly tls: 'required' | 'may' | 'never'
  /** What to send; undefined to learn only how the server greets and does TLS. */
  readonly mail: Mailing | undefined
}

/** One message for mailboxes behind one host. */
export interface Mailing {
  readonly sender: ReversePath
  readonly recipients: readonly Mailbox[]
  readonly message: MessageFacts
  /** Send only with the REQUIRETLS parameter, to a server that offers it inside TLS. RFC 8689 §4.2.1 */
  readonly requireTls: boolean
}

/** What happened on the wire. */
export type SessionEvent =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'reply-fault'; readonly fault: SessionFault }
  /** Octets lay between the 220 of STARTTLS and the handshake. */
  | { readonly kind: 'early-octets' }
  | { readonly kind: 'handshake-failed' }
  /** The handshake is done, and what it achieved was judged. RFC 3207 §4.1 */
  | { readonly kind: 'secured'; readonly sufficient: boolean }
  /** The last octet of the message, its final dot included, was handed over. */
  | { readonly kind: 'message-sent' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'timed-out' }

/** `unsolicited`: a reply to nothing; later replies could no longer be told whose they are. */
export type SessionFault = ReplyFault | 'unsolicited' | 'unexpected-code'

/** What must happen next on the wire; the answer comes back as the next event. */
export type Action =
  | { readonly kind: 'wait' }
  | { readonly kind: 'send'; readonly commands: readonly Command[] }
  | { readonly kind: 'start-tls' }
  | { readonly kind: 'send-message' }
  /** A dot alone, where DATA was let pass though no recipient was. RFC 2920 §3.1 */
  | { readonly kind: 'send-empty-message' }
  /** Close in good order; the session is over. */
  | { readonly kind: 'close' }
  /** Cut the connection at once; the session is over. */
  | { readonly kind: 'abort' }

export type Phase =
  | 'greeting'
  | 'ehlo'
  | 'helo'
  | 'starttls'
  | 'handshake'
  | 'envelope'
  | 'message'
  | 'done'
  | 'rset'
  | 'quit'
  | 'over'

export interface Step {
  readonly state: SessionState
  readonly action: Action
  /** How long to wait for the next event: a name in `limits.smtp`. RFC 5321 §4.5.3.2 */
  readonly timeout: Extract<keyof typeof limits.smtp, `${string}Ms`>
}

/** A command that was or is to be sent, and for which recipient. */
export type Expected = { readonly verb: 'mail' | 'data' } | { readonly verb: 'rcpt'; readonly index: number }

export interface SessionState {
  readonly plan: SessionPlan
  readonly phase: Phase
  readonly secured: boolean
  /** Of the last EHLO; nothing of those before TLS is kept. RFC 3207 §4.2 */
  readonly extensions: Extensions
  /** What the server said of STARTTLS before TLS; undefined while not known. */
  readonly startTls: { readonly offered: boolean; readonly reply: Reply | undefined } | undefined
  /** In the order of the plan's recipients. */
  readonly fates: readonly Fate[]
  /** Sent and not yet answered, in order. */
  readonly sent: readonly Expected[]
  /** Not yet sent, in order. */
  readonly queue: readonly Expected[]
  readonly mailRefused: boolean
  readonly transactions: number
  readonly end: SessionEnd | undefined
}

/** Where one recipient stands. */
export type Fate =
  /** Not named to the server, or not answered: another host may be tried. */
  | { readonly kind: 'open' }
  | { readonly kind: 'accepted' }
  /**
   * The server takes no more recipients in one transaction: the next one is for it, or another host where none came.
   * Never for good, whatever the code. RFC 5321 §4.5.3.1.10
   */
  | { readonly kind: 'postponed'; readonly reply: Reply }
  | { readonly kind: 'delivered'; readonly reply: Reply }
  | { readonly kind: 'refused'; readonly at: 'mail' | 'rcpt' | 'data' | 'message'; readonly reply: Reply }
  /** The server lacks what the message needs. */
  | { readonly kind: 'unsupported'; readonly what: 'size' | '8bitmime' | 'smtputf8' }
  /** The whole message was sent and never answered: it may have been taken. RFC 1047 */
  | { readonly kind: 'uncertain' }

/** How a session ended. Fates of recipients are told beside it. */
export type SessionEnd =
  | { readonly kind: 'completed' }
  | { readonly kind: 'greeting-refused' | 'ehlo-refused' | 'starttls-refused'; readonly reply: Reply }
  /** Also when EHLO is refused for good, as nothing can be offered then. */
  | { readonly kind: 'starttls-not-offered' }
  | { readonly kind: 'early-octets' | 'handshake-failed' | 'not-authenticated' | 'requiretls-not-offered' }
  /** The server closes: 421. RFC 5321 §3.8 */
  | { readonly kind: 'closing'; readonly phase: Phase; readonly reply: Reply }
  | { readonly kind: 'protocol'; readonly phase: Phase; readonly fault: SessionFault }
  | { readonly kind: 'lost' | 'timed-out'; readonly phase: Phase }
