import { findPart, proofsOf, type SortedReply, sortReply } from '../../core/dns/reply.ts'
import { formatRcode, RCODE, TYPE } from '../../core/dns/types.ts'
import { closestAnchors, type TrustAnchor } from '../../core/dnssec/anchors.ts'
import { nameRrset } from '../../core/dnssec/problem.ts'
import { limits } from '../../core/limits.ts'
import { type Name, prependLabels, sameName, withoutLabels } from '../../core/name/name.ts'
import type { Endpoint } from '../network.ts'
import { createSharedWork } from '../shared-work.ts'
import type { StopSignal } from '../stop.ts'
import { type Asker, formatServer } from './ask.ts'
import type { Patience } from './attempts.ts'
import { createCache } from './cache.ts'
import { createTask, type Task } from './task.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** One way to ask a recursive server. */
export interface Route {
  readonly server: Endpoint
  readonly checkingDisabled: boolean
}

/** Whether recursive servers pass on what validation needs. RFC 4035 §4.1, §4.9 */
export interface Capabilities {
  /** What is known not to come through this way, in words; undefined when nothing is missed. */
  known(route: Route, question: Question): string | undefined
  /**
   * The same of a reply that has just come. One with a signature shows enough by itself, so that nothing more is asked
   * on the usual way; for the first without any, and again an hour later, the server must show what it can do.
   */
  missing(route: Route, question: Question, reply: SortedReply, task: Task): Promise<string | undefined>
  close(): Promise<void>
}

export interface CapabilityOptions {
  readonly asker: Asker
  readonly anchors: readonly TrustAnchor[]
  readonly patience: Patience
  readonly now: () => number
  /** Told when a server turns out to strip DNSSEC records whichever way it is asked. */
  readonly onStripping: (server: string, missing: string) => void
}

/** `nothing` is missed, or it could not be told, or something is, in words. */
type Verdict = { readonly kind: 'nothing' | 'unknown' } | { readonly kind: 'missing'; readonly what: string }

/** Nobody has registered it below an anchor, and no special meaning is known for it. */
const absentLabel = 'dnssec-probe'

export function createCapabilities(options: CapabilityOptions): Capabilities {
  const { anchors, now, onStripping } = options
  const bounds = { entries: limits.resolver.cacheEntries, octets: limits.resolver.cacheOctets }
  const verdicts = createCache<Verdict>({ now, ...bounds, octetsOf: () => 128 })
  const underWay = createSharedWork<Verdict>()

  function note(route: Route, anchor: Name, verdict: Verdict): Verdict {
    if (verdict.kind === 'unknown') return verdict
    const { capabilityKept, bogusTtl } = limits.resolver
    verdicts.put(keyOf(route, anchor), verdict, now() + (verdict.kind === 'nothing' ? capabilityKept : bogusTtl) * 1000)
    const other = verdicts.get(keyOf({ ...route, checkingDisabled: !route.checkingDisabled }, anchor))
    if (verdict.kind === 'missing' && other?.value.kind === 'missing') {
      onStripping(formatServer(route.server), verdict.what)
    }
    return verdict
  }

  /** Without a signal it goes on after the question that began it. */
  function show(route: Route, anchor: Name, { name }: Question, task: Task, until?: StopSignal): Promise<Verdict> {
    const start = async (signal: StopSignal) => {
      const own = createTask({ ...task, signal, queries: limits.resolver.capabilityQueries })
      return note(route, anchor, await probe(route, { anchor, name }, own, options))
    }
    return underWay.join(keyOf(route, anchor), start, until)
  }

  return {
    known(route, { name }) {
      const [anchor] = closestAnchors(anchors, name)
      const verdict = anchor && verdicts.get(keyOf(route, anchor.owner))?.value
      return verdict && wordsOf(verdict)
    },
    async missing(route, question, reply, task) {
      const [closest] = closestAnchors(anchors, question.name)
      if (closest === undefined || hasSignature(reply)) return undefined
      const anchor = closest.owner
      if (question.type === TYPE.DNSKEY && sameName(question.name, anchor)) {
        return wordsOf(note(route, anchor, judgeKeys(reply, anchor)))
      }
      const kept = verdicts.get(keyOf(route, anchor))
      if (kept !== undefined) return wordsOf(kept.value)
      if (isJudgedByOthers(question, reply)) {
        void show(route, anchor, question, task).catch(() => undefined)
        return undefined
      }
      return wordsOf(await show(route, anchor, question, task, task.signal))
    },
    close: () => underWay.close(),
  }
}

function wordsOf(verdict: Verdict): string | undefined {
  return verdict.kind === 'missing' ? verdict.what : undefined
}

/** Records come to no harm while it is found out: their zone is asked for next, and those answers wait for it. */
function isJudgedByOthers({ name, type }: Question, reply: SortedReply): boolean {
  return type !== TYPE.DS && type !== TYPE.DNSKEY && findPart(reply, name, type).kind !== 'denial'
}

function keyOf({ server, checkingDisabled }: Route, anchor: Name): string {
  return `${formatServer(server)} ${checkingDisabled} ${anchor.key}`
}

function hasSignature({ message: { answer, authority } }: SortedReply): boolean {
  return [...answer, ...authority].some(({ type }) => type === TYPE.RRSIG)
}

/** Keys, a denial, and the DS records on the way to the name, all at once: what came to us shows the first lack. */
async function probe(
  route: Route,
  { anchor, name }: { readonly anchor: Name; readonly name: Name },
  task: Task,
  options: CapabilityOptions,
): Promise<Verdict> {
  const absent = prependLabels([absentLabel], anchor)
  const child = withoutLabels(name, name.labelCount - anchor.labelCount - 1)
  const ask = (question: Question) => askTwice(route, question, task, options)
  const judgements = await Promise.all([
    ask({ name: anchor, type: TYPE.DNSKEY }).then((reply) => reply && judgeKeys(reply, anchor)),
    absent && ask({ name: absent, type: TYPE.DS }).then((reply) => reply && judgeDenial(reply, absent)),
    sameName(name, anchor)
      ? undefined
      : ask({ name: child, type: TYPE.DS }).then((reply) => reply && judgeDs(reply, child)),
  ])
  const lack = judgements.find((verdict) => verdict?.kind === 'missing')
  if (lack !== undefined) return lack
  const [keys, denial] = judgements
  return keys?.kind === 'nothing' && denial?.kind === 'nothing' ? { kind: 'nothing' } : { kind: 'unknown' }
}

async function askTwice(
  { server, checkingDisabled }: Route,
  question: Question,
  task: Task,
  { asker, patience }: CapabilityOptions,
): Promise<SortedReply | undefined> {
  for (const [round, transport] of (['udp', 'tcp'] as const).entries()) {
    const flags = { recursionDesired: true, checkingDisabled, chosenBy: 'operator' } as const
    const ask = { ...question, ...flags, endpoint: server, transport, timeoutMs: patience(round) }
    const asked = await asker(ask, task)
    if (asked.ok) return sortReply(asked.value.message)
    if (asked.fault !== 'timeout') return undefined
  }
  return undefined
}

function missing(what: string): Verdict {
  return { kind: 'missing', what }
}

function judgeKeys({ message, answer }: SortedReply, anchor: Name): Verdict {
  const question = nameRrset({ name: anchor, type: TYPE.DNSKEY })
  const { rcode } = message
  if (rcode === RCODE.FORMERR || rcode === RCODE.NOTIMP) return missing(`${formatRcode(rcode)} for ${question}`)
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return { kind: 'unknown' }
  if (message.edns === undefined) return missing(`no EDNS with ${question}`) // RFC 6891 §7
  const keys = answer.find(({ name, type }) => type === TYPE.DNSKEY && sameName(name, anchor))
  if (keys === undefined) return missing(`no ${question}`)
  return keys.signatures.length > 0 ? { kind: 'nothing' } : missing(`no RRSIG with ${question}`)
}

/** A name that is there after all, or a wildcard, is as good when it is signed. */
function judgeDenial(reply: SortedReply, absent: Name): Verdict {
  const question = nameRrset({ name: absent, type: TYPE.DS })
  const { rcode } = reply.message
  if (rcode !== RCODE.NOERROR && rcode !== RCODE.NXDOMAIN) return { kind: 'unknown' }
  if (reply.answer.some(({ signatures }) => signatures.length > 0)) return { kind: 'nothing' }
  const proofs = proofsOf(reply)
  if (proofs.length === 0) return missing(`no NSEC or NSEC3 with the denial of ${question}`)
  const isSigned = proofs.some(({ signatures }) => signatures.length > 0)
  return isSigned ? { kind: 'nothing' } : missing(`no RRSIG with the denial of ${question}`)
}

/** A denial says nothing here: the server may have a zone of its own at the name. */
function judgeDs({ answer }: SortedReply, child: Name): Verdict {
  const ds = answer.find(({ name, type }) => type === TYPE.DS && sameName(name, child))
  if (ds === undefined || ds.signatures.length > 0) return { kind: 'nothing' }
  return missing(`no RRSIG with ${nameRrset({ name: child, type: TYPE.DS })}`)
}
