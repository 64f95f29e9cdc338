// Runs `waxseal sts host` in a lab, over real sockets.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import type { CommandLine, Ended, LabCommands } from './lab-commands.ts'

export interface HostingRun {
  /** Ports of loopback, by what they are for: `senders`, `a reverse proxy`, `challenges of ACME`, `metrics`. */
  port(what: string): number
  /** Until this stands in the log, behind what was heard up to the call. */
  hear(words: string): Promise<void>
  heard(): string
  reload(): void
  /** From the place for metrics. */
  ask(path: string): Promise<string>
  stop(): Promise<Ended>
}

/** Resolves once it serves; rejects with what it says when it does not. */
export async function host(
  commands: LabCommands,
  file: string,
  args: readonly string[] = [],
  line: CommandLine = {},
): Promise<HostingRun> {
  const stopping = new AbortController()
  const reloads: (() => void)[] = []
  let heard = ''
  const waiting = new Set<() => void>()
  const ended = commands.run(['sts', 'host', ...args, file], {
    ...line,
    signal: stopping.signal,
    onReload: (reload) => reloads.push(reload),
    onOutput(text) {
      heard += text
      for (const look of waiting) look()
    },
  })
  const hear = (words: string, from: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!heard.slice(from).includes(words)) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const early = ended.then(({ stderr }) => assert.fail(`it ended: ${stderr}`))
  await Promise.race([hear('serving: ', 0), early])
  early.catch(() => {})
  const port = (what: string) => Number(new RegExp(`:(\\d+) for ${what}$`, 'm').exec(heard)?.[1] ?? assert.fail(what))
  return {
    port,
    hear: (words) => hear(words, heard.length),
    heard: () => heard,
    reload() {
      for (const reload of reloads) reload()
    },
    ask: (path) =>
      new Promise((resolve, reject) => {
        const asked = request({ host: '127.0.0.1', port: port('metrics'), path, agent: false }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (piece: string) => {
            text += piece
          })
          response.on('end', () => resolve(text))
        })
        asked.on('error', reject).end()
      }),
    async stop() {
      stopping.abort()
      return ended
    },
  }
}
