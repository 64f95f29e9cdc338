/** Texts in order, each once: what is looked for takes as many steps as their number has binary digits. */
export interface OrderedKeys {
  add(key: string): void
  delete(key: string): void
  /** The key itself, or else the last one before it. */
  atOrBefore(key: string): string | undefined
  last(): string | undefined
  readonly size: number
}

export function createOrderedKeys(): OrderedKeys {
  const keys: string[] = []

  /** How many are before it. */
  function countBefore(key: string): number {
    let [low, high] = [0, keys.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((keys[middle] as string) < key) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    add(key) {
      const at = countBefore(key)
      if (keys[at] !== key) keys.splice(at, 0, key)
    },
    delete(key) {
      const at = countBefore(key)
      if (keys[at] === key) keys.splice(at, 1)
    },
    atOrBefore(key) {
      const at = countBefore(key)
      return keys[at] === key ? key : keys[at - 1]
    },
    last: () => keys.at(-1),
    get size() {
      return keys.length
    },
  }
}
