/** Items of which the least, as `compare` has it, is found at once; those that are not valid any more are passed over. */
export interface Heap<Item> {
  push(item: Item): void
  /** The least that is valid; it stays. */
  peek(): Item | undefined
  pop(): Item | undefined
  /** Those that are valid, in no order. */
  valid(): Item[]
}

/** Many that have become invalid are cleared away, so that memory follows what is valid. */
export function createHeap<Item>(
  compare: (one: Item, other: Item) => number,
  isValid: (item: Item) => boolean,
): Heap<Item> {
  let items: Item[] = []
  let sizeAtClearing = 1000

  const isLess = (one: number, other: number) => compare(items[one] as Item, items[other] as Item) < 0
  const swap = (one: number, other: number) => {
    const kept = items[one] as Item
    items[one] = items[other] as Item
    items[other] = kept
  }
  const rise = (from: number) => {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!isLess(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }
  const sink = (from: number) => {
    for (let at = from; ; ) {
      const left = 2 * at + 1
      const least = left + 1 < items.length && isLess(left + 1, left) ? left + 1 : left
      if (least >= items.length || !isLess(least, at)) return
      swap(at, least)
      at = least
    }
  }
  const removeFirst = (): Item | undefined => {
    const [first] = items
    const last = items.pop()
    if (items.length > 0) {
      items[0] = last as Item
      sink(0)
    }
    return first
  }
  const clear = () => {
    items = items.filter(isValid)
    for (let at = (items.length >> 1) - 1; at >= 0; at--) sink(at)
    sizeAtClearing = Math.max(1000, 2 * items.length)
  }
  const dropInvalid = () => {
    while (items.length > 0 && !isValid(items[0] as Item)) removeFirst()
  }
  return {
    push(item) {
      items.push(item)
      rise(items.length - 1)
      if (items.length > sizeAtClearing) clear()
    },
    peek() {
      dropInvalid()
      return items[0]
    },
    pop() {
      dropInvalid()
      return items.length > 0 ? removeFirst() : undefined
    },
    valid: () => items.filter(isValid),
  }
}
