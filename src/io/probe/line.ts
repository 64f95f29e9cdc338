import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { TalkFault } from '../../core/check/address-probe.ts'
import { limits } from '../../core/limits.ts'
import { type Command, commands } from '../../core/smtp/command.ts'
import type { Reply } from '../../core/smtp/reply.ts'
import type { Transcript } from '../smtp/transcript.ts'
import { createWire, type Patience } from '../smtp/wire.ts'
import type { ProbeIo, SessionTime } from './probe-io.ts'

/** What came instead of silence, or that nothing did. */
export type Heard =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'not-smtp'; readonly fault: TalkFault; readonly text: string }
  | { readonly kind: 'lost' | 'timed-out' }

/** SMTP with one server, before TLS and then inside it. */
export interface Line {
  readonly transcript: Transcript
  hear(time: SessionTime): Promise<Heard>
  /** Sends in one segment, and hears the first reply. */
  ask(lines: readonly Command[]): Promise<Heard>
  /** Gives the socket up to TLS; text when octets of SMTP lie behind the last reply. RFC 3207 §6 */
  release(): { readonly socket: Socket; readonly early: string | undefined }
  /** Goes on inside TLS, where nothing that was heard before counts. RFC 3207 §4.2 */
  goOnInside(socket: TLSSocket): void
  /** Takes leave as RFC 5321 §4.1.1.10 asks, and closes. */
  leave(): Promise<void>
  /** Closes at once. */
  cut(): void
  patienceFor(time: SessionTime): Patience
}

export function createLine(plain: Socket, io: ProbeIo, transcript: Transcript): Line {
  let wire = createWire(plain, transcript)
  const heard = listenTo(plain)
  // Between two wires, and behind the last, nobody else would listen.
  plain.on('error', () => {})
  const patienceFor = (time: SessionTime): Patience => ({
    timeoutMs: io.timeouts?.[time] ?? limits.probe[time],
    signal: io.signal,
  })

  async function hear(time: SessionTime): Promise<Heard> {
    const event = await wire.nextEvent(patienceFor(time))
    if (event.kind === 'reply') return event
    if (event.kind !== 'reply-fault') return { kind: event.kind === 'timed-out' ? 'timed-out' : 'lost' }
    const text = heard.beginning()
    transcript.write('note', `no SMTP, ${event.fault}: ${text}`)
    return { kind: 'not-smtp', fault: event.fault as TalkFault, text } // the wire makes no other faults
  }

  async function ask(lines: readonly Command[]): Promise<Heard> {
    if (wire.pending() > 0) return await hearUnasked()
    heard.clear()
    wire.send(lines)
    return await hear('commandMs')
  }

  /** A goodbye may come at any time; anything else would be taken for the answer to what we are about to say. */
  async function hearUnasked(): Promise<Heard> {
    const found = await hear('commandMs')
    if (found.kind !== 'reply' || found.reply.code === 421) return found
    return { kind: 'not-smtp', fault: 'unsolicited', text: heard.beginning() }
  }

  return {
    ...{ transcript, hear, ask, patienceFor },
    release() {
      const pending = wire.pending()
      wire.detach()
      heard.stop()
      const rest = plain.read() as Buffer | null
      if (pending === 0 && rest === null) return { socket: plain, early: undefined }
      const early = `${heard.ending(pending)}${rest?.toString('latin1') ?? ''}`
      return { socket: plain, early: early.slice(0, limits.probe.textOctets) }
    },
    goOnInside(socket) {
      wire = createWire(socket, transcript)
    },
    async leave() {
      if (wire.error() === undefined && io.signal?.aborted !== true) {
        wire.send([commands.quit()])
        await wire.nextEvent(patienceFor('quitMs'))
      }
      wire.close()
      heard.stop()
    },
    cut() {
      wire.destroy()
      plain.destroy()
    },
  }
}

/** Keeps the first octets since it was last cleared, for showing what no reply could be made of. */
function listenTo(socket: Socket) {
  let kept: Buffer[] = []
  let octets = 0
  const most = limits.probe.textOctets
  const onData = (piece: Buffer) => {
    if (octets < most) kept.push(piece.subarray(0, most - octets))
    octets += piece.length
  }
  socket.on('data', onData)
  return {
    clear() {
      kept = []
      octets = 0
    },
    beginning: () => Buffer.concat(kept).toString('latin1'),
    /** The last octets of all that came, or of what was kept of it. */
    ending: (count: number) =>
      Buffer.concat(kept)
        .subarray(Math.max(0, octets - count))
        .toString('latin1'),
    stop: () => socket.off('data', onData),
  }
}
