import { performance } from 'node:perf_hooks'
import { limits } from '../../core/limits.ts'

/** Shares the main thread between lookups and all else that the process does. */
export interface Pace {
  /** Resolves when it is one's turn, in the order of coming; undefined for whoever may go at once. */
  take(): Promise<void> | undefined
  /** How many wait for their turn. */
  readonly waiting: number
  /** Whether others have been asking for something of late: not only before the turn that somebody has now. */
  readonly hasOthers: boolean
}

/** What tells how the main thread spends its time. */
export interface Loop {
  /** Calls one after the other in the next turn of the event loop, each when all that the one before set off is done. */
  onNextTurn(calls: readonly (() => void)[]): void
  /** Milliseconds by a clock that is never set. */
  now(): number
}

const nodeLoop: Loop = {
  onNextTurn(calls) {
    for (const call of calls) setImmediate(call)
  },
  now: () => performance.now(),
}

export interface PaceOptions {
  /** How many others have had what they asked for; without it, nobody else is known to be there. */
  readonly others?: () => number
  /** In the place of Node's, for tests. */
  readonly loop?: Loop
}

/** How much time others have after a turn, by what that took: replies are taken in and sockets opened besides. */
const partOfOthers = 9

/**
 * A few go in each turn of the event loop, and one alone where that takes long. While others keep asking they come first
 * after it, for nine times as long.
 *
 * What a reply sets off, signature checks above all, is done before anything else has its turn. Replies that come together
 * would have whoever asks for something that is known wait for all of them, and a flood of lookups would leave little of the
 * thread to all who do. A turn of the loop costs something too: one for each reply would cost a flood a tenth of its time.
 */
export function createPace({ others = () => 0, loop = nodeLoop }: PaceOptions = {}): Pace {
  const waiting = new Set<() => void>()
  let isTaken = false
  /** Whether anybody has waited since it was taken: as a rule lookups are alone, and one call a turn is enough then. */
  let isShared = false
  let hasGone = false
  /** Milliseconds that others may have yet. */
  let owed = 0
  let countedUpTo = 0
  let othersThen = 0
  let othersAt = Number.NEGATIVE_INFINITY

  /** Who asks again needs a moment for that: to go as soon as nobody does would halve what others have. */
  const areOthersThere = (now: number, pauseMs: number): boolean => {
    const count = others()
    if (count !== othersThen) othersAt = now
    othersThen = count
    return now - othersAt <= pauseMs
  }

  const goFirst = () => {
    const now = loop.now()
    owed -= now - countedUpTo
    countedUpTo = now
    if (waiting.size === 0 || (areOthersThere(now, limits.resolver.othersPauseMs) && owed > 0)) return
    hasGone = true
    goNext()
  }
  const goNext = () => {
    const [next] = waiting
    if (next === undefined) return
    waiting.delete(next)
    next()
  }
  const goToo = () => {
    if (hasGone && loop.now() - countedUpTo < limits.resolver.turnMs) goNext()
  }
  const end = () => {
    const now = loop.now()
    if (hasGone) owed = Math.min(partOfOthers * (now - countedUpTo), limits.resolver.othersFirstMs)
    countedUpTo = now
    // Over with a turn in which nobody wants to go.
    isTaken = hasGone || waiting.size > 0
    isShared = isTaken
    hasGone = false
    if (isTaken) loop.onNextTurn(turn)
  }
  const turn = [goFirst, ...Array.from({ length: limits.resolver.repliesInTurn - 1 }, () => goToo), end]
  const endAlone = () => {
    if (!isShared) isTaken = false
  }
  return {
    take() {
      if (!isTaken) {
        isTaken = true
        owed = 0
        loop.onNextTurn([endAlone])
        return undefined
      }
      if (!isShared) {
        isShared = true
        loop.onNextTurn(turn)
      }
      return new Promise((resolve) => waiting.add(resolve))
    },
    get waiting() {
      return waiting.size
    },
    get hasOthers() {
      return areOthersThere(loop.now(), limits.resolver.othersFirstMs)
    },
  }
}
