import type { IncomingMessage } from 'node:http'
import { limits } from '../../core/limits.ts'
import { request } from '../../io/node-http.ts'
import { formatListenAddress, type ListenAddress } from '../daemon/listen-address.ts'
import { reasonOf } from '../file-error.ts'

/** Asks a running service over its HTTP interface. */
export interface ServiceClient {
  /** Never rejects for what the other side does. */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string): Promise<ServiceAnswer>
}

export type ServiceAnswer =
  | { readonly kind: 'answer'; readonly status: number; readonly json: Readonly<Record<string, unknown>> }
  /** Nobody answers there, or what answers is no Waxseal; `reason` is one line without a full stop. */
  | { readonly kind: 'silent' | 'strange'; readonly reason: string }

export interface ServiceClientOptions {
  readonly where: ListenAddress
  readonly token: string | undefined
  readonly signal: AbortSignal
}

export function createServiceClient({ where, token, signal }: ServiceClientOptions): ServiceClient {
  const name = formatListenAddress(where)
  const target =
    where.kind === 'unix' ? { socketPath: where.path } : { host: reachable(where.address), port: where.port }
  const headers = {
    connection: 'close',
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  return {
    async ask(method, path) {
      const late = AbortSignal.timeout(limits.http.answerMs)
      try {
        const either = AbortSignal.any([signal, late])
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
          const body = method === 'POST' ? '{}' : undefined
          const length = body === undefined ? {} : { 'content-length': String(body.length) }
          request({ ...target, method, path, headers: { ...headers, ...length }, signal: either })
            .on('response', resolve)
            .on('error', reject)
            .end(body)
        })
        const text = await readText(response)
        const json = text === undefined ? undefined : parse(text)
        if (json === undefined) return { kind: 'strange', reason: `what answers at ${name} is no waxseal serve` }
        return { kind: 'answer', status: response.statusCode ?? 0, json }
      } catch (error) {
        if (signal.aborted) throw error
        const reason = late.aborted ? `no answer in ${limits.http.answerMs / 1000} s` : describe(error)
        return { kind: 'silent', reason: `no service answers at ${name}: ${reason}` }
      }
    },
  }
}

/** Where who listens at all addresses is reached from here. */
function reachable(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1'
  return address === '::' ? '::1' : address
}

function describe(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ECONNREFUSED') return 'connection refused'
  return code === 'ENOENT' ? 'no such socket' : reasonOf(error)
}

/** Undefined for what is too long. */
async function readText(response: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let octets = 0
  for await (const piece of response as AsyncIterable<Buffer>) {
    octets += piece.length
    if (octets > limits.http.answerOctets) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
