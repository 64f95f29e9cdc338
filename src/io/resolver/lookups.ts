import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import type { ResolveOptions } from './resolver.ts'
import { answerHere, closed, failureOf, givenUp, overloaded, tooLong } from './results.ts'
import { createTask, type Task } from './task.ts'

interface Question {
  readonly name: Name
  readonly type: number
}

/** The lookups under way: so many at once, each for so long, and all at an end when the resolver closes. */
export interface Lookups {
  /** Never rejects for an abort: that is a failure like others. Names that are answered here never come to `start`. */
  run(
    question: Question,
    options: ResolveOptions | undefined,
    start: (task: Task) => Promise<Resolution>,
  ): Promise<Resolution>
  close(): void
}

export function createLookups(clock: Clock): Lookups {
  const closing = new AbortController()
  let waiting = 0

  async function runTimed(
    question: Question,
    { signal, trace }: ResolveOptions,
    start: (task: Task) => Promise<Resolution>,
  ): Promise<Resolution> {
    const timer = new AbortController()
    const stop = setTimeout(() => timer.abort(), limits.resolver.questionMs)
    const all = [timer.signal, closing.signal, ...(signal === undefined ? [] : [signal])]
    const task = createTask({ signal: AbortSignal.any(all), clock, trace })
    const ended = () => failureOf(question, timer.signal.aborted ? tooLong(question, task) : givenUp(question))
    waiting++
    try {
      const resolution = await start(task)
      return task.signal.aborted && resolution.kind === 'failure' ? ended() : resolution
    } catch (error) {
      if (!task.signal.aborted) throw error
      return ended()
    } finally {
      waiting--
      clearTimeout(stop)
    }
  }

  return {
    async run(question, options = {}, start) {
      if (closing.signal.aborted) return failureOf(question, closed(question))
      const here = answerHere(question)
      if (here !== undefined) return here
      if (waiting >= limits.resolver.waitingQuestions) return failureOf(question, overloaded(question))
      return runTimed(question, options, start)
    },
    close: () => closing.abort(),
  }
}
