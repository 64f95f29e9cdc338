import { answerOf, defer, type LineAnswer, nothingToSay } from '../../core/lines/reply.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { type PostfixOptions, replyWith } from '../../core/postfix/policy-reply.ts'
import { formatSocketmapReply, type SocketmapReply } from '../../core/postfix/socketmap.ts'
import type { DecisionsOptions, Destination, Outcome } from '../../io/decisions/decisions.ts'
import { destinationOfKey, keyOf } from '../../io/decisions/destination-key.ts'
import { reasonsFor, summarize } from '../cli/explain-summary.ts'
import { shelve, unshelve } from './compact-view.ts'
import type { LineView } from './line-answers.ts'
import { framed, type PostfixView } from './postfix-answers.ts'

/** What is kept of a decision for as long as it holds: texts, for there may be many. */
export interface ServedView extends PostfixView, LineView {
  /** The decision in one sentence. */
  readonly summary: string
  /** What Postfix is told: `dane-only`, `secure`, `NOTFOUND`, `TEMP`. */
  readonly word: string
  readonly reasons: readonly string[]
  /** In a dry run, what Postfix would have been told where that insists on something or delays. */
  readonly wouldAnswer: string | undefined
}

export interface ViewOptions extends Omit<PostfixOptions, 'dialect'> {
  /** Keep what who asks by lines is told, too. */
  readonly withLines: boolean
  /** Whether nothing is to be asked of mail servers for this domain or relay. */
  isDryRun?(name: DomainName): boolean
}

/** How the service keeps what it tells of outcomes. */
export function viewsWith(options: ViewOptions): Pick<DecisionsOptions<ServedView>, 'present' | 'read'> {
  const present = presentWith(options)
  return {
    present: (outcome, destination) => shelve(present(outcome, destination), nameOf(destination)),
    read: (shelved, key) => unshelve(shelved, nameOf(destinationOfKey(key))),
  }
}

function presentWith({ isDryRun = () => false, withLines, ...options }: ViewOptions) {
  return (outcome: Outcome, destination: Destination): Omit<ServedView, 'word'> => {
    const name = nameOf(destination)
    const isDry = isDryRun(name)
    if (outcome.kind === 'failed') {
      const reply: SocketmapReply = { kind: 'temporary', reason: outcome.reason }
      const summary = `Mail to ${keyOf(destination)} waits: ${outcome.reason}.`
      const answers = answersOf({ base: reply, tlsrpt: reply }, isDry)
      const line = withLines ? lineOf(defer(outcome.reason), answers) : undefined
      return { ...answers, summary, reasons: [], line }
    }
    const { facts, decision } = outcome
    const base = replyWith(facts, decision, { ...options, dialect: 'base' })
    const tlsrpt = replyWith(facts, decision, { ...options, dialect: 'tlsrpt' })
    const answers = answersOf({ base, tlsrpt }, isDry)
    return {
      ...{ ...answers, summary: summarize(name, decision), reasons: reasonsFor(decision) },
      line: withLines ? lineOf(answerOf(decision), answers) : undefined,
    }
  }
}

/** A dry run asks nothing of those who ask by lines either. */
function lineOf(line: LineAnswer, { wouldAnswer }: Answers): LineAnswer {
  return wouldAnswer === undefined ? line : { ...nothingToSay, reason: 'a dry run asks nothing' }
}

type Answers = Pick<ServedView, 'base' | 'tlsrpt' | 'wouldAnswer'>
type Replies = Readonly<Record<'base' | 'tlsrpt', SocketmapReply>>

/** A dry run leaves mail to what `main.cf` says wherever more would be asked. */
function answersOf({ base, tlsrpt }: Replies, isDry: boolean): Answers {
  const asking = isDry ? [base, tlsrpt].find(asksForMore) : undefined
  if (asking === undefined) return { base: framed(base), tlsrpt: framed(tlsrpt), wouldAnswer: undefined }
  const text = framed({ kind: 'not-found' })
  return { base: text, tlsrpt: text, wouldAnswer: formatSocketmapReply(asking) }
}

function asksForMore(reply: SocketmapReply): boolean {
  return reply.kind === 'temporary' || (reply.kind === 'ok' && !/^may(?: |$)/.test(reply.data))
}

function nameOf({ nextHop }: Destination): DomainName {
  return nextHop.kind === 'domain' ? nextHop.domain : nextHop.host
}
