import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Identity } from './certificates.ts'

/** A real HTTPS server on loopback, whose behaviour a test may change as it goes. */
export interface PolicyHost {
  readonly port: number
  /** What each request asked for, in order: method, host and path, and the request's headers. */
  readonly requests: IncomingMessage[]
  /** Names that clients sent in the handshake. */
  readonly serverNames: string[]
  answer: (response: ServerResponse, request: IncomingMessage) => void
  present(identity: Identity): void
  close(): Promise<void>
}

/** Answers 200 with this body as text/plain. */
export function servePolicy(body: string): PolicyHost['answer'] {
  return (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(body)
}

export async function startPolicyHost(identity: Identity, answer: PolicyHost['answer']): Promise<PolicyHost> {
  const requests: IncomingMessage[] = []
  const serverNames: string[] = []
  const server = createServer({ ...identity, keepAlive: false }, (request, response) => {
    requests.push(request)
    host.answer(response, request)
  })
  server.on('secureConnection', (socket) => serverNames.push(socket.servername || 'none'))
  // Clients that hang up on us are what the tests are about.
  server.on('tlsClientError', () => {})
  const sockets = new Set<Duplex>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host: PolicyHost = {
    port: (server.address() as AddressInfo).port, // a TCP server that listens has one
    requests,
    serverNames,
    answer,
    present: (next) => server.setSecureContext(next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return host
}
