import type {
  EhloFinding,
  Greeting,
  ProbeOutcome,
  StartTlsAnswer,
  StartTlsFinding,
  Talk,
} from '../../core/check/address-probe.ts'
import { findOffer, readEhlo, readGreeting, readStartTlsAnswer } from '../../core/check/talk.ts'
import { limits } from '../../core/limits.ts'
import { type Command, commands } from '../../core/smtp/command.ts'
import type { Reply } from '../../core/smtp/reply.ts'
import type { ChosenBy, DialFault, Endpoint } from '../network.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { createLine, type Heard, type Line } from './line.ts'
import type { ProbeIo } from './probe-io.ts'

/** How far one connection came. */
export type Seen =
  | Exclude<ProbeOutcome, Talk | { readonly kind: 'busy' }>
  | { readonly kind: 'busy'; readonly reply: Reply }
  | {
      readonly kind: 'greeted'
      readonly greeting: Greeting
      readonly ehlo: EhloFinding
      readonly startTls: StartTlsFinding
    }

export interface ConversationRequest {
  readonly host: string
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  /** For EHLO; must resolve to where we come from. RFC 5321 §4.1.1.1 */
  readonly clientName: string
  /** Sent behind STARTTLS in the same segment, as an attacker would. */
  readonly behind?: Command | undefined
}

/** One connection up to the handshake. */
export interface Conversation {
  readonly seen: Seen
  /** Where TLS may begin: 220 was said. Whoever takes it ends it. */
  readonly line: Line | undefined
}

/**
 * Connects, hears the greeting, says EHLO (or HELO) and STARTTLS, whatever is offered: 220 in spite of an EHLO without
 * the keyword shows that somebody took it out. Where no TLS comes of it, it says QUIT. Never rejects.
 */
export async function converse(
  request: ConversationRequest,
  io: ProbeIo,
  transcript: Transcript,
): Promise<Conversation> {
  const { endpoint, chosenBy, host } = request
  transcript.write('note', `connecting to ${host} at ${endpoint.address} port ${endpoint.port}`)
  const timeoutMs = io.timeouts?.connectMs ?? limits.probe.connectMs
  const dialled = await io.network.connectTcp(endpoint, { chosenBy, timeoutMs, signal: io.signal })
  if (!dialled.ok) {
    transcript.write('note', `not connected: ${dialled.fault}`)
    return { seen: notConnected(dialled.fault), line: undefined }
  }
  dialled.value.setNoDelay(true)
  const line = createLine(dialled.value, io, transcript)
  const seen = await hearOut(line, request)
  if (seen.kind === 'greeted' && seen.startTls.answer.kind === 'accepted') return { seen, line }
  if (io.signal?.aborted === true) line.cut()
  else await line.leave()
  return { seen: io.signal?.aborted === true ? { kind: 'given-up' } : seen, line: undefined }
}

function notConnected(fault: DialFault): Seen {
  if (fault === 'aborted') return { kind: 'given-up' }
  return { kind: 'not-connected', why: fault === 'unauthenticated' ? 'unreachable' : fault }
}

async function hearOut(line: Line, { clientName, behind }: ConversationRequest): Promise<Seen> {
  const first = await line.hear('greetingMs')
  if (first.kind === 'not-smtp') return first
  if (first.kind !== 'reply') return { kind: 'no-greeting', why: first.kind === 'lost' ? 'closed' : 'timed-out' }
  const { reply } = first
  if (isForNow(reply)) return { kind: 'busy', reply }
  if (reply.code !== 220) return { kind: 'turned-away', reply }
  const greeting = readGreeting(reply)
  const ehlo = await sayEhlo(line, clientName)
  const offer = findOffer(ehlo)
  const answer = ehlo.kind === 'answered' ? await sayStartTls(line, behind) : { kind: 'not-sent' as const }
  return { kind: 'greeted', greeting, ehlo, startTls: { offer, answer } }
}

/** Without a second choice, as it must be inside TLS. RFC 3207 §4.2 */
export async function sayEhloAlone(line: Line, clientName: string): Promise<EhloFinding> {
  const heard = await line.ask([commands.ehlo(clientName)])
  if (heard.kind !== 'reply') return heard
  const { reply } = heard
  if (isPositive(reply)) return readEhlo('EHLO', reply)
  return reply.code < 500 ? { kind: 'busy', reply } : { kind: 'refused', reply, helo: undefined }
}

/** HELO is the way out for servers that do not know EHLO. RFC 5321 §3.2 */
async function sayEhlo(line: Line, clientName: string): Promise<EhloFinding> {
  const found = await sayEhloAlone(line, clientName)
  if (found.kind !== 'refused') return found
  const second = await line.ask([commands.helo(clientName)])
  if (second.kind !== 'reply') return found
  return isPositive(second.reply) ? readEhlo('HELO', second.reply) : { ...found, helo: second.reply }
}

async function sayStartTls(line: Line, behind: Command | undefined): Promise<StartTlsAnswer> {
  const heard: Heard = await line.ask([commands.startTls(), ...(behind === undefined ? [] : [behind])])
  return heard.kind === 'reply' ? readStartTlsAnswer(heard.reply) : heard
}

/** 4yz: greylisting, too many connections, closing down. RFC 5321 §4.2.1 */
function isForNow({ code }: Reply): boolean {
  return code >= 400 && code < 500
}

function isPositive({ code }: Reply): boolean {
  return code >= 200 && code < 300
}
