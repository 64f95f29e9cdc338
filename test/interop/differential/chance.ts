/** Chance that comes out the same for the same seed. */
export interface Chance {
  /** From 0 up to `below`, never `below` itself. */
  int(below: number): number
  pick<Item>(items: readonly Item[]): Item
  /** True so often, of 1. */
  happens(often: number): boolean
  /** So many of them, each once, in an order left to chance. */
  some<Item>(items: readonly Item[], count: number): Item[]
}

/** The generator known as mulberry32: small, and good enough to mix things with. */
export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const int = (below: number) => Math.floor(next() * below)
  return {
    int,
    pick(items) {
      const item = items[int(items.length)]
      if (item === undefined) throw new RangeError('nothing to pick from')
      return item
    },
    happens: (often) => next() < often,
    some(items, count) {
      const left = [...items]
      const taken: (typeof left)[number][] = []
      while (left.length > 0 && taken.length < count) taken.push(...left.splice(int(left.length), 1))
      return taken
    },
  }
}
