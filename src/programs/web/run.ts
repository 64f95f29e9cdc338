import type { CheckFacts, SectionName } from '../../core/check/check-facts.ts'
import { checkReport } from '../../core/check/check-report.ts'
import type { DomainName } from '../../core/name/domain.ts'
import type { KeptCheck } from './kept-check.ts'
import { type Step, stepOf } from './step.ts'

/** A check that goes on, as those see it who wait for it. */
export interface Run {
  readonly domain: DomainName
  /** `waiting` for its turn; `ended` with a result, or without one when it was given up. */
  readonly state: 'waiting' | 'running' | 'ended'
  readonly steps: readonly Step[]
  readonly result: KeptCheck | undefined
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>
  /** How many watch it. */
  readonly watchers: number
  /** Calls when there is something new; what it returns ends that. */
  watch(onNews: () => void): () => void
}

/** A check in the hands of who carries it out. */
export interface RunControl {
  readonly run: Run
  begin(): void
  /** `now` is in milliseconds since 1970. */
  section(section: SectionName, facts: CheckFacts, now: number): void
  end(result: KeptCheck | undefined): void
}

export function createRun(domain: DomainName): RunControl {
  const watchers = new Set<() => void>()
  const steps: Step[] = []
  const due: SectionName[] = []
  let state: Run['state'] = 'waiting'
  let result: KeptCheck | undefined
  let tellEnd = () => {}
  const ended = new Promise<void>((resolve) => {
    tellEnd = resolve
  })
  const tell = () => {
    for (const onNews of watchers) onNews()
  }
  const run: Run = {
    ...{ domain, steps, ended },
    get state() {
      return state
    },
    get result() {
      return result
    },
    get watchers() {
      return watchers.size
    },
    watch(onNews) {
      watchers.add(onNews)
      return () => watchers.delete(onNews)
    },
  }
  return {
    run,
    begin() {
      state = 'running'
      tell()
    },
    section(section, facts, now) {
      due.push(section)
      // What the others come to is told by the MX hosts: these come first, whichever is done first.
      if (facts.mail === undefined) return
      const report = checkReport(facts, now)
      due.sort((one) => (one === 'mail' ? -1 : 0))
      steps.push(...due.splice(0).map((name) => stepOf(name, report)))
      tell()
    },
    end(found) {
      state = 'ended'
      result = found
      tell()
      tellEnd()
    },
  }
}
