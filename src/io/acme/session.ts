import { type Directory, parseDirectory } from '../../core/acme/directory.ts'
import { type AccountKey, signRequest } from '../../core/acme/jws.ts'
import { describeProblem, type Problem, parseProblem } from '../../core/acme/problem.ts'
import { parseRetryAfter } from '../../core/acme/retry-after.ts'
import type { AcmeOrigins, AcmeUrl } from '../../core/acme/urls.ts'
import { limits } from '../../core/limits.ts'
import type { Clock } from '../clock.ts'
import type { StopSignal } from '../stop.ts'
import { type AcmeFailure, type AcmeFault, isAcmeFailure } from './acme-failure.ts'
import type { AcmeAnswer, SendRequest } from './authority-http.ts'

export interface SessionOptions {
  readonly directory: AcmeUrl
  readonly origins: AcmeOrigins
  readonly send: SendRequest
  readonly clock: Clock
}

/** Who signs; `account` is undefined only for the request that makes one. */
export interface Signer {
  readonly key: AccountKey
  readonly account: AcmeUrl | undefined
}

/** Signed requests to one authority, with its nonces and its directory. Never rejects. */
export interface Session {
  directory(signal: StopSignal): Promise<Directory | AcmeFailure>
  /** Undefined as payload fetches. RFC 8555 §6.3 */
  post(url: AcmeUrl, payload: object | undefined, signer: Signer, signal: StopSignal): Promise<AcmeAnswer | AcmeFailure>
  /** Fetches what needs no signature: renewal information. RFC 9773 §4.1 */
  get(url: AcmeUrl, signal: StopSignal): Promise<AcmeAnswer | AcmeFailure>
}

/** A directory is asked for again after so long: authorities add what they can do. */
const directoryKeptMs = 3_600_000

export function createSession({ directory: url, origins, send, clock }: SessionOptions): Session {
  const nonces: string[] = []
  let kept: { readonly directory: Directory; readonly until: number } | undefined

  const keepNonce = ({ nonce }: AcmeAnswer) => {
    if (nonce === undefined || !isNonce(nonce)) return
    nonces.push(nonce)
    if (nonces.length > limits.acme.nonces) nonces.shift()
  }
  const get = async (from: AcmeUrl, signal: StopSignal) => {
    const answer = await send({ method: 'GET', url: from }, signal)
    return isAcmeFailure(answer) || isSuccess(answer) ? answer : failureOf(answer, clock)
  }
  const directory = async (signal: StopSignal) => {
    if (kept !== undefined && clock.now() < kept.until) return kept.directory
    const answer = await get(url, signal)
    if (isAcmeFailure(answer)) return answer
    const read = parseDirectory(answer.body, origins)
    if (!read.ok) return protocolFailure(`the directory has no usable ${read.fault}`)
    kept = { directory: read.value, until: clock.now() + directoryKeptMs }
    return read.value
  }
  /** The newest first: authorities forget the oldest. RFC 8555 §7.2 */
  const takeNonce = async (signal: StopSignal): Promise<{ readonly nonce: string } | AcmeFailure> => {
    const spare = nonces.pop()
    if (spare !== undefined) return { nonce: spare }
    const found = await directory(signal)
    if (isAcmeFailure(found)) return found
    const answer = await send({ method: 'HEAD', url: found.newNonce }, signal)
    if (isAcmeFailure(answer)) return answer
    if (!isSuccess(answer)) return failureOf(answer, clock)
    if (answer.nonce === undefined || !isNonce(answer.nonce)) return protocolFailure('no nonce where nonces are given')
    return { nonce: answer.nonce }
  }
  return {
    directory,
    get,
    async post(to, payload, { key, account }, signal) {
      for (let tries = 1; ; tries++) {
        const taken = await takeNonce(signal)
        if (isAcmeFailure(taken)) return taken
        const body = signRequest(key, { url: to, nonce: taken.nonce, account, payload })
        const answer = await send({ method: 'POST', url: to, body }, signal)
        if (isAcmeFailure(answer)) return answer
        keepNonce(answer)
        if (isSuccess(answer)) return answer
        const failure = failureOf(answer, clock)
        // An answer that refuses a nonce brings the next. RFC 8555 §6.5
        if (failure.problem !== 'badNonce' || tries >= limits.acme.nonceTries) return failure
      }
    },
  }
}

function isSuccess({ status }: AcmeAnswer): boolean {
  return status >= 200 && status < 300
}

/** RFC 8555 §6.5.1 */
function isNonce(text: string): boolean {
  return /^[A-Za-z0-9_-]+$/.test(text) && text.length <= limits.acme.nonceCharacters
}

export function protocolFailure(reason: string): AcmeFailure {
  return { fault: 'protocol', reason: `the authority broke the protocol: ${reason}` }
}

/** What an answer other than 2xx means to us. RFC 8555 §6.7 */
function failureOf(answer: AcmeAnswer, clock: Clock): AcmeFailure {
  const problem = answer.contentType === 'application/problem+json' ? parseProblem(answer.body) : undefined
  const retryAfterMs = parseRetryAfter(answer.retryAfter, clock.now())
  return {
    fault: faultOf(problem, answer.status),
    reason: problem === undefined ? `the authority answered with status ${answer.status}` : describeProblem(problem),
    status: answer.status,
    ...(problem === undefined ? {} : { problem: problem.type }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
}

const faults = new Map<string, AcmeFault>([
  ['rateLimited', 'rate-limited'],
  ['accountDoesNotExist', 'account'],
  ['externalAccountRequired', 'account'],
  ['userActionRequired', 'account'],
  ['invalidContact', 'account'],
  ['unsupportedContact', 'account'],
  ['badPublicKey', 'account'],
  ['badSignatureAlgorithm', 'account'],
  ['badNonce', 'unreachable'],
  ['serverInternal', 'unreachable'],
])

function faultOf(problem: Problem | undefined, status: number): AcmeFault {
  const known = problem === undefined ? undefined : faults.get(problem.type)
  if (known !== undefined) return known
  if (status === 429) return 'rate-limited'
  // What is no problem of ACME comes from a proxy, or from a server that is not what it should be.
  return status >= 500 || problem === undefined ? 'unreachable' : 'refused'
}
