/** What was learnt, for as long as it holds; bounded by entries and octets, the longest unused go first. */
export interface Cache<Value> {
  /** The value with its end in milliseconds since 1970; undefined when there is none any more. */
  get(key: string): { readonly value: Value; readonly until: number } | undefined
  put(key: string, value: Value, until: number): void
  delete(key: string): void
  readonly size: number
}

export interface CacheOptions<Value> {
  readonly now: () => number
  readonly entries: number
  readonly octets: number
  /** About how much memory a value takes. */
  readonly octetsOf: (value: Value) => number
}

interface Entry<Value> {
  readonly value: Value
  readonly until: number
  readonly octets: number
}

/** What an entry costs beside its value. */
const overhead = 128

export function createCache<Value>({ now, entries, octets, octetsOf }: CacheOptions<Value>): Cache<Value> {
  const kept = new Map<string, Entry<Value>>()
  let used = 0

  function drop(key: string): void {
    used -= kept.get(key)?.octets ?? 0
    kept.delete(key)
  }

  return {
    get(key) {
      const entry = kept.get(key)
      if (entry === undefined) return undefined
      drop(key)
      if (entry.until <= now()) return undefined
      kept.set(key, entry)
      used += entry.octets
      return entry
    },
    put(key, value, until) {
      drop(key)
      const entry = { value, until, octets: octetsOf(value) + key.length + overhead }
      if (until <= now() || entry.octets > octets) return
      kept.set(key, entry)
      used += entry.octets
      while (kept.size > entries || used > octets) drop(kept.keys().next().value ?? '')
    },
    delete: drop,
    get size() {
      return kept.size
    },
  }
}
