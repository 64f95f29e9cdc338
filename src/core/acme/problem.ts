import { limits } from '../limits.ts'
import { escapeText } from '../smtp/escape.ts'
import { isObject, type JsonObject, memberOf, parseJsonObject, textOf } from './json.ts'

/** Why a server of ACME refused, in its own words. RFC 8555 §6.7, RFC 9457 §3 */
export interface Problem {
  /** Without the prefix that all of ACME have: `badNonce`. Others stand whole; absent it is `about:blank`. */
  readonly type: string
  /** As it was sent. */
  readonly detail: string
  /** Of single names. RFC 8555 §6.7.1 */
  readonly subproblems: readonly Problem[]
}

const prefix = 'urn:ietf:params:acme:error:'

/** The problem in a body of `application/problem+json`; undefined when it is none. */
export function parseProblem(body: Uint8Array): Problem | undefined {
  const object = parseJsonObject(body)
  return object === undefined ? undefined : readProblem(object)
}

/** A problem inside another document. */
export function readProblem(object: JsonObject): Problem {
  const type = textOf(object, 'type') ?? 'about:blank'
  const subproblems = memberOf(object, 'subproblems')
  return {
    type: type.startsWith(prefix) ? type.slice(prefix.length) : type,
    detail: textOf(object, 'detail') ?? textOf(object, 'title') ?? '',
    // Those inside of these are not looked at: none has any. RFC 8555 §6.7.1
    subproblems: Array.isArray(subproblems)
      ? subproblems
          .slice(0, limits.acme.subproblems)
          .filter(isObject)
          .map((each) => readProblem({ ...each, subproblems: undefined }))
      : [],
  }
}

/** In one line of bounded length, escaped: `rejectedIdentifier: not a public name`. */
export function describeProblem({ type, detail, subproblems }: Problem): string {
  const own = detail === '' ? type : `${type}: ${detail}`
  const all = [own, ...subproblems.map((each) => `${each.type}: ${each.detail}`)].join('; ')
  // By characters: half of a pair would be shown as what nobody wrote.
  return escapeText([...all].slice(0, limits.acme.problemCharacters).join(''))
}
