import type { ClientRequest, IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { limits } from '../../core/limits.ts'
import { request } from '../node-http.ts'
import type { StopSignal } from '../stop.ts'
import type { FetchProblem } from './policy-fetch.ts'

export interface GetOptions {
  readonly host: string
  readonly path: string
  readonly signal: StopSignal
  /** Whether a body of another media type than text/plain is taken all the same. */
  readonly anyMediaType: boolean
  readonly userAgent?: string | undefined
}

/** What the server answered; status and type are known as soon as the head was read. */
export interface HttpAnswer {
  readonly outcome: Uint8Array | FetchProblem
  readonly status?: number
  readonly contentType?: string
  /** Where a redirect would lead; nobody follows it. */
  readonly location?: string
}

/**
 * One GET over a connection of its own: no redirect followed, nothing cached, compressed, remembered or sent along.
 * RFC 8461 §3.3
 */
export function get(socket: TLSSocket, options: GetOptions): Promise<HttpAnswer> {
  return new Promise((resolve) => {
    const { host, path, signal, userAgent } = options
    let head: Omit<HttpAnswer, 'outcome'> = {}
    const asked = request({
      createConnection: () => socket,
      path,
      headers: {
        ...{ Host: host, Accept: 'text/plain', 'Accept-Encoding': 'identity', Connection: 'close' },
        ...(userAgent === undefined ? {} : { 'User-Agent': userAgent }),
      },
      maxHeaderSize: limits.sts.headerOctets,
    })
    const giveUp = () => asked.destroy(new Error('given up'))
    signal.addEventListener('abort', giveUp)
    if (signal.aborted) giveUp()
    const finish = (outcome: Uint8Array | FetchProblem) => {
      signal.removeEventListener('abort', giveUp)
      resolve({ outcome, ...head })
      hangUp(asked, socket)
    }
    asked.on('response', (response) => {
      head = headOf(response)
      const refused = refuseHead(response, options)
      if (refused !== undefined) return finish(refused)
      readBody(response, finish)
    })
    asked.on('upgrade', () => finish({ fault: 'http-status', reason: 'the policy host answered with status 101' }))
    asked.on('error', (error) => finish(problemOf(error)))
    asked.on('close', () => {
      if (head.status === undefined) finish({ fault: 'http', reason: 'the connection was closed without an answer' })
    })
    asked.end()
  })
}

function hangUp(asked: ClientRequest, socket: TLSSocket): void {
  asked.on('error', () => {}).destroy()
  socket.on('error', () => {}).destroy()
}

function headOf({ statusCode, headers }: IncomingMessage): Omit<HttpAnswer, 'outcome'> {
  const { 'content-type': type, location } = headers
  return {
    status: statusCode ?? 0,
    ...(type === undefined ? {} : { contentType: type }),
    ...(location === undefined ? {} : { location }),
  }
}

function refuseHead(response: IncomingMessage, { anyMediaType }: GetOptions): FetchProblem | undefined {
  const { statusCode = 0, headers } = response
  const type = headers['content-type']
  if (statusCode !== 200) {
    return { fault: 'http-status', reason: `the policy host answered with status ${statusCode}` }
  }
  if (!anyMediaType && !isPlainText(type)) {
    return {
      fault: 'content-type',
      reason: `the media type is ${type === undefined ? 'missing' : quote(type)}, not text/plain`,
    }
  }
  const encoding = headers['content-encoding']?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== 'identity') {
    return { fault: 'content-encoding', reason: `the body has the content encoding ${quote(encoding)}, not asked for` }
  }
  const coding = headers['transfer-encoding']?.trim().toLowerCase()
  if (coding !== undefined && coding !== 'chunked') {
    // RFC 9112 §6.3: unless chunking comes last, such a body ends where the connection does.
    return { fault: 'content-encoding', reason: `the body has the transfer coding ${quote(coding)}, not asked for` }
  }
  const length = headers['content-length']
  if (length === undefined && coding === undefined) return endless
  return Number(length ?? 0) > limits.sts.bodyOctets ? tooLarge : undefined
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 100))
}

/** Parameters say nothing about a policy, whose charset is fixed. RFC 8461 §3.2 */
function isPlainText(type: string | undefined): boolean {
  return type?.split(';')[0]?.trim().toLowerCase() === 'text/plain'
}

const tooLarge: FetchProblem = { fault: 'too-large', reason: `the body is over ${limits.sts.bodyOctets} octets` }

/**
 * Such a body ends where the connection does, and whoever sits on the path may end that: the farewell of TLS that would
 * tell is not shown to us. RFC 9112 §9.8
 */
const endless: FetchProblem = { fault: 'truncated', reason: 'the answer does not say where its body ends' }

const truncated: FetchProblem = { fault: 'truncated', reason: 'the connection ended before the body did' }

function readBody(response: IncomingMessage, finish: (outcome: Uint8Array | FetchProblem) => void): void {
  const chunks: Uint8Array[] = []
  let octets = 0
  response.on('data', (chunk: Uint8Array) => {
    octets += chunk.length
    if (octets > limits.sts.bodyOctets) return finish(tooLarge)
    chunks.push(chunk)
  })
  response.on('end', () => finish(response.complete ? Buffer.concat(chunks) : truncated))
  response.on('error', (error) => finish(error.name === 'AbortError' ? problemOf(error) : truncated))
  response.on('close', () => finish(truncated))
}

function problemOf(error: Error & { code?: string }): FetchProblem {
  if (error.name === 'AbortError') return { fault: 'aborted', reason: 'given up' }
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    return { fault: 'too-large', reason: `the head of the answer is over ${limits.sts.headerOctets} octets` }
  }
  return { fault: 'http', reason: `the answer is not HTTP that can be read: ${error.message}` }
}
