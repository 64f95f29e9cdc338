/** Lets so many go at once; the others wait in the order of their coming. */
export interface Turns {
  /** Resolves when it is one's turn, with what to call when done; undefined when too many wait already. */
  take(): Promise<() => void> | undefined
  /** How many wait. */
  readonly waiting: number
}

/** `atOnce` at a time; of the others at most `waitingMax`. */
export function createTurns(atOnce: number, waitingMax: number): Turns {
  const waiting = new Set<() => void>()
  let free = atOnce
  const createDone = () => {
    let isDone = false
    return () => {
      if (isDone) return
      isDone = true
      const [first] = waiting
      if (first === undefined) free++
      else {
        waiting.delete(first)
        first()
      }
    }
  }
  return {
    take() {
      if (free > 0) {
        free--
        return Promise.resolve(createDone())
      }
      if (waiting.size >= waitingMax) return undefined
      return new Promise((resolve) => waiting.add(() => resolve(createDone())))
    },
    get waiting() {
      return waiting.size
    },
  }
}
