import { RCODE, TYPE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Endpoint } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import { type Asker, formatServer } from './ask.ts'
import { createAttempts, type Patience } from './attempts.ts'
import { createCache } from './cache.ts'
import { createTask, type Task, type Trouble } from './task.ts'

/** Whether a resolver says that DNS data is authentic where it must be; `unknown` when it could not be told. */
export type TestResult =
  | { readonly kind: 'validates' | 'oblivious' }
  | { readonly kind: 'unknown'; readonly trouble: Trouble }

/** Finds out whether resolvers validate before their AD bit is believed. RFC 7672 §2.1.1 */
export interface SelfTest {
  /** At first and once an hour it takes a question; one that does not validate is asked again after a minute. Never rejects. */
  of(server: Endpoint, task: Task): Promise<TestResult>
  close(): Promise<void>
}

export interface SelfTestOptions {
  readonly asker: Asker
  readonly patience: Patience
  readonly now: () => number
  /** A zone that must be secure: the root, or the owner of another trust anchor. */
  readonly apex: Name
  /** Told of a resolver that does not validate, in one line. */
  readonly onWarning: (warning: string) => void
}

export function createSelfTest(options: SelfTestOptions): SelfTest {
  const { now, apex, onWarning } = options
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const results = createCache<TestResult>({ now, ...bounds, octetsOf: () => 16 })
  const underWay = createSharedWork<TestResult>()
  /** Those that were told of: once is enough until they validate. */
  const told = new Set<string>()

  function note(server: string, result: TestResult): TestResult {
    if (result.kind === 'unknown') return result
    const kept = result.kind === 'validates' ? limits.resolver.capabilityKept : limits.resolver.bogusTtl
    results.put(server, result, now() + kept * 1000)
    if (result.kind === 'validates') told.delete(server)
    else if (!told.has(server)) {
      told.add(server)
      onWarning(
        `resolver ${server} does not validate: no AD bit with ${nameRrset(questionOf(apex))}; it is not believed, all ` +
          'data counts as insecure, and DANE is off: use --engine forward or iterate',
      )
    }
    return result
  }

  return {
    async of(endpoint, task) {
      const server = formatServer(endpoint)
      const known = results.get(server)
      if (known !== undefined) return known.value
      const start = async (signal: StopSignal) => {
        const own = createTask({ ...task, signal, queries: limits.resolver.retriesPerServer })
        return note(server, await test(endpoint, own, options))
      }
      try {
        return await underWay.join(server, start, task.signal)
      } catch {
        return { kind: 'unknown', trouble: createAttempts().sum(questionOf(apex), undefined) }
      }
    },
    close: () => underWay.close(),
  }
}

function questionOf(name: Name) {
  return { name, type: TYPE.SOA }
}

/**
 * Asks with DO but without AD, and wants AD: one that merely gives back the bits of the question is found out.
 * RFC 6840 §5.7, §5.8
 */
async function test(endpoint: Endpoint, task: Task, { asker, patience, apex }: SelfTestOptions): Promise<TestResult> {
  const attempts = createAttempts()
  const server = formatServer(endpoint)
  const question = questionOf(apex)
  for (const [round, transport] of (['udp', 'udp', 'tcp'] as const).entries()) {
    const flags = {
      recursionDesired: true,
      checkingDisabled: false,
      authenticData: false,
      chosenBy: 'operator',
    } as const
    const asked = await asker({ ...question, ...flags, endpoint, transport, timeoutMs: patience(round) }, task)
    if (asked.ok) {
      const { message } = asked.value
      if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN) {
        attempts.refusal(server, message)
        break
      }
      return { kind: message.authenticData ? 'validates' : 'oblivious' }
    }
    attempts.fault(server, asked.fault)
    if (asked.fault !== 'timeout') break
  }
  return { kind: 'unknown', trouble: attempts.sum(question, undefined) }
}
