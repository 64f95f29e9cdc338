import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { decodeMessage } from '../../src/core/dns/decode.ts'
import { encodeMessage } from '../../src/core/dns/encode.ts'
import { createFrameReader } from '../../src/core/dns/frames.ts'
import type { Message } from '../../src/core/dns/message.ts'
import { CLASS, TYPE } from '../../src/core/dns/types.ts'
import type { Endpoint } from '../../src/io/network.ts'
import { rdataOfText } from './records.ts'

export interface DnsServerOptions {
  /** Called for every datagram. Absent: silence. */
  readonly udp?: (query: Uint8Array, reply: (octets: Uint8Array) => void, from: RemoteInfo) => void
  /** Called for every message on a connection; connections count from 0. Absent: silence. */
  readonly tcp?: (query: Uint8Array, socket: Socket, connection: number) => void
}

export interface DnsServer extends AsyncDisposable {
  readonly endpoint: Endpoint
  /** All connections that came, open or not. */
  readonly connections: readonly Socket[]
}

/** A server of the loopback, on one port for UDP and TCP. */
export async function startDnsServer({ udp, tcp }: DnsServerOptions): Promise<DnsServer> {
  const connections: Socket[] = []
  const server = createServer((socket) => {
    const number = connections.push(socket) - 1
    const frames = createFrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const messages = frames.push(chunk)
      if (messages.ok) for (const query of messages.value) tcp?.(query, socket, number)
    })
  })
  const datagrams = await listen(server)
  datagrams.on('message', (query, from) =>
    udp?.(query, (octets) => datagrams.send(octets, from.port, from.address), from),
  )
  return {
    endpoint: { address: '127.0.0.1', port: portOf(server) },
    connections,
    async [Symbol.asyncDispose]() {
      for (const socket of connections) socket.destroy()
      await Promise.all([new Promise((done) => server.close(done)), new Promise<void>((done) => datagrams.close(done))])
    },
  }
}

/** Until the port that TCP got is free for UDP too. */
async function listen(server: Server): Promise<UdpSocket> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const datagrams = createSocket('udp4')
  try {
    datagrams.bind(portOf(server), '127.0.0.1')
    await once(datagrams, 'listening')
    return datagrams
  } catch {
    datagrams.close()
    await new Promise((done) => server.close(done))
    return await listen(server)
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** The message of a query that a test server got. */
export function readQuery(octets: Uint8Array): Message {
  const query = decodeMessage(octets)
  if (!query.ok) throw new Error(`not a query: ${query.fault}`)
  return query.value
}

/** A reply to a query: one address, unless the change says otherwise. */
export function replyTo(octets: Uint8Array, change: Partial<Message> = {}): Uint8Array {
  const query = readQuery(octets)
  const answer = query.questions.map(({ name }) => {
    return { name, type: TYPE.A, class: CLASS.IN, ttl: 60, rdata: rdataOfText(TYPE.A, '192.0.2.1') }
  })
  return encodeMessage({ ...query, isResponse: true, answer, ...change })
}
