import type { Message, ResourceRecord } from '../../core/dns/message.ts'
import { readSoa } from '../../core/dns/rdata/records.ts'
import { findPart, type SortedReply, soaOf, sortReply } from '../../core/dns/reply.ts'
import { recordsOf } from '../../core/dns/rrset.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import type { Security } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import { isAtOrBelow, isBelow, type Name, sameName } from '../../core/name/name.ts'
import { formatName } from '../../core/name/text.ts'
import { type Result, refuse } from '../../core/result.ts'
import { systemClock } from '../clock.ts'
import { createEnding, type Ending } from '../ending.ts'
import { abandonable } from '../shared-work.ts'
import { type AskFault, askAuthority, formatServer } from './ask.ts'
import { faultText, type Patience, patienceBy, refusalText } from './attempts.ts'
import { scrub } from './authority-reply.ts'
import type { ResolverOptions } from './create-resolver.ts'
import type { Exchanged } from './exchange.ts'
import type { Heard } from './heard-replies.ts'
import type { ResolveOptions, Resolver } from './resolver.ts'
import { givenUp } from './results.ts'
import { createSurveyMeans, type Means } from './survey-means.ts'
import { createTask, type Task, type Trouble } from './task.ts'
import type { Reply } from './upstream.ts'
import type { Link } from './validator.ts'
import { findAddresses, findZone, type NamedServer } from './zone-servers.ts'
import { createZoneVersions, type ZoneVersions } from './zone-versions.ts'

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

export interface SurveyOptions extends ResolveOptions {
  /** Looks the question up first where it is the resolver that was given: whom it asks for that is not asked again. */
  readonly resolver?: Pick<Resolver, 'resolve'> | undefined
}

/** Puts one question to every server of its zone. */
export interface ServerSurvey {
  /** Never rejects for what DNS does, or for an abort. */
  survey(question: Question, options?: SurveyOptions): Promise<Survey>
  close(): Promise<void>
}

interface Work extends Means {
  readonly patience: Patience
  readonly versions: ZoneVersions
  /** One question's means: each server that is asked has its own. */
  newTask(): Task
}

/**
 * The servers are asked directly, and found from the root, or through the recursive servers that engine `forward` names.
 * So are the keys that their answers are judged by. A resolver that is made from the same options and follows referrals
 * itself knows most of that already.
 */
export function createServerSurvey(options: ResolverOptions, resolver?: Pick<Resolver, 'inside'>): ServerSurvey {
  const { clock = systemClock } = options
  const patience = patienceBy(options.patience)
  const versions = createZoneVersions()
  const means = createSurveyMeans(options, resolver)
  const underWay = new Set<Ending>()
  let isClosed = false
  return {
    async survey(question, { signal, trace, resolver: first } = {}) {
      const ending = createEnding(signal)
      if (isClosed) ending.abort()
      underWay.add(ending)
      const newTask = () => createTask({ signal: ending.signal, clock, trace })
      try {
        const taken = await abandonable(means.take(), ending.signal)
        if (taken.heard !== undefined) await first?.resolve(question.name, question.type, { signal: ending.signal })
        return await surveyZone(question, { ...taken, patience, versions, newTask })
      } catch (error) {
        if (!ending.signal.aborted) throw error
        return { kind: 'failed', trouble: givenUp(question) }
      } finally {
        ending.stop()
        underWay.delete(ending)
      }
    },
    async close() {
      isClosed = true
      for (const ending of underWay) ending.abort()
      await means.close()
    },
  }
}

async function surveyZone(question: Question, work: Work): Promise<Survey> {
  const heard = work.heard?.take(question) ?? []
  const found = await findZone({ ...question, told: zoneToldBy(heard, question) }, work)
  if (found.kind === 'failed') return found
  const { zone } = found
  const named = found.servers.slice(0, limits.resolver.nameServersPerZone)
  const places = (await Promise.all(named.map((server) => placesOf(server, work)))).flat()
  const asked = places.slice(0, limits.resolver.addressesCompared)
  const known = new Map<string, Promise<Told>>()
  const servers = await inTurns(asked, limits.resolver.comparedAtOnce, async ({ server, namedBy, address }) => {
    if (address === undefined) return { server, namedBy, address, serial: undefined, finding: noAddress }
    const hearing = known.get(address) ?? hear({ address, zone, question, heard }, work)
    known.set(address, hearing)
    return { server, namedBy, address, ...(await hearing) }
  })
  return { kind: 'asked', zone, servers, left: places.length - asked.length }
}

/** Of which zone an answer is: that of the key that signed it, or of the SOA record beside a denial. RFC 2308 §3 */
function zoneToldBy(heard: readonly Heard[], { name, type }: Question): Name | undefined {
  for (const { reply, link } of type === TYPE.DS ? [] : heard) {
    const told = link.kind === 'failed' ? undefined : (link.signer ?? soaOf(reply)?.name)
    if (told !== undefined && isAtOrBelow(name, told)) return told
  }
  return undefined
}

const noAddress: ServerFinding = { kind: 'no-address', reason: 'has no address' }

async function placesOf(server: NamedServer, { upstream, newTask }: Work) {
  const { server: name, namedBy } = server
  const addresses = await findAddresses(server, { upstream, task: newTask() })
  return (addresses.length === 0 ? [undefined] : addresses).map((address) => ({ server: name, namedBy, address }))
}

/** One server, and what it said already. */
interface Hearing {
  readonly address: string
  readonly zone: Name
  readonly question: Question
  readonly heard: readonly Heard[]
}

type Told = Pick<ServerReport, 'serial' | 'finding'>

/** What the server says of the question, and which version of the zone it has. */
async function hear(hearing: Hearing, work: Work): Promise<Told> {
  const { address, zone } = hearing
  const task = work.newTask()
  const askVersion = async () => {
    const asked = await askPatiently(address, { name: zone, type: TYPE.SOA }, task, work)
    return asked.ok ? serialIn(asked.value.message, zone) : undefined
  }
  try {
    const { value, serial } = await work.versions.along(hearing, {
      async hear(tell) {
        const { finding, message } = await listen(hearing, task, work)
        if (message !== undefined) tell(serialIn(message, zone))
        return finding
      },
      ask: ({ kind }) => (kind === 'silent' ? undefined : askVersion()),
    })
    return { finding: value, serial: value.kind === 'silent' ? undefined : serial }
  } catch (error) {
    if (!task.signal.aborted) throw error
    return { serial: undefined, finding: silent('aborted') }
  }
}

interface Listened {
  readonly finding: ServerFinding
  readonly message?: Message
}

/** What it says, or has just said to somebody else. */
async function listen({ address, zone, question, heard }: Hearing, task: Task, work: Work): Promise<Listened> {
  const server = formatServer({ address, port: 53 })
  const said = heard.find(({ reply }) => reply.server === server && sameName(reply.bailiwick, zone))
  if (said !== undefined) {
    const { reply, link } = said
    const useless = whyUseless(reply, zone, question)
    return { finding: useless ?? findingOf(link, reply, question), message: reply.message }
  }
  const asked = await askPatiently(address, question, task, work)
  if (!asked.ok) return { finding: silent(asked.fault) }
  const { message } = asked.value
  const reply: Reply = { ...sortReply(scrub(message, zone)), server, source: server, bailiwick: zone }
  const useless = whyUseless(reply, zone, question)
  if (useless !== undefined) return { finding: useless, message }
  return { finding: findingOf(await work.validator().judge(reply, question, task), reply, question), message }
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

/** Why a reply says nothing about the question that counts; undefined when it does. RFC 1034 §4.3.1 */
function whyUseless(reply: SortedReply, zone: Name, question: Question): ServerFinding | undefined {
  const reason = reasonUseless(reply, zone, question)
  return reason === undefined ? undefined : { kind: 'useless', reason }
}

function reasonUseless({ message, authority, answer }: SortedReply, zone: Name, { name, type }: Question) {
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

/** Of the zone's SOA record, which stands beside denials as well. RFC 2308 §3 */
function serialIn({ answer, authority, isAuthoritative }: Message, zone: Name): number | undefined {
  const record = [...answer, ...authority].find(({ name, type }) => type === TYPE.SOA && sameName(name, zone))
  const soa = record && readSoa(record.rdata)
  return soa?.ok === true && isAuthoritative ? soa.value.serial : undefined
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
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, hand))
  return results
}
