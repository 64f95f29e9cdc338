/** `r‖s`, both of one length, as the DER sequence of two integers that OpenSSL takes. RFC 6605 §4 */
export function rawToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2
  const r = integer(raw.subarray(0, half))
  const s = integer(raw.subarray(half))
  return Buffer.concat([Uint8Array.of(0x30, r.length + s.length), r, s])
}

/** Two integers of P-384 take 102 octets, so that short length octets always do. */
function integer(octets: Uint8Array): Uint8Array {
  let from = 0
  while (from < octets.length - 1 && octets[from] === 0) from++
  const digits = octets.subarray(from)
  const isNegative = ((digits[0] ?? 0) & 0x80) !== 0
  return Buffer.concat([Uint8Array.of(2, digits.length + (isNegative ? 1 : 0), ...(isNegative ? [0] : [])), digits])
}
