import { gunzipSync } from 'node:zlib'
import { limits } from '../../core/limits.ts'
import { accept, type Result, refuse } from '../../core/result.ts'

/**
 * - `too-large`: over 1 MiB as it lies there, or 10 MiB unpacked
 * - `ratio`: it swells by more than reports do, as what is made to fill memory does
 * - `gzip`: it begins as gzip does, and is damaged or ends too early
 * - `utf-8`: its octets are no UTF-8
 */
export type UnpackFault = 'too-large' | 'ratio' | 'gzip' | 'utf-8'

/** The text of a report's octets, gzip or not: told by how they begin, as names and media types err. RFC 8460 §5.2 */
export function unpackReport(octets: Uint8Array): Result<string, UnpackFault> {
  if (octets.length > limits.tlsrpt.packedOctets) return refuse('too-large', limits.tlsrpt.packedOctets)
  const isGzip = octets[0] === 0x1f && octets[1] === 0x8b
  const plain = isGzip ? inflate(octets) : accept(octets)
  if (!plain.ok) return plain
  try {
    return accept(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain.value))
  } catch {
    return refuse('utf-8')
  }
}

/** Stops at the first octet too many: what would come out beyond it is never made. RFC 1952 */
function inflate(octets: Uint8Array): Result<Uint8Array, 'too-large' | 'ratio' | 'gzip'> {
  // What is small anyway may swell as it likes.
  const swollen = Math.max(octets.length * limits.tlsrpt.ratio, limits.tlsrpt.packedOctets)
  const maxOutputLength = Math.min(swollen, limits.tlsrpt.octets)
  try {
    return accept(gunzipSync(octets, { maxOutputLength }))
  } catch (error) {
    const isOver = error instanceof RangeError
    return refuse(isOver ? (maxOutputLength < limits.tlsrpt.octets ? 'ratio' : 'too-large') : 'gzip')
  }
}
