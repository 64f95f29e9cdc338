import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'

/** All that comes until the other side closes; a reset counts as its end. */
export async function readAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => pieces.push(piece))
  socket.on('error', () => socket.destroy())
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(pieces)
}

/** Sends octets to a port of this machine, and reads until it is hung up on. */
export async function talk(port: number, octets: Uint8Array | string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => socket.destroy())
  socket.write(octets)
  return readAll(socket)
}

/** Does a handshake without looking at the certificate; rejects with the error of what fails. */
export async function handshake(
  port: number,
  options: ConnectionOptions & { readonly allowHalfOpen?: boolean },
): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
  await once(socket, 'secureConnect')
  return socket
}

/** Sends text over TLS and reads all that comes back until the connection is closed. */
export async function ask(port: number, servername: string, text: string, options = {}): Promise<string> {
  const socket = await handshake(port, { servername, ...options })
  socket.write(text)
  return (await readAll(socket)).toString('latin1')
}

/** The number of the alert that a handshake ends with. */
export async function alertOf(port: number, options: ConnectionOptions): Promise<number | undefined> {
  try {
    const socket = await handshake(port, options)
    // A server of TLS 1.3 may refuse after its client thinks that all is done.
    const [error] = await once(socket, 'error')
    return alertIn(error)
  } catch (error) {
    return alertIn(error)
  }
}

function alertIn(error: unknown): number | undefined {
  const [, number] = /SSL alert number (\d+)/.exec(String(error)) ?? []
  return number === undefined ? undefined : Number(number)
}

/** The octets of a ClientHello as OpenSSL writes it. */
export async function recordHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connectTls({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ...options })
  client.on('error', () => client.destroy())
  const [socket] = (await once(server, 'connection')) as [Socket]
  let octets = Buffer.alloc(0)
  const length = () => (octets.length < 5 ? 5 : 5 + octets.readUInt16BE(3))
  for await (const piece of socket) {
    octets = Buffer.concat([octets, piece])
    if (octets.length >= length()) break
  }
  client.destroy()
  server.close()
  return octets
}
