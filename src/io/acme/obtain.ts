import type { KeyObject } from 'node:crypto'
import { type Challenge, type ChallengeType, parseAuthorization } from '../../core/acme/authorization.ts'
import { keyAuthorization } from '../../core/acme/jws.ts'
import { type Order, parseOrder } from '../../core/acme/order.ts'
import { describeProblem } from '../../core/acme/problem.ts'
import { parseRetryAfter } from '../../core/acme/retry-after.ts'
import { type AcmeOrigins, type AcmeUrl, readAcmeUrl } from '../../core/acme/urls.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { Clock } from '../clock.ts'
import type { StopSignal } from '../stop.ts'
import { type AcmeFailure, isAcmeFailure } from './acme-failure.ts'
import type { AcmeAnswer } from './authority-http.ts'
import type { PendingChallenges } from './challenges.ts'
import { type IssuedCertificate, type JudgeChain, readCertificate } from './judge-certificate.ts'
import { makeSigningRequest } from './requests.ts'
import { protocolFailure, type Session, type Signer } from './session.ts'

/** What is wanted of an authority: one certificate for one name. */
export interface Wish {
  readonly name: DomainName
  readonly key: KeyObject
  /** How to prove the name, the preferred way first. */
  readonly challenges: readonly ChallengeType[]
  readonly profile?: string | undefined
  /** Of the certificate whose place it will take. RFC 9773 §5 */
  readonly replaces?: string | undefined
  /** An order for the same key that was begun before. */
  readonly resume?: string | undefined
  /** Told of an order before anything depends on it; a failure ends the work. */
  readonly onOrder: (url: AcmeUrl) => Promise<AcmeFailure | undefined>
}

export interface ObtainParts {
  readonly session: Session
  readonly signer: Signer
  readonly origins: AcmeOrigins
  readonly pending: PendingChallenges
  readonly judgeChain: JudgeChain
  readonly clock: Clock
  readonly pause: (milliseconds: number, signal: StopSignal) => Promise<void>
  readonly signal: StopSignal
}

interface OpenOrder {
  readonly url: AcmeUrl
  readonly order: Order
  /** When the answer that told of it would have us ask again. */
  readonly retryAfter: string | undefined
}

/** From an order to a certificate that may be put to use; goes on where an order that was begun before stands. RFC 8555 §7.4 */
export async function obtainCertificate(wish: Wish, parts: ObtainParts): Promise<IssuedCertificate | AcmeFailure> {
  const begun = (await resumeOrder(wish, parts)) ?? (await beginOrder(wish, parts))
  if (isAcmeFailure(begun)) return begun
  const validated = await validate(begun, wish, parts)
  if (isAcmeFailure(validated)) return validated
  const finalized = await finalize(validated, wish, parts)
  if (isAcmeFailure(finalized)) return finalized
  return await download(finalized, wish, parts)
}

/** Undefined when there is none, or none that can still lead anywhere. */
async function resumeOrder(wish: Wish, parts: ObtainParts): Promise<OpenOrder | AcmeFailure | undefined> {
  const url = readAcmeUrl(wish.resume, parts.origins)
  if (url === undefined) return undefined
  const found = await fetchOrder(url, wish, parts)
  // Of an order that it has no more an authority need not say so in a document of ACME.
  if (isAcmeFailure(found))
    return found.fault === 'refused' || found.status === 404 || found.status === 410 ? undefined : found
  return found.order.status === 'invalid' ? undefined : found
}

async function beginOrder(wish: Wish, parts: ObtainParts): Promise<OpenOrder | AcmeFailure> {
  const { session, signer, origins, signal } = parts
  const directory = await session.directory(signal)
  if (isAcmeFailure(directory)) return directory
  const { profile } = wish
  if (profile !== undefined && !directory.profiles.includes(profile)) {
    return { fault: 'account', reason: `the authority has no profile ${JSON.stringify(profile)}` }
  }
  const post = (replaces: string | undefined) => {
    const identifiers = [{ type: 'dns', value: wish.name }]
    const payload = {
      identifiers,
      ...(profile === undefined ? {} : { profile }),
      ...(replaces === undefined ? {} : { replaces }),
    }
    return session.post(directory.newOrder, payload, signer, signal)
  }
  const replaces = directory.renewalInfo === undefined ? undefined : wish.replaces
  let answer = await post(replaces)
  // Of a certificate that it does not know, or that another order replaces, an authority may refuse to hear. RFC 9773 §5
  if (isAcmeFailure(answer) && answer.fault === 'refused' && replaces !== undefined) answer = await post(undefined)
  if (isAcmeFailure(answer)) return answer.problem === 'unauthorized' ? { ...answer, fault: 'account' } : answer
  const url = readAcmeUrl(answer.location, origins, directory.newOrder)
  if (url === undefined) return protocolFailure('a new order without a usable URL')
  return (await wish.onOrder(url)) ?? readOrder(url, answer, wish, parts)
}

function readOrder(
  url: AcmeUrl,
  { body, retryAfter }: AcmeAnswer,
  { name }: Wish,
  { origins }: ObtainParts,
): OpenOrder | AcmeFailure {
  const read = parseOrder(body, name, origins)
  return read.ok ? { url, order: read.value, retryAfter } : protocolFailure(`an order without usable ${read.fault}`)
}

async function fetchOrder(url: AcmeUrl, wish: Wish, parts: ObtainParts): Promise<OpenOrder | AcmeFailure> {
  const answer = await parts.session.post(url, undefined, parts.signer, parts.signal)
  return isAcmeFailure(answer) ? answer : readOrder(url, answer, wish, parts)
}

/** Asks for an order until it has left these states. RFC 8555 §7.4 */
async function pollOrder(
  opened: OpenOrder,
  waiting: ReadonlySet<Order['status']>,
  { wish, parts }: { readonly wish: Wish; readonly parts: ObtainParts },
): Promise<OpenOrder | AcmeFailure> {
  let current = opened
  for (let polls = 0; waiting.has(current.order.status); polls++) {
    if (polls === limits.acme.polls) return endless(`the order is still ${current.order.status}`)
    const failure = await wait(polls, current.retryAfter, parts)
    if (failure !== undefined) return failure
    const next = await fetchOrder(current.url, wish, parts)
    if (isAcmeFailure(next)) return next
    current = next
  }
  if (current.order.status !== 'invalid') return current
  const { error } = current.order
  return { fault: 'refused', reason: error === undefined ? 'the order is invalid' : describeProblem(error) }
}

function endless(what: string): AcmeFailure {
  return { fault: 'endless', reason: `${what} after ${limits.acme.polls} questions` }
}

/** Longer each time, or as long as the authority asks. */
async function wait(
  polls: number,
  retryAfter: string | undefined,
  { clock, pause, signal }: ObtainParts,
): Promise<AcmeFailure | undefined> {
  const { pollMinMs, pollMaxMs } = limits.acme
  const asked = parseRetryAfter(retryAfter, clock.now()) ?? pollMinMs * 1.5 ** polls
  await pause(Math.min(pollMaxMs, Math.max(pollMinMs, asked)), signal)
  return signal.aborted ? { fault: 'aborted', reason: 'given up' } : undefined
}

/** Proves the name as far as the authority does not believe it yet. RFC 8555 §7.5 */
async function validate(opened: OpenOrder, wish: Wish, parts: ObtainParts): Promise<OpenOrder | AcmeFailure> {
  if (opened.order.status !== 'pending') return opened
  for (const url of opened.order.authorizations) {
    const failure = await authorize(url, wish, parts)
    if (failure !== undefined) return failure
  }
  return await pollOrder({ ...opened, ...(await refetch(opened, wish, parts)) }, new Set(['pending']), { wish, parts })
}

/** What it is now, if that can be told: most authorities have moved on by then, and need no pause. */
async function refetch(opened: OpenOrder, wish: Wish, parts: ObtainParts): Promise<OpenOrder> {
  const next = await fetchOrder(opened.url, wish, parts)
  return isAcmeFailure(next) ? opened : next
}

async function authorize(url: AcmeUrl, wish: Wish, parts: ObtainParts): Promise<AcmeFailure | undefined> {
  const { session, signer, pending, signal } = parts
  const first = await fetchAuthorization(url, wish, parts)
  if (isAcmeFailure(first)) return first
  if (first.authorization.status === 'valid') return undefined
  if (first.authorization.status !== 'pending') return refusal(first.authorization.status, undefined)
  const challenge = choose(first.authorization.challenges, wish.challenges)
  if (challenge === undefined) {
    return { fault: 'refused', reason: `the authority offers none of the challenges ${wish.challenges.join(', ')}` }
  }
  await pending.answer(wish.name, challenge, keyAuthorization(challenge.token, signer.key))
  try {
    const told = await session.post(challenge.url, {}, signer, signal)
    if (isAcmeFailure(told)) return told
    return await pollAuthorization(url, { challenge, wish, parts })
  } finally {
    pending.withdraw(wish.name, challenge)
  }
}

function choose(offered: readonly Challenge[], wanted: readonly ChallengeType[]): Challenge | undefined {
  const all = wanted.map((type) => offered.find((challenge) => challenge.type === type))
  return all.find((challenge) => challenge !== undefined)
}

async function fetchAuthorization(url: AcmeUrl, { name }: Wish, { session, signer, origins, signal }: ObtainParts) {
  const answer = await session.post(url, undefined, signer, signal)
  if (isAcmeFailure(answer)) return answer
  const read = parseAuthorization(answer.body, name, origins)
  if (!read.ok) return protocolFailure(`an authorization without usable ${read.fault}`)
  return { authorization: read.value, retryAfter: answer.retryAfter }
}

/** RFC 8555 §7.5.1 */
async function pollAuthorization(
  url: AcmeUrl,
  { challenge, wish, parts }: { readonly challenge: Challenge; readonly wish: Wish; readonly parts: ObtainParts },
): Promise<AcmeFailure | undefined> {
  let retryAfter: string | undefined
  for (let polls = 0; polls < limits.acme.polls; polls++) {
    const failure = await wait(polls, retryAfter, parts)
    if (failure !== undefined) return failure
    const found = await fetchAuthorization(url, wish, parts)
    if (isAcmeFailure(found)) return found
    const { status, challenges } = found.authorization
    if (status === 'valid') return undefined
    if (status !== 'pending') return refusal(status, challenges.find((each) => each.url === challenge.url) ?? challenge)
    retryAfter = found.retryAfter
  }
  return endless('the authorization is still pending')
}

function refusal(status: string, challenge: Challenge | undefined): AcmeFailure {
  const error = challenge?.error
  const how = challenge === undefined ? '' : ` by ${challenge.type}`
  const why = error === undefined ? '' : `: ${describeProblem(error)}`
  return {
    fault: 'validation',
    reason: `the authorization${how} is ${status}${why}`,
    ...(error === undefined ? {} : { problem: error.type }),
  }
}

const unfinished = new Set<Order['status']>(['ready', 'processing'])

/** RFC 8555 §7.4 */
async function finalize(opened: OpenOrder, wish: Wish, parts: ObtainParts): Promise<OpenOrder | AcmeFailure> {
  const { order, url } = opened
  if (order.status !== 'ready') return pollOrder(opened, unfinished, { wish, parts })
  const csr = Buffer.from(await makeSigningRequest(wish.name, wish.key)).toString('base64url')
  const answer = await parts.session.post(order.finalize, { csr }, parts.signer, parts.signal)
  if (isAcmeFailure(answer)) return answer
  const next = readOrder(url, answer, wish, parts)
  return isAcmeFailure(next) ? next : pollOrder(next, unfinished, { wish, parts })
}

async function download(
  { order }: OpenOrder,
  wish: Wish,
  parts: ObtainParts,
): Promise<IssuedCertificate | AcmeFailure> {
  const { session, signer, judgeChain, clock, signal } = parts
  if (order.status !== 'valid') return protocolFailure(`an order that went back to ${order.status}`)
  const answer = await session.post(order.certificate, undefined, signer, signal)
  if (isAcmeFailure(answer)) return answer
  if (answer.contentType !== 'application/pem-certificate-chain') {
    return protocolFailure('a certificate of a media type that was not asked for')
  }
  const { name, key } = wish
  const read = readCertificate(Buffer.from(answer.body).toString('latin1'), { name, key, now: clock.now() })
  if (typeof read === 'string') return { fault: 'certificate', reason: `the authority gave ${read}` }
  const wrong = await judgeChain(read, name, signal)
  if (wrong === undefined) return read
  return signal.aborted ? { fault: 'aborted', reason: 'given up' } : { fault: 'certificate', reason: wrong }
}
