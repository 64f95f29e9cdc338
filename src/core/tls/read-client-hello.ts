import { createCursor } from './cursor.ts'

/** What a server must know of a ClientHello before it chooses a certificate. */
export interface ClientHello {
  /** As it was sent, ASCII; undefined when the client named no host. RFC 6066 §3 */
  readonly serverName: string | undefined
  /** In the client's order; none when it sent no such extension. RFC 7301 §3.1 */
  readonly protocols: readonly string[]
}

/** `more` asks for further octets; `refused` is no ClientHello, or one that is longer than anybody's. */
export type ClientHelloReading =
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  | { readonly kind: 'more' }
  | { readonly kind: 'refused' }

const handshakeRecord = 22
const clientHello = 1
const headerOctets = { record: 5, message: 4 } as const
/** RFC 8446 §5.1 */
const fragmentOctetsMax = 16_384
/** Clients that split their hello make two or three of it. */
const recordsMax = 8
const extension = { serverName: 0, protocols: 16 } as const
const hostName = 0

const more = { kind: 'more' } as const
const refused = { kind: 'refused' } as const

/**
 * Reads the ClientHello that a connection begins with, over as many records as it takes. RFC 8446 §4.1.2, §5.1
 *
 * It looks at what it needs and leaves all else to the TLS library, which reads the same octets again. `octetsMax` bounds
 * records and message.
 */
export function readClientHello(octets: Uint8Array, octetsMax: number): ClientHelloReading {
  const message = assembleMessage(octets, octetsMax)
  return message instanceof Uint8Array ? readMessage(message) : message
}

/** The body of the first handshake message. */
function assembleMessage(octets: Uint8Array, octetsMax: number): Uint8Array | typeof more | typeof refused {
  const fragments: Uint8Array[] = []
  let found = 0
  for (let at = 0; ; ) {
    const [type, major, , high, low] = octets.subarray(at, at + headerOctets.record)
    if (type === undefined) return more
    if (type !== handshakeRecord || (major !== undefined && major !== 3)) return refused
    if (high === undefined || low === undefined) return more
    const length = high * 256 + low
    if (length === 0 || length > fragmentOctetsMax || at + length > octetsMax) return refused
    if (fragments.length === recordsMax) return refused
    const start = at + headerOctets.record
    const fragment = octets.subarray(start, start + length)
    fragments.push(fragment)
    found += fragment.length
    const begun = fragments.length === 1 ? fragment : Buffer.concat(fragments)
    const whole = lengthOfMessage(begun)
    if (whole === 'refused' || (typeof whole === 'number' && whole > octetsMax)) return refused
    if (typeof whole === 'number' && found >= headerOctets.message + whole) {
      return begun.subarray(headerOctets.message, headerOctets.message + whole)
    }
    if (fragment.length < length) return more
    at = start + length
  }
}

function lengthOfMessage(begun: Uint8Array): number | 'refused' | undefined {
  const [type, high, middle, low] = begun
  if (type !== undefined && type !== clientHello) return 'refused'
  if (high === undefined || middle === undefined || low === undefined) return undefined
  return high * 65_536 + middle * 256 + low
}

function readMessage(body: Uint8Array): ClientHelloReading {
  const message = createCursor(body)
  message.take(2 + 32) // version and random
  message.vector(1) // session id
  message.vector(2) // cipher suites
  if (message.vector(1) === undefined) return refused // compression methods
  if (message.isAtEnd()) return { kind: 'hello', hello: { serverName: undefined, protocols: [] } }
  const extensions = message.vector(2)
  if (extensions === undefined || !message.isAtEnd()) return refused
  let serverName: string | undefined
  let protocols: readonly string[] = []
  const cursor = createCursor(extensions)
  while (!cursor.isAtEnd()) {
    const type = cursor.number(2)
    const data = cursor.vector(2)
    if (data === undefined) return refused
    if (type === extension.serverName) {
      const name = readServerName(data)
      if (name === undefined) return refused
      serverName = name
    }
    if (type === extension.protocols) {
      const names = readProtocols(data)
      if (names === undefined) return refused
      protocols = names
    }
  }
  return { kind: 'hello', hello: { serverName, protocols } }
}

/** One name of the only type there is. RFC 6066 §3 */
function readServerName(data: Uint8Array): string | undefined {
  const list = createCursor(data).vector(2)
  if (list === undefined || list.length + 2 !== data.length) return undefined
  const cursor = createCursor(list)
  if (cursor.number(1) !== hostName) return undefined
  const name = cursor.vector(2)
  return name !== undefined && name.length > 0 && cursor.isAtEnd() ? textOf(name) : undefined
}

/** RFC 7301 §3.1 */
function readProtocols(data: Uint8Array): readonly string[] | undefined {
  const list = createCursor(data).vector(2)
  if (list === undefined || list.length + 2 !== data.length) return undefined
  const names: string[] = []
  const cursor = createCursor(list)
  while (!cursor.isAtEnd()) {
    const name = cursor.vector(1)
    if (name === undefined || name.length === 0) return undefined
    names.push(textOf(name))
  }
  return names
}

function textOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}
