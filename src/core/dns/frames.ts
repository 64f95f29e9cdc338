import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { readU16 } from './octets.ts'
import { u16 } from './rdata/write.ts'

export type FrameFault = 'frame-too-short' | 'frame-truncated'

/** Takes a TCP stream apart into messages. RFC 1035 §4.2.2, RFC 7766 §8 */
export interface FrameReader {
  /** The messages that are complete with this chunk; after a fault the stream is of no more use. */
  push(chunk: Uint8Array): Result<Uint8Array[], FrameFault>
  /** Says whether the stream ended between messages. */
  end(): Result<undefined, FrameFault>
}

const lengthOctets = 2
const headerOctets = 12

/** A reader that holds at most one incomplete message, 2 + 65535 octets, and copies each octet once. */
export function createFrameReader(): FrameReader {
  let held = new Uint8Array(lengthOctets) // first the length, then a message of that length
  let filled = 0
  let isMessage = false
  return {
    push(chunk) {
      const messages: Uint8Array[] = []
      for (let at = 0; at < chunk.length; ) {
        const taken = chunk.subarray(at, at + held.length - filled)
        held.set(taken, filled)
        at += taken.length
        filled += taken.length
        if (filled < held.length) break
        if (isMessage) messages.push(held)
        else if (readU16(held, 0) < headerOctets) return refuse('frame-too-short', Math.max(0, at - lengthOctets))
        held = new Uint8Array(isMessage ? lengthOctets : readU16(held, 0))
        filled = 0
        isMessage = !isMessage
      }
      return accept(messages)
    },
    end() {
      return isMessage || filled > 0 ? refuse('frame-truncated', filled) : accept(undefined)
    },
  }
}

/** Length and message in one piece, for one write. RFC 7766 §8 */
export function frame(message: Uint8Array): Uint8Array {
  if (message.length > limits.dns.messageOctets) throw new RangeError(`a message of ${message.length} octets`)
  return Buffer.concat([u16(message.length), message])
}
