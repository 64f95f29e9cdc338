import { hash, type KeyObject } from 'node:crypto'
import { limits } from '../limits.ts'
import { type Algorithm, type DigestType, digestTypes, withSha1, workingAlgorithms } from './algorithms.ts'

/** What the validator accepts. Algorithms and digests that are not listed are unsupported, never wrong. */
export interface ValidationPolicy {
  readonly algorithms: ReadonlyMap<number, Algorithm>
  readonly digests: ReadonlyMap<number, DigestType>
  /** Seconds that a signature may be ahead of our clock. */
  readonly inceptionSkew: number
  /** More than this makes a denial insecure. RFC 9276 §3.2 */
  readonly nsec3Iterations: number
  /** Keys imported under it by record data, the longest unused first: importing costs as much as a check. */
  readonly imported: Map<string, KeyObject>
  /** Signatures that verified under it, with the digest of what they sign; undefined where none is met twice. */
  readonly verified: VerifiedSignatures | undefined
}

/** Good signatures, of which the one met longest ago is forgotten first. */
export interface VerifiedSignatures {
  has(key: string, data: Uint8Array): boolean
  add(key: string, data: Uint8Array): void
}

export interface PolicyOptions {
  /** Brings back algorithms 5 and 7, which are otherwise unsupported. RFC 9905 §2 */
  readonly allowSha1?: boolean | undefined
  /** Seconds, at most `limits.dnssec.inceptionSkewMax`. */
  readonly inceptionSkew?: number | undefined
  /**
   * Whether a signature that verified is not checked again over the same data with the same key: for whoever has many
   * servers say the same.
   */
  readonly remembers?: boolean | undefined
}

export function createPolicy(options: PolicyOptions = {}): ValidationPolicy {
  const { allowSha1 = false, inceptionSkew = limits.dnssec.inceptionSkew } = options
  const isOn = ([number]: readonly [number, Algorithm]) => allowSha1 || !withSha1.has(number)
  return {
    algorithms: new Map([...workingAlgorithms()].filter(isOn)),
    digests: digestTypes,
    inceptionSkew: Math.min(inceptionSkew, limits.dnssec.inceptionSkewMax),
    nsec3Iterations: limits.dnssec.nsec3Iterations,
    imported: new Map(),
    verified: options.remembers === true ? createVerifiedSignatures() : undefined,
  }
}

function createVerifiedSignatures(): VerifiedSignatures {
  const digests = new Map<string, string>()
  return {
    has(key, data) {
      const known = digests.get(key)
      return known !== undefined && known === digestOf(data)
    },
    add(key, data) {
      digests.delete(key)
      digests.set(key, digestOf(data))
      if (digests.size > limits.dnssec.verifiedSignatures) digests.delete(digests.keys().next().value as string)
    },
  }
}

function digestOf(data: Uint8Array): string {
  return hash('sha256', data, 'base64')
}
