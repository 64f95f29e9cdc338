import { limits } from '../../core/limits.ts'
import { isAtOrBelow, type Name, withoutLabels } from '../../core/name/name.ts'
import type { AnchorSource } from './anchor-source.ts'
import { type CacheRoom, createCache, wholeRoom } from './cache.ts'
import { octetsOfWords } from './task.ts'
import type { Link } from './validator.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** What is known of one name and type. */
export interface KnownLink {
  readonly name: Name
  readonly type: number
  readonly link: Link
  /** Its end, in milliseconds since 1970. */
  readonly until: number
  /** From when on whoever asks shows that it is worth renewing: never when it is not, or was begun. */
  renewableFrom: number
}

/** What replies said of names and types, judged, for as long as it holds. RFC 4035 §4.5 */
export interface LinkCache {
  /**
   * What is known of the name and type: of themselves, because the name does not exist (RFC 2308 §5), or because a
   * name above does not, which is proved (RFC 8020 §2).
   */
  find(question: Question, now: number): KnownLink | undefined
  /** For so many seconds. */
  put(question: Question, link: Link, seconds: number): void
}

export interface LinkCacheOptions {
  readonly now: () => number
  /** A zone with one is asked itself, with a negative one too: the zones above have no say in it. */
  readonly anchors: AnchorSource
  /** Whether what is used is ever renewed. */
  readonly renews: boolean
  /** All that the limits allow unless told. */
  readonly room?: CacheRoom | undefined
}

/** What is known of a name goes together when room is needed; it is found by the name alone, as that has its hash. */
export function createLinkCache({ now, anchors, renews, room = wholeRoom }: LinkCacheOptions): LinkCache {
  const { answers: entries, answerOctets: octets } = room
  const names = createCache<readonly KnownLink[]>({ now, entries, octets, octetsOf: octetsOfAll })
  /** How many labels names have that there ever were and below which nothing exists: others are not looked for. */
  const cutDepths = new Set<number>()

  function absence(name: Name, at: number, isCut: boolean): KnownLink | undefined {
    for (const one of names.get(name.key, at)?.value ?? []) {
      if (one.link.kind === 'nxdomain' && one.until > at && (!isCut || one.link.isCut === true)) return one
    }
    return undefined
  }

  /** A negative anchor may have been given because it is what is said of the zone above that is not true. RFC 7646 §2 */
  function isAnchoredBetween(name: Name, above: Name, at: number): boolean {
    const set = anchors.current()
    const top = set.closest(name)[0]?.owner
    if (top !== undefined && isAtOrBelow(top, above)) return true
    const negative = set.negativeFor(name, at)
    return negative !== undefined && isAtOrBelow(negative.name, above)
  }

  function cutAbove(name: Name, at: number): KnownLink | undefined {
    for (let depth = name.labelCount - 1; depth >= 0; depth--) {
      if (!cutDepths.has(depth)) continue
      const above = withoutLabels(name, name.labelCount - depth)
      const cut = absence(above, at, true)
      if (cut !== undefined) return isAnchoredBetween(name, above, at) ? undefined : cut
    }
    return undefined
  }

  return {
    find({ name, type }, at) {
      const known = names.get(name.key, at)
      if (known !== undefined) {
        for (const one of known.value) if (one.type === type && one.until > at) return one
        const absent = absence(name, at, false)
        if (absent !== undefined && !isAnchoredBetween(name, name, at)) return absent
      }
      return cutDepths.size > 0 ? cutAbove(name, at) : undefined
    },
    put({ name, type }, link, seconds) {
      const at = now()
      const until = at + seconds * 1000
      const before = names.get(name.key, at)?.value ?? []
      const others = before.filter((one) => one.type !== type && one.until > at)
      if (until <= at && others.length === before.length) return
      const renewableFrom = renews && link.kind !== 'failed' ? renewalTime(at, until) : Number.POSITIVE_INFINITY
      const kept = until <= at ? [] : [{ name, type, link: compact(link, name), until, renewableFrom }]
      // `concat` makes a list that is no longer than what is in it.
      const all = others.slice(-(limits.resolver.typesPerName - 1)).concat(kept)
      if (link.kind === 'nxdomain' && link.isCut === true) cutDepths.add(name.labelCount)
      names.put(name.key, all, Math.max(...all.map((one) => one.until)))
    },
  }
}

/** When the last part of a life begins, in milliseconds since 1970; never where it is short. RES-27 */
export function renewalTime(from: number, until: number): number {
  const { refreshPart, refreshLeastTtl } = limits.resolver
  const life = until - from
  return life < refreshLeastTtl * 1000 ? Number.POSITIVE_INFINITY : until - refreshPart * life
}

/**
 * Without the signatures, which have done their work, and the records in octets of their own: as they come they are
 * pieces of a message, and would keep the whole of it.
 */
function compact(link: Link, asked: Name): Link {
  if (link.kind !== 'rrset') return link
  const { rrset, ...rest } = link
  const { type, class: klass, damaged } = rrset
  const name = rrset.name.wire === asked.wire ? asked : rrset.name
  const rdatas = rrset.rdatas.map((rdata) => new Uint8Array(rdata))
  const kept = { name, type, class: klass, ttl: rrset.ttl, rdatas, signatures: [], damaged }
  return { ...rest, rrset: kept }
}

function octetsOfAll(known: readonly KnownLink[]): number {
  return known.reduce((sum, { link }) => sum + octetsOfLink(link), 0)
}

/** Objects and strings as V8 keeps them, about: `bench/cache.ts` shows how near that is. */
function octetsOfLink(link: Link): number {
  const ofChain = 256 + 16 * link.chain.length + octetsOfWords(link.kind === 'failed' ? link.trouble : link)
  if (link.kind !== 'rrset') return 440 + ofChain
  const { name, rdatas } = link.rrset
  return rdatas.reduce((sum, { length }) => sum + length + 160, 480 + 2 * name.wire.length + ofChain)
}
