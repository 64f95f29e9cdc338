import type { Rrset } from '../dns/rrset.ts'
import { formatName } from '../name/text.ts'
import { type Problem, showTime } from './problem.ts'

/** This software is no older: 2026-01-01. To be moved with the built-in trust anchors. */
const earliest = 1_767_225_600
const latest = earliest + 5 * 366 * 86_400

/**
 * Says that our clock is wrong when it is far from the time this was made, and every signature over an anchored zone's
 * keys is out of its time in the same direction. It remains a failure: nothing is believed on the strength of it.
 */
export function suspectClock<Failed extends { readonly problem: Problem }>(
  failed: Failed,
  { rrset, now }: { readonly rrset: Rrset; readonly now: number },
): Failed {
  const { problem } = failed
  const isEarly = now < earliest && rrset.signatures.every(({ inception }) => now < inception)
  const isLate = now > latest && rrset.signatures.every(({ expiration }) => now > expiration)
  const isOutOfTime = problem.kind === 'not-yet-valid' || problem.kind === 'expired'
  if (!isOutOfTime || !(isEarly || isLate)) return failed
  const text = `the clock says ${showTime(now)}, which the keys of ${formatName(rrset.name)} rule out: ${problem.text}`
  return { ...failed, problem: { ...problem, kind: 'clock', text } }
}
