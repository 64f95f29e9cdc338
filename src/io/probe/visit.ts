import type {
  BusyTry,
  ProbeDepth,
  ProbeSession,
  StartTlsOffer,
  TalkStage,
  Untold,
} from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import type { Command } from '../../core/smtp/command.ts'
import type { Reply } from '../../core/smtp/reply.ts'
import { createTranscript, type TranscriptEntry } from '../smtp/transcript.ts'
import type { AddressGate } from './address-gate.ts'
import { type Conversation, type ConversationRequest, converse, type Seen } from './converse.ts'
import type { Line } from './line.ts'
import type { ProbeIo } from './probe-io.ts'

export type Greeted = Extract<Seen, { readonly kind: 'greeted' }>

/** What came of one connection. */
export type Session<Value> =
  /** 220 was said, and this was made of it. */
  | { readonly kind: 'used'; readonly seen: Greeted; readonly value: Value }
  | { readonly kind: 'unused'; readonly seen: Seen }
  | { readonly kind: 'untold'; readonly why: Untold; readonly reply: Reply | undefined }

/** All connections to one address for one probe, and what they may cost. */
export interface Visit {
  /**
   * Makes a connection as far as 220, and hands it over; `use` must end it. A server that is busy is tried once more
   * after a pause, once in a visit: if it is busy still, no further connection is made.
   */
  run<Value>(purpose: string, use: (line: Line) => Promise<Value>, behind?: Command): Promise<Session<Value>>
  readonly sessions: readonly ProbeSession[]
  readonly busy: readonly BusyTry[]
  busyAt(): TalkStage | undefined
  /** What sessions saw of the offer. */
  readonly offers: readonly StartTlsOffer['kind'][]
}

export interface VisitRequest extends Omit<ConversationRequest, 'behind'> {
  readonly depth: ProbeDepth
}

export interface VisitIo extends ProbeIo {
  readonly gate: AddressGate
  readonly follow?: ((entry: TranscriptEntry, purpose: string) => void) | undefined
}

export function createVisit(request: VisitRequest, io: VisitIo): Visit {
  const { clock, gate, signal, pause } = io
  const { address } = request.endpoint
  const connectionsMax = request.depth === 'full' ? limits.probe.fullConnections : limits.probe.quickConnections
  /** Of the first connection: waiting for others to leave the address costs it nothing. */
  let begun: number | undefined
  const sessions: ProbeSession[] = []
  const busy: BusyTry[] = []
  const offers: StartTlsOffer['kind'][] = []
  let busyAt: TalkStage | undefined
  let transcriptOctets = 0
  /** Connections in a row that no greeting came of: who shuts us out without a word is left alone as well. */
  let fruitless = 0
  /** Ends when a pause for a busy server is over; all that come meanwhile wait for it. */
  let rest: Promise<void> | undefined

  function obstacle(): Untold | undefined {
    if (signal?.aborted === true) return 'given-up'
    if (busy.length > 1) return 'busy'
    if (fruitless >= limits.probe.fruitless) return 'lost'
    const isLong = begun !== undefined && clock.now() - begun > limits.probe.fullMs
    return isLong || sessions.length >= connectionsMax ? 'spent' : undefined
  }

  async function run<Value>(
    purpose: string,
    use: (line: Line) => Promise<Value>,
    behind?: Command,
  ): Promise<Session<Value>> {
    await rest?.catch(() => {})
    const why = obstacle()
    if (why !== undefined) return { kind: 'untold', why, reply: busy.at(-1)?.reply }
    const release = await gate.enter(address, signal).catch(() => undefined)
    if (release === undefined) return { kind: 'untold', why: 'given-up', reply: undefined }
    begun ??= clock.now()
    let seen: Seen
    try {
      const conversation = await connect(purpose, behind)
      seen = conversation.seen
      if (conversation.line !== undefined && seen.kind === 'greeted')
        return { kind: 'used', seen, value: await use(conversation.line) }
    } finally {
      release()
    }
    const refusal = refusalOf(seen)
    if (refusal === undefined) return { kind: 'unused', seen }
    return await runAgain(refusal, purpose, use, behind)
  }

  async function connect(purpose: string, behind: Command | undefined): Promise<Conversation> {
    // What all sessions together said is bounded: a full probe makes many.
    const isTold = transcriptOctets <= limits.probe.transcriptOctets
    const transcript = createTranscript(clock, (entry) => {
      transcriptOctets += entry.text.length
      io.follow?.(entry, purpose)
    })
    sessions.push({ purpose, transcript: isTold ? transcript.entries : [] })
    const conversation = await converse({ ...request, behind }, io, transcript)
    const { seen } = conversation
    fruitless = seen.kind === 'greeted' || seen.kind === 'busy' ? 0 : fruitless + 1
    if (seen.kind === 'greeted' && seen.ehlo.kind === 'answered') offers.push(seen.startTls.offer.kind)
    return conversation
  }

  async function runAgain<Value>(
    { at, reply }: { readonly at: TalkStage; readonly reply: Reply },
    purpose: string,
    use: (line: Line) => Promise<Value>,
    behind: Command | undefined,
  ): Promise<Session<Value>> {
    busy.push({ at: clock.now(), reply })
    busyAt = at
    if (busy.length > 1) return { kind: 'untold', why: 'busy', reply }
    rest = pause(limits.probe.busyPauseMs, signal)
    try {
      await rest
    } catch {
      return { kind: 'untold', why: 'given-up', reply }
    }
    return await run(purpose, use, behind)
  }

  return {
    ...{ run, sessions, busy, offers },
    busyAt: () => busyAt,
  }
}

/** Where a server said that it does not want us now. 454 to STARTTLS is about TLS, and not about us. */
function refusalOf(seen: Seen): { readonly at: TalkStage; readonly reply: Reply } | undefined {
  if (seen.kind === 'busy') return { at: 'greeting', reply: seen.reply }
  if (seen.kind !== 'greeted') return undefined
  if (seen.ehlo.kind === 'busy') return { at: 'ehlo', reply: seen.ehlo.reply }
  const { answer } = seen.startTls
  return answer.kind === 'busy' ? { at: 'starttls', reply: answer.reply } : undefined
}

/** Why nothing can be said, when the connection did not come as far as TLS. */
export function whyUnused(session: Exclude<Session<unknown>, { readonly kind: 'used' }>): Untold {
  if (session.kind === 'untold') return session.why
  return session.seen.kind === 'given-up' ? 'given-up' : 'lost'
}
