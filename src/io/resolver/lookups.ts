import type { Failure, Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'
import type { Name } from '../../core/name/name.ts'
import type { Clock } from '../clock.ts'
import { createEnding, type Ending } from '../ending.ts'
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
  /** Work that nobody waits for, unless there is much of it already; how it ends is for whoever asks next to see. */
  inBackground(start: (task: Task) => Promise<unknown>): void
  close(): void
  readonly isClosed: boolean
}

export function createLookups(clock: Clock): Lookups {
  const underWay = new Set<Ending>()
  const background = new Set<Ending>()
  let isClosed = false

  async function runTimed(
    question: Question,
    { signal, trace }: ResolveOptions,
    start: (task: Task) => Promise<Resolution>,
  ): Promise<Resolution> {
    const ending = createEnding(signal, limits.resolver.questionMs)
    const task = createTask({ signal: ending.signal, clock, trace })
    underWay.add(ending)
    try {
      const resolution = await start(task)
      return task.signal.aborted && resolution.kind === 'failure' ? ended(question, task) : resolution
    } catch (error) {
      if (!task.signal.aborted) throw error
      return ended(question, task)
    } finally {
      underWay.delete(ending)
      ending.stop()
    }
  }

  async function runUnwatched(start: (task: Task) => Promise<unknown>): Promise<void> {
    const ending = createEnding(undefined, limits.resolver.questionMs)
    background.add(ending)
    try {
      await start(createTask({ signal: ending.signal, clock, isRefresh: true }))
    } catch {
      // Nobody waits: what was known before stands until its end.
    } finally {
      background.delete(ending)
      ending.stop()
    }
  }

  return {
    run(question, options = {}, start) {
      if (isClosed) return Promise.resolve(failureOf(question, closed(question)))
      const here = answerHere(question)
      if (here !== undefined) return Promise.resolve(here)
      if (underWay.size < limits.resolver.waitingQuestions) return runTimed(question, options, start)
      return Promise.resolve(failureOf(question, overloaded(question)))
    },
    inBackground(start) {
      if (!isClosed && background.size < limits.resolver.refreshesAtOnce) void runUnwatched(start)
    },
    close() {
      isClosed = true
      for (const ending of [...underWay, ...background]) ending.abort()
    },
    get isClosed() {
      return isClosed
    },
  }
}

function ended(question: Question, task: Task): Failure {
  return failureOf(question, task.signal.reason === 'timeout' ? tooLong(question, task) : givenUp(question))
}
