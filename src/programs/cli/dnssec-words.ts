import type { ChainLink } from '../../core/dnssec/resolution.ts'

/** DNS Security Algorithm Numbers, by the names of their registry. RFC 8624 §3.1, RFC 9558, RFC 9563 */
const algorithmNames = new Map([
  [1, 'RSAMD5'],
  [3, 'DSA'],
  [5, 'RSASHA1'],
  [6, 'DSA-NSEC3-SHA1'],
  [7, 'RSASHA1-NSEC3-SHA1'],
  [8, 'RSASHA256'],
  [10, 'RSASHA512'],
  [12, 'ECC-GOST'],
  [13, 'ECDSAP256SHA256'],
  [14, 'ECDSAP384SHA384'],
  [15, 'ED25519'],
  [16, 'ED448'],
  [17, 'SM2SM3'],
  [23, 'ECC-GOST12'],
])

const digestNames = new Map([
  [1, 'SHA-1'],
  [2, 'SHA-256'],
  [3, 'GOST R 34.11-94'],
  [4, 'SHA-384'],
  [5, 'GOST R 34.11-2012'],
  [6, 'SM3'],
])

export function algorithmName(algorithm: number): string {
  return algorithmNames.get(algorithm) ?? `algorithm ${algorithm}`
}

export function digestName(digestType: number): string {
  return digestNames.get(digestType) ?? `digest type ${digestType}`
}

/** Why a zone has the status it has, in words. */
export const linkWords: Record<ChainLink['by'], string> = {
  anchor: 'by trust anchor',
  ds: 'by its parent',
  'unsigned-delegation': 'its parent proves that it is not signed',
  'opt-out': 'its parent leaves unsigned zones out of its proofs (NSEC3 opt-out)',
  'unsupported-algorithm': 'signed only with algorithms that do not count here',
  'nsec3-iterations': 'its proofs ask for more NSEC3 iterations than count here',
  'no-anchor': 'no trust anchor is above it',
  'negative-trust-anchor': 'a negative trust anchor has it that nothing is validated here',
}
