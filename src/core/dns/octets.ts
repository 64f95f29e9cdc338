/** Octets as characters U+0000 to U+00FF: the form in which names are kept. */
export function latin1(octets: Uint8Array, from = 0, to = octets.length): string {
  const buffer = octets instanceof Buffer ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  return buffer.toString('latin1', from, to)
}

export function fromLatin1(text: string): Uint8Array {
  return Buffer.from(text, 'latin1')
}

export function readU16(octets: Uint8Array, at: number): number {
  return ((octets[at] as number) << 8) | (octets[at + 1] as number)
}

export function readU32(octets: Uint8Array, at: number): number {
  return ((readU16(octets, at) << 16) | readU16(octets, at + 2)) >>> 0
}

export function hex(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')
}

export function base64(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64')
}

/** Unsigned comparison; a shorter one that is the beginning of a longer one comes first. RFC 4034 §6.3 */
export function compareOctets(one: Uint8Array, other: Uint8Array): number {
  return Buffer.compare(one, other)
}

export function sameOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && Buffer.compare(one, other) === 0
}
