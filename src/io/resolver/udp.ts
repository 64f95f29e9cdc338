import type { Message } from '../../core/dns/message.ts'
import { limits } from '../../core/limits.ts'
import type { ChosenBy, Datagrams, Endpoint, Network } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import { doubtCookie } from './cookies.ts'
import { type ExchangeFault, endedBy, isTruncatedReply, matchReply, type Query, readReply } from './exchange-query.ts'

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
 * Sends a query from a socket of its own and waits for the reply until the signal aborts. RFC 5452 §9.1, §9.2
 *
 * What does not match is dropped and the wait goes on: no forged datagram may end a question.
 */
export async function askUdp(
  network: Network,
  write: (localAddress: string) => Query,
  { endpoint, chosenBy, signal }: { endpoint: Endpoint; chosenBy: ChosenBy; signal: StopSignal },
): Promise<UdpOutcome> {
  const dropped = { wrongId: 0, other: 0, undecodable: 0 }
  const opened = await network.openUdp(endpoint, { chosenBy })
  if (!opened.ok) return { query: undefined, finding: { kind: 'fault', fault: opened.fault }, dropped }
  try {
    const query = write(opened.value.localAddress)
    return { query, finding: await awaitReply(opened.value, query, { signal, dropped }), dropped }
  } finally {
    opened.value.close()
  }
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
    datagrams.onMessage = (octets) => {
      const finding = octets === undefined ? refusedByIcmp : judgeDatagram(query, octets, dropped)
      if (finding === undefined) return
      signal.removeEventListener('abort', end)
      resolve(finding)
    }
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
