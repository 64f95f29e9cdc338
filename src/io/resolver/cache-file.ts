import { createHash } from 'node:crypto'
import { readU16, sameOctets } from '../../core/dns/octets.ts'
import { readWireName } from '../../core/dns/wire-name.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { accept, type Result, refuse } from '../../core/result.ts'

/** A reply as it stands in a file: octets that anyone may have written. */
export interface FiledReply {
  /** What it is about, as its question section says. */
  readonly name: Name
  readonly type: number
  /** Milliseconds since 1970. */
  readonly until: number
  /** A DNS message. */
  readonly message: Uint8Array
}

export interface CacheFile {
  /** Milliseconds since 1970. */
  readonly savedAt: number
  readonly replies: readonly FiledReply[]
}

/** Why octets are no cache file of ours. */
export type CacheFileFault = 'not-a-cache-file' | 'other-version' | 'truncated' | 'damaged' | 'too-long' | 'reply'

const magic = Buffer.from('WAXSEAL-DNS')
const version = 1
/** Magic, version, time and count of replies. */
const headOctets = magic.length + 1 + 6 + 4
/** Of one reply: its end, and how long its message is. */
const replyHeadOctets = 6 + 2
const digestOctets = 32

/**
 * Magic, version, time, count; each reply as its end in milliseconds (48 bits), length (16 bits) and message; and the
 * SHA-256 digest of all before it, which shows damage and keeps nobody from writing what he likes.
 */
export function writeCacheFile({ savedAt, replies }: CacheFile): Uint8Array {
  const length = replies.reduce((sum, { message }) => sum + replyHeadOctets + message.length, headOctets)
  const octets = Buffer.allocUnsafe(length + digestOctets)
  let at = magic.copy(octets)
  at = octets.writeUInt8(version, at)
  at = octets.writeUIntBE(savedAt, at, 6)
  at = octets.writeUInt32BE(replies.length, at)
  for (const { until, message } of replies) {
    at = octets.writeUIntBE(Math.floor(until), at, 6)
    at = octets.writeUInt16BE(message.length, at)
    octets.set(message, at)
    at += message.length
  }
  octets.set(digestOf(octets.subarray(0, at)), at)
  return octets
}

/** Takes apart what may be a cache file. Messages are not looked into, but for their questions. */
export function parseCacheFile(given: Uint8Array): Result<CacheFile, CacheFileFault> {
  const octets = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (octets.length > limits.files.cacheOctets) return refuse('too-long', limits.files.cacheOctets)
  if (!octets.subarray(0, magic.length).equals(magic)) return refuse('not-a-cache-file')
  if (octets[magic.length] !== version) return refuse('other-version', magic.length)
  const end = octets.length - digestOctets
  if (end < headOctets) return refuse('truncated', octets.length)
  if (!sameOctets(digestOf(octets.subarray(0, end)), octets.subarray(end))) return refuse('damaged', end)
  const savedAt = octets.readUIntBE(magic.length + 1, 6)
  const count = octets.readUInt32BE(magic.length + 7)
  const replies: FiledReply[] = []
  let at = headOctets
  for (let left = count; left > 0; left--) {
    if (at + replyHeadOctets > end) return refuse('truncated', at)
    const from = at + replyHeadOctets
    const to = from + octets.readUInt16BE(at + 6)
    if (to > end) return refuse('truncated', at)
    const reply = readReply(octets.subarray(from, to), octets.readUIntBE(at, 6))
    if (reply === undefined) return refuse('reply', at)
    replies.push(reply)
    at = to
  }
  return at === end ? accept({ savedAt, replies }) : refuse('truncated', at)
}

function readReply(octets: Buffer, until: number): FiledReply | undefined {
  if (octets.length < 12 || readU16(octets, 4) !== 1) return undefined
  const question = readWireName(octets, 12, { limit: octets.length, compressed: false, budget: { octets: 256 } })
  if (!question.ok || question.value.end + 4 > octets.length) return undefined
  const { name, end } = question.value
  return { name, type: readU16(octets, end), until, message: new Uint8Array(octets) }
}

function digestOf(octets: Uint8Array): Uint8Array {
  return createHash('sha256').update(octets).digest()
}
