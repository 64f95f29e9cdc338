import { limits } from '../../limits.ts'
import type { Finding } from '../report.ts'
import { severities } from '../report.ts'
import type { View } from '../view.ts'
import { certificatesFamily } from './certificates.ts'
import { daneFamily } from './dane.ts'
import { dnssecFamily } from './dnssec.ts'
import type { Family, FindingKind, Found } from './finding.ts'
import { mxFamily } from './mx.ts'
import { rolloverFamily } from './rollover.ts'
import { serversFamily } from './servers.ts'
import { smtpFamily } from './smtp.ts'
import { stsHostsFamily } from './sts-hosts.ts'
import { stsPolicyFamily } from './sts-policy.ts'
import { stsRecordFamily } from './sts-record.ts'
import { tlsFamily } from './tls.ts'
import { tlsrptFamily } from './tlsrpt.ts'

const families: readonly Family[] = [
  ...[
    mxFamily,
    dnssecFamily,
    serversFamily,
    daneFamily,
    rolloverFamily,
    stsRecordFamily,
    stsPolicyFamily,
    stsHostsFamily,
    tlsrptFamily,
    smtpFamily,
    tlsFamily,
    certificatesFamily,
  ],
]

/** One id of those that a finding may have. */
export interface RegisteredFinding extends FindingKind {
  readonly id: string
  readonly section: Family['section']
}

/** All findings that there are, in the order of their families: docs/findings/ has a page for each. */
export const findingRegistry: readonly RegisteredFinding[] = families.flatMap(({ section, kinds }) =>
  Object.entries(kinds).map(([id, kind]) => ({ id, section, ...kind })),
)

/** Everything that is to be said about a domain, by urgency. */
export function findFindings(view: View): Finding[] {
  const found = families.flatMap((family) => family.find(view).map((one) => findingOf(one, family)))
  return found.toSorted(byUrgency)
}

function findingOf({ id, subject, seen, owner, date, publish = [] }: Found, { section, kinds }: Family): Finding {
  const kind = kinds[id] as FindingKind // families are held to their own ids by their types
  return {
    ...{ id, severity: kind.severity, section, title: kind.title, subject },
    date: date === undefined || !Number.isFinite(date) ? null : new Date(date).toISOString(),
    ...{
      seen: seen.slice(0, limits.check.evidence),
      who: owner.who,
      whoseName: owner.whoseName,
      publish,
      rfc: kind.rfc,
      help: `docs/findings/${id}.md`,
    },
  }
}

/** What comes first breaks first; the rest stays in the order of the families. */
function byUrgency(one: Finding, other: Finding): number {
  const urgency = severities.indexOf(one.severity) - severities.indexOf(other.severity)
  if (urgency !== 0) return urgency
  if (one.severity !== 'will-break') return 0
  return (one.date ?? '9').localeCompare(other.date ?? '9')
}
