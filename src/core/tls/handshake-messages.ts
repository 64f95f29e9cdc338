import { limits } from '../limits.ts'
import { EXTENSION } from './client-hello.ts'
import { type Cursor, createCursor } from './cursor.ts'
import type { CipherSuite } from './suites.ts'
import { versionNumbers } from './versions.ts'

/** RFC 8446 §4 */
export const MESSAGE = { SERVER_HELLO: 2, CERTIFICATE: 11, SERVER_KEY_EXCHANGE: 12, SERVER_HELLO_DONE: 14 } as const

/** What a server chose. RFC 5246 §7.4.1.3, RFC 8446 §4.1.3 */
export interface ServerHello {
  /** The number on the wire. */
  readonly version: number
  readonly suite: number
  readonly compression: number
  /** Ids of the extensions that it answered. */
  readonly extensions: readonly number[]
  /** TLS 1.3: the group of a HelloRetryRequest or of a key share. */
  readonly group: number | undefined
  readonly isRetry: boolean
}

/** What a server sends for an ephemeral key exchange before TLS 1.3. */
export type ServerKeyExchange = (
  | { readonly kind: 'curve'; readonly group: number }
  /** A curve that the server describes by itself. RFC 8422 §5.4 takes that away. */
  | { readonly kind: 'own-curve' }
  | { readonly kind: 'finite-field'; readonly prime: Uint8Array }
) & {
  /** TLS 1.2: the signature scheme. Undefined where there is no signature, or one of older versions. */
  readonly scheme: number | undefined
}

/** SHA-256 of "HelloRetryRequest", in the place of a random. RFC 8446 §4.1.3 */
const retryRandom = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'

/** Undefined for what is no ServerHello. */
export function parseServerHello(body: Uint8Array): ServerHello | undefined {
  const cursor = createCursor(body)
  const legacy = cursor.number(2)
  const random = cursor.take(32)
  const sessionId = cursor.vector(1)
  const suite = cursor.number(2)
  const compression = cursor.number(1)
  if (legacy === undefined || random === undefined || sessionId === undefined) return undefined
  if (suite === undefined || compression === undefined || sessionId.length > 32) return undefined
  const extensions = cursor.isAtEnd() ? new Map<number, Uint8Array>() : parseExtensions(cursor)
  if (extensions === undefined) return undefined
  const chosen = extensions.get(EXTENSION.SUPPORTED_VERSIONS)
  const version = chosen === undefined ? legacy : createCursor(chosen).number(2)
  const share = extensions.get(EXTENSION.KEY_SHARE)
  if (version === undefined) return undefined
  return {
    ...{ version, suite, compression, extensions: [...extensions.keys()] },
    group: share === undefined ? undefined : createCursor(share).number(2),
    isRetry: Buffer.from(random).toString('hex') === retryRandom,
  }
}

/** Undefined when they do not fill the rest, or one comes twice. RFC 8446 §4.2 */
function parseExtensions(cursor: Cursor): Map<number, Uint8Array> | undefined {
  const all = cursor.vector(2)
  if (all === undefined || !cursor.isAtEnd()) return undefined
  const extensions = new Map<number, Uint8Array>()
  const inside = createCursor(all)
  while (!inside.isAtEnd()) {
    const type = inside.number(2)
    const content = inside.vector(2)
    if (type === undefined || content === undefined || extensions.has(type)) return undefined
    extensions.set(type, content)
  }
  return extensions
}

/** The certificates, as sent and in their order; undefined when the message is malformed or too long. RFC 5246 §7.4.2 */
export function parseCertificates(body: Uint8Array): Uint8Array[] | undefined {
  const cursor = createCursor(body)
  const list = cursor.vector(3)
  if (list === undefined || !cursor.isAtEnd()) return undefined
  const certificates: Uint8Array[] = []
  const inside = createCursor(list)
  while (!inside.isAtEnd()) {
    const certificate = inside.vector(3)
    if (certificate === undefined || certificate.length > limits.certificates.octets) return undefined
    if (certificates.length < limits.certificates.chain) certificates.push(certificate)
  }
  return certificates
}

const namedCurve = 3

/** By the suite that the server chose; undefined for what is malformed. RFC 8422 §5.4, RFC 5246 §7.4.3 */
export function parseServerKeyExchange(
  body: Uint8Array,
  { keyExchange, authentication }: CipherSuite,
  version: number,
): ServerKeyExchange | undefined {
  const cursor = createCursor(body)
  const isCurve = keyExchange === 'ECDHE' || keyExchange === 'ECDH'
  const parameters = isCurve ? readCurve(cursor) : readFiniteField(cursor)
  if (parameters === undefined) return undefined
  const isSigned = version === versionNumbers['TLSv1.2'] && authentication !== 'none' && parameters.kind !== 'own-curve'
  const scheme = isSigned ? cursor.number(2) : undefined
  return isSigned && scheme === undefined ? undefined : { ...parameters, scheme }
}

function readCurve(cursor: Cursor) {
  const type = cursor.number(1)
  if (type === undefined) return undefined
  if (type !== namedCurve) return { kind: 'own-curve' } as const
  const group = cursor.number(2)
  const point = cursor.vector(1)
  return group === undefined || point === undefined ? undefined : ({ kind: 'curve', group } as const)
}

function readFiniteField(cursor: Cursor) {
  const prime = cursor.vector(2)
  const generator = cursor.vector(2)
  const share = cursor.vector(2)
  if (prime === undefined || generator === undefined || share === undefined) return undefined
  return { kind: 'finite-field', prime: withoutZeros(prime) } as const
}

function withoutZeros(number: Uint8Array): Uint8Array {
  const first = number.findIndex((octet) => octet !== 0)
  return first < 0 ? number.subarray(0, 0) : number.subarray(first)
}
