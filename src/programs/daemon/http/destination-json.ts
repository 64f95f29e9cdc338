import type { Destination, Made, Outcome } from '../../../io/decisions/decisions.ts'
import { explainDecision } from '../../cli/explain-domain.ts'
import type { ExplainReport } from '../../cli/explain-report.ts'
import type { Past } from '../events/history.ts'
import { unframed } from '../postfix-answers.ts'
import type { ServedView } from '../view.ts'

/** A decision as it is given to programs: `waxseal.destination/1`. docs/json.md */
export interface DestinationReport {
  readonly schema: 'waxseal.destination/1'
  /** As Postfix names it, in A-labels. */
  readonly destination: string
  /** What Postfix is told in one word: `dane-only`, `secure`, `NOTFOUND`, `TEMP`. */
  readonly level: string
  /** Whole answers, by the names of maps. */
  readonly answers: { readonly QUERY: string; readonly QUERYwithTLSRPT: string }
  readonly summary: string
  readonly reasons: readonly string[]
  /** Milliseconds since 1970. */
  readonly madeAt: number
  readonly askedAt: number
  /** ISO 8601. */
  readonly until: string
  readonly tookMs: number
  /** Looked for because somebody asked, or because it was about to end. */
  readonly why: 'asked' | 'renewed'
}

/** What a decision rests on: `waxseal.evidence/1`. docs/json.md */
export interface EvidenceReport {
  readonly schema: 'waxseal.evidence/1'
  readonly decision: DestinationReport
  /** As `waxseal explain --json` prints it; null when it is not kept any more, or nothing could be learnt. */
  readonly explanation: ExplainReport | null
  /** Decisions that came out otherwise, the latest first. */
  readonly history: readonly PastReport[]
}

export interface PastReport {
  readonly decision: DestinationReport
  /** How often it came out so in a row, and when last: milliseconds since 1970. */
  readonly times: number
  readonly lastAt: number
  readonly explanation: ExplainReport | null
}

export function destinationReport({ key, view, at, until, tookMs, why, askedAt }: Made<ServedView>): DestinationReport {
  return {
    ...{ schema: 'waxseal.destination/1', destination: key, level: view.word },
    answers: { QUERY: unframed(view.base), QUERYwithTLSRPT: unframed(view.tlsrpt) },
    ...{ summary: view.summary, reasons: view.reasons, madeAt: at, askedAt },
    ...{ until: new Date(until).toISOString(), tookMs: Math.round(tookMs), why },
  }
}

export function evidenceReport(
  made: Made<ServedView>,
  outcome: Outcome | undefined,
  history: readonly Past[],
): EvidenceReport {
  return {
    ...{ schema: 'waxseal.evidence/1', decision: destinationReport(made) },
    explanation: explanationOf(made, outcome),
    // The one in force stands above.
    history: history.filter((past) => past.made.serial !== made.serial && past.lastAt !== made.at).map(pastReport),
  }
}

function pastReport({ made, outcome, times, lastAt }: Past): PastReport {
  return { decision: destinationReport(made), times, lastAt, explanation: explanationOf(made, outcome) }
}

function explanationOf({ destination, at }: Made<ServedView>, outcome: Outcome | undefined): ExplainReport | null {
  if (outcome?.kind !== 'decided') return null
  return explainDecision(nameOf(destination), outcome.facts, { decision: outcome.decision, now: at })
}

function nameOf({ nextHop }: Destination) {
  return nextHop.kind === 'domain' ? nextHop.domain : nextHop.host
}
