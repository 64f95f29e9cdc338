import { type TlsVersion, versionNumbers } from './versions.ts'

/** What one ClientHello offers. */
export interface HelloOffer {
  /** This version and no other. */
  readonly version: TlsVersion
  /** Ids of cipher suites, the one most wanted first. */
  readonly suites: readonly number[]
  /** Ids of groups; none leaves the extension out. */
  readonly groups: readonly number[]
  /** Ids of signature schemes; none leaves the extension out. */
  readonly schemes: readonly number[]
  /** A-labels, no trailing dot. RFC 6066 §3 */
  readonly serverName: string | undefined
}

/** What makes one hello unlike any other. */
export interface HelloEntropy {
  /** 32 octets. */
  readonly random: Uint8Array
  /** 32 octets, for TLS 1.3. RFC 8446 §D.4 */
  readonly sessionId: Uint8Array
}

export const EXTENSION = {
  SERVER_NAME: 0,
  SUPPORTED_GROUPS: 10,
  EC_POINT_FORMATS: 11,
  SIGNATURE_ALGORITHMS: 13,
  ENCRYPT_THEN_MAC: 22,
  EXTENDED_MASTER_SECRET: 23,
  SUPPORTED_VERSIONS: 43,
  KEY_SHARE: 51,
  RENEGOTIATION_INFO: 0xff01,
} as const

/** Says as a suite what the extension says, for those that read no extensions. RFC 5746 §3.3 */
const renegotiationSignal = 0x00ff
const deflate = 1

/**
 * A ClientHello as one TLS record, for a server's first flight alone: no handshake comes of it.
 *
 * For TLS 1.3 it brings no key share, so that a server that takes anything of it answers with a HelloRetryRequest, which
 * names version, suite and group (RFC 8446 §4.1.4) and asks no secret of us. Before TLS 1.3 it offers compression, which
 * nobody ought to take (RFC 9325 §3.3), and everything whose absence a server is to be told by.
 */
export function writeClientHello(offer: HelloOffer, { random, sessionId }: HelloEntropy): Uint8Array {
  const { version } = offer
  const isTls13 = version === 'TLSv1.3'
  const legacy = isTls13 ? versionNumbers['TLSv1.2'] : versionNumbers[version]
  const suites = isTls13 ? offer.suites : [...offer.suites, renegotiationSignal]
  const extensions = version === 'SSLv3' ? [] : extensionsOf(offer)
  const body = [
    ...u16(legacy),
    ...random,
    ...vector8(isTls13 ? [...sessionId] : []),
    ...vector16(suites.flatMap(u16)),
    ...vector8(isTls13 ? [0] : [deflate, 0]),
    ...(extensions.length === 0 ? [] : vector16(extensions)),
  ]
  const message = [1, body.length >> 16, ...u16(body.length & 0xffff), ...body]
  // Old servers look at the version of the record as well. RFC 5246 §E.1
  const recordVersion = Math.min(legacy, versionNumbers.TLSv1)
  return Uint8Array.from([22, ...u16(recordVersion), ...vector16(message)])
}

function extensionsOf({ version, groups, schemes, serverName }: HelloOffer): number[] {
  const isTls13 = version === 'TLSv1.3'
  const name = [...Buffer.from(serverName ?? '', 'ascii')]
  return [
    ...(serverName === undefined ? [] : extension(EXTENSION.SERVER_NAME, vector16([0, ...vector16(name)]))),
    ...(groups.length === 0 ? [] : extension(EXTENSION.SUPPORTED_GROUPS, vector16(groups.flatMap(u16)))),
    ...(schemes.length === 0 ? [] : extension(EXTENSION.SIGNATURE_ALGORITHMS, vector16(schemes.flatMap(u16)))),
    ...(isTls13
      ? [
          ...extension(EXTENSION.SUPPORTED_VERSIONS, vector8(u16(versionNumbers[version]))),
          ...extension(EXTENSION.KEY_SHARE, vector16([])),
        ]
      : [
          ...extension(EXTENSION.EC_POINT_FORMATS, vector8([0])),
          ...extension(EXTENSION.ENCRYPT_THEN_MAC, []),
          ...extension(EXTENSION.EXTENDED_MASTER_SECRET, []),
        ]),
  ]
}

function extension(type: number, content: readonly number[]): number[] {
  return [...u16(type), ...vector16(content)]
}

function u16(value: number): number[] {
  return [(value >> 8) & 0xff, value & 0xff]
}

function vector8(content: readonly number[]): number[] {
  return [content.length, ...content]
}

function vector16(content: readonly number[]): number[] {
  return [...u16(content.length), ...content]
}
