import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { isObject, memberOf, parseJsonObject, textOf } from './json.ts'
import { isDnsIdentifier } from './order.ts'
import { type Problem, readProblem } from './problem.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from './urls.ts'

/** The ways to prove a name that we have. RFC 8555 §8.3, RFC 8737 */
export type ChallengeType = 'http-01' | 'tls-alpn-01'

export interface Challenge {
  readonly type: ChallengeType
  readonly url: AcmeUrl
  readonly token: string
  /** Why it failed, when it did. */
  readonly error: Problem | undefined
}

/** Whether the authority believes that a name is ours. RFC 8555 §7.1.4 */
export interface Authorization {
  readonly status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked'
  /** Those of the ways that we have. */
  readonly challenges: readonly Challenge[]
}

export type AuthorizationFault = 'json' | 'identifier' | 'status' | 'challenges'

const statuses = new Set<unknown>(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked'])

export function parseAuthorization(
  body: Uint8Array,
  name: DomainName,
  origins: AcmeOrigins,
): Result<Authorization, AuthorizationFault> {
  const object = parseJsonObject(body)
  if (object === undefined) return refuse('json')
  if (!isDnsIdentifier(memberOf(object, 'identifier'), name)) return refuse('identifier')
  const status = memberOf(object, 'status')
  if (!statuses.has(status)) return refuse('status')
  const challenges = readChallenges(memberOf(object, 'challenges'), origins)
  if (challenges === undefined) return refuse('challenges')
  return accept({ status: status as Authorization['status'], challenges })
}

/** Undefined when one of a kind that we have is not as it must be; of other kinds nothing is known. */
function readChallenges(value: unknown, origins: AcmeOrigins): Challenge[] | undefined {
  if (!Array.isArray(value) || value.length > limits.acme.challenges) return undefined
  const challenges: Challenge[] = []
  for (const entry of value) {
    if (!isObject(entry)) return undefined
    const type = textOf(entry, 'type')
    if (type !== 'http-01' && type !== 'tls-alpn-01') continue
    const url = readAcmeUrl(memberOf(entry, 'url'), origins)
    const token = textOf(entry, 'token')
    if (url === undefined || token === undefined || !isToken(token)) return undefined
    const error = memberOf(entry, 'error')
    challenges.push({ type, url, token, error: isObject(error) ? readProblem(error) : undefined })
  }
  return challenges
}

/** At least 128 bits of base64url: nothing that would lead elsewhere in a path. RFC 8555 §8.3 */
function isToken(text: string): boolean {
  return /^[A-Za-z0-9_-]{22,}$/.test(text) && text.length <= limits.acme.tokenCharacters
}
