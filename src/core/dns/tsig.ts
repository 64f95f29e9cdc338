import { createHmac, timingSafeEqual } from 'node:crypto'
import { limits } from '../limits.ts'
import { type Name, sameName } from '../name/name.ts'
import { parseName } from '../name/text.ts'
import { accept, type Result, refuse } from '../result.ts'
import { fromLatin1, readU16, readU32 } from './octets.ts'
import { u16, u32 } from './rdata/write.ts'
import { hashOf, leastMacOctets, type TsigKey, wholeMacOctets } from './tsig-key.ts'
import { CLASS, TYPE } from './types.ts'
import { readWireName } from './wire-name.ts'

/** Seconds by which two clocks may differ, as recommended. RFC 8945 §10 */
export const tsigFudge = 300

/** What RFC 8945 §3 calls errors. */
export const TSIG_ERROR = { BADSIG: 16, BADKEY: 17, BADTIME: 18, BADTRUNC: 22 } as const

/** The data of a TSIG record, and where the record begins in its message. RFC 8945 §4.2 */
interface Tsig {
  readonly name: Name
  readonly algorithm: Name
  /** Seconds since 1970, of 48 bits. */
  readonly timeSigned: number
  readonly fudge: number
  readonly mac: Uint8Array
  readonly originalId: number
  readonly error: number
  readonly otherData: Uint8Array
}

/** The fields of it that a MAC covers beside the message. RFC 8945 §4.3.3 */
type Variables = Pick<Tsig, 'name' | 'algorithm' | 'timeSigned' | 'fudge' | 'error' | 'otherData'>

export interface SignedMessage {
  readonly octets: Uint8Array
  /** What the reply's MAC covers too: it belongs to this request and to no other. */
  readonly mac: Uint8Array
}

/** A request with its signature behind all else; `time` in seconds. RFC 8945 §5.1 */
export function signMessage(octets: Uint8Array, key: TsigKey, time: number): SignedMessage {
  const { name } = key
  const algorithm = algorithmName(key)
  const variables = { name, algorithm, timeSigned: time, fudge: tsigFudge, error: 0, otherData: none }
  const mac = macOf([octets, writeVariables(variables)], key).subarray(0, key.macOctets)
  const rdata = Buffer.concat([
    ...[fromLatin1(algorithm.wire), u48(time), u16(tsigFudge), u16(mac.length), mac],
    ...[octets.subarray(0, 2), u16(0), u16(0)], // the original ID, no error, no other data
  ])
  const record = Buffer.concat([
    ...[fromLatin1(name.wire), u16(TYPE.TSIG), u16(CLASS.ANY), u32(0), u16(rdata.length), rdata],
  ])
  return { octets: withCount(Buffer.concat([octets, record]), readU16(octets, 10) + 1), mac }
}

const none = new Uint8Array(0)

/** What the signature of a reply says of it. */
export type TsigVerdict =
  /** It is from who has the key, and answers our request; `octets` are the message without the signature. */
  | { readonly kind: 'verified'; readonly octets: Uint8Array }
  /** The server did not accept our signature. */
  | ({ readonly kind: 'rejected' } & Rejection)
  /** It has no signature at all. */
  | { readonly kind: 'unsigned'; readonly octets: Uint8Array }
  /** Nobody may believe it. */
  | { readonly kind: 'refused'; readonly why: TsigFault }

export interface Rejection {
  readonly error: number
  /** Whether the server's own signature is verified: with BADKEY and BADSIG there can be none. RFC 8945 §5.3.2 */
  readonly isVerified: boolean
  /** The server's clock, in seconds, where it says so. RFC 8945 §5.2.3 */
  readonly serverTime: number | undefined
}

/** `malformed`: no message, or a TSIG record in another place than the last. RFC 8945 §5.1, §5.3 */
export type TsigFault = 'malformed' | 'other-key' | 'other-algorithm' | 'mac-length' | 'wrong-mac' | 'time'

/** What came back for a request with this MAC; `time` in seconds. RFC 8945 §5.3 */
export function verifyReply(
  octets: Uint8Array,
  key: TsigKey,
  { mac, time }: { readonly mac: Uint8Array; readonly time: number },
): TsigVerdict {
  const split = splitMessage(octets)
  if (!split.ok) return { kind: 'refused', why: 'malformed' }
  const { tsig, message } = split.value
  if (tsig === undefined) return { kind: 'unsigned', octets }
  const { error } = tsig
  const isUnsigned = (error === TSIG_ERROR.BADKEY || error === TSIG_ERROR.BADSIG) && tsig.mac.length === 0
  if (isUnsigned) return { kind: 'rejected', error, isVerified: false, serverTime: undefined }
  const why = faultOf(tsig, message, key, mac)
  if (why !== undefined) return { kind: 'refused', why }
  if (error !== 0) return { kind: 'rejected', error, isVerified: true, serverTime: serverTimeOf(tsig) }
  // The time is looked at last: until the MAC is verified anybody may have written it. RFC 8945 §5.2.3
  const isLate = Math.abs(time - tsig.timeSigned) > Math.min(tsig.fudge, tsigFudge)
  return isLate ? { kind: 'refused', why: 'time' } : { kind: 'verified', octets: message }
}

function faultOf(tsig: Tsig, message: Uint8Array, key: TsigKey, requestMac: Uint8Array): TsigFault | undefined {
  if (!sameName(tsig.name, key.name)) return 'other-key'
  if (!sameName(tsig.algorithm, algorithmName(key))) return 'other-algorithm'
  const { length } = tsig.mac
  if (length < leastMacOctets(key.algorithm) || length > wholeMacOctets(key.algorithm)) return 'mac-length'
  const covered = [u16(requestMac.length), requestMac, message, writeVariables(tsig)] // RFC 8945 §5.3.1
  const expected = macOf(covered, key).subarray(0, length)
  return timingSafeEqual(expected, tsig.mac) ? undefined : 'wrong-mac'
}

function serverTimeOf({ error, otherData }: Tsig): number | undefined {
  return error === TSIG_ERROR.BADTIME && otherData.length === 6 ? readU48(otherData, 0) : undefined
}

function macOf(pieces: readonly Uint8Array[], { algorithm, secret }: TsigKey): Uint8Array {
  const hmac = createHmac(hashOf(algorithm), secret)
  for (const piece of pieces) hmac.update(piece)
  return hmac.digest()
}

/** Names in canonical form: RFC 8945 §4.3.3. */
function writeVariables({ name, algorithm, timeSigned, fudge, error, otherData }: Variables): Uint8Array {
  return Buffer.concat([
    ...[fromLatin1(name.key), u16(CLASS.ANY), u32(0), fromLatin1(algorithm.key)],
    ...[u48(timeSigned), u16(fudge), u16(error), u16(otherData.length), otherData],
  ])
}

function algorithmName({ algorithm }: TsigKey): Name {
  const name = parseName(algorithm)
  if (!name.ok) throw new Error(`${algorithm} is no name`)
  return name.value
}

interface Split {
  readonly tsig: Tsig | undefined
  /** As it was before it was signed: with the ID that it had then, and without the record. RFC 8945 §4.3.2 */
  readonly message: Uint8Array
}

/** Takes the TSIG record off a message, where there is one: the last of all. */
function splitMessage(octets: Uint8Array): Result<Split, 'malformed'> {
  if (octets.length < 12 || octets.length > limits.dns.messageOctets) return refuse('malformed')
  const [questions = 0, answers = 0, authorities = 0, additionals = 0] = [4, 6, 8, 10].map((at) => readU16(octets, at))
  const records = answers + authorities + additionals
  if (records > limits.dns.records || questions > 1) return refuse('malformed')
  let at = 12
  for (let left = questions; left > 0; left--) {
    const end = skipName(octets, at)
    if (end === undefined) return refuse('malformed', at)
    at = end + 4
  }
  for (let left = records; left > 0; left--) {
    const end = skipName(octets, at)
    if (end === undefined || end + 10 > octets.length) return refuse('malformed', at)
    const next = end + 10 + readU16(octets, end + 8)
    if (next > octets.length) return refuse('malformed', end)
    if (readU16(octets, end) === TYPE.TSIG) {
      const isLast = left === 1 && additionals > 0 && next === octets.length
      const tsig = isLast ? readTsig(octets, at, end) : undefined
      if (tsig === undefined) return refuse('malformed', at)
      const message = withCount(new Uint8Array(octets.subarray(0, at)), additionals - 1)
      message.set(u16(tsig.originalId), 0)
      return accept({ tsig, message })
    }
    at = next
  }
  return at === octets.length ? accept({ tsig: undefined, message: octets }) : refuse('malformed', at)
}

/** Where the name that begins here ends, as it stands: pointers are not followed. RFC 1035 §4.1.4 */
function skipName(octets: Uint8Array, start: number): number | undefined {
  for (let at = start; at < octets.length; ) {
    const length = octets[at] as number
    if (length === 0) return at + 1
    if (length >= 0xc0) return at + 2
    if (length > limits.names.labelOctets) return undefined
    at += 1 + length
  }
  return undefined
}

/** The record whose owner begins at `start` and ends before `at`, and which ends with the message. RFC 8945 §4.2 */
function readTsig(octets: Uint8Array, start: number, at: number): Tsig | undefined {
  const limit = octets.length
  const owner = readWireName(octets, start, { limit, compressed: true, budget: { octets: limits.names.octets } })
  const isAnywhere = readU16(octets, at + 2) === CLASS.ANY && readU32(octets, at + 4) === 0
  const from = at + 10
  const algorithm = readWireName(octets, from, { limit, compressed: false, budget: { octets: limits.names.octets } })
  if (!owner.ok || !algorithm.ok || !isAnywhere) return undefined
  const fixed = algorithm.value.end
  if (fixed + 16 > limit) return undefined
  const macEnd = fixed + 10 + readU16(octets, fixed + 8)
  if (macEnd + 6 > limit || macEnd + 6 + readU16(octets, macEnd + 4) !== limit) return undefined
  return {
    ...{ name: owner.value.name, algorithm: algorithm.value.name },
    ...{ timeSigned: readU48(octets, fixed), fudge: readU16(octets, fixed + 6) },
    ...{ mac: octets.subarray(fixed + 10, macEnd), originalId: readU16(octets, macEnd) },
    ...{ error: readU16(octets, macEnd + 2), otherData: octets.subarray(macEnd + 6) },
  }
}

/** ARCOUNT. RFC 1035 §4.1.1 */
function withCount(octets: Uint8Array, additionals: number): Uint8Array {
  octets.set(u16(additionals), 10)
  return octets
}

function u48(value: number): Uint8Array {
  return Buffer.concat([u16(Math.floor(value / 0x1_0000_0000)), u32(value % 0x1_0000_0000)])
}

function readU48(octets: Uint8Array, at: number): number {
  return readU16(octets, at) * 0x1_0000_0000 + readU32(octets, at + 2)
}
