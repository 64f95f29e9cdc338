import { type CheckReport, type Severity, severities, type Verdict } from '../report.ts'

/** Verdicts from the worst to the best: of several domains the worst decides. docs/exit-codes.md */
export const worstFirst: readonly Verdict[] = [
  ...(['broken', 'cleartext', 'undetermined', 'opportunistic', 'protected-partly', 'protected'] as const),
]

/** Whether a verdict is at least as good as another; what could not be told is as good as nothing. */
export function isAsGood(verdict: Verdict, enough: Verdict): boolean {
  return verdict !== 'undetermined' && worstFirst.indexOf(verdict) >= worstFirst.indexOf(enough)
}

/** How many findings of each severity there are. */
export function countFindings(reports: readonly Pick<CheckReport, 'findings'>[]): Record<Severity, number> {
  const counts = Object.fromEntries(severities.map((severity) => [severity, 0])) as Record<Severity, number> // all of them
  for (const { findings } of reports) for (const { severity } of findings) counts[severity] += 1
  return counts
}
