import { limits } from '../../core/limits.ts'

/** How much each cache of a resolver may hold, and how much that of answers. */
export interface CacheRoom {
  readonly entries: number
  readonly octets: number
  /** Names. */
  readonly answers: number
  readonly answerOctets: number
}

/** All that the limits allow: for who may be asked for anything again. */
export const wholeRoom: CacheRoom = {
  ...{ entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets },
  ...{ answers: limits.resolver.answers, answerOctets: limits.resolver.answerOctets },
}

/** For who looks at one domain after the other and comes back to none: what many of them have in common stays. */
export const passingRoom: CacheRoom = {
  ...wholeRoom,
  ...{ entries: limits.resolver.passingEntries, answers: limits.resolver.passingAnswers },
}

/** What was learnt, for as long as it holds; bounded by entries and octets, what was not used for long goes first. */
export interface Cache<Value> {
  /** The value with its end in milliseconds since 1970; undefined when there is none any more. `at` is now. */
  get(key: string, at?: number): { readonly value: Value; readonly until: number } | undefined
  put(key: string, value: Value, until: number): void
  delete(key: string): void
  /** Everything, what has ended included. */
  all(): Iterable<{ readonly value: Value; readonly until: number }>
  readonly size: number
}

export interface CacheOptions<Value> {
  readonly now: () => number
  readonly entries: number
  readonly octets: number
  /** About how much memory a value takes. */
  readonly octetsOf: (value: Value) => number
  /** Told of what goes, for whatever reason. */
  readonly onDrop?: (value: Value) => void
}

interface Entry<Value> {
  readonly value: Value
  readonly until: number
  readonly octets: number
  /** Whether it was used since it was last looked at for dropping. */
  isUsed: boolean
}

/** What an entry costs beside its value. */
const overhead = 128

export function createCache<Value>({ now, entries, octets, octetsOf, onDrop }: CacheOptions<Value>): Cache<Value> {
  const kept = new Map<string, Entry<Value>>()
  let used = 0

  function drop(key: string): void {
    const entry = kept.size === 0 ? undefined : kept.get(key)
    if (entry === undefined) return
    used -= entry.octets
    kept.delete(key)
    onDrop?.(entry.value)
  }

  /** What was used gets another turn at the end: that is cheaper than to move it there with every use. */
  function dropOldest(): void {
    for (const [key, entry] of kept) {
      if (!entry.isUsed) {
        drop(key)
        return
      }
      entry.isUsed = false
      kept.delete(key)
      kept.set(key, entry)
    }
  }

  return {
    get(key, at) {
      const entry = kept.size === 0 ? undefined : kept.get(key)
      if (entry === undefined) return undefined
      if (entry.until <= (at ?? now())) {
        drop(key)
        return undefined
      }
      entry.isUsed = true
      return entry
    },
    put(key, value, until) {
      drop(key)
      const entry = { value, until, octets: octetsOf(value) + key.length + overhead, isUsed: false }
      if (until <= now() || entry.octets > octets) return
      kept.set(key, entry)
      used += entry.octets
      while (kept.size > entries || used > octets) dropOldest()
    },
    delete: drop,
    all: () => kept.values(),
    get size() {
      return kept.size
    },
  }
}
