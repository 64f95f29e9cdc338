import type { Decisions, Destination, Made } from '../../io/decisions/decisions.ts'

/** Ways in which mail servers ask. */
export type AskedBy = 'socketmap' | 'tcp-table' | 'lines'

/** How questions were answered: from memory, by looking, that no policy can be about it, or as no question at all. */
export type AnswerCounts = Record<'hit' | 'miss' | 'none' | 'wrong', number>

export type AllAnswerCounts = Readonly<Record<AskedBy, AnswerCounts>>

export function createAnswerCounts(): AnswerCounts {
  return { hit: 0, miss: 0, none: 0, wrong: 0 }
}

export function createAllAnswerCounts(): AllAnswerCounts {
  return { socketmap: createAnswerCounts(), 'tcp-table': createAnswerCounts(), lines: createAnswerCounts() }
}

/** Decides, and counts whether that took more than looking. */
export function decideAndCount<View>(
  decisions: Pick<Decisions<View>, 'decide' | 'held'>,
  destination: Destination,
  counts: AnswerCounts,
): Promise<Made<View>> {
  if (decisions.held(destination) === undefined) counts.miss++
  else counts.hit++
  return decisions.decide(destination)
}
