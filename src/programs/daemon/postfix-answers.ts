import { limits } from '../../core/limits.ts'
import type { LookupKey } from '../../core/postfix/lookup-key.ts'
import { parseLookupKey } from '../../core/postfix/lookup-key.ts'
import { formatNetstring } from '../../core/postfix/netstring.ts'
import type { Dialect } from '../../core/postfix/policy-grammar.ts'
import { formatSocketmapReply, parseSocketmapRequest, type SocketmapReply } from '../../core/postfix/socketmap.ts'
import type { Clock } from '../../io/clock.ts'
import type { Decisions, Destination, Made } from '../../io/decisions/decisions.ts'
import { createCache } from '../../io/resolver/cache.ts'
import { type AnswerCounts, createAnswerCounts, decideAndCount } from './answer-counts.ts'

/** What Postfix is told about one destination, as netstrings, in both dialects. */
export interface PostfixView {
  readonly base: string
  readonly tlsrpt: string
}

/** Answers of a socketmap, as netstrings. */
export interface PostfixAnswers {
  /** To a question about a destination whose decision holds, by its own name; undefined when that takes more than looking. */
  ready(octets: Buffer, start: number, end: number): string | undefined
  /**
   * To any question, undefined for what cannot even be told from what follows; undefined when it is none, and nothing that
   * follows it can be believed either.
   */
  answer(request: string | undefined): Promise<string> | undefined
}

/** Map names that operators write into main.cf, and the Postfix that each is for. */
const dialects: ReadonlyMap<string, Dialect> = new Map([
  ['QUERY', 'base'],
  ['QUERYwithTLSRPT', 'tlsrpt'],
])

const notFound = framed({ kind: 'not-found' })
const unknownMap = framed({
  kind: 'permanent',
  reason: 'there is no such map: write QUERY for Postfix up to 3.9, QUERYwithTLSRPT for later ones',
})

export function createPostfixAnswers(
  decisions: Decisions<PostfixView>,
  clock: Clock,
  counts: AnswerCounts = createAnswerCounts(),
): PostfixAnswers {
  const inOther = createOther(clock)
  return {
    ready(octets, start, end) {
      // A key as Postfix writes it is that of the decision: no more is needed to find it.
      const text = begins(octets, start, forBase)
        ? decisions.readyAt(octets.toString('latin1', start + forBase.length, end))
        : begins(octets, start, forTlsrpt)
          ? inOther(decisions.heldAt(octets.toString('latin1', start + forTlsrpt.length, end)))
          : undefined
      if (text !== undefined) counts.hit++
      return text
    },
    answer(request) {
      // Names in UTF-8 come as single octets here.
      const parsed =
        request === undefined ? undefined : parseSocketmapRequest(Buffer.from(request, 'latin1').toString())
      const dialect = parsed?.ok === true ? dialects.get(parsed.value.map) : undefined
      if (dialect === undefined) counts.wrong++
      if (parsed?.ok !== true) return undefined
      if (dialect === undefined) return Promise.resolve(unknownMap)
      const destination = destinationOf(parseLookupKey(parsed.value.key))
      if (destination === undefined) {
        counts.none++
        return Promise.resolve(notFound)
      }
      return decideAndCount(decisions, destination, counts).then(({ view }) => view[dialect])
    },
  }
}

/** How questions begin; a text cut from another would have to be gone through to find anything by it. */
const forBase = Buffer.from('QUERY ')
const forTlsrpt = Buffer.from('QUERYwithTLSRPT ')

function begins(octets: Buffer, start: number, words: Buffer): boolean {
  for (let at = 0; at < words.length; at++) if (octets[start + at] !== words[at]) return false
  return true
}

/** Answers in the dialect that views have to be taken apart for, as far as there is room to keep them. */
function createOther(clock: Clock): (made: Made<PostfixView> | undefined) => string | undefined {
  const { kept: entries } = limits.decisions
  const { reportAnswerOctets: octets } = limits.postfix
  const now = () => clock.now()
  const kept = createCache<Answered>({ now, entries, octets, octetsOf: ({ text }) => text.length })
  return (made) => {
    if (made === undefined) return undefined
    const before = kept.get(made.key)?.value
    if (before?.serial === made.serial) return before.text
    const text = made.view.tlsrpt
    kept.put(made.key, { serial: made.serial, text }, made.until)
    return text
  }
}

interface Answered {
  readonly serial: number
  readonly text: string
}

/** What no policy can be about is answered at once. */
export function destinationOf(key: LookupKey): Destination | undefined {
  switch (key.kind) {
    case 'domain':
      return { nextHop: { kind: 'domain', domain: key.domain }, port: key.port }
    case 'relay':
      return { nextHop: { kind: 'relay', host: key.host }, port: key.port }
    case 'none':
      return undefined
  }
}

/** What a framed reply says: `OK dane-only`. */
export function unframed(netstring: string): string {
  return Buffer.from(netstring.slice(netstring.indexOf(':') + 1, -1), 'latin1').toString()
}

/** A reply as it goes over the wire. */
export function framed(reply: SocketmapReply): string {
  return formatNetstring(formatSocketmapReply(reply))
}
