import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { limits } from '../../../core/limits.ts'
import type { Clock } from '../../../io/clock.ts'
import { createServer } from '../../../io/node-http.ts'
import { findRoute } from './find-route.ts'
import { refuseBrowsers, refuseStrangers } from './guard.ts'
import { createRates } from './rates.ts'
import { hasBody, readBody } from './read-body.ts'
import { isProblem, problem, type Reply, type Route } from './reply.ts'
import { isLoopback } from './token.ts'

/** All servers of the HTTP interface, one for each address. */
export interface HttpServer {
  /** One more, not yet listening. */
  create(): Server
  readonly connections: number
  /** Accepts no more, answers what was asked, and resolves when the last connection is closed. */
  drain(): Promise<void>
  destroy(): void
}

export interface HttpServerOptions {
  readonly routes: readonly Route[]
  readonly clock: Clock
  /** What clients over TCP must show; undefined when they need not. Looked up anew for each request. */
  token(): string | undefined
  /** The name of the route that was asked for, `none` when there is no such, and the status of the answer. */
  onAnswer(route: string, status: number): void
  /** Told of what is our own fault. */
  onError(error: unknown): void
}

/** How often is looked for connections on which nothing is answered any more, when no more questions are taken. */
const drainEveryMs = 50

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const { http } = limits
  const servers: Server[] = []
  const rates = createRates(() => options.clock.now())
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
        handle(request, response, { ...options, take: rates.take }).catch((error: unknown) => {
          // A client that goes away in the middle is no fault of ours.
          if (!request.destroyed) options.onError(error)
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

interface Handling extends HttpServerOptions {
  take(client: string): number | undefined
}

async function handle(request: IncomingMessage, response: ServerResponse, options: Handling): Promise<void> {
  const found = findRoute(options.routes, request.method ?? '', request.url ?? '')
  const reply = refuseEarly(request, found.kind === 'route' && found.route.isOpen === true, options)
  if (reply !== undefined || found.kind === 'refused') {
    const refusal = reply ?? (found.kind === 'refused' ? found.reply : problem('failed'))
    options.onAnswer(found.kind === 'route' ? found.route.id : 'none', refusal.status)
    write(response, refusal, !hasBody(request))
    return
  }
  const { route, name, query } = found
  const body = await readBody(request)
  const answer = body.ok ? await answerBy(route, { name, query, body: body.value }, options) : problem(body.fault)
  options.onAnswer(route.id, answer.status)
  write(response, answer, body.ok || !hasBody(request))
}

function refuseEarly(request: IncomingMessage, isOpen: boolean, { take, token }: Handling): Reply | undefined {
  const seconds = take(request.socket.remoteAddress ?? 'unix')
  if (seconds !== undefined) return problem('too-many', undefined, { 'retry-after': String(seconds) })
  const isUnix = typeof (request.socket.address() as AddressInfo | Record<string, never>).port !== 'number'
  const expected = isUnix ? undefined : token()
  const isGuarded = isUnix || expected !== undefined
  const refusal = refuseBrowsers(request, !isGuarded)
  if (refusal !== undefined || isOpen) return refusal
  if (expected !== undefined) return refuseStrangers(request.headers.authorization, expected)
  // Wherever the socket came from, and whatever the configuration has become since.
  return isUnix || isLoopback(request.socket.localAddress ?? '') ? undefined : problem('unauthorized')
}

async function answerBy(route: Route, question: Parameters<Route['answer']>[0], { onError }: Handling): Promise<Reply> {
  try {
    return await route.answer(question)
  } catch (error) {
    onError(error)
    return problem('failed')
  }
}

/** Nothing here is to be kept by others, taken for another type, or shown inside other pages. */
const usualHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

/** A request that was not read to its end takes its connection with it: what follows could be taken for another one. */
function write(response: ServerResponse, reply: Reply, isRead: boolean): void {
  const type = reply.text?.type ?? (isProblem(reply) ? 'application/problem+json' : 'application/json')
  const body = reply.text?.body ?? `${JSON.stringify(reply.json)}\n`
  response.writeHead(reply.status, {
    ...usualHeaders,
    ...reply.headers,
    ...{ 'content-type': type, 'content-length': Buffer.byteLength(body) },
    ...(isRead ? {} : { connection: 'close' }),
  })
  response.end(body) // of an answer to HEAD, Node sends the headers alone
}
