import { limits } from '../../limits.ts'

/** One RRset of TLSA records as some authoritative server had it. */
export interface SeenSet {
  /** As text, in order; none where the servers deny that there are any; undefined for what was there before we looked. */
  readonly records: readonly string[] | undefined
  /** Seconds; of a denial, for how long it may be kept. RFC 2308 §5 */
  readonly ttl: number
  /** Milliseconds since 1970, here and below. */
  readonly firstAt: number
  /** When every server was first seen without it; undefined while one has it, or may have. */
  readonly goneAt: number | undefined
}

/** What was served, for as long as some cache may still have it. */
export type History = readonly SeenSet[]

/** What servers have at one moment, each different set once. */
export interface Served {
  readonly sets: readonly Pick<SeenSet, 'records' | 'ttl'>[]
  /** Whether every server told: else any of the earlier sets may still be there. */
  readonly isWhole: boolean
}

/**
 * Adds what was seen. A set counts as served until it was looked for on all servers and not found; what was there before
 * the first look could be anything, and counts like one more set.
 */
export function noteServed(history: History, { sets, isWhole }: Served, now: number): History {
  const before = history.length > 0 ? history : unknownBefore(sets, now)
  const known = before.map((set): SeenSet => {
    // What a clock that was ahead has noted was so by now, at the latest.
    if (set.goneAt !== undefined && set.goneAt > now && !sets.some((one) => isSame(one, set)))
      return { ...set, goneAt: now }
    if (sets.some((one) => isSame(one, set))) return { ...set, goneAt: undefined }
    return isWhole && set.goneAt === undefined ? { ...set, goneAt: now } : set
  })
  const fresh = sets.filter((one) => !before.some((set) => isSame(one, set)))
  const all = [...known, ...fresh.map(({ records, ttl }) => ({ records, ttl, firstAt: now, goneAt: undefined }))]
  const wait = waitOf(all)
  return bound(all.filter(({ goneAt }) => goneAt === undefined || goneAt + wait > now))
}

function unknownBefore(sets: Served['sets'], now: number): History {
  const ttl = Math.max(0, ...sets.map((set) => set.ttl))
  return sets.length === 0 ? [] : [{ records: undefined, ttl, firstAt: now, goneAt: undefined }]
}

function isSame(one: Pick<SeenSet, 'records' | 'ttl'>, other: SeenSet): boolean {
  return one.ttl === other.ttl && one.records?.join('\n') === other.records?.join('\n')
}

/** Of too many, the longest gone become one of which nothing is known: the wait for them stays. */
function bound(history: History): History {
  const surplus = history.length - limits.rollover.sets
  if (surplus <= 0) return history
  const order = history.toSorted((one, other) => (one.goneAt ?? Infinity) - (other.goneAt ?? Infinity))
  const merged = order.slice(0, surplus + 1)
  const goneAts = merged.map(({ goneAt }) => goneAt)
  const unknown: SeenSet = {
    records: undefined,
    ttl: Math.max(...merged.map(({ ttl }) => ttl)),
    firstAt: Math.min(...merged.map(({ firstAt }) => firstAt)),
    goneAt: goneAts.some((at) => at === undefined) ? undefined : Math.max(...goneAts.map((at) => at ?? 0)),
  }
  return [unknown, ...order.slice(surplus + 1)]
}

/** Milliseconds that a change must have been everywhere: twice the largest TTL that caches may still go by. RFC 7671 §8.1 */
export function waitOf(history: History): number {
  return 2000 * Math.max(0, ...history.map(({ ttl }) => ttl))
}

/** From when on no cache can hold a set that is not fine; undefined while a server has such a set or may have, or nothing is known. */
export function freeFrom(
  history: History,
  isFine: (records: readonly string[]) => boolean,
): { readonly at: number | undefined } {
  if (history.length === 0) return { at: undefined }
  const wait = waitOf(history)
  let at = Number.NEGATIVE_INFINITY
  for (const { records, goneAt } of history) {
    if (records !== undefined && isFine(records)) continue
    if (goneAt === undefined) return { at: undefined }
    at = Math.max(at, goneAt + wait)
  }
  return { at }
}

/**
 * Until when caches may hold a set known not to be fine, by its own TTL: for saying how long harm lasts, not for
 * deciding that it is over. `Infinity` while a server has one; undefined when there is none.
 */
export function harmUntil(
  history: History,
  isFine: (records: readonly string[]) => boolean,
  now: number,
): number | undefined {
  const ends = history.flatMap(({ records, ttl, goneAt }) =>
    records === undefined || isFine(records) ? [] : [goneAt === undefined ? Infinity : goneAt + ttl * 1000],
  )
  const end = Math.max(Number.NEGATIVE_INFINITY, ...ends)
  return end > now ? end : undefined
}
