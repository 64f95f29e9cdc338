import { RCODE, TYPE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import { mapKnown } from '../../core/lists.ts'
import { nextShown } from '../../core/name/minimise.ts'
import { keyAbove, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import type { Endpoint } from '../network.ts'
import { askZone, type Descent, type Nesting, unpaid, type ZoneWork } from './ask-zone.ts'
import type { Said } from './authority-reply.ts'
import { type Cache, type CacheRoom, createCache, wholeRoom } from './cache.ts'
import { createCounters, type ResolverCounters } from './counters.ts'
import { addressOf, asDsReply, createDelegations, type Delegation, shorten } from './delegations.ts'
import { createFamilies } from './families.ts'
import { createLameness } from './lameness.ts'
import { createServerHealth } from './server-health.ts'
import { type Task, type Trouble, trouble } from './task.ts'
import type { Fetched, Reply, Upstream } from './upstream.ts'

export interface IterateOptions extends Pick<ZoneWork, 'asker' | 'now' | 'random' | 'patience'> {
  /** Whether servers are shown no more of a name than they need. RFC 9156 */
  readonly minimise: boolean
  readonly rootHints: readonly Endpoint[]
  readonly counters?: ResolverCounters | undefined
  /** All that the limits allow unless told. */
  readonly room?: CacheRoom | undefined
}

type Question = Parameters<Upstream['fetch']>[0]

interface Work extends IterateOptions, ZoneWork {
  /** Keys of zones with DS records, asked for as soon as a referral shows them: whoever follows it will want them. */
  readonly keys: Cache<Promise<Fetched>>
  /** Names of which a server has spoken for itself: no zone that it does not serve begins at or above them. */
  readonly reached: Cache<true>
  /** What servers of a zone are being asked about a name, whatever the type: a referral tells everybody the same. */
  readonly asking: Map<string, Asking>
}

/** What was asked; a map may keep what was in it for as long as V8 likes, and must not keep replies with it. */
interface Asking {
  ended: Promise<unknown> | undefined
}

export interface Iterator extends Upstream {
  /** The lowest delegation known at or above the name: whom its parent names as servers. */
  delegationTo(name: Name): Delegation
}

/** Follows referrals from the root. RFC 1034 §5.3.3 */
export function createIterator(options: IterateOptions): Iterator {
  const { now, rootHints, counters = createCounters(), room = wholeRoom } = options
  const bounds = { now, entries: room.entries, octets: room.octets }
  const addresses = createCache<readonly string[]>({ ...bounds, octetsOf: (list) => 64 * (list.length + 1) })
  const work: Work = {
    ...options,
    delegations: createDelegations(rootHints, now, room),
    health: createServerHealth(now, room),
    lameness: createLameness(now, counters, room),
    families: createFamilies(now),
    keys: createCache<Promise<Fetched>>({ ...bounds, octetsOf: () => limits.dns.udpPayload }),
    // Several of each domain under way, of which there may be hundreds.
    reached: createCache<true>({
      ...bounds,
      entries: Math.min(room.answers, limits.resolver.cacheEntries),
      octetsOf: () => 8,
    }),
    asking: new Map(),
    async addressesOf(server, task, nesting) {
      const cached = addresses.get(server.key)
      if (cached !== undefined) return cached.value
      const found = await lookUpAddresses(server, task, nesting, work)
      if (found.addresses.length === 0 && found.ttl > 0) task.missServer()
      if (!task.signal.aborted) addresses.put(server.key, found.addresses, now() + found.ttl * 1000)
      return found.addresses
    },
    doubt({ zone, servers }, seconds) {
      const until = now() + seconds * 1000
      for (const { name } of servers) shorten(addresses, name.key, until)
      work.delegations.doubt(zone, seconds)
    },
  }
  return {
    fetch(question, task, avoid) {
      const isFirst = avoid.size === 0 && question.type === TYPE.DNSKEY
      return isFirst ? fetchKeys(question, task, work) : descend(question, task, avoid, outermost, work)
    },
    learn({ name, type }, reply, ttl) {
      if (type === TYPE.NS && name.labelCount === 0) work.delegations.prime(reply, ttl)
    },
    delegationTo: (name) => work.delegations.closest(name),
    close: async () => {},
  }
}

const noServers: ReadonlySet<string> = new Set()
const outermost: Nesting = { depth: 0, path: new Set() }

async function descend(
  question: Question,
  task: Task,
  avoid: ReadonlySet<string>,
  nesting: Nesting,
  work: Work,
): Promise<Fetched> {
  const { name, type } = question
  const { delegations } = work
  if (type === TYPE.DS && task.isRefresh !== true) {
    const known = delegations.referralTo(name)
    if (known !== undefined && !avoid.has(known.source)) return { ok: true, reply: known }
  }
  // DS records stand in the parent zone. RFC 4035 §4.2
  let delegation = delegations.closest(type === TYPE.DS ? (parentOfName(name) ?? name) : name)
  let shown = shownBefore(name, delegation.zone, work)
  let waitedFor: Set<string> | undefined
  for (let referrals = 0; referrals < limits.resolver.referrals; ) {
    const part = nextShown(name, shown)
    const isWhole = sameName(part, name)
    const asked = isWhole ? question : { name: part, type: TYPE.A }
    const key = `${delegation.zone.key} ${part.key}`
    // Lookups of name servers wait for nobody: somebody may wait for them.
    const others = isWhole || nesting.depth > 0 ? undefined : work.asking.get(key)
    if (others !== undefined && waitedFor?.has(key) !== true) {
      waitedFor ??= new Set()
      waitedFor.add(key)
      await others.ended?.catch(() => {}) // whoever asks learns of it
      delegation = delegations.closest(type === TYPE.DS ? (parentOfName(name) ?? name) : name)
      shown = shownBefore(name, delegation.zone, work)
      continue
    }
    const ended = learnFromZone(delegation, asked, { task, avoid, nesting, question }, work)
    const asking: Asking = { ended }
    if (!work.asking.has(key)) work.asking.set(key, asking)
    let found: FoundAndLearnt
    try {
      found = await ended
    } finally {
      if (work.asking.get(key) === asking) work.asking.delete(key)
      asking.ended = undefined
    }
    if (found.kind === 'fetched') {
      if (isWhole || isHopeless(found.fetched)) return found.fetched
      // Who denies a name that nobody asked for may do so wrongly, as when names below it stand alone. RFC 9156 §3
      shown = isThere(found.fetched) ? part.labelCount : name.labelCount
      continue
    }
    referrals++
    delegation = found.delegation
    shown = shownBefore(name, delegation.zone, work)
    if (nesting.depth === 0) askForKeys(found.referral.zone, task, work)
    if (type === TYPE.DS && sameName(found.referral.zone, name)) return dsOf(found.reply, question)
  }
  const reason = `${nameRrset(question)}: more than ${limits.resolver.referrals} referrals`
  return { ok: false, trouble: trouble('limit', reason, { zone: delegation.zone }) }
}

/** Asks, and remembers what everybody may want to know of it before anybody goes on. */
async function learnFromZone(zone: Delegation, asked: Question, descent: Descent, work: Work): Promise<FoundAndLearnt> {
  const { delegations, reached, now } = work
  const found = await askZone(zone, asked, descent, work)
  if (found.kind === 'referral') return { ...found, delegation: delegations.put(found.referral, found.reply) }
  if (isThere(found.fetched)) reached.put(asked.name.key, true, now() + limits.resolver.learntKept * 1000)
  return found
}

/** How many labels the servers of the zone may see at once: those that nothing more is learnt from. RFC 9156 §3 */
function shownBefore(name: Name, zone: Name, { minimise, reached }: Work): number {
  if (!minimise) return name.labelCount
  let { key, labelCount } = name
  while (labelCount > zone.labelCount && reached.get(key) === undefined) {
    key = keyAbove(key)
    labelCount--
  }
  return labelCount
}

function isThere(fetched: Fetched): boolean {
  return fetched.ok && fetched.reply.message.rcode === RCODE.NOERROR
}

const hopeless: readonly Trouble['why'][] = ['timeout', 'unreachable', 'limit', 'overload', 'aborted']

/** Servers that cannot be asked for a part of the name cannot be asked for the whole. */
function isHopeless(fetched: Fetched): boolean {
  return !fetched.ok && hopeless.includes(fetched.trouble.why)
}

/** RFC 4035 §5.2: where there are DS records, the zone's keys are needed before anything in it counts. */
function askForKeys(zone: Name, task: Task, work: Work): void {
  // Whoever asks for the keys of a zone that fails does it less and less often. RFC 9520 §3.2
  if (work.delegations.isDoubted(zone)) return
  const referral = work.delegations.referralTo(zone)
  if (referral === undefined || referral.answer.length === 0 || work.keys.get(zone.key) !== undefined) return
  const asked = descend({ name: zone, type: TYPE.DNSKEY }, task, noServers, outermost, work)
  asked.catch(() => {}) // whoever takes it learns of it
  work.keys.put(zone.key, asked, work.now() + limits.resolver.failureTtl * 1000)
}

async function fetchKeys(question: Question, task: Task, work: Work): Promise<Fetched> {
  const { key } = question.name
  const early = work.keys.get(key)?.value
  if (early !== undefined) {
    work.keys.delete(key)
    const fetched = await early.catch(() => undefined)
    // What was given up with another's question, or did not come, says nothing.
    if (fetched?.ok === true) return fetched
  }
  return await descend(question, task, noServers, outermost, work)
}

/** A parent that refers instead of answering for itself may have said enough all the same. RFC 4035 §3.1.4.1 */
function dsOf(referral: Reply, question: Question): Fetched {
  const reply = asDsReply(referral, question.name)
  if (reply !== undefined) return { ok: true, reply }
  const { server } = referral
  const reason = `${nameRrset(question)}: ${server} refers to the zone itself instead of answering for its parent`
  return { ok: false, trouble: trouble('malformed', reason, { server, ede: 22 }) }
}
type FoundAndLearnt =
  | Extract<Said, { kind: 'fetched' }>
  | (Extract<Said, { kind: 'referral' }> & { readonly delegation: Delegation })
/** Unvalidated, as all that is said about name servers: what they serve is validated. RFC 4035 §2.2 */
async function lookUpAddresses(
  server: Name,
  task: Task,
  { depth, path }: Nesting,
  work: Work,
): Promise<{ readonly addresses: readonly string[]; readonly ttl: number }> {
  if (depth >= limits.resolver.depth || path.has(server.key)) return { addresses: [], ttl: 0 }
  const nesting = { depth: depth + 1, path: new Set([...path, server.key]) }
  const found = await Promise.all(
    [TYPE.A, TYPE.AAAA].map((type) => descend({ name: server, type }, task, noServers, nesting, work)),
  )
  const rrsets = found.flatMap((fetched) => {
    const answer = fetched.ok ? fetched.reply.answer : []
    return answer.filter(({ name, type }) => sameName(name, server) && (type === TYPE.A || type === TYPE.AAAA))
  })
  // What one question could not pay for says nothing to the next.
  const isUnpaid = found.some((fetched) => !fetched.ok && unpaid.some((why) => why === fetched.trouble.why))
  const addresses = rrsets.flatMap(({ name, type, class: klass, ttl, rdatas }) =>
    mapKnown(rdatas.slice(0, limits.resolver.addressesPerServer), (rdata) =>
      addressOf({ name, type, class: klass, ttl, rdata }),
    ),
  )
  const none = isUnpaid ? 0 : limits.resolver.failureTtl
  const ttl = addresses.length === 0 ? none : Math.min(...rrsets.map((rrset) => rrset.ttl))
  return { addresses, ttl: Math.min(ttl, limits.resolver.ttl) }
}
