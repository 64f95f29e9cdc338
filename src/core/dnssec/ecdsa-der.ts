/** `r‖s`, both of one length, as the DER sequence of two integers that OpenSSL takes. RFC 6605 §4 */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const [r, s] = [digitsOf(raw, 0, half), digitsOf(raw, half, raw.length)]
  // Two integers of P-384 take 102 octets, so that short length octets always do.
  const der = new Uint8Array(6 + r.length + s.length)
  der[0] = 0x30
  der[1] = der.length - 2
  putInteger(der, 2, r)
  putInteger(der, 4 + r.length, s)
  return der
}

interface Digits {
  readonly octets: Uint8Array
  /** With the zero that keeps a high bit from being a sign. */
  readonly length: number
}

function digitsOf(raw: Uint8Array, start: number, end: number): Digits {
  let from = start
  while (from < end - 1 && raw[from] === 0) from++
  const octets = raw.subarray(from, end)
  return { octets, length: octets.length + ((octets[0] ?? 0) >> 7) }
}

function putInteger(der: Uint8Array, at: number, { octets, length }: Digits): void {
  der[at] = 2
  der[at + 1] = length
  der.set(octets, at + 2 + length - octets.length)
}
