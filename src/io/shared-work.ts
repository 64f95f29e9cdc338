/** Work that several may wait for, done once per key at a time. */
export interface SharedWork<Value> {
  /**
   * Joins the work under way for the key or starts it. Rejects with the signal's reason for whoever gives up; the work
   * itself is given up when nobody waits for it any more.
   */
  join(key: string, start: (signal: AbortSignal) => Promise<Value>, signal?: AbortSignal): Promise<Value>
  /** Gives up all work, and resolves when it has ended, what was given up before included. Nothing starts after it. */
  close(): Promise<void>
}

interface Work<Value> {
  readonly result: Promise<Value>
  readonly stop: AbortController
  waiters: number
}

export function createSharedWork<Value>(): SharedWork<Value> {
  const underWay = new Map<string, Work<Value>>()
  const running = new Set<Work<Value>>()
  const closing = new AbortController()

  const begin = (key: string, start: (signal: AbortSignal) => Promise<Value>): Work<Value> => {
    const stop = new AbortController()
    const result = start(stop.signal).finally(() => {
      running.delete(work)
      if (underWay.get(key) === work) underWay.delete(key)
    })
    const work: Work<Value> = { result, stop, waiters: 0 }
    running.add(work)
    underWay.set(key, work)
    return work
  }
  const leave = (key: string, work: Work<Value>) => {
    work.waiters--
    // What has ended is not given up: to say so would cost as much as a signature check, for every lookup.
    if (work.waiters > 0 || !running.has(work)) return
    // Whoever comes from now on starts afresh instead of joining what is being given up.
    if (underWay.get(key) === work) underWay.delete(key)
    work.stop.abort()
  }
  return {
    join: async (key, start, signal) => {
      signal?.throwIfAborted()
      closing.signal.throwIfAborted()
      const work = underWay.get(key) ?? begin(key, start)
      work.waiters++
      try {
        return await abandonable(work.result, signal)
      } finally {
        leave(key, work)
      }
    },
    close: async () => {
      closing.abort()
      const all = [...running]
      for (const { stop } of all) stop.abort()
      await Promise.allSettled(all.map(({ result }) => result))
    },
  }
}

/** What is waited for; rejects with the signal's reason for whoever gives up before it is there. */
export function abandonable<Value>(result: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return result
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason)
    if (signal.aborted) giveUp() // by what the start of the work set off
    signal.addEventListener('abort', giveUp, { once: true })
    const stopListening = () => signal.removeEventListener('abort', giveUp)
    result.then(
      (value) => {
        stopListening()
        resolve(value)
      },
      (error) => {
        stopListening()
        reject(error)
      },
    )
  })
}
