import type { AppliedOverride, ConnectDecision } from './decision.ts'
import { relax, type SessionFinding, type Verdict } from './judge.ts'
import { describeOverride, type Override } from './override.ts'

/** Rows 34 and 35: what an operator's override makes of the verdict that the tables give. */
export function judgeOverride(
  host: ConnectDecision & { readonly override: AppliedOverride },
  found: SessionFinding,
  verdict: Verdict,
): Verdict {
  const { by } = host.override
  if (by.rule.kind === 'require') return require(host, found, verdict)
  // Row 34: the tables may ask for less where a lookup failed that the override makes good.
  if (host.tls === 'encrypt' && found.kind !== 'tls')
    return turnAway(verdict, '34', by, 'it must be encrypted at least')
  // Nobody reports as delivered what another message asked for. RFC 8689 §4.2.1
  if (found.kind === 'no-requiretls') return verdict
  return relax(verdict, found, '34', describeOverride(by))
}

/** Row 35. What was skipped stays so, whoever asks for less. */
function require(
  host: ConnectDecision & { readonly override: AppliedOverride },
  found: SessionFinding,
  verdict: Verdict,
): Verdict {
  const { by } = host.override
  if (verdict.action === 'skip') return verdict
  if (found.kind !== 'tls') return turnAway(verdict, '35', by, 'TLS is required')
  if (by.rule.kind !== 'require') return verdict
  const { dane, overrideFault } = found.peer
  const isProved = dane?.kind === 'matched' && host.mxIsSecure
  if (by.rule.level === 'dane' && dane?.kind !== 'matched') return turnAway(verdict, '35', by, 'DANE is required')
  if (by.rule.level !== 'pkix' || isProved) return verdict
  if (overrideFault !== undefined) return turnAway(verdict, '35', by, overrideFault.reason)
  return { ...verdict, row: '35', protection: 'verified', text: `the certificate is as asked ${describeOverride(by)}` }
}

function turnAway(verdict: Verdict, row: '34' | '35', by: Override, why: string): Verdict {
  const text = `${why}, ${describeOverride(by)}`
  return { ...verdict, row, action: 'skip', protection: 'none', text, cause: 'override' }
}
