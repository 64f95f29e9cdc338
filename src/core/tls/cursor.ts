/** Reads on through octets; once something is missing, everything is. RFC 8446 §3 */
export interface Cursor {
  /** A number of so many octets, at most four. */
  number(octets: number): number | undefined
  take(count: number): Uint8Array | undefined
  /** What a length of so many octets says. */
  vector(lengthOctets: number): Uint8Array | undefined
  isAtEnd(): boolean
}

export function createCursor(octets: Uint8Array): Cursor {
  let at = 0
  let isBroken = false

  function take(count: number): Uint8Array | undefined {
    if (isBroken || at + count > octets.length) {
      isBroken = true
      return undefined
    }
    at += count
    return octets.subarray(at - count, at)
  }

  function number(count: number): number | undefined {
    return take(count)?.reduce((value, octet) => value * 256 + octet, 0)
  }

  return {
    number,
    take,
    vector(lengthOctets) {
      const length = number(lengthOctets)
      return length === undefined ? undefined : take(length)
    },
    isAtEnd: () => !isBroken && at === octets.length,
  }
}
