import { limits } from '../limits.ts'
import {
  MESSAGE,
  parseCertificates,
  parseServerHello,
  parseServerKeyExchange,
  type ServerHello,
  type ServerKeyExchange,
} from './handshake-messages.ts'
import { suiteById } from './suites.ts'
import { versionNumbers } from './versions.ts'

/** What a server said to a ClientHello, as far as it may be read without keys. */
export interface ServerFlight {
  readonly hello: ServerHello | undefined
  /** DER, before TLS 1.3 alone: later they are encrypted. */
  readonly certificates: readonly Uint8Array[] | undefined
  readonly keyExchange: ServerKeyExchange | undefined
  /** The number of a fatal alert. RFC 8446 §6 */
  readonly alert: number | undefined
  readonly fault: FlightFault | undefined
  /** Whether nothing more that could be read will come. */
  readonly isOver: boolean
}

/** `not-tls`: no record of TLS. `malformed`: records, but no messages as they should be. */
export type FlightFault = 'not-tls' | 'malformed' | 'too-long'

/** Puts a server's first flight together, in whatever pieces it comes. Never throws. */
export interface FlightReader {
  push(octets: Uint8Array): void
  flight(): ServerFlight
}

const RECORD = { ALERT: 21, HANDSHAKE: 22 } as const
const recordHeader = 5
const messageHeader = 4
/** RFC 5246 §6.2.1, with what ciphers may add. */
const recordMost = 2 ** 14 + 2048
const closeNotify = 0

interface Found {
  hello?: ServerHello
  certificates?: readonly Uint8Array[]
  keyExchange?: ServerKeyExchange
  alert?: number
  fault?: FlightFault
  isOver?: boolean
}

export function createFlightReader(): FlightReader {
  const waiting: Uint8Array[] = []
  let waitingOctets = 0
  /** Fewer waiting octets than these are of no use yet: pieces of one octet each are not put together each time. */
  let wanted = recordHeader
  let unread: Uint8Array = new Uint8Array()
  let messages: Uint8Array = new Uint8Array()
  let octets = 0
  const found: Found = {}

  function end(fault?: FlightFault): void {
    found.isOver = true
    if (fault !== undefined) found.fault = fault
  }

  /** Takes whole records off. */
  function readRecords() {
    for (;;) {
      wanted = recordHeader
      if (found.isOver === true || unread.length < recordHeader) return
      const [type, major, , high = 0, low = 0] = unread
      if ((type !== RECORD.HANDSHAKE && type !== RECORD.ALERT) || major !== 3) return end('not-tls')
      const length = (high << 8) | low
      if (length === 0 || length > recordMost) return end('malformed')
      wanted = recordHeader + length
      if (unread.length < wanted) return
      const content = unread.subarray(recordHeader, wanted)
      unread = unread.subarray(wanted)
      if (type === RECORD.ALERT) readAlert(content)
      else readMessages(content)
    }
  }

  /** Warnings are passed over, but for the one that closes: such as that of an unknown server name. RFC 6066 §3 */
  function readAlert([level, number]: Uint8Array) {
    if (level === undefined || number === undefined) return end('malformed')
    if (level !== 2 && number !== closeNotify) return
    if (level === 2) found.alert = number
    end()
  }

  function readMessages(content: Uint8Array) {
    messages = Buffer.concat([messages, content])
    while (found.isOver !== true && messages.length >= messageHeader) {
      const [type = 0, high = 0, middle = 0, low = 0] = messages
      const length = (high << 16) | (middle << 8) | low
      if (length > limits.probe.flightOctets) return end('too-long')
      if (messages.length < messageHeader + length) return
      const body = messages.subarray(messageHeader, messageHeader + length)
      messages = messages.subarray(messageHeader + length)
      if (!readMessage(type, body)) return end('malformed')
    }
  }

  /** Whether it was well formed; messages that tell us nothing are. */
  function readMessage(type: number, body: Uint8Array): boolean {
    if (type === MESSAGE.SERVER_HELLO) {
      const hello = found.hello === undefined ? parseServerHello(body) : undefined
      if (hello === undefined) return false
      found.hello = hello
      if (hello.version === versionNumbers['TLSv1.3']) end()
      return true
    }
    if (found.hello === undefined) return false
    if (type === MESSAGE.CERTIFICATE) {
      const certificates = parseCertificates(body)
      if (certificates !== undefined) found.certificates = certificates
      return certificates !== undefined
    }
    if (type === MESSAGE.SERVER_KEY_EXCHANGE) return readKeyExchange(body, found.hello)
    if (type === MESSAGE.SERVER_HELLO_DONE) end()
    return true
  }

  function readKeyExchange(body: Uint8Array, { suite: id, version }: ServerHello): boolean {
    const suite = suiteById(id)
    if (suite === undefined) return true
    const keyExchange = parseServerKeyExchange(body, suite, version)
    if (keyExchange !== undefined) found.keyExchange = keyExchange
    return keyExchange !== undefined
  }

  return {
    push(more) {
      if (found.isOver === true) return
      octets += more.length
      if (octets > limits.probe.flightOctets) return end('too-long')
      waiting.push(more)
      waitingOctets += more.length
      if (waitingOctets + unread.length < wanted) return
      unread = Buffer.concat([unread, ...waiting.splice(0)])
      waitingOctets = 0
      readRecords()
    },
    flight() {
      const { hello, certificates, keyExchange, alert, fault, isOver = false } = found
      return { hello, certificates, keyExchange, alert, fault, isOver }
    },
  }
}
