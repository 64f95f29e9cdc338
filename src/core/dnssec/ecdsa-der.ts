/** `r‖s`, both of one length, as the DER sequence of two integers that OpenSSL takes. RFC 6605 §4 */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const r = firstDigit(raw, 0, half)
  const s = firstDigit(raw, half, raw.length)
  const lengths = { r: lengthOf(raw, r, half), s: lengthOf(raw, s, raw.length) }
  // Two integers of P-384 take 102 octets, so that short length octets always do.
  const der = Buffer.allocUnsafe(6 + lengths.r + lengths.s)
  der[0] = 0x30
  der[1] = der.length - 2
  putInteger(der, 2, lengths.r, { raw, from: r, to: half })
  putInteger(der, 4 + lengths.r, lengths.s, { raw, from: s, to: raw.length })
  return der
}

/** Leading zeros are no part of an integer, but for the last digit. */
function firstDigit(raw: Uint8Array, start: number, end: number): number {
  let from = start
  while (from < end - 1 && raw[from] === 0) from++
  return from
}

/** With the zero that keeps a high bit from being a sign. */
function lengthOf(raw: Uint8Array, from: number, to: number): number {
  return to - from + ((raw[from] ?? 0) >> 7)
}

interface Digits {
  readonly raw: Uint8Array
  readonly from: number
  readonly to: number
}

/** Octet by octet: every signature comes through here, and views of its halves cost more than to copy them. */
function putInteger(der: Uint8Array, at: number, length: number, { raw, from, to }: Digits): void {
  der[at] = 2
  der[at + 1] = length
  der[at + 2] = 0
  const first = at + 2 + length - (to - from)
  for (let digit = 0; digit < to - from; digit++) der[first + digit] = raw[from + digit] as number
}
