import type { Socket } from 'node:net'
import type { Untold } from '../../core/check/address-probe.ts'
import { type HelloOffer, writeClientHello } from '../../core/tls/client-hello.ts'
import type { ServerHello } from '../../core/tls/handshake-messages.ts'
import { createFlightReader, type ServerFlight } from '../../core/tls/server-flight.ts'
import { suiteName } from '../../core/tls/suites.ts'
import { versionByNumber } from '../../core/tls/versions.ts'
import type { Patience } from '../smtp/wire.ts'
import { untold } from './explore.ts'
import type { Line } from './line.ts'
import type { ProbeIo } from './probe-io.ts'
import { type Session, type Visit, whyUnused } from './visit.ts'

/** What a server said to one ClientHello. */
export type HelloAnswer =
  | { readonly kind: 'chosen'; readonly hello: ServerHello; readonly flight: ServerFlight }
  /** By an alert, or by closing. */
  | { readonly kind: 'refused'; readonly alert: number | undefined }
  | { readonly kind: 'untold'; readonly why: Untold }

/** Asks one hello on a connection of its own. */
export type AskHello = (purpose: string, offer: HelloOffer) => Promise<HelloAnswer>

export function createHelloAsker(visit: Visit, io: ProbeIo): AskHello {
  async function askOnce(purpose: string, offer: HelloOffer): Promise<HelloAnswer> {
    const session: Session<HelloAnswer> = await visit.run(purpose, async (line) => {
      const answer = await exchange(line, offer, io)
      line.transcript.write('tls', describe(answer))
      return answer
    })
    return session.kind === 'used' ? session.value : untold(whyUnused(session))
  }

  return async (purpose, offer) => {
    const answer = await askOnce(purpose, offer)
    // A lost connection must not end a whole list; the visit sees to it that there are not many.
    const isLost = answer.kind === 'untold' && answer.why === 'lost'
    return isLost ? await askOnce(`${purpose}, again`, offer) : answer
  }
}

async function exchange(line: Line, offer: HelloOffer, io: ProbeIo): Promise<HelloAnswer> {
  const { socket, early } = line.release()
  if (early !== undefined) {
    line.cut()
    return { kind: 'untold', why: 'lost' }
  }
  const names = offer.suites.length > 4 ? [`${offer.suites.length} suites`] : offer.suites.map(suiteName)
  line.transcript.write('tls', `a hello of ${offer.version} with ${names.join(', ')}`)
  socket.write(writeClientHello(offer, { random: io.random(32), sessionId: io.random(32) }))
  const heard = await hearFlight(socket, line.patienceFor('handshakeMs'))
  takeLeave(socket, heard.how === 'over')
  return answerOf(heard)
}

interface HeardFlight {
  readonly how: 'over' | 'closed' | 'timed-out' | 'given-up'
  readonly flight: ServerFlight
}

function hearFlight(socket: Socket, { timeoutMs, signal }: Patience): Promise<HeardFlight> {
  const reader = createFlightReader()
  return new Promise((resolve) => {
    const settle = (how: HeardFlight['how']) => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', giveUp)
      socket.off('data', onData).off('close', onClose).off('end', onClose)
      resolve({ how, flight: reader.flight() })
    }
    const giveUp = () => settle('given-up')
    const onClose = () => settle('closed')
    const onData = (octets: Buffer) => {
      reader.push(octets)
      if (reader.flight().isOver) settle('over')
    }
    const timer = setTimeout(() => settle('timed-out'), timeoutMs)
    signal?.addEventListener('abort', giveUp, { once: true })
    socket.on('data', onData).on('close', onClose).on('end', onClose)
    socket.resume()
    if (signal?.aborted === true) giveUp()
    if (socket.destroyed) onClose()
  })
}

/** `user_canceled` and `close_notify`: we leave, and nothing is wrong. RFC 8446 §6.1 */
const goodbye = Uint8Array.from([21, 3, 1, 0, 2, 1, 90, 21, 3, 1, 0, 2, 1, 0])

function takeLeave(socket: Socket, isPolite: boolean): void {
  socket.on('data', () => {}) // what still comes is of no interest, and must not keep the socket open
  if (isPolite && !socket.destroyed) socket.end(goodbye)
  socket.destroySoon()
}

function answerOf({ how, flight }: HeardFlight): HelloAnswer {
  const { hello, alert, fault } = flight
  if (how === 'given-up') return { kind: 'untold', why: 'given-up' }
  if (fault !== undefined) return { kind: 'untold', why: 'lost' }
  if (hello !== undefined) return { kind: 'chosen', hello, flight }
  return how === 'timed-out' ? { kind: 'untold', why: 'lost' } : { kind: 'refused', alert }
}

function describe(answer: HelloAnswer): string {
  if (answer.kind === 'untold') return 'no answer in TLS'
  if (answer.kind === 'refused') return answer.alert === undefined ? 'closed' : `alert ${answer.alert}`
  const { version, suite } = answer.hello
  return `answered with ${versionByNumber(version) ?? `version ${version}`} and ${suiteName(suite)}`
}
