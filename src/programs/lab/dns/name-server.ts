import { createHmac, randomBytes } from 'node:crypto'
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import type { Socket } from 'node:net'
import { type Cookie, cookieOption, readClientCookie } from '../../../core/dns/cookie.ts'
import { decodeMessage } from '../../../core/dns/decode.ts'
import { encodeMessage } from '../../../core/dns/encode.ts'
import type { Message, Question } from '../../../core/dns/message.ts'
import { RCODE } from '../../../core/dns/types.ts'
import { limits } from '../../../core/limits.ts'
import type { Endpoint } from '../../../io/network.ts'
import { openFront } from '../hosts/front.ts'
import type { Sections } from './answer.ts'

/** How a server came to be asked. */
export interface Asked {
  readonly question: Question
  readonly transport: 'udp' | 'tcp'
  readonly dnssecOk: boolean
  /** AD and CD as the asker set them. */
  readonly wantsVerdict: boolean
  readonly checkingDisabled: boolean
}

/** An answer, and whether the AD bit goes with it. */
export interface Answered extends Sections {
  readonly authenticData?: boolean
}

export interface NameServerOptions {
  readonly at: Endpoint
  /** Whether it is there for stubs (RA) rather than with data of its own (AA). */
  readonly recursive: boolean
  /** Whether it gives cookies to those who show one. RFC 7873 */
  readonly givesCookies?: boolean | undefined
  /** Resolves to undefined where no answer is given at all. */
  readonly answer: (asked: Asked) => Promise<Answered | undefined>
}

export interface NameServer {
  readonly endpoint: Endpoint
  close(): Promise<void>
}

/** Serves DNS over UDP and TCP on one port; port 0 picks one that is free for both. RFC 7766 §5 */
export async function openNameServer(options: NameServerOptions): Promise<NameServer> {
  const front = await openFront(options.at, (socket) => serveTcp(socket, options))
  const udp = await openUdp(front.endpoint)
  if (udp === undefined) {
    await front.close()
    if (options.at.port !== 0) throw new Error(`UDP port ${options.at.port} of ${options.at.address} is taken`)
    return openNameServer(options)
  }
  udp.on('message', (octets, peer) => {
    void respond(octets, { transport: 'udp', from: peer.address }, options).then((response) => {
      if (response !== undefined) sendBack(udp, response, peer)
    })
  })
  return {
    endpoint: front.endpoint,
    async close() {
      await Promise.all([front.close(), new Promise<void>((resolve) => udp.close(() => resolve()))])
    },
  }
}

/** Undefined when the port is another's. */
function openUdp({ address, port }: Endpoint): Promise<UdpSocket | undefined> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close()
      resolve(undefined)
    })
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error')
      // What comes back from an asker that is gone concerns nobody.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

function sendBack(socket: UdpSocket, response: Uint8Array, peer: { address: string; port: number }): void {
  try {
    socket.send(response, peer.port, peer.address)
  } catch {
    // The lab was closed while the answer was made.
  }
}

/** Messages on TCP have their length before them. RFC 1035 §4.2.2 */
function serveTcp(socket: Socket, options: NameServerOptions): void {
  let unread = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk])
    while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16BE(0)) {
      const end = 2 + unread.readUInt16BE(0)
      const octets = unread.subarray(2, end)
      unread = unread.subarray(end)
      const from = socket.remoteAddress ?? ''
      void respond(octets, { transport: 'tcp', from }, options).then((response) => {
        if (response === undefined || socket.destroyed) return
        const length = Buffer.alloc(2)
        length.writeUInt16BE(response.length)
        socket.write(Buffer.concat([length, response]))
      })
    }
  })
}

interface Way {
  readonly transport: 'udp' | 'tcp'
  /** The address of who asks. */
  readonly from: string
}

async function respond(octets: Uint8Array, way: Way, options: NameServerOptions): Promise<Uint8Array | undefined> {
  const decoded = decodeMessage(octets)
  if (!decoded.ok || decoded.value.isResponse) return undefined
  const query = decoded.value
  const question = query.questions[0]
  if (question === undefined) return undefined
  const answered = await options.answer({
    question,
    transport: way.transport,
    dnssecOk: query.edns?.dnssecOk ?? false,
    wantsVerdict: query.authenticData || (query.edns?.dnssecOk ?? false),
    checkingDisabled: query.checkingDisabled,
  })
  return answered === undefined ? undefined : encodeResponse(query, answered, way, options)
}

/** What does not fit is left out whole, with TC set, so that the asker comes again over TCP. RFC 2181 §9 */
function encodeResponse(
  query: Message,
  answered: Answered,
  { transport, from }: Way,
  { recursive, givesCookies = false }: NameServerOptions,
): Uint8Array {
  const cookie = givesCookies ? giveCookie(query, from) : undefined
  const options = cookie === undefined ? [] : [cookieOption(cookie)]
  const response: Message = {
    ...query,
    isResponse: true,
    rcode: answered.rcode,
    isAuthoritative: answered.isAuthoritative && !recursive,
    isTruncated: false,
    recursionAvailable: recursive,
    authenticData: answered.authenticData ?? false,
    answer: answered.answer,
    authority: answered.authority,
    additional: answered.additional,
    edns: query.edns && { ...query.edns, udpPayload: limits.dns.udpPayload, version: 0, options },
    damaged: [],
  }
  const room = transport === 'tcp' ? limits.dns.messageOctets : (query.edns?.udpPayload ?? 512)
  const whole = encodeMessage(response)
  if (whole.length <= room) return whole
  if (transport === 'tcp') return encodeMessage({ ...emptied(response), rcode: RCODE.SERVFAIL })
  return encodeMessage({ ...emptied(response), isTruncated: true })
}

/** What a server makes of its secret, so that it need not remember anybody. RFC 7873 §6, appendix B.1 */
const secret = randomBytes(32)
const serverCookieOctets = 8

function giveCookie(query: Message, from: string): Cookie | undefined {
  const client = readClientCookie(query)
  if (client === undefined) return undefined
  const proof = createHmac('sha256', secret).update(client).update(from).digest()
  return { client, server: proof.subarray(0, serverCookieOctets) }
}

function emptied(response: Message): Message {
  return { ...response, answer: [], authority: [], additional: [] }
}
