import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { readSoa } from '../../core/dns/rdata/records.ts'
import { findPart, type SortedReply, sortReply } from '../../core/dns/reply.ts'
import { recordsOf } from '../../core/dns/rrset.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import type { Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, isBelow, type Name, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { type Result, refuse } from '../../core/result.ts'
import { systemClock } from '../clock.ts'
import { createEnding, type Ending } from '../ending.ts'
import { type Asker, type AskFault, askAuthority, createAsker, formatServer } from './ask.ts'
import { faultText, type Patience, patienceBy, refusalText } from './attempts.ts'
import { scrub } from './authority-reply.ts'
import {
  anchorsFor,
  exchangeFor,
  forwarderFor,
  iteratorFor,
  policyOf,
  type ResolverOptions,
} from './create-resolver.ts'
import type { Exchanged } from './exchange.ts'
import type { Iterator } from './iterate.ts'
import type { ResolveOptions } from './resolver.ts'
import { checksAtOnce } from './signature-checks.ts'
import { createTask, type Task, type Trouble } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'
import { createValidator, type Link, type Validator } from './validator.ts'
import { findAddresses, findZone, type NamedServer } from './zone-servers.ts'
import { createZones } from './zones.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** What one server says of the question, judged by our validator. Nothing of what is bogus is in it. */
export type ServerFinding =
  | {
      readonly kind: 'answer' | 'alias' | 'nodata' | 'nxdomain'
      readonly status: Security
      /** The RRset or alias; empty for a denial. */
      readonly records: readonly ResourceRecord[]
    }
  /** What cannot be believed, or cannot be judged. */
  | { readonly kind: 'bogus' | 'indeterminate'; readonly reason: string; readonly ede: number }
  /** It replies, and says nothing about the question: it refuses, does not serve the zone, or is broken. */
  | { readonly kind: 'useless'; readonly reason: string }
  | { readonly kind: 'silent'; readonly why: AskFault; readonly reason: string }
  | { readonly kind: 'no-address'; readonly reason: string }

export interface ServerReport {
  /** As an NS record has it. */
  readonly server: Name
  /** Undefined for a name server without any. */
  readonly address: string | undefined
  readonly namedBy: NamedServer['namedBy']
  /** Of the zone as this server has it, unproved. */
  readonly serial: number | undefined
  readonly finding: ServerFinding
}

/** What all servers of a zone say, in the order of their names. */
export type Survey =
  | {
      readonly kind: 'asked'
      readonly zone: Name
      readonly servers: readonly ServerReport[]
      /** Addresses that were too many to be asked. */
      readonly left: number
    }
  | { readonly kind: 'failed'; readonly trouble: Trouble }

/** Puts one question to every server of its zone. */
export interface ServerSurvey {
  /** Never rejects for what DNS does, or for an abort. */
  survey(question: Question, options?: ResolveOptions): Promise<Survey>
  close(): Promise<void>
}

interface Work {
  readonly asker: Asker
  readonly upstream: Upstream
  /** When it is the upstream. */
  readonly iterator: Iterator | undefined
  readonly validator: Validator
  readonly patience: Patience
  /** One question's means: each server that is asked has its own. */
  newTask(): Task
}

/**
 * The servers are asked directly, and found from the root, or through the recursive servers that engine `forward` names.
 * So are the keys that their answers are judged by.
 */
export function createServerSurvey(options: ResolverOptions): ServerSurvey {
  const { clock = systemClock } = options
  const exchange = exchangeFor(options)
  const asker = createAsker(exchange)
  const now = () => clock.now()
  const policy = policyOf(options)
  const anchors = anchorsFor(options, policy)
  const iterator = isForwarding(options) ? undefined : iteratorFor({ asker, clock, options })
  const upstream = iterator ?? forwarderFor({ asker, clock, options })
  const checks = checksAtOnce
  const validator = createValidator({ zones: createZones({ upstream, anchors, policy, checks, now }), policy, checks })
  const patience = patienceBy(options.patience)
  const underWay = new Set<Ending>()
  let isClosed = false
  return {
    async survey(question, { signal, trace } = {}) {
      const ending = createEnding(signal)
      if (isClosed) ending.abort()
      underWay.add(ending)
      try {
        await anchors.load()
        const newTask = () => createTask({ signal: ending.signal, clock, trace })
        return await surveyZone(question, { asker, upstream, iterator, validator, patience, newTask })
      } finally {
        ending.stop()
        underWay.delete(ending)
      }
    },
    async close() {
      isClosed = true
      for (const ending of underWay) ending.abort()
      await upstream.close()
      await exchange.close()
    },
  }
}

function isForwarding({ engine = 'auto', servers = [] }: ResolverOptions): boolean {
  return engine === 'forward' || (engine === 'auto' && servers.length > 0)
}

async function surveyZone(question: Question, work: Work): Promise<Survey> {
  const found = await findZone(question, work)
  if (found.kind === 'failed') return found
  const { zone } = found
  const named = found.servers.slice(0, limits.resolver.nameServersPerZone)
  const places = (await Promise.all(named.map((server) => placesOf(server, work)))).flat()
  const asked = places.slice(0, limits.resolver.addressesCompared)
  const known = new Map<string, Promise<Heard>>()
  const servers = await inTurns(asked, limits.resolver.comparedAtOnce, async ({ server, namedBy, address }) => {
    if (address === undefined) return { server, namedBy, address, serial: undefined, finding: noAddress }
    const hearing = known.get(address) ?? hear(address, zone, question, work)
    known.set(address, hearing)
    return { server, namedBy, address, ...(await hearing) }
  })
  return { kind: 'asked', zone, servers, left: places.length - asked.length }
}

const noAddress: ServerFinding = { kind: 'no-address', reason: 'has no address' }

async function placesOf(server: NamedServer, { upstream, newTask }: Work) {
  const { server: name, namedBy } = server
  const addresses = await findAddresses(server, { upstream, task: newTask() })
  return (addresses.length === 0 ? [undefined] : addresses).map((address) => ({ server: name, namedBy, address }))
}

type Heard = Pick<ServerReport, 'serial' | 'finding'>

/** What the server says of the question, and which version of the zone it has. */
async function hear(address: string, zone: Name, question: Question, work: Work): Promise<Heard> {
  const task = work.newTask()
  try {
    const asked = await askPatiently(address, question, task, work)
    if (!asked.ok) return { serial: undefined, finding: silent(asked.fault) }
    const finding = await judge(asked.value.message, { address, zone, question }, task, work)
    const soa = await askPatiently(address, { name: zone, type: TYPE.SOA }, task, work)
    return { serial: soa.ok ? serialOf(soa.value.message, zone) : undefined, finding }
  } catch (error) {
    if (!task.signal.aborted) throw error
    return { serial: undefined, finding: silent('aborted') }
  }
}

function silent(why: AskFault): ServerFinding {
  return { kind: 'silent', why, reason: faultText(why) }
}

/** As often as any server is asked, the last time over TCP. RFC 1035 §4.2.1 */
async function askPatiently(
  address: string,
  question: Question,
  task: Task,
  { asker, patience }: Work,
): Promise<Result<Exchanged, AskFault>> {
  const to = { endpoint: { address, port: 53 }, chosenBy: 'stranger' } as const
  let fault: AskFault = 'timeout'
  for (let round = 0; round < limits.resolver.retriesPerServer && fault === 'timeout'; round++) {
    const asked = await asker(askAuthority(question, { ...to, round, timeoutMs: patience(round) }), task)
    if (asked.ok) return asked
    fault = asked.fault
  }
  return refuse(fault)
}

interface Said {
  readonly address: string
  readonly zone: Name
  readonly question: Question
}

async function judge(
  message: Message,
  { address, zone, question }: Said,
  task: Task,
  { validator }: Work,
): Promise<ServerFinding> {
  const server = formatServer({ address, port: 53 })
  const reply: Reply = { ...sortReply(scrub(message, zone)), server, source: server, bailiwick: zone }
  const useless = whyUseless(reply, zone, question)
  if (useless !== undefined) return { kind: 'useless', reason: useless }
  const link = await validator.judge(reply, question, task)
  return findingOf(link, reply, question)
}

/** Why a reply says nothing about the question that counts; undefined when it does. RFC 1034 §4.3.1 */
function whyUseless({ message, authority, answer }: SortedReply, zone: Name, { name, type }: Question) {
  const { rcode } = message
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return refusalText(message)
  if (message.isAuthoritative) {
    const { kind } = findPart({ message, authority, answer }, name, type)
    return kind === 'none' ? 'says nothing about it' : undefined
  }
  const ns = authority.find((rrset) => rrset.type === TYPE.NS && isBelow(rrset.name, zone))
  if (answer.length === 0 && ns !== undefined && isAtOrBelow(name, ns.name)) return `refers to ${formatName(ns.name)}`
  return `does not speak for ${formatName(zone)} (no AA)`
}

function findingOf(link: Link, reply: SortedReply, { name, type }: Question): ServerFinding {
  if (link.kind === 'failed') {
    const { why, reason, ede } = link.trouble
    if (why === 'malformed') return { kind: 'useless', reason }
    return { kind: why === 'bogus' ? 'bogus' : 'indeterminate', reason, ede }
  }
  const part = findPart(reply, name, type)
  const records = part.kind === 'rrset' || part.kind === 'alias' ? recordsOf(part.rrset) : []
  return { kind: link.kind === 'rrset' ? 'answer' : link.kind, status: link.status, records }
}

function serialOf(message: Message, zone: Name): number | undefined {
  const record = message.answer.find(({ name, type }) => type === TYPE.SOA && sameName(name, zone))
  const soa = record && readSoa(record.rdata)
  return soa?.ok === true && message.isAuthoritative ? soa.value.serial : undefined
}

/** The results in the order of the items, so many of which are worked on at once. */
async function inTurns<Item, Value>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Value>,
): Promise<Value[]> {
  const results: Value[] = []
  const left = items.entries()
  const hand = async () => {
    for (const [at, item] of left) results[at] = await work(item)
  }
  await Promise.all(Array.from({ length: atOnce }, hand))
  return results
}
