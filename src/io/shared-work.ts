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

/** What somebody is at; it is its own signal, as every lookup comes through here several times. */
class Work<Value> extends Stop {
  /** As a rule there is one, and a set for it would cost more than all the rest. */
  first: Waiter<Value> | undefined
  others: Set<Waiter<Value>> | undefined
  /** Resolves when it has ended, however. */
  ended: Promise<void> | undefined

  add(waiter: Waiter<Value>): void {
    if (this.first === undefined && this.others === undefined) {
      this.first = waiter
      return
    }
    this.others ??= new Set()
    this.others.add(waiter)
  }

  remove(waiter: Waiter<Value>): void {
    if (this.first === waiter) this.first = undefined
    else this.others?.delete(waiter)
  }

  /**
   * All who wait, who listen for nothing any more. It keeps none of them: a map that it was in may keep it for as long as V8
   * likes, and with it what everybody has got.
   */
  dismiss(): Iterable<Waiter<Value>> {
    const { first, others } = this
    this.first = undefined
    this.others = undefined
    const all = first === undefined ? (others ?? []) : others === undefined ? [first] : [first, ...others]
    for (const { signal, giveUp } of all) signal?.removeEventListener('abort', giveUp)
    return all
  }

  get isWaitedFor(): boolean {
    return this.first !== undefined || (this.others !== undefined && this.others.size > 0)
  }
}

/** One who waits. */
interface Waiter<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (reason: unknown) => void
  readonly signal: StopSignal | undefined
  readonly giveUp: () => void
}

export interface SharedWorkOptions<Value> {
  /** What whoever gives up has instead of a rejection. */
  readonly whenGivenUp?: Value
}

export function createSharedWork<Value>({ whenGivenUp }: SharedWorkOptions<Value> = {}): SharedWork<Value> {
  const underWay = new Map<string, Work<Value>>()
  /** What nobody waits for any more, and has not ended yet. */
  const abandoned = new Set<Work<Value>>()
  const closing = new Stop()

  const begin = (key: string, start: (signal: StopSignal) => Promise<Value>): Work<Value> => {
    const work = new Work<Value>()
    underWay.set(key, work)
    work.ended = started(start, work).then(
      (value) => {
        remove(key, work)
        for (const { resolve } of work.dismiss()) resolve(value)
      },
      (error) => {
        remove(key, work)
        for (const { reject } of work.dismiss()) reject(error)
      },
    )
    return work
  }
  const remove = (key: string, work: Work<Value>) => {
    if (underWay.get(key) === work) underWay.delete(key)
    else abandoned.delete(work)
  }
  const leave = (key: string, work: Work<Value>) => {
    if (work.isWaitedFor) return
    // Whoever comes from now on starts afresh instead of joining what is being given up.
    if (underWay.get(key) === work) {
      underWay.delete(key)
      abandoned.add(work)
    }
    work.abort()
  }
  return {
    // One promise for each who waits and none between: every lookup comes through here several times.
    join: (key, start, signal) =>
      new Promise((resolve, reject) => {
        const end = () => (whenGivenUp === undefined ? reject(signal?.reason) : resolve(whenGivenUp))
        if (isAborted(signal)) return end()
        if (closing.aborted) return reject(closing.reason)
        const work = underWay.get(key) ?? begin(key, start)
        const giveUp = () => {
          work.remove(waiter)
          end()
          leave(key, work)
        }
        const waiter: Waiter<Value> = { resolve, reject, signal, giveUp }
        work.add(waiter)
        if (isAborted(signal)) return giveUp() // by what the start of the work set off
        signal?.addEventListener('abort', giveUp, { once: true })
      }),
    close: async () => {
      closing.abort()
      const all = [...underWay.values(), ...abandoned]
      for (const work of all) work.abort()
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
