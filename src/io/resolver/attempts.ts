import { type ExtendedError, formatExtendedError, saidIn } from '../../core/dns/edns.ts'
import type { Message } from '../../core/dns/message.ts'
import { formatRcode, RCODE } from '../../core/dns/types.ts'
import { failureCodes } from '../../core/dnssec/extended-error.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import type { Failure } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { AskFault } from './ask.ts'
import { type Trouble, trouble } from './task.ts'

/**
 * How long to wait for an answer on the n-th round, counted from 0, in milliseconds: the longer, the longer the server
 * takes to answer as a rule. RFC 1035 §4.2.1
 */
export type Patience = (round: number, usualMs?: number) => number

/** `factor` makes it longer for servers that ask others, shorter where no server is far. */
export function patienceBy(factor = 1): Patience {
  const { udpFirstTryMs, udpLastTryMs } = limits.resolver
  return (round, usualMs = 0) => {
    const first = Math.max(factor * udpFirstTryMs, 2 * usualMs + factor * 100)
    return Math.min(first * 2 ** round, factor * udpLastTryMs)
  }
}

/** Gathers why servers were of no use, and says it in one line. */
export interface Attempts {
  fault(server: string, fault: AskFault): void
  refusal(server: string, message: Message): void
  useless(server: string, reason: string): void
  /** It does not pass on DNSSEC records, and which, in words: as good as an attack on every signed name. */
  stripping(server: string, missing: string): void
  sum(question: { readonly name: Name; readonly type: number }, zone: Name | undefined): Trouble
}

interface Attempt {
  readonly server: string
  readonly why: Failure['why']
  readonly text: string
  readonly ede: number
  /** Extended DNS Errors of the server's own. */
  readonly said?: readonly ExtendedError[] | undefined
  /** What the operator can do. */
  readonly advice?: string
  readonly isOurs?: true
}

const faults: Record<AskFault, Pick<Attempt, 'why' | 'text'> & { readonly ede?: number }> = {
  timeout: { why: 'timeout', text: 'does not answer' },
  refused: { why: 'unreachable', text: 'takes no DNS queries' },
  unreachable: { why: 'unreachable', text: 'cannot be reached' },
  malformed: { why: 'malformed', text: 'sent a malformed answer' },
  forbidden: { why: 'unreachable', text: 'has a private or reserved address', ede: 22 },
  overload: { why: 'overload', text: 'could not be asked, as too many sockets are open' },
  unauthenticated: { why: 'unreachable', text: 'does not show by TLS that it is who it must be' },
  aborted: { why: 'aborted', text: 'was not waited for' },
  limit: { why: 'limit', text: `was not asked, as the question cost ${limits.resolver.queries} queries already` },
}

/** What a server did that gave no reply, to stand behind its name. */
export function faultText(fault: AskFault): string {
  return faults[fault].text
}

/** What a server did that would not or could not answer, to stand behind its name. */
export function refusalText(message: Message): string {
  const [error] = saidIn(message) ?? []
  return `answers ${formatRcode(message.rcode)}${error === undefined ? '' : ` (${formatExtendedError(error)})`}`
}

/** For after the name of the server. */
export function describeStripping(missing: string): string {
  return `strips DNSSEC records (${missing})`
}

export const strippingAdvice = 'use another with --server, or --engine iterate'

/** Those that say most about what to mend come first. */
const order: readonly Failure['why'][] = [
  'limit',
  'bogus',
  'overload',
  'aborted',
  'servfail',
  'refused',
  'malformed',
  'timeout',
  'unreachable',
]

export function createAttempts(): Attempts {
  return new OwnAttempts()
}

/** A class, as every lookup makes several and few have anything to say. */
class OwnAttempts implements Attempts {
  readonly #made: Attempt[] = []

  fault(server: string, fault: AskFault): void {
    this.#made.push({ server, ede: failureCodes[faults[fault].why], ...faults[fault] })
  }

  refusal(server: string, message: Message): void {
    const why = message.rcode === RCODE.SERVFAIL ? 'servfail' : 'refused'
    this.#made.push({ server, why, text: refusalText(message), ede: failureCodes[why], said: saidIn(message) })
  }

  useless(server: string, reason: string): void {
    this.#made.push({ server, why: 'malformed', text: reason, ede: 22 })
  }

  stripping(server: string, missing: string): void {
    const text = describeStripping(missing)
    this.#made.push({ server, why: 'bogus', text, ede: 10, advice: strippingAdvice, isOurs: true })
  }

  sum(question: { readonly name: Name; readonly type: number }, zone: Name | undefined): Trouble {
    const what = nameRrset(question)
    const best = this.#made.toSorted((one, other) => order.indexOf(one.why) - order.indexOf(other.why))[0]
    if (best === undefined) return trouble('unreachable', `no server is known for ${what}`, { ede: 22, zone })
    const servers = new Set(this.#made.map(({ server }) => server)).size
    const others = servers > 1 ? `, and ${servers - 1} more of no use` : ''
    const { server, why, text, ede, advice, said, isOurs } = best
    const end = advice === undefined ? others : `${others}: ${advice}`
    const more = { ede, zone, server, said, ...(isOurs === true && { isOurs }) }
    return trouble(why, `${what}: ${server} ${text}${end}`, more)
  }
}
