/**
 * Lets one at a time go in each turn of the event loop, the others in the order of their coming; undefined for whoever may
 * go at once.
 *
 * What a reply sets off, signature checks above all, is done before anything else has its turn. Replies that come together
 * would have whoever asks for something that is known wait for all of them.
 */
export function createLoopTurns(): () => Promise<void> | undefined {
  const waiting = new Set<() => void>()
  let isTaken = false
  const next = () => {
    const [first] = waiting
    if (first === undefined) {
      isTaken = false
      return
    }
    waiting.delete(first)
    setImmediate(next)
    first()
  }
  return () => {
    if (isTaken) return new Promise((resolve) => waiting.add(() => resolve()))
    isTaken = true
    setImmediate(next)
    return undefined
  }
}
