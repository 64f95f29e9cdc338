import type { Message } from '../../core/dns/message.ts'
import { limits } from '../../core/limits.ts'
import type { Datagrams } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import { doubtCookie } from './cookies.ts'
import { type ExchangeFault, endedBy, isTruncatedReply, matchReply, type Query, readReply } from './exchange-query.ts'
import type { UdpSocket, UdpSockets, UdpTarget } from './udp-sockets.ts'

/** What came of one datagram sent. */
export type UdpFinding =
  | { readonly kind: 'reply'; readonly message: Message; readonly octets: Uint8Array }
  /** The message is there when what was left of it could be decoded. */
  | { readonly kind: 'truncated'; readonly message: Message | undefined }
  | { readonly kind: 'doubtful'; readonly why: Doubt }
  | { readonly kind: 'fault'; readonly fault: ExchangeFault }

/**
 * Why a reply to our question may be another's: it has other letters than we sent, a cookie that is not ours, or none
 * where the server has always given one. RFC 7873 §5.3
 */
export type Doubt = 'wrong-case' | 'wrong-cookie' | 'no-cookie'

/** Datagrams of the server's address that were no reply to us. */
export interface DroppedDatagrams {
  /** Our question under another ID: somebody guesses. RFC 5452 §9.3 */
  wrongId: number
  other: number
  /** Our ID and question, but no DNS message. */
  undecodable: number
}

export interface UdpOutcome {
  /** As it was sent, if it was. */
  readonly query: Query | undefined
  readonly finding: UdpFinding
  readonly dropped: Readonly<DroppedDatagrams>
}

/**
 * Sends a query and waits for the reply until the signal aborts. RFC 5452 §9.1
 *
 * What does not match is dropped and the wait goes on: no forged datagram may end a question.
 */
export async function askUdp(
  sockets: UdpSockets,
  write: (localAddress: string) => Query,
  { target, signal }: { readonly target: UdpTarget; readonly signal: StopSignal },
): Promise<UdpOutcome> {
  const dropped = { wrongId: 0, other: 0, undecodable: 0 }
  let written = writeFromKept(sockets, write, target)
  if (written === undefined) {
    const opened = await sockets.open(target)
    if (!opened.ok) return { query: undefined, finding: { kind: 'fault', fault: opened.fault }, dropped }
    written = writeFrom({ target, datagrams: opened.value, questions: 0 }, write)
  }
  const { socket, query } = written
  let mayKeep = false
  try {
    socket.questions++
    const finding = await awaitReply(socket.datagrams, query, { signal, dropped })
    mayKeep = finding.kind === 'reply' && isShared(query) && isQuiet(dropped)
    return { query, finding, dropped }
  } finally {
    if (mayKeep) sockets.keep(socket)
    else socket.datagrams.close()
  }
}

/** Whoever sent us something else has found the port. */
function isQuiet({ wrongId, other, undecodable }: DroppedDatagrams): boolean {
  return wrongId + other + undecodable === 0
}

interface Written {
  readonly socket: UdpSocket
  readonly query: Query
}

/** Whether the server has a cookie of its own to show. RFC 7873 §5.3 */
function isShared({ cookie }: Query): boolean {
  return cookie?.server !== undefined
}

function writeFromKept(
  sockets: UdpSockets,
  write: (localAddress: string) => Query,
  target: UdpTarget,
): Written | undefined {
  const socket = sockets.takeKept(target)
  if (socket === undefined) return undefined
  const written = writeFrom(socket, write)
  if (isShared(written.query)) return written
  socket.datagrams.close()
  return undefined
}

function writeFrom(socket: UdpSocket, write: (localAddress: string) => Query): Written {
  return { socket, query: write(socket.datagrams.localAddress) }
}

function awaitReply(
  datagrams: Datagrams,
  query: Query,
  { signal, dropped }: { signal: StopSignal; dropped: DroppedDatagrams },
): Promise<UdpFinding> {
  return new Promise((resolve) => {
    const end = () => resolve({ kind: 'fault', fault: faultAtEnd(signal, dropped) })
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    // V8 makes what is written where it is assigned to a property among the old objects, for prototypes to have: it would keep
    // the question and its reply until the next full collection.
    const read = (octets: Uint8Array | undefined) => {
      const finding = octets === undefined ? refusedByIcmp : judgeDatagram(query, octets, dropped)
      if (finding === undefined) return
      signal.removeEventListener('abort', end)
      resolve(finding)
    }
    datagrams.onMessage = read
    datagrams.send(query.octets)
  })
}

const refusedByIcmp: UdpFinding = { kind: 'fault', fault: 'refused' }

function faultAtEnd(signal: StopSignal, { undecodable }: DroppedDatagrams): ExchangeFault {
  const fault = endedBy(signal)
  return fault === 'timeout' && undecodable > 0 ? 'malformed' : fault
}

/** What a datagram settles; undefined when nothing, and then it is counted. */
function judgeDatagram(query: Query, octets: Uint8Array, dropped: DroppedDatagrams): UdpFinding | undefined {
  const match = matchReply(query, octets)
  if (match === 'wrong-case') return { kind: 'doubtful', why: match }
  if (match !== 'match') {
    dropped[match === 'wrong-id' ? 'wrongId' : 'other']++
    return undefined
  }
  const message = readReply(octets, query, { isOwn: true })
  const doubt = query.cookie && message && doubtCookie(query.cookie, message)
  if (doubt !== undefined) return { kind: 'doubtful', why: doubt }
  if (isTruncatedReply(octets)) return { kind: 'truncated', message }
  if (message !== undefined) return { kind: 'reply', message, octets }
  dropped.undecodable++
  // Each costs as much as a good one to read, and who sends them knows our question.
  return dropped.undecodable < limits.resolver.malformedAnswers ? undefined : { kind: 'fault', fault: 'malformed' }
}
