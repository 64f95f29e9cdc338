import { readFileSync } from 'node:fs'
import type { CommandContext } from './command.ts'
import { EXIT } from './exit.ts'
import { createOut } from './out.ts'
import { report, runCommandLine } from './run-command-line.ts'

/** How long an interrupted command may take to close what it has open. */
const graceMs = 2000

const args = process.argv.slice(2)
if (args[0] === '--version' || args[0] === '-V') process.stdout.write(`waxseal ${version()}\n`)
else void main()

async function main(): Promise<void> {
  const stopping = new AbortController()
  const out = createOut({ stdout: process.stdout, stderr: process.stderr, environment: process.env })
  const context: CommandContext = {
    out,
    signal: stopping.signal,
    clock: { now: () => Date.now() },
    environment: process.env,
    openInput: () => process.stdin,
    openWorld: async (values, need) => {
      const { openWorld } = await import('./open-world.ts')
      return openWorld(values, need, context)
    },
  }
  let ended: number | undefined
  const stop = (status: number) => {
    if (ended !== undefined) process.exit(status)
    ended = status
    stopping.abort()
    setTimeout(() => process.exit(status), graceMs).unref()
  }
  process.on('SIGINT', () => stop(EXIT.interrupted))
  process.on('SIGTERM', () => stop(EXIT.terminated))
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endQuietly)
  process.on('uncaughtException', (error) => process.exit(report(error, { out, signal: new AbortController().signal })))
  const status = await runCommandLine(args, context)
  out.progress(undefined)
  finish(ended ?? status)
}

/** Whoever read our output has gone: as a program that SIGPIPE ends, without a word. */
function endQuietly(error: NodeJS.ErrnoException): void {
  process.exit(error.code === 'EPIPE' ? EXIT.brokenPipe : EXIT.cannotCreate)
}

/** Exits once what was written is out, whatever is still open. */
function finish(status: number): void {
  process.stdout.write('', () => process.exit(status))
}

function version(): string {
  const file = new URL('../../../package.json', import.meta.url)
  const { version: text } = JSON.parse(readFileSync(file, 'utf8')) as { version: string } // our own file
  return text
}
