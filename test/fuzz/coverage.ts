import { Session } from 'node:inspector'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { setFlagsFromString } from 'node:v8'

const sources = pathToFileURL(join(import.meta.dirname, '..', '..', 'src')).href

/** What ran of our sources since it was last asked. */
export interface Run {
  /** Of each file that ran, an octet for each character: 1 where it ran. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** How often blocks were entered: work counted, not timed. */
  readonly work: number
}

/** The block coverage of V8, for this process. */
export interface Coverage {
  take(): Run
  stop(): void
}

interface FunctionCoverage {
  readonly ranges: readonly { readonly startOffset: number; readonly endOffset: number; readonly count: number }[]
}

interface Taken {
  readonly result: readonly { readonly url: string; readonly functions: readonly FunctionCoverage[] }[]
}

/** Begins to count; what ran before is not seen. Nothing is optimized any more: what V8 inlines is not counted. */
export function startCoverage(): Coverage {
  for (const compiler of ['turbofan', 'maglev']) setFlagsFromString(`--no-${compiler}`)
  const session = new Session()
  session.connect()
  session.post('Profiler.enable')
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  return {
    take() {
      let taken: Taken = { result: [] }
      session.post('Profiler.takePreciseCoverage', (error, result) => {
        if (error !== null) throw error
        taken = result
      })
      return readRun(taken)
    },
    stop() {
      session.disconnect()
    },
  }
}

function readRun({ result }: Taken): Run {
  const files = new Map<string, Uint8Array>()
  let work = 0
  for (const { url, functions } of result) {
    if (!url.startsWith(sources)) continue
    const ranges = functions.flatMap((one) => one.ranges)
    const length = ranges.reduce((end, { endOffset }) => Math.max(end, endOffset), 0)
    // Functions come from the outermost in, and so do the blocks of each: what is written last stands.
    const ran = new Uint8Array(length)
    for (const { startOffset, endOffset, count } of ranges) {
      ran.fill(count > 0 ? 1 : 0, startOffset, endOffset)
      work += count
    }
    files.set(url.slice(sources.length + 1), ran)
  }
  return { files, work }
}

/** Remembers what has run at all. */
export interface Memory {
  /** How many characters of source ran in this run and in none before; they are remembered. */
  learn(run: Run): number
  /** Whether there are any. */
  wouldLearn(run: Run): boolean
  /** How many characters of source have run. */
  readonly size: number
}

export function createMemory(): Memory {
  const seen = new Map<string, Uint8Array>()
  let size = 0
  return {
    wouldLearn({ files }) {
      return [...files].some(([file, ran]) => {
        const known = seen.get(file)
        return ran.some((octet, at) => octet === 1 && known?.[at] !== 1)
      })
    },
    learn({ files }) {
      let news = 0
      for (const [file, ran] of files) {
        const known = grown(seen.get(file), ran.length)
        seen.set(file, known)
        for (let at = 0; at < ran.length; at++) {
          if (ran[at] === 0 || known[at] === 1) continue
          known[at] = 1
          news++
        }
      }
      size += news
      return news
    },
    get size() {
      return size
    },
  }
}

function grown(known: Uint8Array | undefined, length: number): Uint8Array {
  if (known !== undefined && known.length >= length) return known
  const larger = new Uint8Array(length)
  larger.set(known ?? [])
  return larger
}
