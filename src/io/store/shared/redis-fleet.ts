import { createHash, randomUUID } from 'node:crypto'
import { limits } from '../../../core/limits.ts'
import { expiryTime } from '../../../core/mtasts/cache.ts'
import {
  formatSharedAttempt,
  formatSharedPolicy,
  parseSharedAttempt,
  parseSharedPolicy,
  parseSharedTimes,
} from '../../../core/mtasts/shared-policy.ts'
import { type DomainName, parseDomainName } from '../../../core/name/domain.ts'
import type { Clock } from '../../clock.ts'
import { type Changes, type FetchKey, type Fleet, FleetError, type SharedFinding, type SharedTimes } from './fleet.ts'
import type { RedisLink } from './redis-link.ts'
import { scripts } from './scripts.ts'

export interface RedisFleetOptions {
  readonly link: RedisLink
  /** Before every key. */
  readonly prefix: string
  readonly clock: Clock
}

/** The form of policies that we write: those of a later one are left alone. */
const form = 1

/** The longest that a policy may live, and some more. */
const feedKeptMs = limits.sts.maxAge * 1000 + limits.shared.keptMs

/** What machines have in common, in the keys of one Redis. */
export function createRedisFleet({ link, prefix, clock }: RedisFleetOptions): Fleet {
  const policyKey = (domain: DomainName) => `${prefix}policy:${domain}`
  const attemptKey = ({ domain, id }: FetchKey) => `${prefix}fetch:${domain}:${id}`
  const turnKey = ({ domain, id }: FetchKey) => `${prefix}turn:${domain}:${id}`
  const feedKeys = [`${prefix}feed`, `${prefix}place`, `${prefix}epoch`]
  // What was lost is told from what comes after by another name each time.
  const epoch = () => randomUUID()
  const bounds = [limits.sts.policies, feedKeptMs]

  const evaluate = (
    name: keyof typeof scripts,
    keys: readonly string[],
    values: readonly (string | number)[],
    isWrite = false,
  ) => link.run(['EVAL', scripts[name], String(keys.length), ...keys, ...values.map(String)], { isWrite })
  const setAttempt = (key: FetchKey, text: string) =>
    link.run(['SET', attemptKey(key), text, 'PX', String(limits.sts.fetchPause * 1000)], { isWrite: true })

  return {
    get state() {
      return link.state
    },
    async find(domain) {
      const value = await evaluate('find', [policyKey(domain)], [limits.shared.valueOctets + 1])
      return findingOf(textOf(value), domain, clock.now())
    },
    async put(policy, maxAge, id) {
      const { domain, fetchedAt, refreshAt } = policy
      const now = clock.now()
      const end = expiryTime({ fetchedAt, maxAge })
      const life = Math.max(end - now, 0) + limits.shared.keptMs
      const values = [formatSharedPolicy(policy), fetchedAt, refreshAt, life, now + limits.shared.clockSkewMs, domain]
      const put = evaluate('put', [policyKey(domain), ...feedKeys], [...values, epoch(), ...bounds, form], true)
      // Behind the policy in one pipe: who finds this finds that.
      const told = id === undefined ? undefined : setAttempt({ domain, id }, formatSharedAttempt({ kind: 'stored' }))
      const [done] = await Promise.all([put, told])
      return done === 'put' ? 'put' : 'kept'
    },
    async postpone(domain, { fetchedAt, refreshAt }) {
      const values = [fetchedAt, refreshAt, limits.shared.valueOctets, domain, epoch(), ...bounds, form]
      await evaluate('postpone', [policyKey(domain), ...feedKeys], values, true)
    },
    async remove(domain) {
      await link.run(['DEL', policyKey(domain)], { isWrite: true })
    },
    async discard(domain, mark) {
      await evaluate('discard', [policyKey(domain)], [limits.shared.valueOctets + 1, mark], true)
    },
    async putFailure(key, failure) {
      await setAttempt(key, formatSharedAttempt({ kind: 'failed', failure }))
    },
    async askTurn(key, token) {
      const keys = [turnKey(key), policyKey(key.domain), attemptKey(key)]
      const { turnMs, valueOctets, attemptOctets } = limits.shared
      const reply = await evaluate('askTurn', keys, [token, turnMs, valueOctets + 1, attemptOctets + 1], true)
      const [taken, value, tried, left] = listOf(reply)
      const attempt = parseSharedAttempt(textOf(tried))
      const agoMs = limits.sts.fetchPause * 1000 - Number(left)
      return {
        isOurs: taken === 1,
        found: findingOf(textOf(value), key.domain, clock.now()),
        // One without an end is none of ours.
        attempt: attempt !== undefined && Number(left) > 0 && agoMs >= 0 ? { ...attempt, agoMs } : undefined,
      }
    },
    keepTurn: async (key, token) => (await evaluate('holdTurn', [turnKey(key)], [token, limits.shared.turnMs])) === 1,
    async endTurn(key, token) {
      await evaluate('holdTurn', [turnKey(key)], [token])
    },
    async changes(after) {
      const { followedAtOnce } = limits.shared
      const keys = [policyKey('' as DomainName), ...feedKeys] // what stands before every domain
      const reply = await evaluate('changes', keys, [after, followedAtOnce, epoch(), feedKeptMs])
      return changesOf(listOf(reply).map(textOf), after)
    },
    async times(domains) {
      if (domains.length === 0) return []
      const headers = listOf(await evaluate('times', [...domains.map(policyKey), `${prefix}feed`], domains))
      return domains.map((_, at) => timesOf(textOf(headers[at])))
    },
    async tryWrite() {
      await link.run(['SET', `${prefix}writable`, '1', 'PX', '1000'], { isWrite: true })
    },
    close: () => link.close(),
  }
}

const faults = {
  version: 'was written by a newer release',
  damaged: 'is not what we would have written',
  future: 'was fetched in the future: clocks differ',
} as const

function findingOf(text: string, domain: DomainName, now: number): SharedFinding {
  if (text === '') return { kind: 'absent' }
  const read = parseSharedPolicy(text, domain, now)
  if (read.ok) return { kind: 'policy', policy: read.value }
  const mark = read.fault === 'damaged' ? createHash('sha1').update(text).digest('hex') : undefined
  return { kind: 'unusable', reason: faults[read.fault], mark }
}

function timesOf(header: string): SharedTimes {
  if (header === '') return { kind: 'absent' }
  const times = parseSharedTimes(header)
  if (times.ok) return { kind: 'policy', ...times.value }
  return { kind: times.fault === 'version' ? 'newer-form' : 'unusable' }
}

/** The epoch, then domain, place and header of each. */
function changesOf([epoch = '', ...rest]: readonly string[], after: number): Changes {
  const changed: Changes['changed'][number][] = []
  let next = after
  for (let at = 0; at < rest.length; at += 3) {
    const place = Number(rest[at + 1])
    if (Number.isSafeInteger(place) && place > next) next = place
    const domain = parseDomainName(rest[at] ?? '')
    if (domain.ok && domain.value === rest[at])
      changed.push({ domain: domain.value, times: timesOf(rest[at + 2] ?? '') })
  }
  const isAll = rest.length < limits.shared.followedAtOnce * 3 || next === after
  return { epoch, changed, next, isAll }
}

function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new FleetError('an answer of another kind than was asked for')
  return reply
}

/** Of what is no text, nothing that anybody could take for a value. */
function textOf(reply: unknown): string {
  return typeof reply === 'string' ? reply : '?'
}
