import type { DomainDecision } from '../../core/decision/decision.ts'
import { answerOf, defer } from '../../core/lines/reply.ts'
import { type PostfixOptions, replyWith } from '../../core/postfix/policy-reply.ts'
import type { SocketmapReply } from '../../core/postfix/socketmap.ts'
import type { Destination, Outcome } from '../../io/decisions/decisions.ts'
import { reasonsFor, summarize } from '../cli/explain-summary.ts'
import type { LineView } from './line-answers.ts'
import { framed, type PostfixView } from './postfix-answers.ts'

/** What is kept of a decision for as long as it holds: texts, for there may be many. */
export interface ServedView extends PostfixView, LineView {
  /** The decision in one sentence. */
  readonly summary: string
  /** What Postfix is told: `dane-only`, `secure`, `NOTFOUND`, `TEMP`. */
  readonly word: string
  readonly reasons: readonly string[]
}

export interface ViewOptions extends Omit<PostfixOptions, 'dialect'> {
  /** Keep what who asks by lines is told, too. */
  readonly withLines: boolean
}

export function presentWith(options: ViewOptions) {
  return (outcome: Outcome, destination: Destination): ServedView => {
    if (outcome.kind === 'failed') {
      const reply: SocketmapReply = { kind: 'temporary', reason: outcome.reason }
      const line = options.withLines ? defer(outcome.reason) : undefined
      const summary = `Mail to ${textOf(destination)} waits: ${outcome.reason}.`
      return { base: framed(reply), tlsrpt: framed(reply), summary, word: 'TEMP', reasons: [], line }
    }
    const { facts, decision } = outcome
    const base = replyWith(facts, decision, { ...options, dialect: 'base' })
    const tlsrpt = replyWith(facts, decision, { ...options, dialect: 'tlsrpt' })
    return {
      ...{ base: framed(base), tlsrpt: framed(tlsrpt), word: wordOf(base), reasons: reasonsFor(decision) },
      summary: summaryOf(destination, decision),
      line: options.withLines ? answerOf(decision) : undefined,
    }
  }
}

function summaryOf({ nextHop }: Destination, decision: DomainDecision): string {
  return summarize(nextHop.kind === 'domain' ? nextHop.domain : nextHop.host, decision)
}

/** As Postfix names a destination; the port where it is not the usual one. */
export function textOf({ nextHop, port }: Destination): string {
  const name = nextHop.kind === 'domain' ? nextHop.domain : `[${nextHop.host}]`
  return port === 25 ? name : `${name}:${port}`
}

function wordOf(reply: SocketmapReply): string {
  switch (reply.kind) {
    case 'ok':
      return reply.data.split(' ', 1)[0] ?? ''
    case 'not-found':
      return 'NOTFOUND'
    case 'temporary':
      return 'TEMP'
    case 'permanent':
      return 'PERM'
  }
}
