import { limits } from '../limits.ts'

export interface RsaKey {
  /** Without leading zeros. */
  readonly modulus: Uint8Array
  readonly exponent: Uint8Array
  /** Length of the modulus. */
  readonly bits: number
  /** Odd, at least 3, and short enough not to be a burden. */
  readonly exponentIsSound: boolean
}

/** Takes an RSA public key apart; undefined when its lengths do not hold. RFC 3110 §2 */
export function readRsaKey(publicKey: Uint8Array): RsaKey | undefined {
  const isLong = publicKey[0] === 0
  const start = isLong ? 3 : 1
  const length = isLong ? ((publicKey[1] ?? 0) << 8) | (publicKey[2] ?? 0) : (publicKey[0] ?? 0)
  if (length === 0 || start + length >= publicKey.length) return undefined
  const exponent = withoutZeros(publicKey.subarray(start, start + length))
  const modulus = withoutZeros(publicKey.subarray(start + length))
  if (modulus.length === 0 || exponent.length === 0) return undefined
  const bits = modulus.length * 8 - Math.clz32(modulus[0] as number) + 24
  return { modulus, exponent, bits, exponentIsSound: isSound(exponent) }
}

function withoutZeros(octets: Uint8Array): Uint8Array {
  const from = octets.findIndex((octet) => octet !== 0)
  return from < 0 ? octets.subarray(octets.length) : octets.subarray(from)
}

function isSound(exponent: Uint8Array): boolean {
  const last = exponent.at(-1) ?? 0
  const isOne = exponent.length === 1 && last === 1
  return exponent.length <= limits.dnssec.rsaExponentOctets && (last & 1) === 1 && !isOne
}
