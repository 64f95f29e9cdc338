import { createHash } from 'node:crypto'
import { limits } from '../limits.ts'
import { type DomainName, parseDomainName } from '../name/domain.ts'
import { accept, type Result, refuse } from '../result.ts'
import { expiryTime } from './cache.ts'
import { parseStsPolicy, type StsPolicy } from './policy.ts'

/** A policy as the machines of a fleet share it: as one of them fetched it. */
export interface SharedPolicy {
  readonly domain: DomainName
  readonly id: string
  readonly body: string
  /** Milliseconds since 1970, by the clock of the machine that fetched it. RFC 8461 §3.2 */
  readonly fetchedAt: number
  /** Milliseconds since 1970: when one of them is to fetch it again. */
  readonly refreshAt: number
}

export type SharedPolicyFault =
  /** Written by a newer release, which alone may replace it. */
  | 'version'
  /** What we would not have written. */
  | 'damaged'
  /** Fetched later than it is: clocks differ by more than is taken. */
  | 'future'

/** What stands before the policy itself, to be compared without reading all of it. */
export interface SharedPolicyTimes {
  readonly fetchedAt: number
  readonly refreshAt: number
}

const magic = 'waxseal-policy/'
const version = 1

/** Of the header, so that it is found in the first octets whatever follows. */
export const sharedHeaderOctets = 160

/** `waxseal-policy/1 FETCHED REFRESH DIGEST {"domain":…,"id":…,"body":…}`; the digest is of all but the time of the refresh. */
export function formatSharedPolicy({ domain, id, body, fetchedAt, refreshAt }: SharedPolicy): string {
  const json = JSON.stringify({ domain, id, body })
  return `${magic}${version} ${fetchedAt} ${refreshAt} ${digestOf(fetchedAt, json)} ${json}`
}

/** Reads the times of a value of which the first octets are enough. */
export function parseSharedTimes(text: string): Result<SharedPolicyTimes, 'version' | 'damaged'> {
  const [, found, fetched, refresh] = /^waxseal-policy\/([1-9]\d{0,5}) (\d{1,15}) (\d{1,15}) /.exec(text) ?? []
  if (found === undefined) return refuse(isOfNewerForm(text) ? 'version' : 'damaged')
  if (Number(found) !== version) return refuse('version', magic.length)
  return accept({ fetchedAt: Number(fetched), refreshAt: Number(refresh) })
}

/**
 * Reads what is shared under the name of a domain; whoever may write there is a stranger. A time that is ahead of ours by
 * no more than clocks differ is taken for now.
 */
export function parseSharedPolicy(
  text: string,
  domain: DomainName,
  now: number,
): Result<SharedPolicy & { readonly policy: StsPolicy }, SharedPolicyFault> {
  const times = parseSharedTimes(text)
  if (!times.ok) return refuse(times.fault)
  const { fetchedAt, refreshAt } = times.value
  const [, digest, json] = /^\S+ \d+ \d+ ([0-9a-f]{64}) (\{.*\})$/s.exec(text) ?? []
  if (json === undefined || text.length > limits.shared.valueOctets) return refuse('damaged')
  if (digestOf(fetchedAt, json) !== digest) return refuse('damaged')
  const entry = readEntry(json, domain)
  if (entry === undefined) return refuse('damaged')
  const life = { fetchedAt, maxAge: entry.policy.maxAge }
  // A refresh that is put off past the end of the policy would leave it to lapse.
  if (refreshAt < fetchedAt || refreshAt > expiryTime(life) + limits.sts.refreshRetryMax * 1000)
    return refuse('damaged')
  if (fetchedAt > now + limits.shared.clockSkewMs) return refuse('future')
  return accept({ ...entry, fetchedAt: Math.min(fetchedAt, now), refreshAt })
}

/** What came of the last fetch for a domain and id, for as long as no other may be tried. RFC 8461 §3.3 */
export type SharedAttempt = { readonly kind: 'stored' } | { readonly kind: 'failed'; readonly failure: string }

export function formatSharedAttempt(attempt: SharedAttempt): string {
  return attempt.kind === 'stored' ? 'waxseal-fetch/1 stored' : `waxseal-fetch/1 failed ${attempt.failure}`
}

/** Undefined for what we would not have written. */
export function parseSharedAttempt(text: string): SharedAttempt | undefined {
  if (text === 'waxseal-fetch/1 stored') return { kind: 'stored' }
  const [, failure] = /^waxseal-fetch\/1 failed (\S.*)$/s.exec(text) ?? []
  return failure === undefined || text.length > limits.shared.attemptOctets ? undefined : { kind: 'failed', failure }
}

/** A later release may change all but the first word. */
function isOfNewerForm(text: string): boolean {
  const [, found] = /^waxseal-policy\/([1-9]\d{0,5})\s/.exec(text) ?? []
  return found !== undefined && Number(found) > version
}

function digestOf(fetchedAt: number, json: string): string {
  return createHash('sha256').update(`${fetchedAt} ${json}`).digest('hex')
}

function readEntry(json: string, expected: DomainName) {
  const entry = readJson(json)
  if (typeof entry !== 'object' || entry === null) return undefined
  const { domain: name, id, body } = entry as Readonly<Record<string, unknown>> // checked below, key by key
  if (typeof name !== 'string' || typeof id !== 'string' || typeof body !== 'string') return undefined
  const domain = parseDomainName(name)
  if (!domain.ok || domain.value !== name || domain.value !== expected) return undefined
  if (!/^[A-Za-z0-9]{1,32}$/.test(id) || Buffer.byteLength(body) > limits.sts.bodyOctets) return undefined
  const policy = parseStsPolicy(body)
  return policy.ok ? { domain: domain.value, id, body, policy: policy.value } : undefined
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
