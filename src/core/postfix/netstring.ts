/** What stands at the beginning of the octets that have come so far. */
export type NetstringScan =
  /** From `start` up to `end`; the next one begins at `end + 1`. */
  | { readonly kind: 'whole'; readonly start: number; readonly end: number }
  /** More has to come. */
  | { readonly kind: 'part' }
  | { readonly kind: 'fault'; readonly fault: 'syntax' | 'too-long' }

const part = { kind: 'part' } as const
const syntax = { kind: 'fault', fault: 'syntax' } as const
const tooLong = { kind: 'fault', fault: 'too-long' } as const

const digit0 = 0x30
const colon = 0x3a
const comma = 0x2c

/**
 * Looks for a netstring, `5:hello,`, at an offset. Lengths are decimal, without zeros before them, at most `maxOctets`:
 * what is longer is refused as soon as its length is read, before any of it is kept.
 */
export function scanNetstring(octets: Uint8Array, from: number, maxOctets: number): NetstringScan {
  let length = 0
  let at = from
  for (; at < octets.length; at++) {
    const octet = octets[at] as number
    if (octet === colon) break
    const digit = octet - digit0
    if (digit < 0 || digit > 9 || (length === 0 && at > from)) return syntax
    length = length * 10 + digit
    if (length > maxOctets) return tooLong
  }
  if (at === octets.length) return part
  if (at === from) return syntax
  const start = at + 1
  const end = start + length
  if (end >= octets.length) return part
  return octets[end] === comma ? { kind: 'whole', start, end } : syntax
}

/** Text as a netstring of its UTF-8 octets. */
export function formatNetstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`
}
