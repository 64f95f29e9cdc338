import type { Socket } from 'node:net'
import { limits } from '../../core/limits.ts'
import type { Command } from '../../core/smtp/command.ts'
import { createDotStuffer } from '../../core/smtp/dot-stuffing.ts'
import { createReplyReader, type Reply } from '../../core/smtp/reply.ts'
import type { SessionEvent } from '../../core/smtp/session-state.ts'
import type { StopSignal } from '../stop.ts'
import type { Transcript } from './transcript.ts'

/** SMTP over one socket, in the clear or inside TLS: commands go out, replies come back as events. */
export interface Wire {
  send(commands: readonly Command[]): void
  /** Sends a message with its final dot, as fast as the peer takes it; a reply in between ends it early. */
  sendMessage(message: Uint8Array, patience: Patience): Promise<SessionEvent>
  sendEmptyMessage(): void
  /** The next reply, or why there is none. */
  nextEvent(patience: Patience): Promise<SessionEvent>
  /** Octets received that no reply was made of yet. */
  pending(): number
  /** Stops reading and gives the socket up, untouched from here on. */
  detach(): void
  /** Closes after what was sent; does not wait for the peer. */
  close(): void
  destroy(): void
  /** What the socket said when it broke; undefined when it did not, or closed in good order. */
  error(): Error | undefined
}

export interface Patience {
  readonly timeoutMs: number
  readonly signal: StopSignal | undefined
}

const messageChunk = 64 * 1024
/** More than the longest reply; beyond it reading pauses until somebody asks for replies. */
const unreadOctets = limits.smtp.replyLineOctets * (limits.smtp.replyLines + 1)

export function createWire(socket: Socket, transcript: Transcript): Wire {
  const reader = createReplyReader()
  let error: Error | undefined
  let closed = false
  let wake: () => void = () => {}

  const onData = (octets: Buffer) => {
    reader.push(octets)
    if (reader.pending() > unreadOctets) socket.pause()
    wake()
  }
  const onError = (problem: Error) => {
    error ??= problem
    closed = true
    wake()
  }
  const onClose = () => {
    closed = true
    wake()
  }
  socket.on('data', onData).on('error', onError).on('end', onClose).on('close', onClose)

  /** An event at hand; undefined when only waiting helps. */
  function ready(): SessionEvent | undefined {
    const taken = reader.take()
    if (taken?.ok === true) {
      record(transcript, taken.value)
      return { kind: 'reply', reply: taken.value }
    }
    if (taken?.ok === false) return { kind: 'reply-fault', fault: taken.fault }
    return closed ? { kind: 'lost' } : undefined
  }

  /** Waits until `check` finds something, for as long as patience lasts. */
  async function until<Found>(check: () => Found | undefined, patience: Patience): Promise<Found | SessionEvent> {
    const { signal, timeoutMs } = patience
    const deadline = Promise.withResolvers<SessionEvent>()
    const timer = setTimeout(() => deadline.resolve({ kind: 'timed-out' }), timeoutMs)
    const abort = () => deadline.resolve({ kind: 'lost' })
    signal?.addEventListener('abort', abort, { once: true })
    try {
      for (;;) {
        if (signal?.aborted === true) return { kind: 'lost' }
        const found = check()
        if (found !== undefined) return found
        const woken = new Promise<undefined>((resolve) => {
          wake = () => resolve(undefined)
        })
        const late = await Promise.race([woken, deadline.promise])
        if (late !== undefined) return late
      }
    } finally {
      wake = () => {}
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    }
  }

  /** Writes and waits until the kernel has room again; an event when the peer speaks or goes first. */
  async function write(octets: Uint8Array, patience: Patience): Promise<SessionEvent | undefined> {
    if (closed) return { kind: 'lost' }
    let drained = socket.write(octets)
    if (drained) return ready()
    const onDrain = () => {
      drained = true
      wake()
    }
    socket.once('drain', onDrain)
    const found = await until(() => ready() ?? (drained ? 'drained' : undefined), patience)
    socket.off('drain', onDrain)
    return found === 'drained' ? undefined : found
  }

  return {
    send(commands) {
      if (closed) return
      for (const command of commands) transcript.write('sent', command)
      socket.write(commands.join(''))
    },
    async sendMessage(message, patience) {
      const stuffer = createDotStuffer()
      transcript.write('sent', `(message of ${message.length} octets)`)
      for (let at = 0; at < message.length; at += messageChunk) {
        const event = await write(stuffer.stuff(message.subarray(at, at + messageChunk)), patience)
        if (event !== undefined) return event
      }
      if (closed) return { kind: 'lost' }
      socket.write(stuffer.end())
      transcript.write('sent', '.')
      return { kind: 'message-sent' }
    },
    sendEmptyMessage() {
      transcript.write('sent', '.')
      if (!closed) socket.write('.\r\n')
    },
    nextEvent(patience) {
      if (!closed) socket.resume()
      return until(ready, patience)
    },
    pending: () => reader.pending(),
    detach() {
      socket.pause()
      socket.off('data', onData).off('error', onError).off('end', onClose).off('close', onClose)
    },
    close() {
      // What the peer did not take by now would keep the socket open for as long as it likes.
      if (socket.writableLength > 0) socket.destroy()
      else socket.destroySoon()
    },
    destroy() {
      socket.destroy()
    },
    error: () => error,
  }
}

function record(transcript: Transcript, { code, lines }: Reply): void {
  for (const [place, line] of lines.entries()) {
    transcript.write('received', `${code}${place === lines.length - 1 ? ' ' : '-'}${line}`)
  }
}
