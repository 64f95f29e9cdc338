// `waxseal serve` as a process of its own, as an operator runs it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Stage } from './servers.ts'

const main = join(import.meta.dirname, '..', '..', 'src', 'programs', 'cli', 'main.ts')

export interface PolicyService {
  /** Waits until this stands in its log, from `since` on. */
  hear(words: RegExp, since?: number): Promise<void>
  /** What it has said so far. */
  said(): string
  /** Has it read its configuration again, by which it forgets what it has in memory. */
  reload(): Promise<void>
  /** Ends it as systemd does; resolves to its exit status. */
  stop(): Promise<number | null>
  /** Ends it in the midst of whatever it does. */
  kill(): Promise<void>
}

/** Starts it, and resolves when it listens. */
export async function startPolicyService(stage: Stage, args: readonly string[]): Promise<PolicyService> {
  const env = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', LANG: 'C.UTF-8' }
  const child = spawn(process.execPath, [main, 'serve', '--http', 'off', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  const listeners = new Set<() => void>()
  const take = (chunk: Buffer) => {
    said += chunk.toString()
    for (const look of listeners) look()
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  const ended = once(child, 'close').then(([status]) => status as number | null)
  let hasEnded = false
  void ended.then(() => {
    hasEnded = true
    for (const look of listeners) look()
  })
  const hear = (words: RegExp, since = 0) =>
    new Promise<void>((resolve, reject) => {
      const end = (error?: Error) => {
        clearTimeout(tooLong)
        listeners.delete(look)
        if (error === undefined) resolve()
        else reject(error)
      }
      const tooLong = setTimeout(() => end(new Error(`${words} was not said: ${said.slice(since)}`)), 30_000)
      const look = () => {
        if (words.test(said.slice(since))) end()
        else if (hasEnded) end(new Error(`it ended: ${said}`))
      }
      listeners.add(look)
      look()
    })
  const stop = async () => {
    child.kill('SIGTERM')
    return ended
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  stage.onStop(async () => void (await stop()))
  await hear(/listening on /)
  return {
    ...{ hear, stop, kill, said: () => said },
    async reload() {
      const { length } = said
      child.kill('SIGHUP')
      await hear(/the configuration was read again/, length)
    },
  }
}
