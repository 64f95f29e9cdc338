import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import { createCache } from './cache.ts'
import { octetsOfReply } from './delegations.ts'
import type { Reply } from './upstream.ts'
import type { Link } from './validator.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** What a server said to a question, and how it was judged. */
export interface Heard {
  readonly reply: Reply
  readonly link: Link
}

/**
 * What servers said to the resolver's own questions a moment ago, for whoever compares servers: none is then asked twice.
 * Nothing is kept until somebody listens.
 */
export interface HeardReplies {
  listen(): void
  note(question: Question, heard: Heard): void
  /** Of each server its last, once: who compares again wants to know what they say by then. */
  take(question: Question): readonly Heard[]
}

export function createHeardReplies(now: () => number): HeardReplies {
  const { heard: entries, heardOctets: octets, heardMs } = limits.resolver
  const octetsOf = (all: readonly Heard[]) => all.reduce((sum, { reply }) => sum + octetsOfReply(reply), 0)
  const replies = createCache<readonly Heard[]>({ now, entries, octets, octetsOf })
  let isListening = false
  return {
    listen() {
      isListening = true
    },
    note(question, heard) {
      if (!isListening) return
      const key = keyOf(question)
      const others = replies.get(key)?.value.filter(({ reply }) => reply.server !== heard.reply.server) ?? []
      replies.put(key, [...others, heard], now() + heardMs)
    },
    take(question) {
      const key = keyOf(question)
      const found = replies.get(key)?.value ?? []
      replies.delete(key)
      return found
    },
  }
}

function keyOf({ name, type }: Question): string {
  return `${type} ${name.key}`
}
