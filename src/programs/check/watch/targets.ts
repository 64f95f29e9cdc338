import type { Notice } from '../../../core/check/watch/watch.ts'
import { limits } from '../../../core/limits.ts'
import { type PostOptions, postJson } from '../../../io/https/post-json.ts'
import { describeEnd, runProgram } from '../../../io/run-program.ts'
import { summaryOf } from './summary.ts'

/** One who is told of changes. */
export interface Target {
  /** What the state knows it by: notices that were not delivered wait for it across restarts. */
  readonly name: 'command' | 'webhook'
  /** Tells a notice. Yields why that failed, in one line fit for a terminal; undefined when it was taken. */
  deliver(notice: Notice, signal: AbortSignal): Promise<string | undefined>
}

export interface CommandOptions {
  /** Program and arguments. */
  readonly words: readonly [string, ...string[]]
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly timeoutMs?: number
}

/** A program that is run for each notice, without a shell: the notice as JSON on its input, a summary in its environment. */
export function commandTarget({ words, environment, timeoutMs = limits.watch.commandMs }: CommandOptions): Target {
  return {
    name: 'command',
    async deliver(notice, signal) {
      const { commandGraceMs: graceMs, saidCharacters } = limits.watch
      const end = await runProgram(words, {
        ...{ environment: { ...environment, ...environmentOf(notice) }, input: `${JSON.stringify(notice)}\n` },
        ...{ timeoutMs, graceMs, saidCharacters, signal },
      })
      return end.kind === 'ended' && end.status === 0 ? undefined : describeEnd(end, words[0], timeoutMs)
    },
  }
}

/** What a script can use without reading JSON. Text of strangers is escaped. */
export function environmentOf(notice: Notice): Record<string, string> {
  return {
    WAXSEAL_DOMAIN: notice.domain,
    WAXSEAL_DIRECTION: notice.direction,
    WAXSEAL_VERDICT: notice.verdict,
    WAXSEAL_VERDICT_BEFORE: notice.verdictBefore ?? '',
    WAXSEAL_SUMMARY: summaryOf(notice),
    WAXSEAL_NOTICE_ID: notice.id,
  }
}

/** A server that each notice is posted to as JSON. */
export function webhookTarget(url: URL, options: Omit<PostOptions, 'signal' | 'headers'>): Target {
  return {
    name: 'webhook',
    async deliver(notice, signal) {
      const body = { summary: summaryOf(notice), ...notice }
      const headers = { 'Idempotency-Key': `"${notice.id}"` }
      return await postJson(url, JSON.stringify(body), { ...options, headers, signal })
    },
  }
}
