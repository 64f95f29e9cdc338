import { createServer, type Server, type Socket } from 'node:net'
import type { Endpoint } from '../../../io/network.ts'

/** A TCP listener whose service can be put away and replaced while it stands. */
export interface Front {
  readonly endpoint: Endpoint
  /** Called with every connection. */
  serve: (socket: Socket) => void
  /** Stops listening and cuts every connection. */
  close(): Promise<void>
}

/** Listens; port 0 picks a free one. */
export async function openFront(at: Endpoint, serve: (socket: Socket) => void): Promise<Front> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A peer that hangs up is no news to a server.
    socket.on('error', () => socket.destroy())
    front.serve(socket)
  })
  await listen(server, at)
  const front: Front = {
    endpoint: { address: at.address, port: portOf(server) },
    serve,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return front
}

function listen(server: Server, { address, port }: Endpoint): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: address, port, backlog: 256 }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address and a port')
  return address.port
}
