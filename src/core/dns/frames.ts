import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { u16 } from './rdata/write.ts'

export type FrameFault = 'frame-too-short' | 'frame-truncated'

/** Takes a TCP stream apart into messages. RFC 1035 §4.2.2, RFC 7766 §8 */
export interface FrameReader {
  /** The messages that are complete with this chunk; after a fault the stream is of no more use. */
  push(chunk: Uint8Array): Result<Uint8Array[], FrameFault>
  /** Says whether the stream ended between messages. */
  end(): Result<undefined, FrameFault>
}

/** A reader that holds at most one incomplete message: 2 + 65535 octets. */
export function createFrameReader(): FrameReader {
  let held: Uint8Array = new Uint8Array(0)
  return {
    push(chunk) {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      const messages: Uint8Array[] = []
      while (held.length >= 2) {
        const length = ((held[0] as number) << 8) | (held[1] as number)
        if (length < 12) return refuse('frame-too-short', 0)
        if (held.length < 2 + length) break
        messages.push(held.subarray(2, 2 + length))
        held = held.subarray(2 + length)
      }
      return accept(messages)
    },
    end() {
      return held.length === 0 ? accept(undefined) : refuse('frame-truncated', held.length)
    },
  }
}

/** Length and message in one piece, for one write. RFC 7766 §8 */
export function frame(message: Uint8Array): Uint8Array {
  if (message.length > limits.dns.messageOctets) throw new RangeError(`a message of ${message.length} octets`)
  return Buffer.concat([u16(message.length), message])
}
