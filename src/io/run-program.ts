import { type ChildProcess, spawn } from 'node:child_process'
import { escapeText } from '../core/smtp/escape.ts'
import type { StopSignal } from './stop.ts'

export interface ProgramOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What it can read. */
  readonly input: string
  readonly timeoutMs: number
  /** How long it has to end by itself once it is told to. */
  readonly graceMs: number
  /** Kept of what it says on standard error. */
  readonly saidCharacters: number
  readonly signal?: StopSignal | undefined
}

/** How a program ended; `said` is what it wrote on standard error, as it came. */
export type ProgramEnd =
  | { readonly kind: 'ended'; readonly status: number; readonly said: string }
  /** A signal that was not ours ended it. */
  | { readonly kind: 'killed'; readonly by: string; readonly said: string }
  | { readonly kind: 'timeout'; readonly said: string }
  | { readonly kind: 'aborted'; readonly said: string }
  /** It could not be run. */
  | { readonly kind: 'failed'; readonly error: Error }

/**
 * Runs a program without a shell, with standard output going nowhere. It and whatever it starts are one process group, which
 * is told to end, and then ended, when the time is over or the signal is given.
 */
export function runProgram(
  [program, ...args]: readonly [string, ...string[]],
  { environment, input, timeoutMs, graceMs, saidCharacters, signal }: ProgramOptions,
): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve({ kind: 'aborted', said: '' })
    const child = start(program, args, environment)
    if (child instanceof Error) return resolve({ kind: 'failed', error: child })
    let said = ''
    let stopped: 'timeout' | 'aborted' | undefined
    let hard: NodeJS.Timeout | undefined
    const stopBecause = (why: 'timeout' | 'aborted') => {
      stopped ??= why
      killGroup(child, 'SIGTERM')
      hard ??= setTimeout(() => killGroup(child, 'SIGKILL'), graceMs)
    }
    const abort = () => stopBecause('aborted')
    const timer = setTimeout(() => stopBecause('timeout'), timeoutMs)
    signal?.addEventListener('abort', abort)
    const end = (how: ProgramEnd) => {
      clearTimeout(timer)
      clearTimeout(hard)
      signal?.removeEventListener('abort', abort)
      resolve(how)
    }
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text: string) => {
      if (said.length < saidCharacters) said += text.slice(0, saidCharacters - said.length)
    })
    // One that does not read its input ends the pipe: that is its own business.
    child.stdin.on('error', () => {})
    child.stdin.end(input)
    child.on('error', (error) => end({ kind: 'failed', error }))
    // What it has left running may hold its standard error open; that is not waited for.
    let draining: NodeJS.Timeout | undefined
    child.on('exit', () => {
      draining = setTimeout(() => child.stderr.destroy(), graceMs)
    })
    child.on('close', (status, by) => {
      clearTimeout(draining)
      if (stopped === 'timeout') end({ kind: 'timeout', said })
      else if (stopped === 'aborted') end({ kind: 'aborted', said })
      else if (status !== null) end({ kind: 'ended', status, said })
      else end({ kind: 'killed', by: by ?? 'a signal', said })
    })
  })
}

/** Some errors are thrown, others are an event of the child: too long an environment is thrown. */
function start(program: string, args: readonly string[], environment: ProgramOptions['environment']) {
  try {
    return spawn(program, args, { env: { ...environment }, detached: true, stdio: ['pipe', 'ignore', 'pipe'] })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** The end of a program in one line fit for a terminal, with what it said. */
export function describeEnd(end: ProgramEnd, program: string, timeoutMs: number): string {
  if (end.kind === 'failed') return `cannot run "${escapeText(program)}": ${reasonOf(end.error)}`
  if (end.kind === 'aborted') return 'given up'
  const how = endingOf(end, timeoutMs)
  const said = escapeText(end.said.trim())
  return said === '' || end.kind === 'timeout' ? how : `${how}: ${said}`
}

function endingOf(end: Exclude<ProgramEnd, { readonly kind: 'failed' | 'aborted' }>, timeoutMs: number): string {
  switch (end.kind) {
    case 'timeout':
      return `it took more than ${timeoutMs / 1000} s`
    case 'killed':
      return `it ended with ${end.by}`
    case 'ended':
      return `it ended with status ${end.status}`
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file',
  EACCES: 'permission denied',
  E2BIG: 'there is too much to tell it',
}

function reasonOf(error: Error): string {
  return ('code' in error ? reasons[String(error.code)] : undefined) ?? escapeText(error.message)
}

/** What it has started as well: a shell that is ended leaves its commands behind. */
function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody is left.
  }
}
