const digits = '0123456789abcdefghijklmnopqrstuv'

/** Base 32 with the extended hex alphabet, lower case, unpadded. RFC 4648 §7, RFC 5155 §3.3 */
export function base32hex(octets: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const octet of octets) {
    held = ((held << 8) | octet) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += digits.charAt((held >> bits) & 31)
    }
  }
  return bits > 0 ? text + digits.charAt((held << (5 - bits)) & 31) : text
}

/** Reads it in any case; undefined for other characters or a length that no octets have. */
export function parseBase32hex(text: string): Uint8Array | undefined {
  if (!/^[0-9a-vA-V]*$/.test(text) || [1, 3, 6].includes(text.length % 8)) return undefined
  const octets: number[] = []
  let bits = 0
  let held = 0
  for (const character of text.toLowerCase()) {
    held = ((held << 5) | digits.indexOf(character)) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      octets.push((held >> bits) & 255)
    }
  }
  return Uint8Array.from(octets)
}
