import type { Verdict } from '../../core/check/report.ts'

/** Exit status of each verdict, the worst first: of several domains the worst decides. docs/exit-codes.md */
const statuses: readonly (readonly [Verdict, number])[] = [
  ['broken', 4],
  ['cleartext', 3],
  ['undetermined', 75],
  ['opportunistic', 2],
  ['protected-partly', 1],
  ['protected', 0],
]

/** The exit status of a check of several domains; 0 of none. */
export function statusOf(verdicts: Iterable<Verdict>): number {
  const all = new Set(verdicts)
  return statuses.find(([verdict]) => all.has(verdict))?.[1] ?? 0
}
