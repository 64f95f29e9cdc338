import type { IncomingMessage } from 'node:http'
import { limits } from '../../../core/limits.ts'
import { accept, type Result, refuse } from '../../../core/result.ts'
import type { ProblemCode } from './reply.ts'

/** Whether a request has a body, however it is framed. RFC 9112 §6.3 */
export function hasBody({ headers }: Pick<IncomingMessage, 'headers'>): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) > 0)
}

/** The JSON in the body of a request; undefined when it has none. A refusal leaves the rest of the body unread. */
export async function readBody(request: IncomingMessage): Promise<Result<unknown, ProblemCode>> {
  const { headers, method } = request
  const isExpected = method === 'POST'
  const isThere = hasBody(request)
  // A form of another page's can be sent without asking us, but only as one of three other types.
  if ((isExpected || isThere) && !isJson(headers['content-type'])) return refuse('wrong-type')
  if (!isThere) return accept(undefined)
  if (!isExpected) return refuse('unwanted-body')
  if (Number(headers['content-length']) > limits.http.bodyOctets) return refuse('too-large')
  const pieces: Buffer[] = []
  let octets = 0
  // To refuse must not destroy the connection that the refusal goes over.
  for await (const piece of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    octets += piece.length
    if (octets > limits.http.bodyOctets) return refuse('too-large')
    pieces.push(piece)
  }
  return parse(Buffer.concat(pieces))
}

function isJson(type: string | undefined): boolean {
  return /^application\/json *(?:; *charset=utf-8)?$/i.test(type ?? '')
}

function parse(octets: Buffer): Result<unknown, ProblemCode> {
  if (octets.length === 0) return accept(undefined)
  try {
    return accept(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets)))
  } catch {
    return refuse('not-json')
  }
}
