import { sortReply } from '../../core/dns/reply.ts'
import { RCODE } from '../../core/dns/types.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, type Name } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import type { Endpoint } from '../network.ts'
import { type Asker, askAuthority, formatServer } from './ask.ts'
import { type Attempts, createAttempts, type Patience } from './attempts.ts'
import { classify, hasSignedAnswer, hearsayIn, isTooLong, refersUpwards, type Said, scrub } from './authority-reply.ts'
import type { Delegation, Delegations } from './delegations.ts'
import type { Families } from './families.ts'
import { type Lameness, saysLame } from './lameness.ts'
import type { ServerHealth } from './server-health.ts'
import { type Task, type Trouble, trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

/** What it takes to ask the servers of zones, for all lookups together. */
export interface ZoneWork {
  readonly asker: Asker
  readonly now: () => number
  /** From 0 up to 1, never 1 itself. */
  readonly random: () => number
  readonly patience: Patience
  readonly health: ServerHealth
  readonly lameness: Lameness
  readonly families: Families
  readonly delegations: Delegations
  /** Addresses of name servers without glue; none for a while when there are none. */
  addressesOf(server: Name, task: Task, nesting: Nesting): Promise<readonly string[]>
  /** When no server of a zone was of use, what led to them is asked for again. */
  doubt(delegation: Delegation, seconds: number): void
}

/** What one lookup is part of: lookups of name servers' addresses nest. */
export interface Nesting {
  readonly depth: number
  /** Names whose addresses are being looked up for this. */
  readonly path: ReadonlySet<string>
}

/** One lookup on its way down. */
export interface Descent {
  /** What it is all for. */
  readonly question: Question
  readonly task: Task
  readonly avoid: ReadonlySet<string>
  readonly nesting: Nesting
}

type Question = Parameters<Upstream['fetch']>[0]

/** Failures of means, not of servers: what one question could not pay for says nothing to the next. */
export const unpaid: readonly Trouble['why'][] = ['limit', 'overload', 'aborted']

/** Asks the servers of one zone, round after round, until one says something. RFC 1034 §5.3.3 */
export async function askZone(
  delegation: Delegation,
  asked: Question,
  descent: Descent,
  work: ZoneWork,
): Promise<Said> {
  const { task, avoid, question } = descent
  const attempts = createAttempts()
  let useless: Set<string> | undefined
  let hearsay: Said | undefined
  let sent = 0
  for (let round = 0; round < limits.resolver.retriesPerServer; round++) {
    let isWaitingWorthwhile = false
    const sieve = new Sieve(work, delegation.zone)
    const { lame } = sieve
    for (const some of serversOf(delegation, descent, work, lame)) {
      const addresses = some instanceof Promise ? await some : some
      for (const address of addresses === lame ? lame : sieve.fresh(addresses)) {
        const endpoint = { address, port: 53 }
        const server = formatServer(endpoint)
        if (useless?.has(server) === true || avoid.has(server)) continue
        if (sent++ >= limits.resolver.queriesPerStep) break
        const found = await askServer(endpoint, delegation, asked, { round, attempts, task }, work)
        if (typeof found === 'object' && !isUnsignedHearsay(found)) return found
        if (found === 'slow') isWaitingWorthwhile = true
        else {
          useless ??= new Set()
          useless.add(server)
        }
        if (typeof found === 'object') hearsay ??= found
      }
      if (sent > limits.resolver.queriesPerStep) break
    }
    // There are unsigned zones none of whose servers sets AA; waiting for those that are silent would gain nothing.
    if (hearsay !== undefined) return hearsay
    if (!isWaitingWorthwhile || sent > limits.resolver.queriesPerStep || task.signal.aborted || task.isSpent()) break
  }
  const { zone } = delegation
  const sum = task.isSpent() ? tooCostly(question, zone, task) : attempts.sum(question, zone)
  // Where replies came and were bogus, their end is that of what is remembered of them.
  const { bogusTtl, failureTtl } = limits.resolver
  if (!unpaid.includes(sum.why)) work.doubt(delegation, avoid.size > 0 ? bogusTtl : failureTtl)
  return { kind: 'fetched', fetched: { ok: false, trouble: sum } }
}

/** What no validator can make better: it counts when no server of the zone has better to say. */
function isUnsignedHearsay(said: Said): boolean {
  const reply = hearsayIn(said)
  return reply !== undefined && !hasSignedAnswer(reply)
}

function tooCostly(question: Question, zone: Name, task: Task): Trouble {
  const server = task.lastServer()
  const reason = `${nameRrset(question)}: more than ${task.spentOn()}, lastly to ${server}`
  return trouble('limit', reason, { zone, server })
}

/** Lets through each address once, those of one call in the order of trying, and puts lame servers aside. */
class Sieve {
  readonly lame: string[] = []
  readonly #work: ZoneWork
  readonly #zone: Name
  #given: readonly string[] = []

  constructor(work: ZoneWork, zone: Name) {
    this.#work = work
    this.#zone = zone
  }

  fresh(addresses: readonly string[]): readonly string[] {
    const [only] = addresses
    // As a rule there is little to choose from, and this is done for every question.
    if (addresses.length === 1 && only !== undefined && this.#given.length === 0 && !this.#isLame(only)) {
      this.#given = addresses
      return addresses
    }
    const { health, families, random } = this.#work
    const given = new Set(this.#given)
    const all = [...new Set(addresses)].filter((address) => !given.has(address))
    this.#given = this.#given.length === 0 ? all : [...this.#given, ...all]
    const news = all.filter((address) => !this.#isLame(address))
    if (news.length < all.length) this.lame.push(...all.filter((address) => this.#isLame(address)))
    if (news.length < 2) return news
    const ordered = health.orderBySpeed(shuffle(news, random), (address) => formatServer({ address, port: 53 }))
    return families.order(ordered)
  }

  #isLame(address: string): boolean {
    return this.#work.lameness.isLame(formatServer({ address, port: 53 }), this.#zone)
  }
}

/**
 * Addresses to try, by and by: those that are known; those that must be looked up; and at last those of which parent
 * and child say different things, where what was taken for true was of no use, and those of `lame` servers.
 */
function* serversOf(
  { zone, servers, hints = [] }: Delegation,
  { task, nesting }: Descent,
  work: ZoneWork,
  lame: readonly string[],
): Generator<readonly string[] | Promise<readonly string[]>> {
  yield addressesKnown(servers)
  const outdone: Name[] = []
  const bare = servers.filter(({ addresses }) => addresses.length === 0)
  // A zone's own servers would have to be asked for their addresses: there is nobody else to say otherwise.
  const elsewhere = servers.filter(({ name, addresses }) => addresses.length > 0 && !isAtOrBelow(name, zone))
  let missing = 0
  for (const { name, addresses } of [...bare, ...elsewhere].slice(0, limits.resolver.addressLookupsPerZone)) {
    if (task.signal.aborted || task.isSpent()) return
    if (missing >= limits.resolver.missingServersPerZone) break
    yield work.addressesOf(name, task, nesting).then((found) => {
      if (found.length === 0) missing++
      return found
    })
    if (addresses.length === 0) outdone.push(name)
  }
  // Glue is what a zone was reached with, though not what it says of itself. RFC 9471 §2, RFC 2181 §5.4.1
  yield outdone.flatMap((name) => work.delegations.glueOf(name))
  yield hints // RFC 9609 §2
  yield lame
}

function addressesKnown(servers: Delegation['servers']): readonly string[] {
  const [only] = servers
  if (servers.length === 1 && only !== undefined) return only.addresses
  const all: string[] = []
  for (const { addresses } of servers) all.push(...addresses)
  return all
}

function shuffle(items: readonly string[], random: () => number): string[] {
  return items
    .map((item) => ({ item, lot: random() }))
    .sort((one, other) => one.lot - other.lot)
    .map(({ item }) => item)
}

async function askServer(
  endpoint: Endpoint,
  { zone, hints = [], isUnsigned: mayBePlain = false }: Delegation,
  question: Question,
  { round, attempts, task }: { readonly round: number; readonly attempts: Attempts; readonly task: Task },
  work: ZoneWork,
): Promise<Said | 'slow' | 'useless'> {
  const server = formatServer(endpoint)
  const chosenBy = hints.includes(endpoint.address) ? 'operator' : 'stranger'
  const timeoutMs = work.patience(round, work.health.timeOf(server))
  const sent = work.now()
  const asked = await work.asker(askAuthority(question, { endpoint, chosenBy, mayBePlain, round, timeoutMs }), task)
  if (!asked.ok) {
    const { fault } = asked
    attempts.fault(server, fault)
    if (fault === 'unreachable') work.families.noteUnreachable(endpoint.address)
    if (fault === 'timeout' || fault === 'refused' || fault === 'unreachable') work.health.noteSilence(server)
    return fault === 'timeout' ? 'slow' : 'useless'
  }
  work.families.noteReached(endpoint.address)
  work.health.noteAnswer(server, work.now() - sent)
  const { message } = asked.value
  if (message.rcode !== RCODE.NOERROR && message.rcode !== RCODE.NXDOMAIN && !isTooLong(message, question)) {
    attempts.refusal(server, message)
    if (saysLame(message)) work.lameness.note(server, zone)
    return 'useless'
  }
  const reply: Reply = { ...sortReply(scrub(message, zone)), server, source: server, bailiwick: zone }
  const said = refersUpwards(message, zone) ? undefined : classify(reply, question, message)
  if (said === undefined) {
    attempts.useless(server, `does not serve ${formatName(zone)}`)
    work.lameness.note(server, zone)
    return 'useless'
  }
  if (hearsayIn(said) === undefined) work.lameness.forget(server, zone)
  else work.lameness.note(server, zone)
  return said
}
