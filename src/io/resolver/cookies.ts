import { type Cookie, clientOctets, readReplyCookie } from '../../core/dns/cookie.ts'
import type { Message } from '../../core/dns/message.ts'
import { RCODE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { createCache } from './cache.ts'

/** A cookie as it goes out with a query. */
export interface SentCookie extends Cookie {
  readonly key: string
}

/** What servers and we show each other so that nobody else can answer in their place. RFC 7873, RFC 9018 */
export interface Cookies {
  /** What to send to the server from this address of ours; undefined when it is to be spared. */
  of(server: string, local: string): SentCookie | undefined
  /** Remembers what the server gave with its reply, whatever else it says; whether it did. RFC 7873 §5.3 */
  learn(sent: SentCookie, reply: Message): boolean
  /** A server that answers without its cookie, or does not answer with one, is asked without for a while. */
  spare(server: string): void
  /** Of a server that has not shown yet that it reads cookies: it, or who stands before it, may drop what has one. */
  noteSilence(server: string, sent: SentCookie): void
}

export function createCookies(now: () => number, randomBits: (octets: number) => Uint8Array): Cookies {
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const kept = createCache<SentCookie & { readonly period: number }>({ ...bounds, octetsOf: () => 128 })
  const spared = createCache<true>({ ...bounds, octetsOf: () => 8 })

  /**
   * Another for every server, for each address of ours and for each time, so that it gives us away to nobody who knows us
   * from elsewhere, and nobody can foresee it. RFC 9018 §3
   */
  function startWith(server: string, local: string, period: number): SentCookie {
    const client = new Uint8Array(randomBits(clientOctets))
    const cookie = { key: `${local} ${server}`, client, server: undefined, period }
    kept.put(cookie.key, cookie, now() + limits.resolver.cookieKept * 1000)
    return cookie
  }

  return {
    of(server, local) {
      if (spared.get(server) !== undefined) return undefined
      const period = Math.floor(now() / (limits.resolver.clientCookieKept * 1000))
      const known = kept.get(`${local} ${server}`)?.value
      return known?.period === period ? known : startWith(server, local, period)
    },
    learn(sent, reply) {
      const shown = readReplyCookie(reply, sent)
      const known = kept.get(sent.key)?.value
      if (shown.kind !== 'right' || shown.server === undefined || known?.client !== sent.client) return false
      kept.put(sent.key, { ...known, server: shown.server }, now() + limits.resolver.cookieKept * 1000)
      return true
    },
    spare(server) {
      spared.put(server, true, now() + limits.resolver.cookieKept * 1000)
    },
    noteSilence(server, sent) {
      if (sent.server === undefined) spared.put(server, true, now() + limits.resolver.learntKept * 1000)
    },
  }
}

/**
 * Whether a datagram is not from the server, or no more so than others: `wrong-cookie` when it has not what we sent,
 * `no-cookie` when the server has given cookies before and this has none. RFC 7873 §5.3
 */
export function doubtCookie(sent: SentCookie, reply: Message): 'wrong-cookie' | 'no-cookie' | undefined {
  const { kind } = readReplyCookie(reply, sent)
  if (kind === 'wrong') return 'wrong-cookie'
  return kind === 'missing' && sent.server !== undefined ? 'no-cookie' : undefined
}

/** RFC 6891 §6.1.2 has unknown options passed over; who says such of a query with one may not have read further. */
export function dislikesCookie(sent: SentCookie, reply: Message): boolean {
  const { FORMERR, NOTIMP, BADVERS } = RCODE
  const { rcode } = reply
  const isComplaint = rcode === FORMERR || rcode === NOTIMP || rcode === BADVERS
  return isComplaint && readReplyCookie(reply, sent).kind !== 'right'
}
