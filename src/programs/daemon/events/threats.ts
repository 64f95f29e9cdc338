import type { DomainDecision } from '../../../core/decision/decision.ts'
import type { Facts, StsFinding } from '../../../core/decision/facts.ts'
import { lookupsOf } from '../../../core/decision/validity.ts'
import type { Outcome } from '../../../io/decisions/decisions.ts'
import type { Protection } from './protection.ts'

/** How somebody may be trying to have mail go less protected than its domain asks. The names are labels of a metric. */
export const threatKinds = ['bogus', 'lookup-failed', 'sts-record-missing', 'policy-unreachable'] as const
export type ThreatKind = (typeof threatKinds)[number]

export interface Threat {
  readonly kind: ThreatKind
  /** One line without a full stop; may quote strangers. */
  readonly text: string
}

/**
 * What looks like an attempt on a destination that was protected before; undefined for what is well, and for what was
 * never protected. A fault of the domain's own looks the same. RFC 7672 §2.1, RFC 8461 §10.2
 */
export function threatIn(outcome: Outcome, before: Protection | undefined): Threat | undefined {
  const wasProtected = before !== undefined && (before.dane || before.sts)
  if (outcome.kind === 'failed') return wasProtected ? { kind: 'lookup-failed', text: outcome.reason } : undefined
  const { facts, decision } = outcome
  // What is remembered of a policy was seen before too, by this process or by one before it.
  const hadPolicy = facts.sts?.policy?.policy.mode === 'enforce' && facts.sts.policy.source === 'cache'
  if (!wasProtected && !hadPolicy) return undefined
  return lookupThreat(facts, decision) ?? policyThreat(facts.sts, hadPolicy)
}

function lookupThreat(facts: Facts, decision: DomainDecision): Threat | undefined {
  const failures = lookupsOf(facts).flatMap((lookup) => (lookup.kind === 'failure' ? [lookup] : []))
  const bogus = failures.find(({ why }) => why === 'bogus')
  if (bogus !== undefined) return { kind: 'bogus', text: bogus.reason }
  if (decision.action !== 'defer') return undefined
  return { kind: 'lookup-failed', text: failures[0]?.reason ?? decision.text }
}

/** Rows S10 and S11: the policy in force is as good as ever, and somebody keeps the news of it away. RFC 8461 §3.1 */
function policyThreat(sts: StsFinding | undefined, hadPolicy: boolean): Threat | undefined {
  if (!hadPolicy || sts?.failure === undefined) return undefined
  if (sts.row === 'S11') return { kind: 'sts-record-missing', text: sts.failure.reason }
  return sts.row === 'S10' ? { kind: 'policy-unreachable', text: sts.failure.reason } : undefined
}
