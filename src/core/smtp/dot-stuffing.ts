const CR = 0x0d
const LF = 0x0a
const DOT = 0x2e
const SPACE = 0x20

/** Turns a message into what follows DATA, piece by piece. RFC 5321 §4.5.2 */
export interface DotStuffer {
  /** The next piece as it goes on the wire. */
  stuff(octets: Uint8Array): Uint8Array
  /** What ends the message: the CRLF of a last line that had none, then the dot. */
  end(): Uint8Array
}

/**
 * Lines may end in LF or CRLF and leave with CRLF; a leading dot is doubled.
 *
 * A CR that ends no line becomes a space: servers that take it for a line end could otherwise be made to see a second
 * message inside this one. RFC 5321 §2.3.8 forbids sending it.
 */
export function createDotStuffer(): DotStuffer {
  let lineStart = true
  let afterCr = false

  return {
    stuff(octets) {
      const out = new Uint8Array(octets.length * 2 + 1)
      let length = 0
      for (const octet of octets) {
        if (afterCr && octet !== LF) {
          out[length++] = SPACE
          lineStart = false
        }
        afterCr = octet === CR
        if (afterCr) continue
        if (octet === LF) out[length++] = CR
        else if (octet === DOT && lineStart) out[length++] = DOT
        out[length++] = octet
        lineStart = octet === LF
      }
      return out.subarray(0, length)
    },
    end() {
      const open = afterCr ? ' \r\n' : lineStart ? '' : '\r\n'
      lineStart = true
      afterCr = false
      return Buffer.from(`${open}.\r\n`, 'latin1')
    },
  }
}
