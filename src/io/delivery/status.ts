import { formatEnhancedStatus } from '../../core/smtp/enhanced-status.ts'
import { formatReply, type Reply } from '../../core/smtp/reply.ts'

/** Whether trying again may help: never for `permanent`. RFC 3463 §2 */
export type Lasting = 'temporary' | 'permanent'

/** What became of one recipient, in the words of mail. RFC 5321 §4.2, RFC 3463 */
export interface Status {
  readonly kind: 'delivered' | Lasting
  /** As in replies: 250, 451, 550. */
  readonly code: number
  /** `4.7.5` */
  readonly enhanced: string
  /** What stands in its place when the queue lifetime is over: nothing is temporary any more. RFC 5321 §4.5.4.1 */
  readonly last: { readonly code: number; readonly enhanced: string }
  /** One line; it begins with a token such as `[dane]` when the words are ours. Not escaped when they are not. */
  readonly text: string
  /** Whose words they are: only a peer's belong into `Diagnostic-Code: smtp`. RFC 3464 §2.3.6 */
  readonly from: 'us' | 'peer'
}

/** What a verdict of ours is about. */
export type Token = 'dane' | 'mta-sts' | 'starttls' | 'requiretls' | 'override' | 'dns' | 'smtp'

/** Reasons of our own, each with its code for now, and with the one that stands when no time is left. */
const reasons = {
  'dns-failed': { now: [451, '4.4.3'], last: [554, '5.4.3'] },
  'no-such-domain': { now: [550, '5.1.2'], last: [550, '5.1.2'] },
  'null-mx': { now: [556, '5.1.10'], last: [556, '5.1.10'] },
  'no-host': { now: [451, '4.4.4'], last: [550, '5.4.4'] },
  'mail-loop': { now: [554, '5.4.6'], last: [554, '5.4.6'] },
  'not-connected': { now: [451, '4.4.1'], last: [554, '5.4.7'] },
  'connection-lost': { now: [451, '4.4.2'], last: [554, '5.4.7'] },
  'bad-protocol': { now: [451, '4.5.0'], last: [554, '5.5.0'] },
  'no-starttls': { now: [451, '4.7.4'], last: [550, '5.7.10'] },
  'tls-failed': { now: [451, '4.7.5'], last: [550, '5.7.5'] },
  'requiretls-missing': { now: [550, '5.7.30'], last: [550, '5.7.30'] },
  'requiretls-unprotected': { now: [550, '5.7.10'], last: [550, '5.7.10'] },
  'too-large': { now: [552, '5.3.4'], last: [552, '5.3.4'] },
  'needs-8bitmime': { now: [554, '5.6.3'], last: [554, '5.6.3'] },
  'needs-smtputf8': { now: [553, '5.6.7'], last: [553, '5.6.7'] },
  'line-too-long': { now: [554, '5.6.0'], last: [554, '5.6.0'] },
  'given-up': { now: [451, '4.3.2'], last: [554, '5.4.7'] },
} as const satisfies Record<string, Record<'now' | 'last', readonly [code: number, enhanced: string]>>

export type Reason = keyof typeof reasons

/** A verdict of ours. Codes are those that practice gives to such a case where no RFC assigns one. RFC 3463 §3 */
export function ourStatus(reason: Reason, token: Token, text: string): Status {
  const [code, enhanced] = reasons[reason].now
  const [lastCode, lastEnhanced] = reasons[reason].last
  return {
    kind: code < 500 ? 'temporary' : 'permanent',
    code,
    enhanced,
    last: { code: lastCode, enhanced: lastEnhanced },
    text: `[${token}] ${text}`,
    from: 'us',
  }
}

/** Of those who were not reached when the work was interrupted. */
export const givenUp = ourStatus('given-up', 'smtp', 'interrupted before the message was handed over')

/** What a server said. A reply without an enhanced status code gets the one that says nothing: X.0.0. */
export function peerStatus(kind: Status['kind'], reply: Reply): Status {
  const own = reply.enhanced === undefined ? undefined : formatEnhancedStatus(reply.enhanced)
  const now = { code: reply.code, enhanced: own ?? `${String(reply.code)[0]}.0.0` }
  const last = kind === 'temporary' ? { code: 554, enhanced: '5.4.7' } : now
  return { kind, ...now, last, text: formatReply(reply), from: 'peer' }
}

/** The status when no time is left. */
export function asFinal(status: Status): Status {
  return status.kind === 'temporary' ? { ...status, ...status.last, kind: 'permanent' } : status
}
