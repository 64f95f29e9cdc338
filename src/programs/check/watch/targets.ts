import { spawn } from 'node:child_process'
import type { Notice } from '../../../core/check/watch/watch.ts'
import { limits } from '../../../core/limits.ts'
import { escapeText } from '../../../core/smtp/escape.ts'
import { type PostOptions, postJson } from '../../../io/https/post-json.ts'
import { reasonOf } from '../../file-error.ts'
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
  const [program, ...args] = words
  return {
    name: 'command',
    deliver: (notice, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve('given up')
        const env = { ...environment, ...environmentOf(notice) }
        const child = spawn(program, args, { env, shell: false, stdio: ['pipe', 'ignore', 'pipe'] })
        let said = ''
        const end = (why: string | undefined) => {
          clearTimeout(timer)
          clearTimeout(hard)
          signal.removeEventListener('abort', stop)
          resolve(why)
        }
        let stopped: string | undefined
        let hard: NodeJS.Timeout | undefined
        const stopBecause = (why: string) => {
          stopped ??= why
          child.kill('SIGTERM')
          hard ??= setTimeout(() => child.kill('SIGKILL'), limits.watch.commandGraceMs)
        }
        const stop = () => stopBecause('given up')
        const timer = setTimeout(() => stopBecause(`it took more than ${timeoutMs / 1000} s`), timeoutMs)
        signal.addEventListener('abort', stop, { once: true })
        child.stderr.on('data', (chunk: Buffer) => {
          if (said.length < limits.watch.saidCharacters) said += chunk.toString('utf8')
        })
        // One that does not read its input ends the pipe: that is its own business.
        child.stdin.on('error', () => {})
        child.stdin.end(`${JSON.stringify(notice)}\n`)
        child.on('error', (error) => end(`cannot run "${escapeText(program)}": ${escapeText(reasonOf(error))}`))
        child.on('close', (status, ended) => {
          if (stopped !== undefined) return end(stopped)
          if (status === 0) return end(undefined)
          const words = escapeText(said.trim().slice(0, limits.watch.saidCharacters))
          end(`it ended with ${ended ?? `status ${status}`}${words === '' ? '' : `: ${words}`}`)
        })
      }),
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
