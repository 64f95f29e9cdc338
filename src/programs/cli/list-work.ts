import { open } from 'node:fs/promises'
import { addAbortSignal, type Readable } from 'node:stream'
import type { Result } from '../../core/result.ts'
import { escapeText } from '../../core/smtp/escape.ts'
import { reasonOf } from '../file-error.ts'
import { type CommandContext, InputError, UsageError } from './command.ts'
import { type ListLine, readList } from './domain-list.ts'
import { EXIT } from './exit.ts'
import type { Out } from './out.ts'
import { withProgress } from './with-progress.ts'
import { workThrough } from './work-through.ts'

/** Lines of a list that are worked on at once, unless told and at most. */
export const defaultJobs = 16
export const maxJobs = 256

export interface ListWork {
  readonly out: Out
  readonly signal: AbortSignal
  readonly jobs: number
  /** Of the line of JSON. */
  readonly schema: string
  /** What the lines stand for, for the line of progress: `domains`. */
  readonly things: string
  /** The JSON of a line's text, or why it cannot be meant. */
  readonly look: (text: string) => Promise<Result<object, string>>
}

/**
 * Does what is to be done for every line of a list, a line of JSON each, as they come: `line` says which of the list it
 * is about. Lines that cannot be meant have their own line with an `error`. Yields the exit status.
 */
export async function workThroughList(input: AsyncIterable<Uint8Array>, work: ListWork): Promise<number> {
  const { out, signal, jobs, things } = work
  const tally = { done: 0, bad: 0 }
  const one = async (line: ListLine) => {
    const result = await lookAtLine(line, work)
    if (result === undefined) return
    tally.done += 1
    if ('error' in result) tally.bad += 1
    out.line(JSON.stringify(result))
    await out.drained()
  }
  const describe = (seconds: number) => `${tally.done} ${things} in ${seconds} s`
  try {
    await withProgress(out, describe, () => workThrough(linesOf(input), one, { jobs, signal }))
  } catch (error) {
    if (!signal.aborted) throw error
  }
  if (signal.aborted) return EXIT.interrupted
  return tally.bad > 0 ? EXIT.data : EXIT.done
}

/** The lines of a list. Throws InputError when it breaks off. */
export async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<ListLine> {
  try {
    yield* readList(input)
  } catch (error) {
    throw new InputError(`cannot read the list to its end: ${reasonOf(error)}`)
  }
}

/** Undefined for what was given up half way: what it says is not about the line. */
async function lookAtLine(line: ListLine, { look, schema, signal }: ListWork) {
  const faulty = (fault: string, input: string | null) => ({ line: line.line, schema, input, error: fault })
  if (line.kind === 'fault') return faulty(line.fault, null)
  const found = await look(line.text)
  if (!found.ok) return faulty(found.fault, line.text)
  return signal.aborted ? undefined : { line: line.line, ...found.value }
}

/** What `--jobs` says. Throws UsageError. */
export function readJobs(text: string | undefined): number {
  if (text === undefined) return defaultJobs
  const jobs = /^\d{1,4}$/.test(text) ? Number(text) : 0
  if (jobs >= 1 && jobs <= maxJobs) return jobs
  throw new UsageError(`option --jobs: "${escapeText(text)}" is no whole number from 1 to ${maxJobs}`)
}

/** The list as a stream that ends with the command; `-` is standard input. Throws InputError when there is none. */
export async function openList(
  path: string,
  { openInput, signal }: Pick<CommandContext, 'openInput' | 'signal'>,
): Promise<Readable> {
  if (path === '-') return addAbortSignal(signal, openInput())
  try {
    const file = await open(path)
    if (!(await file.stat()).isDirectory()) return addAbortSignal(signal, file.createReadStream())
    await file.close()
  } catch (error) {
    throw new InputError(`cannot read "${escapeText(path)}": ${escapeText(reasonOf(error))}`)
  }
  throw new InputError(`cannot read "${escapeText(path)}": it is a directory`)
}
