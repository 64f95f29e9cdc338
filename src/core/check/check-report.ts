import { formatDomain } from '../name/domain.ts'
import { type CheckFacts, type SectionName, sectionNames } from './check-facts.ts'
import { findFindings } from './findings/registry.ts'
import { gridOf } from './grid.ts'
import { protocolLines } from './protocol-lines.ts'
import type { CheckReport } from './report.ts'
import type { ReadPresented } from './sessions.ts'
import { judgeDomain } from './verdict.ts'
import { viewOf } from './view.ts'

/**
 * What is to be said about a domain, by these facts at this moment (milliseconds since 1970). Facts may be incomplete:
 * what was not looked at yet is told as such. Who makes many reports gives all of them the same reader.
 */
export function checkReport(facts: CheckFacts, now: number, presentedBy?: ReadPresented): CheckReport {
  const view = viewOf(facts, now, presentedBy)
  const { domain, at, leftOut } = facts
  const shown = formatDomain(domain)
  return {
    schema: 'waxseal.check/1',
    domain,
    unicode: shown === domain ? null : shown.slice(domain.length + 2, -1),
    checkedAt: at,
    ...judgeDomain(view),
    lines: protocolLines(view),
    senders: view.senders.map(({ row }) => row),
    grid: gridOf(view),
    findings: findFindings(view),
    operators: view.owners.operators,
    sections: sectionNames.map((name) => ({ name, state: isDone(facts, name) ? 'done' : 'left-out' })),
    leftOut,
  }
}

function isDone({ mail, sts, reporting, servers, hosts }: CheckFacts, name: SectionName): boolean {
  const parts = { mail, 'mta-sts': sts, tlsrpt: reporting, servers, smtp: hosts }
  return parts[name] !== undefined
}
