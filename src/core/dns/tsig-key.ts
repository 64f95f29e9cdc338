import { limits } from '../limits.ts'
import type { Name } from '../name/name.ts'
import { parseName } from '../name/text.ts'
import { accept, type Result, refuse } from '../result.ts'

/** The hashes of RFC 8945 §6, each with the octets of its whole MAC. */
const algorithms = {
  'hmac-sha1': { hash: 'sha1', macOctets: 20 },
  'hmac-sha224': { hash: 'sha224', macOctets: 28 },
  'hmac-sha256': { hash: 'sha256', macOctets: 32 },
  'hmac-sha384': { hash: 'sha384', macOctets: 48 },
  'hmac-sha512': { hash: 'sha512', macOctets: 64 },
} as const

export type TsigAlgorithm = keyof typeof algorithms

/** A secret that we share with a server, and how messages are signed with it. RFC 8945 §1.1 */
export interface TsigKey {
  readonly name: Name
  readonly algorithm: TsigAlgorithm
  readonly secret: Uint8Array
  /** Octets of the MACs that we send; less than all where the key says so. RFC 8945 §5.2.2.1 */
  readonly macOctets: number
}

/** For `node:crypto`. */
export function hashOf(algorithm: TsigAlgorithm): string {
  return algorithms[algorithm].hash
}

export function wholeMacOctets(algorithm: TsigAlgorithm): number {
  return algorithms[algorithm].macOctets
}

/** The least octets of a truncated MAC: ten, or half of the whole. RFC 8945 §5.2.2.1 */
export function leastMacOctets(algorithm: TsigAlgorithm): number {
  return Math.max(10, algorithms[algorithm].macOctets / 2)
}

/** Why fields make no key. `weak`: HMAC-MD5, which nobody may use any more. RFC 8945 §6 */
export type TsigKeyFault = 'name' | 'algorithm' | 'weak' | 'truncation' | 'secret'

/** What the forms of keys have in common. */
export interface TsigKeyFields {
  readonly name: string
  /** `hmac-sha256`, or `hmac-sha256-128` for MACs of so many bits, as BIND has it. */
  readonly algorithm: string
  /** In base64. */
  readonly secret: string
}

/** The key of a name, an algorithm's name and a secret as text. */
export function makeTsigKey(fields: TsigKeyFields): Result<TsigKey, TsigKeyFault> {
  const name = parseName(fields.name)
  if (!name.ok || name.value.labelCount === 0) return refuse('name')
  const [, text = '', bits] =
    /^(hmac-(?:sha\d+|md5(?:\.sig-alg\.reg\.int)?))(?:-(\d{1,4}))?\.?$/i.exec(fields.algorithm) ?? []
  const algorithm = text.toLowerCase()
  if (algorithm.startsWith('hmac-md5')) return refuse('weak')
  if (!isAlgorithm(algorithm)) return refuse('algorithm')
  const macOctets = bits === undefined ? wholeMacOctets(algorithm) : Number(bits) / 8
  const mayBe = macOctets >= leastMacOctets(algorithm) && macOctets <= wholeMacOctets(algorithm)
  if (!mayBe || !Number.isInteger(macOctets)) return refuse('truncation')
  const secret = readSecret(fields.secret)
  return secret === undefined ? refuse('secret') : accept({ name: name.value, algorithm, secret, macOctets })
}

function isAlgorithm(text: string): text is TsigAlgorithm {
  return Object.hasOwn(algorithms, text)
}

/** Node reads what is no base64 as something shorter, which would sign with another secret. RFC 4648 §4 */
function readSecret(text: string): Uint8Array | undefined {
  const isBase64 = text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)
  if (!isBase64 || text.length > limits.writing.keyFileOctets) return undefined
  return new Uint8Array(Buffer.from(text, 'base64'))
}
