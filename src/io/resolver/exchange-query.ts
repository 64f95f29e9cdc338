import { cookieOption } from '../../core/dns/cookie.ts'
import { decodeMessage } from '../../core/dns/decode.ts'
import { ourEdns, padded } from '../../core/dns/edns.ts'
import { encodeQuery } from '../../core/dns/encode.ts'
import type { Edns, Message } from '../../core/dns/message.ts'
import { fromLatin1, latin1, readU16, sameOctets } from '../../core/dns/octets.ts'
import { CLASS } from '../../core/dns/types.ts'
import { foldCase, type Name } from '../../core/name/name.ts'
import type { ChosenBy, Endpoint } from '../network.ts'
import type { StopSignal } from '../stop.ts'
import type { SentCookie } from './cookies.ts'

/** One question, and the server it goes to. */
export interface ExchangeRequest {
  readonly endpoint: Endpoint
  readonly chosenBy: ChosenBy
  readonly name: Name
  readonly type: number
  readonly recursionDesired: boolean
  readonly checkingDisabled: boolean
  readonly authenticData?: boolean
  /** Whether the case of the name's letters is left to chance, so that whoever forges an answer has to guess that too. */
  readonly mixCase?: boolean
  /** Whether a server that knows no EDNS may be asked without: where nothing is signed. RFC 6891 §7 */
  readonly mayBePlain?: boolean
  /** Where to begin: `udp`, unless given, goes over to TCP when it must. */
  readonly transport?: 'udp' | 'tcp'
  /** Whether its length shall say little of what is asked, where nobody can see more of it. RFC 8467 §4.1 */
  readonly isPadded?: boolean
}

/** The server's reply; whether it answers anything is for others to say. */
export interface Exchanged {
  readonly message: Message
  readonly octets: Uint8Array
  readonly transport: 'udp' | 'tcp'
}

/** Why there is no reply. `refused`: by ICMP or a closed connection, not by RCODE. `malformed`: no DNS message came. */
export type ExchangeFault =
  | 'timeout'
  | 'refused'
  | 'unreachable'
  | 'malformed'
  | 'forbidden'
  | 'overload'
  | 'aborted'
  | 'unauthenticated'

/** A question as it is sent once. */
export interface Query {
  readonly id: number
  readonly name: Name
  readonly type: number
  readonly octets: Uint8Array
  /** The name as it went out, its letters in other cases; undefined when it went out as it is. */
  readonly mixed: string | undefined
  readonly cookie: SentCookie | undefined
}

/** What is another each time that a question is sent. */
export interface Variation {
  readonly id: number
  readonly mixed?: string | undefined
  readonly cookie?: SentCookie | undefined
  readonly isPlain?: boolean
}

/** Every query carries EDNS with DO, but for a plain one. RFC 6891 §6, RFC 4035 §4.1 */
export function writeQuery(request: ExchangeRequest, { id, mixed, cookie, isPlain = false }: Variation): Query {
  const { name, type, recursionDesired, checkingDisabled, authenticData = false, isPadded = false } = request
  const options = { id, recursionDesired, checkingDisabled, authenticData }
  const write = (edns: Edns | undefined) => encodeQuery(mixed ?? name.wire, type, { ...options, edns })
  if (isPlain) return { id, name, type, mixed, cookie: undefined, octets: write(undefined) }
  const edns = cookie === undefined ? ourEdns : { ...ourEdns, options: [cookieOption(cookie)] }
  const octets = write(edns)
  return { id, name, type, mixed, cookie, octets: isPadded ? write(padded(edns, octets.length)) : octets }
}

/** The name with the case of each letter by one bit of chance. `bits` has one octet for every eight octets of it. */
export function mixCase({ wire }: Name, bits: Uint8Array): string {
  const octets = fromLatin1(wire)
  for (let at = 0; at < octets.length; at++) {
    const letter = (octets[at] as number) | 0x20
    const isFlipped = (((bits[at >> 3] ?? 0) >> (at & 7)) & 1) === 1
    if (isFlipped && letter >= 0x61 && letter <= 0x7a) octets[at] = (octets[at] as number) ^ 0x20
  }
  return latin1(octets)
}

/**
 * `wrong-id`: a reply to our very question but for its ID, which only someone who guesses sends. RFC 5452 §9.3
 * `wrong-case`: one whose name has not the letters that we sent, from a guesser or a server that does not keep them.
 */
export type ReplyMatch = 'match' | 'wrong-id' | 'wrong-case' | 'other'

/**
 * Whether octets are the reply to a query: QR, opcode QUERY, and the one question that was asked, in any case.
 * RFC 5452 §9.1
 *
 * Looks at octets alone: a flood costs no decoding, and a truncated reply counts wherever it was cut.
 */
export function matchReply(query: Query, octets: Uint8Array): ReplyMatch {
  const { id, name, type, mixed } = query
  const end = 12 + name.wire.length
  if (octets.length < end + 4) return 'other'
  if ((readU16(octets, 2) & 0xf800) !== 0x8000 || readU16(octets, 4) !== 1) return 'other'
  if (readU16(octets, end) !== type || readU16(octets, end + 2) !== CLASS.IN) return 'other'
  const isEchoed = sameOctets(octets.subarray(12, end), query.octets.subarray(12, end))
  if (isEchoed) return readU16(octets, 0) === id ? 'match' : 'wrong-id'
  const echoed = latin1(octets, 12, end)
  if (foldCase(echoed) !== name.key) return 'other'
  if (readU16(octets, 0) !== id) return 'wrong-id'
  return mixed === undefined ? 'match' : 'wrong-case'
}

/** TC, of octets that match. RFC 1035 §4.1.1 */
export function isTruncatedReply(octets: Uint8Array): boolean {
  return (readU16(octets, 2) & 0x0200) !== 0
}

/**
 * The message of octets that match; undefined when it cannot be decoded. Names that point to the question are read in
 * the case in which it was asked, not in that in which it was sent. Octets that are `isOwn` may be changed for it: they
 * lie in memory of their own, of which records may be pieces.
 */
export function readReply(
  octets: Uint8Array,
  { name, mixed }: Query,
  { isOwn = false }: { readonly isOwn?: boolean } = {},
): Message | undefined {
  const message = decodeMessage(mixed === undefined ? octets : withQuestion(isOwn ? octets : copy(octets), name))
  return message.ok ? message.value : undefined
}

function copy(octets: Uint8Array): Uint8Array {
  const copied = Buffer.allocUnsafeSlow(octets.length)
  copied.set(octets)
  return copied
}

function withQuestion(octets: Uint8Array, { wire }: Name): Uint8Array {
  for (let at = 0; at < wire.length; at++) octets[12 + at] = wire.charCodeAt(at)
  return octets
}

/** What ended a question whose signal has aborted: its time, or somebody's wish. */
export function endedBy(signal: StopSignal): 'timeout' | 'aborted' {
  return signal.reason === 'timeout' ? 'timeout' : 'aborted'
}
