import { limits } from '../../core/limits.ts'
import type { LookupKey } from '../../core/postfix/lookup-key.ts'
import { parseLookupKey } from '../../core/postfix/lookup-key.ts'
import { formatNetstring } from '../../core/postfix/netstring.ts'
import type { Dialect } from '../../core/postfix/policy-grammar.ts'
import { formatSocketmapReply, parseSocketmapRequest, type SocketmapReply } from '../../core/postfix/socketmap.ts'
import type { Clock } from '../../io/clock.ts'
import type { Decisions, Destination, Made } from '../../io/decisions/decisions.ts'

/** What Postfix is told about one destination, as netstrings, in both dialects. */
export interface PostfixView {
  readonly base: string
  readonly tlsrpt: string
}

/** Answers of a socketmap, as netstrings. */
export interface PostfixAnswers {
  /** To a question that was answered lately, word for word the same; undefined when that takes more than looking. */
  ready(request: string): string | undefined
  /** To any question; undefined when it is none, and nothing that follows it can be believed either. */
  answer(request: string): Promise<string> | undefined
}

/** How questions were answered: from memory, by looking, that no policy can be about it, or as no question at all. */
export interface AnswerCounts {
  hit: number
  miss: number
  none: number
  wrong: number
}

export const noAnswers: Readonly<AnswerCounts> = { hit: 0, miss: 0, none: 0, wrong: 0 }

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
  counts: AnswerCounts = { ...noAnswers },
): PostfixAnswers {
  const answered = new Map<string, Made<PostfixView>>()
  const remember = (request: string, made: Made<PostfixView>) => {
    if (request.length > limits.names.textCharacters) return
    answered.set(request, made)
    if (answered.size > limits.decisions.kept) answered.delete(answered.keys().next().value as string)
  }
  return {
    ready(request) {
      const made = answered.get(request)
      if (made === undefined) return undefined
      const now = clock.now()
      if (made.isCurrent && made.until > now) {
        made.askedAt = now
        counts.hit++
        return request.startsWith('QUERY ') ? made.view.base : made.view.tlsrpt // only these two are remembered
      }
      answered.delete(request)
      return undefined
    },
    answer(request) {
      // Names in UTF-8 come as single octets here.
      const parsed = parseSocketmapRequest(Buffer.from(request, 'latin1').toString())
      const dialect = parsed.ok ? dialects.get(parsed.value.map) : undefined
      if (dialect === undefined) counts.wrong++
      if (!parsed.ok) return undefined
      if (dialect === undefined) return Promise.resolve(unknownMap)
      const destination = destinationOf(parseLookupKey(parsed.value.key))
      if (destination === undefined) {
        counts.none++
        return Promise.resolve(notFound)
      }
      if (decisions.held(destination) === undefined) counts.miss++
      else counts.hit++
      return decisions.decide(destination).then((made) => {
        remember(request, made)
        return made.view[dialect]
      })
    },
  }
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
  return compact(formatNetstring(formatSocketmapReply(reply)))
}

/** The same text without the parts that it was put together from: such take several times its room. */
export function compact(text: string): string {
  return Buffer.from(text).toString()
}
