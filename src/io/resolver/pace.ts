import { performance } from 'node:perf_hooks'
import { limits } from '../../core/limits.ts'

/** Shares the main thread between lookups and all else that the process does. */
export interface Pace {
  /** Resolves when it is one's turn, in the order of coming; undefined for whoever may go at once. */
  take(): Promise<void> | undefined
  /** How many wait for their turn. */
  readonly waiting: number
}

/** What tells how the main thread spends its time. */
export interface Loop {
  /** Calls one after the other in the next turn of the event loop, the second when all that the first set off is done. */
  onNextTurn(first: () => void, second?: () => void): void
  /** Milliseconds by a clock that is never set. */
  now(): number
}

const nodeLoop: Loop = {
  onNextTurn(first, second) {
    setImmediate(first)
    if (second !== undefined) setImmediate(second)
  },
  now: () => performance.now(),
}

export interface PaceOptions {
  /** How many others have had what they asked for; without it, nobody else is known to be there. */
  readonly others?: () => number
  /** In the place of Node's, for tests. */
  readonly loop?: Loop
}

/** How much time others have after a turn, by what that took: replies are taken in besides. */
const partOfOthers = 3

/**
 * One goes in each turn of the event loop. While others keep asking they come first after it, for three times as long.
 *
 * What a reply sets off, signature checks above all, is done before anything else has its turn. Replies that come together
 * would have whoever asks for something that is known wait for all of them, and a flood of lookups would leave little of the
 * thread to all who do.
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
  const areOthersThere = (now: number): boolean => {
    const count = others()
    if (count !== othersThen) othersAt = now
    othersThen = count
    return now - othersAt <= limits.resolver.othersPauseMs
  }

  const begin = () => {
    const now = loop.now()
    owed -= now - countedUpTo
    countedUpTo = now
    const [first] = waiting
    if (first === undefined || (areOthersThere(now) && owed > 0)) return
    waiting.delete(first)
    hasGone = true
    first()
  }
  const end = () => {
    const now = loop.now()
    if (hasGone) owed = Math.min(partOfOthers * (now - countedUpTo), limits.resolver.othersFirstMs)
    countedUpTo = now
    // Over with a turn in which nobody wants to go.
    isTaken = hasGone || waiting.size > 0
    isShared = isTaken
    hasGone = false
    if (isTaken) loop.onNextTurn(begin, end)
  }
  const endAlone = () => {
    if (!isShared) isTaken = false
  }
  return {
    take() {
      if (!isTaken) {
        isTaken = true
        owed = 0
        loop.onNextTurn(endAlone)
        return undefined
      }
      if (!isShared) {
        isShared = true
        loop.onNextTurn(begin, end)
      }
      return new Promise((resolve) => waiting.add(resolve))
    },
    get waiting() {
      return waiting.size
    },
  }
}
