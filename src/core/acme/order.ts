import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { isObject, type JsonObject, memberOf, parseJsonObject, textOf } from './json.ts'
import { type Problem, readProblem } from './problem.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from './urls.ts'

interface CommonOrder {
  readonly authorizations: readonly AcmeUrl[]
  readonly finalize: AcmeUrl
}

/** How far an order for one name has come. RFC 8555 §7.1.3, §7.1.6 */
export type Order =
  | ({ readonly status: 'pending' | 'ready' | 'processing' } & CommonOrder)
  | ({ readonly status: 'valid'; readonly certificate: AcmeUrl } & CommonOrder)
  | ({ readonly status: 'invalid'; readonly error: Problem | undefined } & CommonOrder)

export type OrderFault = 'json' | 'status' | 'identifiers' | 'authorizations' | 'finalize' | 'certificate'

/** An order must be for the one name that was asked for, and say where its certificate is as soon as it has one. */
export function parseOrder(body: Uint8Array, name: DomainName, origins: AcmeOrigins): Result<Order, OrderFault> {
  const object = parseJsonObject(body)
  if (object === undefined) return refuse('json')
  if (!isFor(object, name)) return refuse('identifiers')
  const authorizations = readAuthorizations(memberOf(object, 'authorizations'), origins)
  if (authorizations === undefined) return refuse('authorizations')
  const finalize = readAcmeUrl(memberOf(object, 'finalize'), origins)
  if (finalize === undefined) return refuse('finalize')
  const common = { authorizations, finalize }
  const status = textOf(object, 'status')
  if (status === 'pending' || status === 'ready' || status === 'processing') return accept({ status, ...common })
  if (status === 'invalid') {
    const error = memberOf(object, 'error')
    return accept({ status, error: isObject(error) ? readProblem(error) : undefined, ...common })
  }
  if (status !== 'valid') return refuse('status')
  const certificate = readAcmeUrl(memberOf(object, 'certificate'), origins)
  return certificate === undefined ? refuse('certificate') : accept({ status, certificate, ...common })
}

function isFor(order: JsonObject, name: DomainName): boolean {
  const identifiers = memberOf(order, 'identifiers')
  return Array.isArray(identifiers) && identifiers.length === 1 && isDnsIdentifier(identifiers[0], name)
}

/** Whether it is this name, in whatever case. RFC 8555 §7.1.3, §9.7.7 */
export function isDnsIdentifier(value: unknown, name: DomainName): boolean {
  return isObject(value) && textOf(value, 'type') === 'dns' && textOf(value, 'value')?.toLowerCase() === name
}

function readAuthorizations(value: unknown, origins: AcmeOrigins): AcmeUrl[] | undefined {
  if (!Array.isArray(value) || value.length > limits.acme.authorizations) return undefined
  const urls = value.map((url) => readAcmeUrl(url, origins))
  return urls.every((url) => url !== undefined) ? urls : undefined
}
