import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { subscriberOf } from '../../core/address/prefix.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createServer } from '../node-http.ts'
import { type HandshakeEnd, type SecuringOptions, type ServerBounds, secure } from './secure-connection.ts'

/** What is known of a connection when a request comes over it. */
export interface ConnectionFacts {
  /** What its certificate was chosen by; undefined without TLS. */
  readonly servername: DomainName | undefined
  /** Its IPv4 address, or the /64 of its IPv6 address. */
  readonly client: string
}

/** Told of what comes to no answer of ours. */
export type ConnectionEnd = HandshakeEnd | 'too-many' | 'malformed'

export interface PolicyListenerOptions {
  /** Answers, at once or when its promise is kept. */
  handle(request: IncomingMessage, response: ServerResponse, facts: ConnectionFacts): void | Promise<void>
  /** With TLS, by these; in clear where there are none. */
  readonly tls?: Omit<SecuringOptions, 'onEnd' | 'bounds'>
  /** Whether connections of one client are bounded: all those of a proxy are its own. */
  readonly isClientBounded: boolean
  /** Those of the limits unless told. */
  readonly bounds?: ServerBounds
  onEnd(end: ConnectionEnd): void
  /** Told of what is our own fault. */
  onError(error: unknown): void
}

/** Servers that answer the same over HTTP/1.1, one for each address. */
export interface PolicyListener {
  /** One more, not yet listening. */
  create(): Server
  readonly connections: number
  /** Accepts no more, answers whoever is about to ask, and resolves when the last connection is closed. */
  drain(): Promise<void>
  destroy(): void
}

/** One connection, from its acceptance to its end. */
interface Connection {
  readonly socket: Socket
  readonly client: string
  servername: DomainName | undefined
  /** To the latest request; undefined as long as there was none. */
  latest: ServerResponse | undefined
}

/** Bounds what clients may do before anybody looks at what they ask. */
export function createPolicyListener(options: PolicyListenerOptions): PolicyListener {
  const { handle, tls, onEnd, onError, isClientBounded, bounds = limits.policyServer } = options
  const open = new Set<Connection>()
  const clients = new Map<string, number>()
  const speaking = new WeakMap<Duplex, Connection>()
  let whenEmpty: (() => void) | undefined

  function admit(socket: Socket): Connection | undefined {
    const client = subscriberOf(socket.remoteAddress ?? 'unix')
    const others = clients.get(client) ?? 0
    if (whenEmpty !== undefined || open.size >= bounds.connections) return undefined
    if (isClientBounded && others >= bounds.connectionsPerClient) return undefined
    const connection = { socket, client, servername: undefined, latest: undefined }
    open.add(connection)
    clients.set(client, others + 1)
    socket.once('close', () => {
      open.delete(connection)
      const left = (clients.get(client) ?? 1) - 1
      if (left === 0) clients.delete(client)
      else clients.set(client, left)
      if (open.size === 0) whenEmpty?.()
    })
    return connection
  }

  function begin(socket: Socket, speak: (stream: Duplex) => void): void {
    socket.on('error', () => socket.destroy())
    const connection = admit(socket)
    if (connection === undefined) {
      socket.destroy()
      onEnd('too-many')
      return
    }
    if (tls === undefined) {
      speaking.set(socket, connection)
      speak(socket)
      return
    }
    secure(socket, { ...tls, bounds, onEnd }, (secured, host) => {
      connection.servername = host
      speaking.set(secured, connection)
      speak(secured)
    })
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const connection = speaking.get(request.socket)
    if (connection === undefined) throw new Error('a request comes over a connection that was admitted')
    connection.latest = response
    if (whenEmpty !== undefined) response.shouldKeepAlive = false
    const fail = (error: unknown) => {
      // A client that goes away in the middle is no fault of ours.
      if (!request.destroyed) onError(error)
      response.destroy()
    }
    try {
      handle(request, response, connection)?.catch(fail)
    } catch (error) {
      fail(error)
    }
  }

  return {
    create() {
      const server = createBoundedServer(bounds)
      const [speakHttp] = server.listeners('connection')
      server.removeAllListeners('connection')
      server.on('connection', (socket) => begin(socket, (stream) => speakHttp?.call(server, stream)))
      server.on('request', answer)
      server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
        onEnd('malformed')
        refuse(error, socket)
      })
      return server
    },
    get connections() {
      return open.size
    },
    drain: () =>
      new Promise((resolve) => {
        whenEmpty = resolve
        if (open.size === 0) resolve()
        // Who has had an answer asks again elsewhere; who is about to ask for the first time has waited for us.
        for (const { socket, latest } of open) {
          if (latest?.writableFinished === true) socket.destroySoon()
          else latest?.once('close', () => socket.destroySoon())
        }
        // Of those who shook hands and have not asked, some are gone without a word.
        setTimeout(() => {
          for (const { socket, latest } of open) if (latest === undefined) socket.destroy()
        }, limits.policyServer.silentMs).unref()
      }),
    destroy() {
      for (const { socket } of open) socket.destroy()
    },
  }
}

/** How often Node looks whether anybody is too slow: its usual half a minute would make every bound longer by that. */
const looksMs = 1000

function createBoundedServer(bounds: ServerBounds): Server {
  const server = createServer({
    ...{ maxHeaderSize: bounds.headerOctets, headersTimeout: bounds.headersMs },
    ...{ requestTimeout: bounds.requestMs, keepAliveTimeout: bounds.keepAliveMs },
    ...{ connectionsCheckingInterval: Math.min(looksMs, bounds.headersMs), noDelay: true },
  })
  server.maxHeadersCount = bounds.headers
  server.maxRequestsPerSocket = bounds.requestsPerConnection
  server.timeout = bounds.stillMs
  return server
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** What cannot be read as a request. */
function refuse({ code = '' }: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = refusals[code] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, () => socket.destroy())
}
