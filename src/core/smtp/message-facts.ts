import { limits } from '../limits.ts'

/** What must be known of a message before it is offered to a server. */
export interface MessageFacts {
  /** Octets with every line ended by CRLF, before dots are doubled. RFC 1870 §5 */
  readonly size: number
  /** Whether any octet is above 127, so that 8BITMIME is needed. RFC 6152 §3 */
  readonly eightBit: boolean
  /** Whether the header bears UTF-8 beyond ASCII, so that SMTPUTF8 is needed. RFC 6532 §3 */
  readonly utf8Header: boolean
  /** Octets of the longest line, its CRLF left out. */
  readonly longestLine: number
  /** Offset of the first octet after the header and its empty line; the whole length when there is no body. */
  readonly bodyAt: number
}

/** Scans a message whose lines end in LF or CRLF. */
export function scanMessage(octets: Uint8Array): MessageFacts {
  const bodyAt = findBody(octets)
  let size = 0
  let longestLine = 0
  for (let start = 0; start < octets.length; ) {
    const end = octets.indexOf(0x0a, start)
    const stop = end < 0 ? octets.length : end
    const length = stop - start - (end > start && octets[end - 1] === 0x0d ? 1 : 0)
    size += length + 2
    longestLine = Math.max(longestLine, length)
    start = stop + 1
  }
  const header = octets.subarray(0, bodyAt)
  const utf8Header = hasEightBit(header) && isUtf8(header)
  return { size, eightBit: hasEightBit(octets), utf8Header, longestLine, bodyAt }
}

/** Whether a line is longer than any server must take. RFC 5321 §4.5.3.1.6 */
export function hasOverlongLine({ longestLine }: MessageFacts): boolean {
  return longestLine > limits.smtp.textLineOctets
}

/** The header ends at its first empty line. RFC 5322 §2.1 */
function findBody(octets: Uint8Array): number {
  for (let start = 0; start < octets.length; ) {
    if (octets[start] === 0x0a) return start + 1
    if (octets[start] === 0x0d && octets[start + 1] === 0x0a) return start + 2
    const end = octets.indexOf(0x0a, start)
    if (end < 0) break
    start = end + 1
  }
  return octets.length
}

function hasEightBit(octets: Uint8Array): boolean {
  return octets.some((octet) => octet > 127)
}

function isUtf8(octets: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(octets)
    return true
  } catch {
    return false
  }
}
