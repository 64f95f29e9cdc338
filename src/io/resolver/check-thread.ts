import { extname } from 'node:path'
import type { Worker } from 'node:worker_threads'
import type { CheckResult } from '../../core/dnssec/checking.ts'
import { createCheckRing, openAskingEnd, type SharedCheck } from './check-ring.ts'

/** A thread that makes signature checks, one after the other. */
export interface CheckThread {
  /** Whether it takes the check: not until it has started, nor when it has enough to do. */
  ask(check: SharedCheck): boolean
  /** Whether it is to pause after each check from now on, for who needs its processor. */
  takeTime(isUnhurried: boolean): void
  /** What came of the checks since, in the order of asking; undefined where it could not be found out. */
  collect(): (CheckResult | undefined)[]
  /** Has `onNews` called at the next result; false when there is one already. */
  waitForNext(): boolean
  close(): Promise<void>
}

export interface ThreadOptions {
  readonly onNews: () => void
  /** Told once, when it is gone though nobody closed it: what it had been asked comes to nothing. */
  readonly onGone: (why: Error | undefined) => void
}

export type StartThread = (options: ThreadOptions) => CheckThread

/** Starts it in the background. The process stays for its sake only while somebody waits for a result. */
export const startCheckThread: StartThread = ({ onNews, onGone }) => {
  const ring = createCheckRing()
  const end = openAskingEnd(ring)
  let isClosed = false
  let isGone = false
  let worker: Worker | undefined
  const gone = (why?: Error) => {
    if (!isGone && !isClosed) onGone(why)
    isGone = true
  }
  const start = async () => {
    // Loaded by whoever needs it alone.
    const { Worker } = await import('node:worker_threads')
    const program = new URL(`check-thread-main${extname(import.meta.url)}`, import.meta.url)
    const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }
    // Not all that this process was started with means the same to a thread.
    worker = new Worker(program, { workerData: ring, resourceLimits, execArgv: [] })
    worker.on('message', () => {
      worker?.unref()
      onNews()
    })
    worker.on('error', gone)
    worker.on('exit', () => gone())
    worker.unref() // last: to listen for messages is to wait for them
  }
  const started = start().catch(gone)
  return {
    ask: (check) => !isGone && end.isServed() && end.ask(check),
    takeTime: (isUnhurried) => end.takeTime(isUnhurried),
    collect: () => end.collect(),
    waitForNext() {
      const mustWait = end.waitForNext()
      if (mustWait) worker?.ref() // what has been asked is worth staying for
      return mustWait
    },
    async close() {
      isClosed = true
      await started
      await worker?.terminate()
    },
  }
}
