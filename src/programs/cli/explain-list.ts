import { type DomainName, parseDomainName } from '../../core/name/domain.ts'
import { reasonOf } from '../file-error.ts'
import { InputError } from './command.ts'
import { type ListLine, readList } from './domain-list.ts'
import { EXIT } from './exit.ts'
import type { ExplainReport } from './explain-report.ts'
import type { Out } from './out.ts'
import { withProgress } from './with-progress.ts'
import { workThrough } from './work-through.ts'

export interface ListWork {
  readonly out: Out
  readonly signal: AbortSignal
  readonly jobs: number
  readonly explain: (domain: DomainName) => Promise<ExplainReport>
}

/**
 * Explains every domain of a list, a line of JSON each, as they come: `line` says which of the list it is about. Lines
 * that are no domains have their own line with an `error`. Yields the exit status.
 */
export async function explainList(input: AsyncIterable<Uint8Array>, work: ListWork): Promise<number> {
  const { out, signal, jobs } = work
  const tally = { done: 0, bad: 0 }
  const one = async (line: ListLine) => {
    const result = await explainLine(line, work)
    if (result === undefined) return
    tally.done += 1
    if ('error' in result) tally.bad += 1
    out.line(JSON.stringify(result))
    await out.drained()
  }
  const describe = (seconds: number) => `${tally.done} domains in ${seconds} s`
  try {
    await withProgress(out, describe, () => workThrough(linesOf(input), one, { jobs, signal }))
  } catch (error) {
    if (!signal.aborted) throw error
  }
  if (signal.aborted) return EXIT.interrupted
  return tally.bad > 0 ? EXIT.data : EXIT.done
}

/** Throws InputError when the list breaks off. */
async function* linesOf(input: AsyncIterable<Uint8Array>): AsyncGenerator<ListLine> {
  try {
    yield* readList(input)
  } catch (error) {
    throw new InputError(`cannot read the list to its end: ${reasonOf(error)}`)
  }
}

async function explainLine(line: ListLine, { explain, signal }: ListWork) {
  if (line.kind === 'fault') return faultLine(line.line, { fault: line.fault, input: null })
  const domain = readDomain(line.text)
  if (!domain.ok) return faultLine(line.line, { fault: domain.fault, input: line.text })
  const report = await explain(domain.value)
  // Given up half way: what it says is not about the domain.
  return signal.aborted ? undefined : { line: line.line, ...report }
}

function faultLine(line: number, { fault, input }: { readonly fault: string; readonly input: string | null }) {
  return { line, schema: 'waxseal.explain/1', input, error: fault } as const
}

/** A domain, or the domain of a mail address. */
export function readDomain(text: string) {
  return parseDomainName(text.slice(text.lastIndexOf('@') + 1))
}
