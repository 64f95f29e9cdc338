import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { limits } from '../../../core/limits.ts'
import { createServer } from '../../../io/node-http.ts'

/** All servers that answer the same over HTTP, one for each address. */
export interface HttpServer {
  /** One more, not yet listening. */
  create(): Server
  readonly connections: number
  /** Accepts no more, answers what was asked, and resolves when the last connection is closed. */
  drain(): Promise<void>
  destroy(): void
}

export interface HttpListenerOptions {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Told of what is our own fault. */
  onError(error: unknown): void
}

/** How often is looked for connections on which nothing is answered any more, when no more questions are taken. */
const drainEveryMs = 50

/** Bounds what clients may do before anybody looks at what they ask. */
export function createHttpListener({ handle, onError }: HttpListenerOptions): HttpServer {
  const { http } = limits
  const servers: Server[] = []
  /** Each with how many of its requests are being answered. */
  const open = new Map<Socket, number>()
  return {
    create() {
      const server = createServer({
        ...{ maxHeaderSize: http.headerOctets, headersTimeout: http.headersMs, requestTimeout: http.requestMs },
        ...{ keepAliveTimeout: http.keepAliveMs, connectionsCheckingInterval: 1000, noDelay: true },
      })
      server.maxHeadersCount = http.headers
      server.maxRequestsPerSocket = http.requestsPerConnection
      server.timeout = http.stillMs
      server.on('connection', (socket) => {
        // Over all addresses together.
        if (open.size >= http.connections) {
          socket.destroy()
          return
        }
        open.set(socket, 0)
        socket.once('close', () => open.delete(socket))
      })
      server.on('request', (request, response) => {
        const { socket } = request
        open.set(socket, (open.get(socket) ?? 0) + 1)
        response.once('close', () => {
          if (open.has(socket)) open.set(socket, (open.get(socket) ?? 1) - 1)
        })
        handle(request, response).catch((error: unknown) => {
          // A client that goes away in the middle is no fault of ours.
          if (!request.destroyed) onError(error)
          response.destroy()
        })
      })
      servers.push(server)
      return server
    },
    get connections() {
      return open.size
    },
    drain: () =>
      new Promise((resolve) => {
        const look = () => {
          // A request that is not there yet is none: nobody keeps us from ending by it.
          for (const [socket, requests] of open) if (requests === 0) socket.destroy()
          if (open.size > 0) return
          clearInterval(timer)
          resolve()
        }
        const timer = setInterval(look, drainEveryMs)
        look()
      }),
    destroy() {
      for (const server of servers) server.closeAllConnections()
    },
  }
}
