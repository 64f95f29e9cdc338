import { limits } from '../../core/limits.ts'
import { explainQuestionFault, parseLineQuestion } from '../../core/lines/question.ts'
import { defer, formatHostReply, formatLineReply, type LineAnswer, nothingToSay } from '../../core/lines/reply.ts'
import { parseLookupKey } from '../../core/postfix/lookup-key.ts'
import { readSocketmapReply } from '../../core/postfix/socketmap.ts'
import { formatTcpTableReply, parseTcpTableRequest } from '../../core/postfix/tcp-table.ts'
import type { Decisions } from '../../io/decisions/decisions.ts'
import { type AnswerCounts, decideAndCount } from './answer-counts.ts'
import type { LineProtocol } from './line-connection.ts'
import { destinationOf, type PostfixView } from './postfix-answers.ts'

/** What is kept of a decision for who asks by lines. */
export interface LineView {
  /** Undefined when nobody asks so. */
  readonly line: LineAnswer | undefined
}

type Asked<View> = Pick<Decisions<View>, 'decide' | 'held'>

const unknown = defer('the service keeps no answers for lines')

/** One question a connection, for Exim's `${readsocket`: docs/exim.md. */
export function createLineProtocol(decisions: () => Asked<LineView>, counts: AnswerCounts): LineProtocol {
  const { queryOctets, connections, askMs, readMs } = limits.lines
  const refuse = (reason: string) => {
    counts.wrong++
    return formatLineReply(defer(reason))
  }
  return {
    ...{ questionOctets: queryOctets, isOneShot: true, connections },
    patienceMs: { idle: askMs, unfinished: askMs, unread: readMs },
    answerTooLong: () => refuse('the question is too long'),
    answer(line) {
      const question = parseLineQuestion(line)
      if (!question.ok) return refuse(explainQuestionFault(question.fault))
      const { key, host } = question.value
      const format = (answer: LineAnswer) =>
        host === undefined ? formatLineReply(answer) : formatHostReply(answer, host)
      const destination = destinationOf(key)
      if (destination === undefined) {
        counts.none++
        return format(nothingToSay)
      }
      return decideAndCount(decisions(), destination, counts).then(({ view }) => format(view.line ?? unknown))
    },
  }
}

/** Question after question, for a Postfix without socketmap. tcp_table(5) */
export function createTcpTableProtocol(decisions: () => Asked<PostfixView>, counts: AnswerCounts): LineProtocol {
  const { tcpTableOctets, connections, idleMs, unfinishedMs, unreadMs } = limits.postfix
  const notFound = formatTcpTableReply({ kind: 'not-found' })
  const refuse = (reason: string) => {
    counts.wrong++
    return formatTcpTableReply({ kind: 'temporary', reason })
  }
  return {
    ...{ questionOctets: tcpTableOctets, isOneShot: false, connections },
    patienceMs: { idle: idleMs, unfinished: unfinishedMs, unread: unreadMs },
    answerTooLong: () => refuse('the question is too long'),
    answer(line) {
      const key = parseTcpTableRequest(line)
      if (!key.ok) return refuse('a question reads: get KEY')
      const destination = destinationOf(parseLookupKey(key.value))
      if (destination === undefined) {
        counts.none++
        return notFound
      }
      return decideAndCount(decisions(), destination, counts).then(({ view: { base } }) =>
        formatTcpTableReply(readSocketmapReply(unframed(base))),
      )
    },
  }
}

/** What a netstring of our own has in it. */
function unframed(netstring: string): string {
  return netstring.slice(netstring.indexOf(':') + 1, -1)
}
