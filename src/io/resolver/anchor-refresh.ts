import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { type Name, sameName } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { createEnding } from '../ending.ts'
import { Stop } from '../stop.ts'
import type { AnchorSource } from './anchor-source.ts'
import { createTask, type Task } from './task.ts'
import type { Upstream } from './upstream.ts'

/** Calls back once, so many milliseconds later; what it yields takes that back. */
export type After = (milliseconds: number, callBack: () => void) => () => void

/** Keeps no process alive: who does nothing else need not know of new keys. */
export const afterTimer: After = (milliseconds, callBack) => {
  const timer = setTimeout(callBack, milliseconds)
  timer.unref()
  return () => clearTimeout(timer)
}

export interface AnchorRefreshOptions {
  readonly anchors: AnchorSource
  readonly upstream: Upstream
  readonly clock: Clock
  readonly after?: After | undefined
}

/** Looks at the keys of trust anchors when it is time to, whether or not anyone looks anything up. RFC 5011 §2.3 */
export interface AnchorRefresh {
  /** From the first call on. */
  start(): void
  close(): Promise<void>
}

/** Lookups show the keys too, so that they come first at the start. Time is looked at anew so often: clocks are moved. */
const leastWaitMs = 60_000
const mostWaitMs = 3_600_000

export function createAnchorRefresh({
  anchors,
  upstream,
  clock,
  after = afterTimer,
}: AnchorRefreshOptions): AnchorRefresh {
  const closing = new Stop()
  let isStarted = false
  let cancel: (() => void) | undefined
  let underWay: Promise<void> | undefined

  function arm(): void {
    const next = anchors.nextDue()
    if (next === undefined || closing.aborted) return
    const wait = Math.min(mostWaitMs, Math.max(leastWaitMs, next - clock.now()))
    cancel = after(wait, () => {
      underWay = lookAll().finally(() => {
        underWay = undefined
        arm()
      })
    })
  }

  async function lookAll(): Promise<void> {
    for (const owner of anchors.due()) {
      const ending = createEnding(closing, limits.resolver.questionMs)
      try {
        const failure = await look(owner, createTask({ signal: ending.signal, clock })).catch((error) => {
          if (!ending.signal.aborted) throw error
          return 'no answer in time'
        })
        if (failure !== undefined && !closing.aborted) anchors.lookFailed(owner, failure)
      } finally {
        ending.stop()
      }
    }
  }

  /** Why it came to nothing, from every source that there is. */
  async function look(owner: Name, task: Task): Promise<string | undefined> {
    const avoid = new Set<string>()
    let failure = 'too many tries'
    while (avoid.size < limits.resolver.serversTriedWhenBogus) {
      const fetched = await upstream.fetch({ name: owner, type: TYPE.DNSKEY }, task, avoid)
      if (!fetched.ok) return avoid.size > 0 ? failure : fetched.trouble.reason
      const { answer, source, server } = fetched.reply
      const rrset = answer.find(({ name, type }) => type === TYPE.DNSKEY && sameName(name, owner))
      if (rrset !== undefined && anchors.observe(rrset) !== 'unverified') return undefined
      failure = `what ${server} sent does not verify`
      avoid.add(source)
    }
    return failure
  }

  return {
    start() {
      if (isStarted) return
      isStarted = true
      arm()
    },
    async close() {
      isStarted = true
      closing.abort()
      cancel?.()
      await underWay
    },
  }
}
