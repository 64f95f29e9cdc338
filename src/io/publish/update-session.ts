import type { Socket } from 'node:net'
import { decodeMessage } from '../../core/dns/decode.ts'
import { encodeMessage } from '../../core/dns/encode.ts'
import { createFrameReader, frame } from '../../core/dns/frames.ts'
import type { Message } from '../../core/dns/message.ts'
import { readU16 } from '../../core/dns/octets.ts'
import { type Rejection, signMessage, type TsigFault, verifyReply } from '../../core/dns/tsig.ts'
import type { TsigKey } from '../../core/dns/tsig-key.ts'
import { limits } from '../../core/limits.ts'
import { accept, type Result } from '../../core/result.ts'
import type { Clock } from '../clock.ts'
import type { ChosenBy, DialFault, Endpoint, Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'

/** What came back to one message. */
export type Heard =
  /** `isVouchedFor`: it bears the signature that was asked for, or none was. */
  | { readonly kind: 'reply'; readonly message: Message; readonly isVouchedFor: boolean }
  /** The server did not accept our signature. RFC 8945 §5.2 */
  | ({ readonly kind: 'rejected' } & Rejection)
  | { readonly kind: 'nothing'; readonly why: Silence }

/**
 * `strange`: replies came, and none to this message. `closed`: the connection ended. `too-long`: it was not sent, as no
 * message may be so long. Others: what the signature lacks.
 */
export type Silence = 'timeout' | 'aborted' | 'closed' | 'strange' | 'too-long' | TsigFault

export interface SessionOptions {
  readonly network: Network
  readonly chosenBy: ChosenBy
  /** Undefined where nothing is signed. */
  readonly key: TsigKey | undefined
  readonly clock: Clock
  readonly randomId: () => number
  readonly signal: StopSignal
  readonly answerMs: number
}

/** One connection to a server that takes updates; one message at a time. RFC 2136 §6.2, RFC 7766 §5 */
export interface UpdateSession {
  ask(compose: (id: number) => Message): Promise<Heard>
  close(): void
}

export async function openSession(
  endpoint: Endpoint,
  options: SessionOptions,
): Promise<Result<UpdateSession, DialFault>> {
  const { network, chosenBy, signal } = options
  const dialled = await network.connectTcp(endpoint, { chosenBy, signal, timeoutMs: limits.writing.connectMs })
  return dialled.ok ? accept(sessionOn(dialled.value, options)) : dialled
}

/** What is done with a message, or with the end of all of them; whoever asks sets it. */
type Receive = (octets: Uint8Array | undefined) => void

function sessionOn(socket: Socket, options: SessionOptions): UpdateSession {
  const frames = createFrameReader()
  let receive: Receive | undefined
  let isOver = false
  const end = () => {
    isOver = true
    socket.destroy()
    receive?.(undefined)
  }
  socket.on('data', (chunk) => {
    const messages = frames.push(chunk)
    if (!messages.ok) return end()
    for (const octets of messages.value) receive?.(octets)
  })
  socket.on('error', end)
  socket.on('end', end)
  socket.on('close', end)
  return {
    close: end,
    async ask(compose) {
      if (isOver) return { kind: 'nothing', why: 'closed' }
      const request = prepare(compose(options.randomId()), options)
      if (request.octets.length > limits.dns.messageOctets) return { kind: 'nothing', why: 'too-long' }
      const heard = await listen(request, options, (taker) => {
        receive = taker
        if (taker !== undefined) socket.write(frame(request.octets))
      })
      return heard
    },
  }
}

interface Request {
  readonly id: number
  readonly opcode: number
  readonly octets: Uint8Array
  readonly mac: Uint8Array | undefined
}

function prepare(message: Message, { key, clock }: SessionOptions): Request {
  const { id, opcode } = message
  const octets = encodeMessage(message)
  if (key === undefined) return { id, opcode, octets, mac: undefined }
  return { id, opcode, ...signMessage(octets, key, secondsOf(clock)) }
}

export function secondsOf(clock: Clock): number {
  return Math.floor(clock.now() / 1000)
}

/** The reply to a request, past those to nobody, of which there may be so many. */
function listen(
  request: Request,
  options: SessionOptions,
  attach: (receive: Receive | undefined) => void,
): Promise<Heard> {
  const { signal, answerMs } = options
  return new Promise((resolve) => {
    let strangers = 0
    const settle = (heard: Heard) => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
      attach(undefined)
      resolve(heard)
    }
    const fail = (why: Silence) => settle({ kind: 'nothing', why })
    const abort = () => fail(signal.reason === 'timeout' ? 'timeout' : 'aborted')
    const timer = setTimeout(() => fail(strangers > 0 ? 'strange' : 'timeout'), answerMs)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort)
    attach((octets) => {
      if (octets === undefined) return fail(strangers > 0 ? 'strange' : 'closed')
      if (isReplyTo(octets, request)) return settle(judge(octets, request, options))
      if (++strangers > limits.resolver.unaskedMessages) fail('strange')
    })
  })
}

/** QR, opcode and ID. RFC 2136 §3.8 */
function isReplyTo(octets: Uint8Array, { id, opcode }: Request): boolean {
  return readU16(octets, 0) === id && (readU16(octets, 2) & 0xf800) === (0x8000 | (opcode << 11))
}

function judge(octets: Uint8Array, { mac }: Request, { key, clock }: SessionOptions): Heard {
  const unread = (why: Silence): Heard => ({ kind: 'nothing', why })
  const read = (plain: Uint8Array, isVouchedFor: boolean): Heard => {
    const message = decodeMessage(plain)
    return message.ok ? { kind: 'reply', message: message.value, isVouchedFor } : unread('malformed')
  }
  if (key === undefined || mac === undefined) return read(octets, true)
  const verdict = verifyReply(octets, key, { mac, time: secondsOf(clock) })
  switch (verdict.kind) {
    case 'verified':
      return read(verdict.octets, true)
    case 'unsigned':
      return read(verdict.octets, false)
    case 'rejected':
      return verdict
    case 'refused':
      return unread(verdict.why)
  }
}
