import { decodeMessage } from '../../core/dns/decode.ts'
import { ourEdns } from '../../core/dns/edns.ts'
import { encodeMessage, makeQuery } from '../../core/dns/encode.ts'
import type { Message } from '../../core/dns/message.ts'
import { latin1, readU16 } from '../../core/dns/octets.ts'
import { CLASS } from '../../core/dns/types.ts'
import { foldCase, type Name } from '../../core/name/name.ts'
import type { ChosenBy, Endpoint } from '../network.ts'

/** One question, and the server it goes to. */
export interface ExchangeRequest {
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly name: Name
  readonly type: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  readonly authenticData?: boolean
  /** Where to begin: `udp`, unless given, goes over to TCP when it must. */
  readonly transport?: 'udp' | 'tcp'
}

/** The server's reply; whether it answers anything is for others to say. */
export interface Exchanged {
  readonly message: Message
  readonly octets: Uint8Array
  readonly transport: 'udp' | 'tcp'
}

/** Why there is no reply. `refused`: by ICMP or a closed connection, not by RCODE. `malformed`: no DNS message came. */
export type ExchangeFault = 'timeout' | 'refused' | 'unreachable' | 'malformed' | 'forbidden' | 'overload' | 'aborted'

/** A question as it is sent once. */
export interface Query {
  readonly id: number
  readonly name: Name
  readonly type: number
  readonly octets: Uint8Array
}

/** Every query carries EDNS with DO. RFC 6891 §6, RFC 4035 §4.1 */
export function writeQuery(request: ExchangeRequest, id: number): Query {
  const { name, type, recursionDesired, checkingDisabled, authenticData = false } = request
  const options = { id, recursionDesired, checkingDisabled, authenticData, edns: ourEdns }
  return { id, name, type, octets: encodeMessage(makeQuery(name, type, options)) }
}

/** `wrong-id`: a reply to our very question but for its ID, which only someone who guesses sends. RFC 5452 §9.3 */
export type ReplyMatch = 'match' | 'wrong-id' | 'other'

/**
 * Whether octets are the reply to a query: QR, opcode QUERY, and the one question that was asked, in any case.
 * RFC 5452 §9.1
 *
 * Looks at octets alone: a flood costs no decoding, and a truncated reply counts wherever it was cut.
 */
export function matchReply({ id, name, type }: Query, octets: Uint8Array): ReplyMatch {
  const end = 12 + name.wire.length
  if (octets.length < end + 4) return 'other'
  if ((readU16(octets, 2) & 0xf800) !== 0x8000 || readU16(octets, 4) !== 1) return 'other'
  if (readU16(octets, end) !== type || readU16(octets, end + 2) !== CLASS.IN) return 'other'
  if (foldCase(latin1(octets, 12, end)) !== name.key) return 'other'
  return readU16(octets, 0) === id ? 'match' : 'wrong-id'
}

/** TC, of octets that match. RFC 1035 §4.1.1 */
export function isTruncatedReply(octets: Uint8Array): boolean {
  return (readU16(octets, 2) & 0x0200) !== 0
}

/** The message of octets that match; undefined when it cannot be decoded. */
export function readReply(octets: Uint8Array): Message | undefined {
  const message = decodeMessage(octets)
  return message.ok ? message.value : undefined
}

/** What ended a question whose signal has aborted: its time, or somebody's wish. */
export function endedBy(signal: AbortSignal): 'timeout' | 'aborted' {
  return signal.reason === 'timeout' ? 'timeout' : 'aborted'
}
