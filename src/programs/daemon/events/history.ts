import { limits } from '../../../core/limits.ts'
import type { Clock } from '../../../io/clock.ts'
import { type Destination, type Made, type Outcome, octetsOf, type Replaced } from '../../../io/decisions/decisions.ts'
import { keyOf } from '../../../io/decisions/destination-key.ts'
import { createCache } from '../../../io/resolver/cache.ts'
import type { ServedView } from '../view.ts'

/** A decision that was in force: what was told, from when on, and what it rested on. */
export interface Past {
  readonly made: Made<ServedView>
  /** Undefined once there was no room to keep it any longer. */
  readonly outcome: Outcome | undefined
  /** What it has in common with others that came out the same. */
  readonly kind: string
  /** How often it came out the same in a row, and when last, in milliseconds since 1970. */
  readonly times: number
  readonly lastAt: number
}

/** The last decisions of each destination that differed, so that "why was this deferred at 10:32" has an answer. */
export interface History {
  note(made: Made<ServedView>, outcome: Outcome, before: Replaced<ServedView> | undefined): void
  /** The latest first; empty for a destination that was always answered the same. */
  of(destination: Destination): readonly Past[]
}

export function createHistory(clock: Clock): History {
  const { destinations: entries, historyOctets: octets, historyEach, historyKeptMs } = limits.events
  const kept = createCache<readonly Past[]>({ now: () => clock.now(), entries, octets, octetsOf: octetsOfAll })
  return {
    note(made, outcome, before) {
      const { key } = made
      const past = kept.get(key)?.value ?? (before === undefined ? [] : [pastOf(before.made, before.outcome)])
      const [last] = past
      const isSame = last?.kind === kindOf(made, outcome)
      // What always comes out the same, and holds nothing back, has no history.
      if (past.length <= 1 && (last === undefined || isSame) && made.view.word !== 'TEMP') return
      const next = isSame ? { ...last, times: last.times + 1, lastAt: made.at } : pastOf(made, outcome)
      kept.put(key, [next, ...(isSame ? past.slice(1) : past)].slice(0, historyEach), clock.now() + historyKeptMs)
    },
    of: (destination) => kept.get(keyOf(destination))?.value ?? [],
  }
}

function pastOf(made: Made<ServedView>, outcome: Outcome | undefined): Past {
  return { made, outcome, kind: kindOf(made, outcome), times: 1, lastAt: made.at }
}

/** Failures that only name another server, or another address, are the same: they would push out what was before them. */
function kindOf({ view }: Made<ServedView>, outcome: Outcome | undefined): string {
  if (view.word !== 'TEMP') return view.tlsrpt
  return outcome?.kind === 'decided' ? `TEMP ${outcome.decision.reason}` : 'TEMP'
}

/** Of the texts of a decision. */
const octetsPerDecision = 1024

function octetsOfAll(past: readonly Past[]): number {
  return past.reduce((sum, { outcome }) => sum + octetsPerDecision + (outcome === undefined ? 0 : octetsOf(outcome)), 0)
}
