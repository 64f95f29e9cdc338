import type { IncomingMessage } from 'node:http'

/** An answer, before it is written. */
export interface Reply {
  readonly status: number
  /** What `JSON.stringify` takes; undefined where there is a text or nothing. */
  readonly json?: unknown
  readonly text?: { readonly type: string; readonly body: string }
  readonly headers?: Readonly<Record<string, string>>
}

/** Refusals, with the words that programs can go by. docs/service.md */
export const problems = {
  'bad-request': { status: 400, title: 'the request cannot be meant' },
  'not-json': { status: 400, title: 'the body is no JSON in UTF-8' },
  'unwanted-body': { status: 400, title: 'there must be no body here' },
  'not-a-destination': { status: 400, title: 'no policy can be about this' },
  unauthorized: { status: 401, title: 'the token is missing or wrong' },
  unguarded: { status: 403, title: 'this is done over a Unix socket or with a token, and not without' },
  'from-a-browser': { status: 403, title: 'this is no place for browsers' },
  'wrong-host': { status: 403, title: 'the Host header names another server' },
  'not-found': { status: 404, title: 'there is no such thing here' },
  'no-override': { status: 404, title: 'there is no such override' },
  'not-held': { status: 404, title: 'there is no decision in memory' },
  'wrong-method': { status: 405, title: 'this cannot be done here' },
  'not-reloaded': { status: 409, title: 'the configuration stays as it was' },
  'too-large': { status: 413, title: 'the body is too long' },
  'wrong-type': { status: 415, title: 'the body must be application/json' },
  'too-many': { status: 429, title: 'too many requests' },
  'store-failed': { status: 503, title: 'the store cannot be read, or does not take it' },
  busy: { status: 503, title: 'too much is under way already' },
  failed: { status: 500, title: 'this is a bug in waxseal' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemCode = keyof typeof problems

/** A refusal as RFC 9457 has it. `detail` is one sentence without a full stop. RFC 9457 §3.1 */
export function problem(code: ProblemCode, detail?: string, headers?: Reply['headers']): Reply {
  const { status, title } = problems[code]
  const json = { type: 'about:blank', title, status, code, ...(detail !== undefined && { detail }) }
  return { status, json, ...(headers !== undefined && { headers }) }
}

export function isProblem(reply: Reply): boolean {
  return (
    reply.status >= 400 && reply.text === undefined && typeof reply.json === 'object' && 'code' in (reply.json ?? {})
  )
}

/** A question that was understood as far as its route goes. */
export interface Question {
  /** What stands in the place of `{destination}`, unescaped; empty in routes without. */
  readonly name: string
  readonly query: ReadonlyMap<string, string>
  /** Undefined where there was none. */
  readonly body: unknown
}

export interface Parameter {
  readonly description: string
  readonly schema: Readonly<Record<string, unknown>>
}

/** One thing that can be asked, as docs/openapi.json shows it. */
export interface Route {
  /** `operationId` there, and the label in metrics. */
  readonly id: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** `{destination}` stands for one segment. */
  readonly path: string
  readonly summary: string
  readonly description?: string
  /** Needs no token: it says nothing of anybody's mail. */
  readonly isOpen?: boolean
  /** Changes what mail must show: not for whoever happens to be on the machine. */
  readonly isGuarded?: boolean
  /** The name of the schema of its body; without it the body of a POST is an empty object. */
  readonly body?: string
  readonly query?: Readonly<Record<string, Parameter>>
  /** Statuses with what they mean, and the name of a schema where there is one. */
  readonly answers: Readonly<Record<number, { readonly description: string; readonly schema?: string }>>
  /** Refusals beyond those that every route has. */
  readonly refusals?: readonly ProblemCode[]
  answer(question: Question): Promise<Reply> | Reply
}

export type Headers = IncomingMessage['headers']
