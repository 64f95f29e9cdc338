import { createHash } from 'node:crypto'

/** First half of the SHA-256 of each prime. RFC 7919 §A, RFC 2409 §6, RFC 3526 §2 */
const wellKnown: ReadonlyMap<string, string> = new Map([
  ['9cd3b7f336872f46c09428d1bbc19877', 'ffdhe2048'],
  ['0eaf67db3a839156d5013494a5318a77', 'ffdhe3072'],
  ['4648414224ac881b3d0dc59b466f96d0', 'ffdhe4096'],
  ['227ac9066b3ddd9e193670cda2388fa8', 'ffdhe6144'],
  ['770b14efaf6f049929c523113b3fa99a', 'ffdhe8192'],
  ['b52ba6a3026520a6c49d37e458760180', 'modp768'],
  ['3f35a3f5f6c4376a744acad409bb22f8', 'modp1024'],
  ['64fcc83ec403930bf18393dbc883ccaa', 'modp1536'],
  ['d66436f79bbd6b2e38c0ffbd079be904', 'modp2048'],
  ['48cf8b092fbce4359d9871abf74f98e2', 'modp3072'],
  ['4ee95187682bcb230ad26a95205f6920', 'modp4096'],
  ['d1bfe6d0925ce7e4da262b62861514a7', 'modp6144'],
  ['39ab4feab950a3128fb71accb9fc3965', 'modp8192'],
])

/** The well-known group of this prime, its first octet not zero; undefined for one of somebody's own. */
export function nameOfPrime(prime: Uint8Array): string | undefined {
  return wellKnown.get(createHash('sha256').update(prime).digest('hex').slice(0, 32))
}

export function bitsOfPrime(prime: Uint8Array): number {
  const [first = 0] = prime
  return first === 0 ? 0 : prime.length * 8 - Math.clz32(first) + 24
}
