import { summarize } from './report-text.ts'
import type { Round } from './round.ts'
import type { Enforcement, Findings } from './verdict.ts'

/** What a round found out, for programs; docs/json.md. */
export function findingsToJson({ token, from }: Round, findings: Findings) {
  const { judged, dane, sts, leaked, refused } = findings
  return {
    schema: 'waxseal.sender-test/1',
    token,
    from,
    summary: summarize(findings),
    dane: enforcementToJson(dane),
    mtaSts: enforcementToJson(sts),
    leaked: leaked.map(({ test }) => test.domain),
    refused: refused.map(({ test }) => test.domain),
    tests: judged.map(({ trial: { test, address }, outcome, verdict }) => ({
      domain: test.domain,
      address,
      fault: test.fault,
      reference: test.rfc,
      due: { opportunistic: test.opportunistic, dane: test.dane, mtaSts: test.sts, both: test.both },
      outcome: outcome.kind,
      arrivals: outcome.kind === 'arrived' ? outcome.arrivals.map(({ host, tls }) => ({ host, tls: tls ?? null })) : [],
      verdict,
    })),
  }
}

function enforcementToJson({ answer, leaked, faults, stopped }: Enforcement) {
  return { enforced: answer, faults, stopped, leaked: leaked.map(({ test }) => test.domain) }
}
