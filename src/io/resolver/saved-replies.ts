import { decodeMessage } from '../../core/dns/decode.ts'
import { encodeMessage } from '../../core/dns/encode.ts'
import type { ResourceRecord } from '../../core/dns/message.ts'
import { writeRrsig } from '../../core/dns/rdata/write.ts'
import { proofsOf, soaOf, sortReply } from '../../core/dns/reply.ts'
import { type Rrset, recordsOf } from '../../core/dns/rrset.ts'
import { CLASS, TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { isBelow, type Name, sameName } from '../../core/name/name.ts'
import { accept, type Result, refuse } from '../../core/result.ts'
import { createCache } from './cache.ts'
import { type CacheFileFault, parseCacheFile, writeCacheFile } from './cache-file.ts'
import type { Task } from './task.ts'
import type { Reply, Upstream } from './upstream.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** As `source` and `server` of such replies; no server has a name like it. */
const saved = 'the saved cache'

/**
 * Replies that proved something, kept as they came so that they can prove it again in another process.
 *
 * They are no more than what a server may say: whoever gets one judges it, signatures and all, and asks others when it is
 * not true. Nothing counts because it was saved.
 */
export interface SavedReplies {
  /** Keeps what a reply says of a name and type, for so many seconds. */
  keep(question: Question, reply: Reply, seconds: number): void
  /** Adds what is in a file; of times that it names nothing is believed beyond what any reply may live. */
  load(octets: Uint8Array): Result<number, CacheFileFault | 'from-the-future'>
  /** All that still holds, as a file. */
  toOctets(): Uint8Array
  /** The upstream, with these replies asked before it. */
  inFrontOf(upstream: Upstream): Upstream
}

interface Saved {
  readonly name: Name
  readonly type: number
  readonly message: Uint8Array
}

export function createSavedReplies(now: () => number): SavedReplies {
  const { answers: entries, savedOctets: octets } = limits.resolver
  const replies = createCache<Saved>({ now, entries, octets, octetsOf: ({ message }) => message.length + 384 })

  function recall(question: Question, avoid: ReadonlySet<string>): Reply | undefined {
    const key = keyOf(question)
    const found = replies.get(key)
    if (found === undefined) return undefined
    const reply = avoid.has(saved) ? undefined : readSaved(question, found.value, (found.until - now()) / 1000)
    // What turned out to be untrue, or no reply at all, is of no use to anybody.
    if (reply === undefined) replies.delete(key)
    return reply
  }

  return {
    keep(question, reply, seconds) {
      if (reply.source === saved || seconds < limits.resolver.savedLeastTtl) return
      const { name, type } = question
      const message = writeSaved(question, reply)
      if (message.length > limits.dns.messageOctets) return
      replies.put(keyOf(question), { name, type, message }, now() + seconds * 1000)
    },
    load(given) {
      const file = parseCacheFile(given)
      if (!file.ok) return file
      const at = now()
      // One of the two clocks is wrong: nobody can tell how old this is.
      if (file.value.savedAt > at + limits.dnssec.inceptionSkew * 1000) return refuse('from-the-future')
      const most = at + limits.resolver.ttl * 1000
      for (const { name, type, until, message } of file.value.replies) {
        const key = keyOf({ name, type })
        if (replies.get(key) === undefined) replies.put(key, { name, type, message }, Math.min(until, most))
      }
      return accept(replies.size)
    },
    toOctets() {
      const savedAt = now()
      const living = [...replies.all()].filter(({ until }) => until > savedAt)
      return writeCacheFile({ savedAt, replies: living.map(({ value, until }) => ({ ...value, until })) })
    },
    inFrontOf: (upstream) => ({
      async fetch(question, task, avoid) {
        // What is to be renewed is asked for.
        const reply = task.isRefresh === true ? undefined : recall(question, avoid)
        if (reply === undefined) return upstream.fetch(question, task, withoutSaved(avoid))
        tellOf(question, task)
        return { ok: true, reply }
      },
      close: () => upstream.close(),
    }),
  }
}

/** For an upstream, to which it is no source. */
function withoutSaved(avoid: ReadonlySet<string>): ReadonlySet<string> {
  return avoid.has(saved) ? new Set([...avoid].filter((source) => source !== saved)) : avoid
}

/** Whether nothing was asked of anybody for this reply. */
export function isSaved({ source }: Reply): boolean {
  return source === saved
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name.key}`
}

function tellOf({ name, type }: Question, { trace, clock }: Task): void {
  trace?.({
    kind: 'note',
    at: clock.now(),
    server: saved,
    transport: 'cache',
    name,
    type,
    text: 'has a reply to prove',
  })
}

/** No more than what speaks of the question: its records or its alias, what denies it, and their signatures. */
function writeSaved({ name, type }: Question, reply: Reply): Uint8Array {
  const isAbout = (rrset: Rrset) =>
    rrset.type === TYPE.DNAME
      ? isBelow(name, rrset.name) || (type === TYPE.DNAME && sameName(rrset.name, name))
      : sameName(rrset.name, name) && (rrset.type === type || rrset.type === TYPE.CNAME)
  const soa = soaOf(reply)
  const answer = reply.answer.filter(isAbout).flatMap(signedRecordsOf)
  const authority = [...(soa === undefined ? [] : [soa]), ...proofsOf(reply)].flatMap(signedRecordsOf)
  const message = { ...reply.message, id: 0, questions: [{ name, type, class: CLASS.IN }], answer, authority }
  return new Uint8Array(encodeMessage({ ...message, additional: [], edns: undefined }, { compress: true }))
}

function signedRecordsOf(rrset: Rrset): ResourceRecord[] {
  const { name, class: klass, signatures } = rrset
  const rrsigs = signatures.map((one) => ({
    ...{ name, type: TYPE.RRSIG, class: klass, ttl: one.ttl },
    rdata: writeRrsig(one),
  }))
  return [...recordsOf(rrset), ...rrsigs]
}

/** As it would come now from whoever has had it all the while. Undefined for what is no reply to the question. */
function readSaved({ name, type }: Question, { message: octets }: Saved, seconds: number): Reply | undefined {
  const decoded = decodeMessage(octets)
  const [asked] = decoded.ok ? decoded.value.questions : []
  if (!decoded.ok || asked === undefined || !sameName(asked.name, name) || asked.type !== type) return undefined
  const aged = (records: readonly ResourceRecord[]) =>
    records.map((record) => ({ ...record, ttl: Math.min(record.ttl, Math.floor(seconds)) }))
  const { answer, authority } = decoded.value
  const message = { ...decoded.value, answer: aged(answer), authority: aged(authority), additional: [] }
  return { ...sortReply(message), server: saved, source: saved, bailiwick: name }
}
