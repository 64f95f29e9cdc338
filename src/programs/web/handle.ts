import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Prefix } from '../../core/address/prefix.ts'
import { limits } from '../../core/limits.ts'
import { StoreError } from '../../io/store/store.ts'
import { createRates, type Rates } from '../daemon/http/rates.ts'
import { type Offer, preferred } from './accept.ts'
import { type Answer, headersOf, refusal } from './answer.ts'
import { clientOf } from './client.ts'
import { answerQuestion, type Question, type Site } from './routes.ts'

export interface HandlerOptions {
  now(): number
  /** The one there is now: another comes with another configuration. */
  site(): Site
  /** Whose X-Forwarded-For counts. */
  proxies(): readonly Prefix[]
  onError(error: unknown): void
}

/** Answers requests for pages. Rejects only when it cannot answer at all. */
export function createHandler(options: HandlerOptions) {
  const rates = createRates(options.now, limits.web)
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const offer = preferred(request.headers.accept)
    const read = await questionOf(request, offer, options.proxies(), rates)
    const answer = 'refused' in read ? read.refused : await answerSafely(read.question, options)
    write(request, response, answer, 'refused' in read)
  }
}

async function answerSafely(question: Question, { site, onError }: HandlerOptions): Promise<Answer> {
  try {
    return await answerQuestion(site(), question)
  } catch (error) {
    onError(error)
    const isStore = error instanceof StoreError
    const text = isStore ? 'Reports cannot be read at the moment.' : 'This is a bug in Waxseal, and was logged.'
    return refusal(question, isStore ? 503 : 500, 'Something went wrong', text)
  }
}

type Read = { readonly question: Question } | { readonly refused: Answer }

async function questionOf(
  request: IncomingMessage,
  offer: Offer,
  proxies: readonly Prefix[],
  rates: Rates,
): Promise<Read> {
  const { headers, url: target = '', method: verb = '' } = request
  const refuse = (...about: [status: number, title: string, text: string, headers?: Record<string, string>]): Read => ({
    refused: refusal({ offer }, ...about),
  })
  const client = clientOf(request, proxies)
  const seconds = rates.take(client)
  if (seconds !== undefined)
    return refuse(429, 'Too many requests', 'Wait a moment.', { 'retry-after': String(seconds) })
  const method = verb === 'HEAD' ? 'GET' : verb
  if (method !== 'GET' && method !== 'POST')
    return refuse(405, 'Not possible', 'This cannot be done here.', { allow: 'GET, HEAD, POST' })
  // Paths are compared as they stand: nothing is normalized. RFC 9112 §3.2.1
  const [path = '', query = '', ...rest] = target.split('?')
  if (!path.startsWith('/') || rest.length > 0 || !/^[\x21-\x7e]*$/.test(target))
    return refuse(400, 'Not understood', 'The address of this page is no path.')
  if (method === 'GET')
    return { question: { method, path, query: new URLSearchParams(query), form: new URLSearchParams(), offer, client } }
  // No page of somebody else starts checks in the name of who looks at it.
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none')
    return refuse(403, 'Not from here', 'Checks are started on our own page.')
  const form = await readForm(request)
  if (typeof form === 'number') return refuse(form, 'Not understood', 'The form was not sent as our page sends it.')
  return { question: { method, path, query: new URLSearchParams(), form, offer, client } }
}

/** The fields of a form, or the status of the refusal. */
async function readForm(request: IncomingMessage): Promise<URLSearchParams | number> {
  const type = request.headers['content-type'] ?? ''
  if (!/^application\/x-www-form-urlencoded *(?:;|$)/i.test(type)) return 415
  if (Number(request.headers['content-length'] ?? 0) > limits.web.formOctets) return 413
  const pieces: Buffer[] = []
  let octets = 0
  // To refuse must not destroy the connection that the refusal goes over.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += piece.length
    if (octets > limits.web.formOctets) return 413
    pieces.push(piece)
  }
  return new URLSearchParams(Buffer.concat(pieces).toString('utf8'))
}

/** A request that was not read to its end takes its connection with it: what follows could be taken for another one. */
function write(request: IncomingMessage, response: ServerResponse, answer: Answer, isRefused: boolean): void {
  const headers = headersOf(answer)
  if ('stream' in answer) {
    // Proxies that hold back what is sent are asked not to.
    response.writeHead(200, { ...headers, 'content-type': 'text/html; charset=utf-8', 'x-accel-buffering': 'no' })
    if (request.method === 'HEAD') response.end()
    else answer.stream(response)
    return
  }
  const hasRest = isRefused && request.method === 'POST'
  response.writeHead(answer.status, {
    ...headers,
    ...{ 'content-type': answer.type, 'content-length': Buffer.byteLength(answer.body) },
    ...(hasRest ? { connection: 'close' } : {}),
  })
  response.end(answer.body) // of an answer to HEAD, Node sends the headers alone
}
