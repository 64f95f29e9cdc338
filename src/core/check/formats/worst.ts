import { type CheckReport, type Severity, severities, type Verdict } from '../report.ts'

/** Verdicts from the worst to the best: of several domains the worst decides. docs/exit-codes.md */
export const worstFirst: readonly Verdict[] = [
  ...(['broken', 'cleartext', 'undetermined', 'opportunistic', 'protected-partly', 'protected'] as const),
]

/** How many findings of each severity there are. */
export function countFindings(reports: readonly Pick<CheckReport, 'findings'>[]): Record<Severity, number> {
  const counts = Object.fromEntries(severities.map((severity) => [severity, 0])) as Record<Severity, number> // all of them
  for (const { findings } of reports) for (const { severity } of findings) counts[severity] += 1
  return counts
}
