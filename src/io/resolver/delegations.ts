import type { ResourceRecord } from '../../core/dns/message.ts'
import { readAddress } from '../../core/dns/rdata/address.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { proofsOf } from '../../core/dns/reply.ts'
import type { Rrset } from '../../core/dns/rrset.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { mapKnown } from '../../core/lists.ts'
import { isAtOrBelow, keyAbove, type Name, parentOfName, rootName, sameName } from '../../core/name/name.ts'
import { acceptedValue } from '../../core/result.ts'
import type { Endpoint } from '../network.ts'
import { type Cache, type CacheRoom, createCache, wholeRoom } from './cache.ts'
import { createFailureTimes } from './failure-times.ts'
import type { Reply } from './upstream.ts'

/** The name servers of a zone, as its parent names them. RFC 1034 §4.2.1 */
export interface Delegation {
  readonly zone: Name
  readonly servers: readonly NameServer[]
  /** Whether it is said to have no chain of trust. Who is told so wrongly finds out when he validates. */
  readonly isUnsigned?: boolean
  /** Of the root: addresses that the operator gave, for when nobody has said who serves it, or to no use. */
  readonly hints?: readonly string[]
}

export interface NameServer {
  readonly name: Name
  /** Glue; without any, the addresses are looked up. */
  readonly addresses: readonly string[]
}

/** What is remembered of the way down. Only a parent's word makes or prolongs a delegation. RFC 2181 §5.4.1 */
export interface Delegations {
  /** The lowest one known at or above the name. */
  closest(name: Name): Delegation
  /** `reply` is the referral. */
  put(referral: Referral, reply: Reply): Delegation
  /** What the root says of its own servers, for so many seconds. RFC 9609 §3 */
  prime(reply: Reply, ttl: number): void
  /**
   * Keeps a delegation that led nowhere no longer than the failure is remembered, so that the parent is asked again: it
   * may have been a forgery, or be out of date. Not again for a while when the next one is no better. RFC 9520 §3.3
   */
  doubt(zone: Name, seconds: number): void
  /** Whether a delegation of the zone led nowhere lately. */
  isDoubted(zone: Name): boolean
  /** Addresses with which a parent gave this name server of its child, for when the child's own are of no use. */
  glueOf(server: Name): readonly string[]
  /** What the referral to this zone said of its DS records. */
  referralTo(zone: Name): Reply | undefined
}

export interface Referral {
  readonly zone: Name
  readonly ns: Rrset
  /** Of the additional section. */
  readonly glue: readonly ResourceRecord[]
  /** Zone of the server that refers: it says nothing of addresses outside. */
  readonly bailiwick: Name
}

export function createDelegations(
  rootHints: readonly Endpoint[],
  now: () => number,
  room: CacheRoom = wholeRoom,
): Delegations {
  const bounds = { now, entries: room.entries, octets: room.octets }
  const known = createCache<Delegation>({ ...bounds, octetsOf: octetsOfDelegation })
  const referrals = createCache<Referred>({ ...bounds, octetsOf: ({ reply }) => octetsOfReply(reply) })
  const hints = rootHints.map(({ address }) => address)
  const root: Delegation = { zone: rootName, servers: [], hints }
  const doubted = createCache<true>({ ...bounds, octetsOf: () => 8 })
  const times = createFailureTimes(now, room)
  /** From the lowest up. */
  function* upwards(name: Name): Generator<Delegation> {
    for (let at: Name | undefined = name; at !== undefined; at = parentOfName(at)) {
      const found = known.get(at.key)
      if (found !== undefined) yield found.value
    }
  }
  return {
    closest(name) {
      for (let { key, labelCount } = name; labelCount >= 0; labelCount--) {
        const found = known.get(key)
        if (found !== undefined) return found.value
        if (labelCount > 0) key = keyAbove(key)
      }
      return root
    },
    prime({ message, answer }, ttl) {
      const ns = answer.find(({ name, type }) => type === TYPE.NS && sameName(name, rootName))
      if (ns === undefined || !message.isAuthoritative) return
      const { servers } = readReferral({ zone: rootName, ns, glue: message.additional, bailiwick: rootName })
      // The root would have to be asked for its servers' addresses.
      if (servers.every(({ addresses }) => addresses.length === 0)) return
      known.put(rootName.key, { zone: rootName, servers, hints }, now() + Math.min(ttl, limits.resolver.ttl) * 1000)
    },
    isDoubted: ({ key }) => doubted.get(key) !== undefined,
    doubt({ key }, seconds) {
      if (known.get(key) === undefined || doubted.get(key) !== undefined) return
      const until = now() + seconds * 1000
      doubted.put(key, true, Math.max(until, now() + times.next(key, 'unreachable') * 1000))
      shorten(known, key, until)
      shorten(referrals, key, until)
    },
    glueOf(server) {
      const same = [...upwards(server)].flatMap(({ servers }) => servers.filter(({ name }) => name.key === server.key))
      return same.find(({ addresses }) => addresses.length > 0)?.addresses ?? []
    },
    put(referral, reply) {
      const { zone, ns, bailiwick } = referral
      const until = (ttl: number) => now() + Math.min(ttl, limits.resolver.ttl) * 1000
      // What a zone hands on lasts no longer than its own delegation, or taking that away would be of no effect.
      const above = sameName(bailiwick, rootName) ? Number.POSITIVE_INFINITY : (known.get(bailiwick.key)?.until ?? 0)
      const ds = asDsReply(reply, zone)
      // Below what is unsigned nothing is said of DS records.
      const isUnsigned = ds === undefined ? known.get(bailiwick.key)?.value.isUnsigned === true : ds.answer.length === 0
      const delegation = { ...readReferral(referral), isUnsigned }
      known.put(zone.key, delegation, Math.min(until(ns.ttl), above))
      if (ds !== undefined) referrals.put(zone.key, { reply: ds, at: now() }, Math.min(until(leastTtl(ds)), above))
      return delegation
    },
    referralTo(zone) {
      const found = referrals.get(zone.key)?.value
      return found && grownOld(found.reply, Math.floor((now() - found.at) / 1000))
    },
  }
}

/** Makes an entry end by then. */
export function shorten<Value>(cache: Cache<Value>, key: string, until: number): void {
  const found = cache.get(key)
  if (found !== undefined && found.until > until) cache.put(key, found.value, until)
}

/** A referral as a reply about DS records, and when it came. */
interface Referred {
  readonly reply: Reply
  readonly at: number
}

/** Of the DS records, or of what denies them. */
function leastTtl(reply: Reply): number {
  const used = reply.answer.length > 0 ? reply.answer : proofsOf(reply)
  return Math.min(...used.map(({ ttl }) => ttl))
}

/** The reply as a cache passes it on: signatures that were over less are none the worse. RFC 1035 §4.1.3 */
function grownOld(reply: Reply, seconds: number): Reply {
  const older = (rrsets: readonly Rrset[]) =>
    rrsets.map((rrset) => ({ ...rrset, ttl: Math.max(0, rrset.ttl - seconds) }))
  // It is asked for apart from the server itself, who may say more when asked for DS than when it refers.
  return {
    ...reply,
    answer: older(reply.answer),
    authority: older(reply.authority),
    source: `${reply.source} referral`,
  }
}

/** A referral as a reply about DS records; undefined when it says nothing of them. RFC 4035 §3.1.4.1 */
export function asDsReply(reply: Reply, zone: Name): Reply | undefined {
  const ds = reply.authority.filter((rrset) => rrset.type === TYPE.DS && sameName(rrset.name, zone))
  if (ds.length > 0) return { ...reply, answer: ds }
  return proofsOf(reply).length > 0 ? { ...reply, answer: [] } : undefined
}

function octetsOfDelegation({ servers }: Delegation): number {
  return servers.reduce((sum, { addresses }) => sum + 256 + 64 * addresses.length, 256)
}

/** About the memory that a reply takes. */
export function octetsOfReply({ message }: Reply): number {
  return [...message.answer, ...message.authority, ...message.additional].reduce(
    (sum, { rdata }) => sum + rdata.length + 128,
    512,
  )
}

function readReferral({ zone, ns, glue, bailiwick }: Referral): Delegation {
  const rdatas = ns.rdatas.slice(0, limits.resolver.nameServersPerZone)
  const names = mapKnown(rdatas, (rdata) => acceptedValue(readNameRdata(rdata)))
  const servers = names.map((name) => ({
    name,
    addresses: isAtOrBelow(name, bailiwick)
      ? mapKnown(glue, (record) => (record.name.key === name.key ? addressOf(record) : undefined)).slice(
          0,
          limits.resolver.addressesPerServer,
        )
      : [],
  }))
  return { zone, servers }
}

export function addressOf({ type, rdata }: ResourceRecord): string | undefined {
  return type === TYPE.A || type === TYPE.AAAA ? acceptedValue(readAddress(type, rdata)) : undefined
}
