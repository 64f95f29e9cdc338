import { formatType } from '../../../core/dns/types.ts'
import { type Diary, type ReceivedMessage, wasReadByAttacker } from '../diary.ts'
import { readOwner } from '../dns/text.ts'
import type { Expectation } from '../world/world.ts'
import type { Sent } from './sent.ts'

/** One message after it was sent: what its sender says, and what the lab saw. */
export interface Aftermath {
  readonly sent: Sent
  /** Where it was for. */
  readonly domain: string
  readonly diary: Diary
  /** Text that only this message bears. */
  readonly token: string
}

/** What is wrong about an expectation, in one line; undefined when it is met. */
export function complain(expectation: Expectation, aftermath: Aftermath): string | undefined {
  const { sent, diary } = aftermath
  switch (expectation.kind) {
    case 'delivered':
      return complainOfDelivery(expectation, aftermath)
    case 'held':
    case 'bounced':
      return complainOfArrival(expectation.kind, aftermath)
    case 'read-by-attacker':
      return wasReadByAttacker(diary, aftermath.token) ? undefined : 'no attacker could read it'
    case 'domain':
      if (expectation.domain !== aftermath.domain) return `the message was for ${aftermath.domain}`
      return differ(sent.decided, expectation.outcome, 'the sender decided to')
    case 'skip': {
      const verdict = sent.hosts.get(expectation.host)
      if (verdict?.action !== 'skip')
        return `${expectation.host} was ${verdict === undefined ? 'no host' : 'not skipped'}`
      return expectation.why === undefined ? undefined : differ(verdict.why, expectation.why, 'it was skipped for')
    }
    case 'connect': {
      const verdict = sent.hosts.get(expectation.host)
      if (verdict?.action !== 'connect')
        return `${expectation.host} was ${verdict === undefined ? 'no host' : `skipped: ${verdict.why}`}`
      return differ(verdict.tls, expectation.tls, 'the demand was')
    }
    case 'row':
      return sent.rows.has(expectation.row) ? undefined : `the rows were ${[...sent.rows].join(' ')}`
    case 'code':
      return differ(sent.code, expectation.code, 'the code was')
    case 'asked': {
      const { key } = readOwner(expectation.owner)
      const asked = diary.asked.some(({ name, type }) => name.key === key && type === expectation.type)
      const what = `${expectation.owner} ${formatType(expectation.type)}`
      return asked === expectation.asked ? undefined : `${what} was ${asked ? 'asked' : 'not asked'} for`
    }
    case 'fetched':
      return differ(count(diary.fetched, expectation.domain), expectation.times, 'the policy was asked for, times:')
    case 'connected':
      return differ(count(diary.connected, expectation.host), expectation.times, 'connections:')
  }
}

function differ<Value extends string | number>(is: Value, expected: Value, words: string): string | undefined {
  return is === expected ? undefined : `${words} ${is}`
}

function count(entries: readonly string[], entry: string): number {
  return entries.filter((one) => one === entry).length
}

function arrivals({ diary, token }: Aftermath): ReceivedMessage[] {
  return diary.received.filter(({ by, text }) => by === 'recipient' && text.includes(token))
}

function complainOfDelivery(
  { host, over }: Extract<Expectation, { kind: 'delivered' }>,
  aftermath: Aftermath,
): string | undefined {
  const [arrived, ...more] = arrivals(aftermath)
  if (arrived === undefined) return `it did not arrive (${aftermath.sent.outcome}: ${aftermath.sent.reason})`
  if (more.length > 0) return `it arrived ${more.length + 1} times`
  if (aftermath.sent.outcome !== 'delivered') return `it arrived, but the sender says ${aftermath.sent.outcome}`
  if (host !== undefined && arrived.host !== host) return `it arrived at ${arrived.host}`
  const way = arrived.tls === undefined ? 'clear' : 'tls'
  return over === undefined ? undefined : differ(way, over, 'it came over')
}

function complainOfArrival(kind: 'held' | 'bounced', aftermath: Aftermath): string | undefined {
  const { outcome, reason } = aftermath.sent
  if (outcome !== kind) return `the sender says ${outcome}: ${reason}`
  const [arrived] = aftermath.diary.received.filter(({ text }) => text.includes(aftermath.token))
  return arrived === undefined ? undefined : `it reached ${arrived.host}`
}
