import { limits } from '../limits.ts'
import { accept, type Result, refuse } from '../result.ts'
import { type EnhancedStatus, formatEnhancedStatus, readEnhancedStatus } from './enhanced-status.ts'

/** One reply of a server, all its lines. RFC 5321 §4.2 */
export interface Reply {
  readonly code: number
  /** The text of each line without code and separator; octets that are not UTF-8 stand as U+FFFD. RFC 6531 §3.7.4 */
  readonly lines: readonly string[]
  readonly enhanced: EnhancedStatus | undefined
}

export type ReplyFault = 'line-too-long' | 'too-many-lines' | 'syntax' | 'codes-differ'

/** Cuts a stream of octets into replies. What follows a taken reply stays unread, so that it can be noticed. */
export interface ReplyReader {
  push(octets: Uint8Array): void
  /** The next whole reply; undefined when more octets are needed; a fault stays for good. `at` counts all octets. */
  take(): Result<Reply, ReplyFault> | undefined
  /** Octets pushed that belong to no reply taken so far. */
  pending(): number
}

interface ReplyLine {
  readonly code: number
  readonly last: boolean
  readonly text: string
}

const lineSyntax = /^([2-5][0-9]{2})(?:([ -])(.*))?$/s

/** A reader for one connection, or for the part of it before or after TLS: never for both. RFC 3207 §4.2 */
export function createReplyReader(): ReplyReader {
  const waiting: Uint8Array[] = []
  const lines: ReplyLine[] = []
  let partial: Uint8Array[] = []
  let partialOctets = 0
  let pushed = 0
  let consumed = 0
  let taken = 0
  let fault: Result<Reply, ReplyFault> | undefined

  /** The next whole line; undefined when it has not ended. */
  function takeLine(): Result<ReplyLine, ReplyFault> | undefined {
    for (let chunk = waiting.shift(); chunk !== undefined; chunk = waiting.shift()) {
      const end = chunk.indexOf(0x0a)
      const used = end < 0 ? chunk : chunk.subarray(0, end + 1)
      partial.push(used)
      partialOctets += used.length
      if (partialOctets > limits.smtp.replyLineOctets) return refuse('line-too-long', consumed)
      if (end < 0) continue
      if (end + 1 < chunk.length) waiting.unshift(chunk.subarray(end + 1))
      const start = consumed
      const line = Buffer.concat(partial).toString('utf8')
      consumed += partialOctets
      partial = []
      partialOctets = 0
      return parseReplyLine(line, start)
    }
    return undefined
  }

  function take(): Result<Reply, ReplyFault> | undefined {
    for (let line = takeLine(); line !== undefined; line = takeLine()) {
      if (!line.ok) return line
      const first = lines[0]
      if (first !== undefined && first.code !== line.value.code) return refuse('codes-differ', consumed)
      if (lines.length === limits.smtp.replyLines) return refuse('too-many-lines', consumed)
      lines.push(line.value)
      if (line.value.last) return accept(replyOf(lines.splice(0)))
    }
    return undefined
  }

  return {
    push(octets) {
      pushed += octets.length
      if (octets.length > 0 && fault === undefined) waiting.push(octets)
    },
    take() {
      if (fault !== undefined) return fault
      const reply = take()
      if (reply?.ok === false) fault = reply
      if (reply?.ok === true) taken = consumed
      return reply
    },
    pending() {
      return pushed - taken
    },
  }
}

/** Reads one line. RFC 5321 §4.2 wants CRLF; a lone LF is let pass, as it cannot hide anything from us. */
function parseReplyLine(line: string, at: number): Result<ReplyLine, ReplyFault> {
  const found = lineSyntax.exec(line.replace(/\r?\n$/, ''))
  if (found === null) return refuse('syntax', at)
  return accept({ code: Number(found[1]), last: found[2] !== '-', text: found[3] ?? '' })
}

function replyOf(lines: readonly ReplyLine[]): Reply {
  const code = lines[0]?.code ?? 0
  const texts = lines.map(({ text }) => text)
  return { code, lines: texts, enhanced: readEnhancedStatus(code, texts[0] ?? '') }
}

/**
 * The reply on one line, as people quote it, its enhanced status code once and not on every line (RFC 2034 §4).
 * Unescaped: what shows it must escape it.
 */
export function formatReply({ code, lines, enhanced }: Reply): string {
  const again = enhanced === undefined ? undefined : `${formatEnhancedStatus(enhanced)} `
  const texts = lines.map((line, place) => {
    return again !== undefined && place > 0 && line.startsWith(again) ? line.slice(again.length) : line
  })
  return `${code} ${texts.join(' ')}`.trimEnd()
}
