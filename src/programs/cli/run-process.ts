import { fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { expectShortLives } from '../short-lives.ts'
import { type CommandContext, InputError } from './command.ts'
import { endWithoutOutput } from './end-without-output.ts'
import { EXIT } from './exit.ts'
import { createOut } from './out.ts'
import { findCommand } from './registry.ts'
import { report, runCommandLine } from './run-command-line.ts'

/** How long an interrupted command may take to close what it has open, unless it says otherwise. */
const usualGraceMs = 2000

/** Runs the command that these arguments ask for as this process, and exits. */
export async function runProcess(args: readonly string[]): Promise<void> {
  expectShortLives()
  const stopping = new AbortController()
  const out = createOut({ stdout: process.stdout, stderr: process.stderr, environment: process.env })
  const context: CommandContext = {
    out,
    signal: stopping.signal,
    clock: { now: () => Date.now() },
    environment: process.env,
    openInput,
    onReload: (reload) => process.on('SIGHUP', reload),
    openWorld: async (values, need, observer) => {
      const { openWorld } = await import('./open-world.ts')
      return openWorld(values, need, context, observer)
    },
  }
  const found = findCommand(args)
  const service = found?.command.isService?.(found.rest) === false ? undefined : found?.command.graceMs
  const graceMs = service ?? usualGraceMs
  let ended: number | undefined
  const stop = (status: number) => {
    if (ended !== undefined) process.exit(status)
    ended = status
    stopping.abort()
    setTimeout(() => process.exit(status), graceMs).unref()
  }
  process.on('SIGINT', () => stop(EXIT.interrupted))
  process.on('SIGTERM', () => stop(EXIT.terminated))
  for (const stream of [process.stdout, process.stderr]) stream.on('error', endWithoutOutput)
  process.on('uncaughtException', (error) => process.exit(report(error, { out, signal: new AbortController().signal })))
  const status = await runCommandLine(args, context)
  out.progress(undefined)
  // To be told to end is how a service ends well.
  finish(service === undefined ? (ended ?? status) : status)
}

function openInput(): Readable {
  // Node would take it for an empty file.
  if (fstatSync(0).isDirectory()) throw new InputError('cannot read standard input: it is a directory')
  return process.stdin
}

/** Exits once what was written is out, whatever is still open. */
function finish(status: number): void {
  process.stdout.write('', (error) => (error ? endWithoutOutput(error) : process.exit(status)))
}
