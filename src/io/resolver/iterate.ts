import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { findPart, type ReplyPart, type SortedReply, sortReply } from '../../core/dns/reply.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import { nextShown } from '../../core/name/minimise.ts'
import { isAtOrBelow, isBelow, type Name, parentOfName, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { Endpoint } from '../network.ts'
import { type Asker, formatServer } from './ask.ts'
import { type Attempts, createAttempts, type Patience } from './attempts.ts'
import { type Cache, createCache } from './cache.ts'
import {
  addressOf,
  asDsReply,
  createDelegations,
  type Delegation,
  type Delegations,
  type NameServer,
  type Referral,
} from './delegations.ts'
import { createServerHealth, type ServerHealth } from './server-health.ts'
import { type Task, type Trouble, trouble } from './task.ts'
import type { Fetched, Reply, Upstream } from './upstream.ts'

export interface IterateOptions {
  /** Whether servers are shown no more of a name than they need. RFC 9156 */
  readonly minimise: boolean
  readonly asker: Asker
  readonly rootHints: readonly Endpoint[]
  readonly now: () => number
  /** From 0 up to 1, never 1 itself. */
  readonly random: () => number
  readonly patience: Patience
}

type Question = Parameters<Upstream['fetch']>[0]

/** What one lookup is part of: lookups of name servers' addresses nest. */
interface Nesting {
  readonly depth: number
  /** Names whose addresses are being looked up for this. */
  readonly path: ReadonlySet<string>
}

interface Work extends IterateOptions {
  readonly delegations: Delegations
  readonly health: ServerHealth
  /** Keys of zones with DS records, asked for as soon as a referral shows them: whoever follows it will want them. */
  readonly keys: Cache<Promise<Fetched>>
  /** Names of which a server has spoken for itself: no zone that it does not serve begins at or above them. */
  readonly reached: Cache<true>
  /** What servers of a zone are being asked about a name, whatever the type: a referral tells everybody the same. */
  readonly asking: Map<string, Promise<unknown>>
  /** Addresses of name servers without glue; none for a while when there are none. */
  addressesOf(server: Name, task: Task, nesting: Nesting): Promise<readonly string[]>
}

export interface Iterator extends Upstream {
  /** The lowest delegation known at or above the name: whom its parent names as servers. */
  delegationTo(name: Name): Delegation
}

/** Follows referrals from the root. RFC 1034 §5.3.3 */
export function createIterator(options: IterateOptions): Iterator {
  const { now, rootHints } = options
  const bounds = { now, entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const addresses = createCache<readonly string[]>({ ...bounds, octetsOf: (list) => 64 * (list.length + 1) })
  const work: Work = {
    ...options,
    delegations: createDelegations(rootHints, now),
    health: createServerHealth(now),
    keys: createCache<Promise<Fetched>>({ ...bounds, octetsOf: () => limits.dns.udpPayload }),
    reached: createCache<true>({ ...bounds, octetsOf: () => 8 }),
    asking: new Map(),
    async addressesOf(server, task, nesting) {
      const cached = addresses.get(server.key)
      if (cached !== undefined) return cached.value
      const found = await lookUpAddresses(server, task, nesting, work)
      if (!task.signal.aborted) addresses.put(server.key, found.addresses, now() + found.ttl * 1000)
      return found.addresses
    },
  }
  return {
    async fetch(question, task, avoid) {
      const isFirst = avoid.size === 0 && question.type === TYPE.DNSKEY
      const fetched = isFirst ? await takeKeys(question.name, work) : undefined
      // What was given up with another's question, or did not come, says nothing.
      if (fetched?.ok === true) return fetched
      return descend(question, task, avoid, { depth: 0, path: new Set() }, work)
    },
    delegationTo: (name) => work.delegations.closest(name),
    close: async () => {},
  }
}

async function descend(
  question: Question,
  task: Task,
  avoid: ReadonlySet<string>,
  nesting: Nesting,
  work: Work,
): Promise<Fetched> {
  const { name, type } = question
  const { delegations } = work
  if (type === TYPE.DS) {
    const known = delegations.referralTo(name)
    if (known !== undefined && !avoid.has(known.source)) return { ok: true, reply: known }
  }
  // DS records stand in the parent zone. RFC 4035 §4.2
  let delegation = delegations.closest(type === TYPE.DS ? (parentOfName(name) ?? name) : name)
  let shown = shownBefore(name, delegation.zone, work)
  const waitedFor = new Set<string>()
  for (let referrals = 0; referrals < limits.resolver.referrals; ) {
    const part = nextShown(name, shown)
    const isWhole = sameName(part, name)
    const asked = isWhole ? question : { name: part, type: TYPE.A }
    const key = `${delegation.zone.key} ${part.key}`
    // Lookups of name servers wait for nobody: somebody may wait for them.
    const others = isWhole || nesting.depth > 0 ? undefined : work.asking.get(key)
    if (others !== undefined && !waitedFor.has(key)) {
      waitedFor.add(key)
      await others.catch(() => {}) // whoever asks learns of it
      delegation = delegations.closest(type === TYPE.DS ? (parentOfName(name) ?? name) : name)
      shown = shownBefore(name, delegation.zone, work)
      continue
    }
    const asking = learnFromZone(delegation, asked, { task, avoid, nesting, work, question })
    if (!work.asking.has(key)) work.asking.set(key, asking)
    const found = await asking.finally(() => {
      if (work.asking.get(key) === asking) work.asking.delete(key)
    })
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
async function learnFromZone(zone: Delegation, asked: Question, descent: Descent): Promise<FoundAndLearnt> {
  const { delegations, reached, now } = descent.work
  const found = await askZone(zone, asked, descent)
  if (found.kind === 'referral') return { ...found, delegation: delegations.put(found.referral, found.reply) }
  if (isThere(found.fetched)) reached.put(asked.name.key, true, now() + limits.resolver.learntKept * 1000)
  return found
}

/** How many labels the servers of the zone may see at once: those that nothing more is learnt from. RFC 9156 §3 */
function shownBefore(name: Name, zone: Name, { minimise, reached }: Work): number {
  if (!minimise) return name.labelCount
  let at = name
  while (at.labelCount > zone.labelCount && reached.get(at.key) === undefined) at = parentOfName(at) ?? zone
  return at.labelCount
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
  const referral = work.delegations.referralTo(zone)
  if (referral === undefined || referral.answer.length === 0 || work.keys.get(zone.key) !== undefined) return
  const asked = descend({ name: zone, type: TYPE.DNSKEY }, task, new Set(), { depth: 0, path: new Set() }, work)
  asked.catch(() => {}) // whoever takes it learns of it
  work.keys.put(zone.key, asked, work.now() + limits.resolver.failureTtl * 1000)
}

async function takeKeys(zone: Name, { keys }: Work): Promise<Fetched | undefined> {
  const early = keys.get(zone.key)?.value
  keys.delete(zone.key)
  return early?.catch(() => undefined)
}

/** A parent that refers instead of answering for itself may have said enough all the same. RFC 4035 §3.1.4.1 */
function dsOf(referral: Reply, question: Question): Fetched {
  const reply = asDsReply(referral, question.name)
  if (reply !== undefined) return { ok: true, reply }
  const { server } = referral
  const reason = `${nameRrset(question)}: ${server} refers to the zone itself instead of answering for its parent`
  return { ok: false, trouble: trouble('malformed', reason, { server, ede: 22 }) }
}

interface Descent {
  /** What it is all for. */
  readonly question: Question
  readonly task: Task
  readonly avoid: ReadonlySet<string>
  readonly nesting: Nesting
  readonly work: Work
}

type FoundInZone =
  | { readonly kind: 'fetched'; readonly fetched: Fetched }
  | { readonly kind: 'referral'; readonly referral: Referral; readonly reply: Reply }

type FoundAndLearnt =
  | Extract<FoundInZone, { kind: 'fetched' }>
  | (Extract<FoundInZone, { kind: 'referral' }> & { readonly delegation: Delegation })

/** Asks the servers of one zone, round after round, until one says something. RFC 1034 §5.3.3 */
async function askZone(delegation: Delegation, asked: Question, descent: Descent): Promise<FoundInZone> {
  const { task, avoid, question } = descent
  const attempts = createAttempts()
  const useless = new Set<string>()
  for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
    let isWaitingWorthwhile = false
    for await (const address of serversOf(delegation, descent)) {
      const endpoint = { address, port: 53 }
      const server = formatServer(endpoint)
      if (useless.has(server) || avoid.has(server)) continue
      const found = await askServer(endpoint, delegation, asked, { round, attempts, descent })
      if (typeof found === 'object') return found
      if (found === 'slow') isWaitingWorthwhile = true
      else useless.add(server)
    }
    if (!isWaitingWorthwhile || task.signal.aborted || task.isSpent()) break
  }
  const { zone } = delegation
  const sum = task.isSpent() ? tooManyQueries(question, zone, task) : attempts.sum(question, zone)
  return { kind: 'fetched', fetched: { ok: false, trouble: sum } }
}

function tooManyQueries(question: Question, zone: Name, task: Task): Trouble {
  const server = task.lastServer()
  const reason = `${nameRrset(question)}: more than ${limits.resolver.queries} queries, lastly to ${server}`
  return trouble('limit', reason, { zone, server })
}

/**
 * Addresses in the order of trying: those that are known, shuffled; those that must be looked up; and at last those of
 * which parent and child say different things, where what was taken for true was of no use.
 */
async function* serversOf({ zone, servers }: Delegation, { task, nesting, work }: Descent): AsyncGenerator<string> {
  const given = new Set<string>()
  const fresh = (addresses: readonly string[]) => {
    const news = [...new Set(addresses)].filter((address) => !given.has(address))
    for (const address of news) given.add(address)
    if (news.length < 2) return news
    return work.health.orderBySpeed(shuffle(news, work.random), (address) => formatServer({ address, port: 53 }))
  }
  const outdone: Name[] = []
  yield* fresh(servers.flatMap(({ addresses }) => addresses))
  const bare = servers.filter(({ addresses }) => addresses.length === 0)
  // A zone's own servers would have to be asked for their addresses: there is nobody else to say otherwise.
  const elsewhere = servers.filter(
    ({ name, addresses }) => addresses.length > 0 && name !== undefined && !isAtOrBelow(name, zone),
  )
  for (const { name, addresses } of [...bare, ...elsewhere].slice(0, limits.resolver.addressLookupsPerZone)) {
    if (task.signal.aborted || task.isSpent()) return
    if (name === undefined) continue
    yield* fresh(await work.addressesOf(name, task, nesting))
    if (addresses.length === 0) outdone.push(name)
  }
  // Glue is what a zone was reached with, though not what it says of itself. RFC 9471 §2, RFC 2181 §5.4.1
  yield* fresh(outdone.flatMap((name) => work.delegations.glueOf(name)))
}

function shuffle(items: readonly string[], random: () => number): string[] {
  return items
    .map((item) => ({ item, lot: random() }))
    .sort((one, other) => one.lot - other.lot)
    .map(({ item }) => item)
}

async function askServer(
  endpoint: Endpoint,
  { zone, servers }: Delegation,
  question: Question,
  { round, attempts, descent }: { readonly round: number; readonly attempts: Attempts; readonly descent: Descent },
): Promise<FoundInZone | 'slow' | 'useless'> {
  const { task, work } = descent
  const server = formatServer(endpoint)
  const chosenBy = isHinted(servers) ? 'operator' : 'stranger'
  const isLast = round === limits.resolver.retriesPerServer - 1
  const ask = {
    ...question,
    endpoint,
    chosenBy,
    recursive: false,
    checkingDisabled: true,
    mixCase: true,
    timeoutMs: work.patience(round, work.health.timeOf(server)),
  } as const
  const sent = work.now()
  const asked = await work.asker(isLast ? { ...ask, transport: 'tcp' } : ask, task)
  if (!asked.ok) {
    attempts.fault(server, asked.fault)
    if (asked.fault === 'timeout') {
      work.health.noteSilence(server)
      return 'slow'
    }
    return 'useless'
  }
  work.health.noteAnswer(server, work.now() - sent)
  const { message } = asked.value
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN && !isTooLong(message, question)) {
    attempts.refusal(server, message)
    return 'useless'
  }
  if (refersUpwards(message, zone)) return uselessReply(server, zone, attempts)
  const reply: Reply = { ...sortReply(scrub(message, zone)), server, source: server, bailiwick: zone }
  return classify(reply, question, message) ?? uselessReply(server, zone, attempts)
}

function isHinted(servers: readonly NameServer[]): boolean {
  return servers.every(({ name }) => name === undefined)
}

function uselessReply(server: string, zone: Name, attempts: Attempts): 'useless' {
  attempts.useless(server, `does not serve ${formatName(zone)}`)
  return 'useless'
}

/** A DNAME makes a name of more than 255 octets: it is there to be checked, and another server has none better. RFC 6672 §2.2 */
function isTooLong({ rcode, answer }: Message, { name }: Question): boolean {
  return rcode === RCODE.YXDOMAIN && answer.some((record) => record.type === TYPE.DNAME && isBelow(name, record.name))
}

/** Who says that the zone's ancestors serve it does not, whatever the AA bit says. RFC 4697 §2.1 */
function refersUpwards({ rcode, answer, authority }: Message, zone: Name): boolean {
  if (rcode !== RCODE.NOERROR || answer.length > 0 || authority.some(({ type }) => type === TYPE.SOA)) return false
  return authority.some(({ type, name }) => type === TYPE.NS && isBelow(zone, name))
}

/**
 * A server speaks only of what lies in the zone it was asked for. RFC 2181 §5.4.1
 *
 * The zone's own NS records in an authoritative answer lead nowhere: with nothing else they are a denial. RFC 2308 §2.2
 */
export function scrub(message: Message, zone: Name): Message {
  const isInside = ({ name }: { readonly name: Name }) => isAtOrBelow(name, zone)
  const answer = message.answer.filter(isInside)
  const isOwn = ({ type, name }: ResourceRecord) => type === TYPE.NS && sameName(name, zone)
  const leadsNowhere = (record: ResourceRecord) => message.isAuthoritative && answer.length === 0 && isOwn(record)
  return { ...message, answer, authority: message.authority.filter((one) => isInside(one) && !leadsNowhere(one)) }
}

/** Undefined for a reply of a server that does not know the zone. RFC 2308 §2 */
function classify(reply: Reply, question: Question, { additional }: Message): FoundInZone | undefined {
  const part = findPart(reply, question.name, question.type)
  if (part.kind === 'none' || part.kind === 'denial') {
    const ns = findReferral(reply, question)
    const referral = ns && { zone: ns.name, ns, glue: additional, bailiwick: reply.bailiwick }
    if (referral !== undefined) return { kind: 'referral', referral, reply }
  }
  return isWorthReading(part, reply) ? { kind: 'fetched', fetched: { ok: true, reply } } : undefined
}

/** A recursive server has heard it elsewhere: that counts only where a signature may show that it is true. */
function isWorthReading(part: ReplyPart, reply: Reply): boolean {
  const { isAuthoritative: hasAa, recursionAvailable } = reply.message
  switch (part.kind) {
    case 'rrset':
    case 'alias':
      return hasAa || !recursionAvailable || part.rrset.signatures.length > 0
    case 'denial':
      return isAuthoritative(reply)
    case 'broken':
      return true
    case 'none':
      return false
  }
}

/** NS records strictly below the server's zone, on the way to the name. RFC 1034 §5.3.3 */
function findReferral({ authority, bailiwick, message }: Reply, { name }: Question) {
  if (message.rcode !== RCODE.NOERROR || authority.some(({ type }) => type === TYPE.SOA)) return undefined
  return authority.find(
    (rrset) => rrset.type === TYPE.NS && isBelow(rrset.name, bailiwick) && isAtOrBelow(name, rrset.name),
  )
}

/** A denial counts from whoever claims authority for it, or shows the zone's SOA record or a proof without referring. */
function isAuthoritative({ message, authority }: SortedReply): boolean {
  const has = (...types: readonly number[]) => authority.some(({ type }) => types.includes(type))
  // NS records without SOA are a referral, here one to where we are: the proof beside it is about the cut. RFC 2308 §2.2
  return message.isAuthoritative || has(TYPE.SOA) || (has(TYPE.NSEC, TYPE.NSEC3) && !has(TYPE.NS))
}

const unpaid: readonly Trouble['why'][] = ['limit', 'overload', 'aborted']

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
    [TYPE.A, TYPE.AAAA].map((type) => descend({ name: server, type }, task, new Set(), nesting, work)),
  )
  const rrsets = found.flatMap((fetched) => {
    const answer = fetched.ok ? fetched.reply.answer : []
    return answer.filter(({ name, type }) => sameName(name, server) && (type === TYPE.A || type === TYPE.AAAA))
  })
  // What one question could not pay for says nothing to the next.
  const isUnpaid = found.some((fetched) => !fetched.ok && unpaid.some((why) => why === fetched.trouble.why))
  const addresses = rrsets.flatMap(({ name, type, class: klass, ttl, rdatas }) =>
    rdatas.flatMap((rdata) => addressOf({ name, type, class: klass, ttl, rdata })),
  )
  const none = isUnpaid ? 0 : limits.resolver.failureTtl
  const ttl = addresses.length === 0 ? none : Math.min(...rrsets.map((rrset) => rrset.ttl))
  return { addresses, ttl: Math.min(ttl, limits.resolver.ttl) }
}
