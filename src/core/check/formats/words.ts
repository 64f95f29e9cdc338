import type { Finding, ProtocolState, SenderDoes, SenderProtection, Severity, Verdict } from '../report.ts'

/** The words that every form of output has for what a report says in codes. */
export const severityWords: Record<Severity, string> = {
  ...{ 'breaks-now': 'breaks delivery now', 'will-break': 'will break', weakens: 'weakens protection', note: 'note' },
}

export const verdictWords: Record<Verdict, string> = {
  ...{ protected: 'protected', 'protected-partly': 'protected in part', opportunistic: 'opportunistic' },
  ...{ cleartext: 'cleartext', broken: 'broken', undetermined: 'undetermined' },
}

export const stateWords: Record<ProtocolState, string> = {
  ...{ on: 'on', partly: 'in part', testing: 'testing', off: 'off', broken: 'broken', unknown: 'unknown' },
}

export const doesWords: Record<SenderDoes, string> = {
  ...{ delivers: 'delivers', delays: 'delays', returns: 'returns', 'cannot-tell': 'unknown' },
}

export const protectionWords: Record<SenderProtection, string> = {
  authenticated: 'to proven servers',
  'host-authenticated': 'to proven hosts of unsigned MX records',
  encrypted: 'encrypted, to anyone',
  cleartext: 'in clear',
}

/** How urgent a finding is, with its day where it has one. */
export function urgencyOf({ severity, date }: Pick<Finding, 'severity' | 'date'>): string {
  return severity === 'will-break' && date !== null ? `will break on ${date.slice(0, 10)}` : severityWords[severity]
}

/** Who must act; undefined when nobody need. */
export function actorOf({ who, whoseName }: Pick<Finding, 'who' | 'whoseName'>): string | undefined {
  if (who === 'nobody') return undefined
  return whoseName === null ? who : `${who} (${whoseName})`
}

/** A moment as reports show it, to the minute: `2026-11-24 15:04 UTC`. */
export function momentOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
