import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../../io/clock.ts'
import { findRoute } from './find-route.ts'
import { refuseBrowsers, refuseStrangers } from './guard.ts'
import { createHttpListener, type HttpServer } from './listener.ts'
import { createRates } from './rates.ts'
import { hasBody, readBody } from './read-body.ts'
import { isProblem, problem, type Reply, type Route } from './reply.ts'
import { isLoopback } from './token.ts'

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

export function createHttpServer(options: HttpServerOptions): HttpServer {
  const rates = createRates(() => options.clock.now())
  return createHttpListener({
    handle: (request, response) => handle(request, response, { ...options, take: rates.take }),
    onError: options.onError,
  })
}

interface Handling extends HttpServerOptions {
  take(client: string): number | undefined
}

async function handle(request: IncomingMessage, response: ServerResponse, options: Handling): Promise<void> {
  const found = findRoute(options.routes, request.method ?? '', request.url ?? '')
  const reply = refuseEarly(request, found.kind === 'route' ? found.route : undefined, options)
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

function refuseEarly(request: IncomingMessage, route: Route | undefined, { take, token }: Handling): Reply | undefined {
  const seconds = take(request.socket.remoteAddress ?? 'unix')
  if (seconds !== undefined) return problem('too-many', undefined, { 'retry-after': String(seconds) })
  const isUnix = typeof (request.socket.address() as AddressInfo | Record<string, never>).port !== 'number'
  const expected = isUnix ? undefined : token()
  const isGuarded = isUnix || expected !== undefined
  const refusal = refuseBrowsers(request, !isGuarded)
  if (refusal !== undefined || route?.isOpen === true) return refusal
  if (expected !== undefined) return refuseStrangers(request.headers.authorization, expected)
  // Wherever the socket came from, and whatever the configuration has become since.
  if (!isUnix && !isLoopback(request.socket.localAddress ?? '')) return problem('unauthorized')
  return route?.isGuarded === true && !isGuarded ? problem('unguarded', 'set http-token-file') : undefined
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
