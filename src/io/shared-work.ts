import { Stop, type StopSignal } from './stop.ts'
/** Work that several may wait for, done once per key at a time. */
export interface SharedWork<Value> {
  /**
   * Joins the work under way for the key or starts it. Rejects with the signal's reason for whoever gives up; the work
   * itself is given up when nobody waits for it any more.
   */
  join(key: string, start: (signal: StopSignal) => Promise<Value>, signal?: StopSignal): Promise<Value>
  /** Gives up all work, and resolves when it has ended, what was given up before included. Nothing starts after it. */
  close(): Promise<void>
}

/** One who waits. */
interface Waiter<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (reason: unknown) => void
  readonly signal: StopSignal | undefined
  readonly giveUp: () => void
}

interface Work<Value> {
  readonly stop: Stop
  /** As a rule there is one, and a set for it would cost more than all the rest. */
  first: Waiter<Value> | undefined
  others: Set<Waiter<Value>> | undefined
  /** Resolves when it has ended, however. */
  ended: Promise<void> | undefined
}

export function createSharedWork<Value>(): SharedWork<Value> {
  const underWay = new Map<string, Work<Value>>()
  const running = new Set<Work<Value>>()
  const closing = new Stop()

  const begin = (key: string, start: (signal: StopSignal) => Promise<Value>): Work<Value> => {
    const work: Work<Value> = { stop: new Stop(), first: undefined, others: undefined, ended: undefined }
    const end = (tell: (waiter: Waiter<Value>) => void) => {
      running.delete(work)
      if (underWay.get(key) === work) underWay.delete(key)
      const { first, others = [] } = work
      for (const waiter of first === undefined ? others : [first, ...others]) {
        waiter.signal?.removeEventListener('abort', waiter.giveUp)
        tell(waiter)
      }
    }
    running.add(work)
    underWay.set(key, work)
    work.ended = started(start, work.stop).then(
      (value) => end(({ resolve }) => resolve(value)),
      (error) => end(({ reject }) => reject(error)),
    )
    return work
  }
  const leave = (key: string, work: Work<Value>) => {
    if (work.first !== undefined || (work.others?.size ?? 0) > 0) return
    // Whoever comes from now on starts afresh instead of joining what is being given up.
    if (underWay.get(key) === work) underWay.delete(key)
    work.stop.abort()
  }
  return {
    // One promise for each who waits and none between: every lookup comes through here several times.
    join: (key, start, signal) =>
      new Promise((resolve, reject) => {
        if (isAborted(signal)) return reject(signal?.reason)
        if (closing.aborted) return reject(closing.reason)
        const work = underWay.get(key) ?? begin(key, start)
        const giveUp = () => {
          if (work.first === waiter) work.first = undefined
          else work.others?.delete(waiter)
          reject(signal?.reason)
          leave(key, work)
        }
        const waiter: Waiter<Value> = { resolve, reject, signal, giveUp }
        if (work.first === undefined && work.others === undefined) work.first = waiter
        else {
          work.others ??= new Set()
          work.others.add(waiter)
        }
        if (isAborted(signal)) return giveUp() // by what the start of the work set off
        signal?.addEventListener('abort', giveUp, { once: true })
      }),
    close: async () => {
      closing.abort()
      const all = [...running]
      for (const { stop } of all) stop.abort()
      for (const { ended } of all) await ended
    },
  }
}

function isAborted(signal: StopSignal | undefined): boolean {
  return signal?.aborted === true
}

/** What throws at once is no other than what rejects later. */
function started<Value>(start: (signal: StopSignal) => Promise<Value>, signal: StopSignal): Promise<Value> {
  try {
    return start(signal)
  } catch (error) {
    return Promise.reject(error)
  }
}

/** What is waited for; rejects with the signal's reason for whoever gives up before it is there. */
export function abandonable<Value>(result: Promise<Value>, signal: StopSignal | undefined): Promise<Value> {
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
