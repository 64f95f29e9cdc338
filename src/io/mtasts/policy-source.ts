import { parseStsPolicy, type StsPolicy } from '../../core/mtasts/policy.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { type FetchPolicyOptions, fetchPolicy } from '../https/fetch-policy.ts'
import type { FetchEvidence, PolicyFetch } from '../https/policy-fetch.ts'
import type { StoredPolicy } from '../store/store.ts'
import type { StsFailure } from './sts-failure.ts'

/** A policy as it was served and as it was understood, or why there is none. */
export type ServedPolicy =
  | {
      readonly kind: 'policy'
      readonly policy: StsPolicy
      readonly body: string
      /** Undefined where another machine fetched it. */
      readonly evidence: FetchEvidence | undefined
      /** Of a policy that another machine fetched, how it is stored. */
      readonly stored?: StoredPolicy
    }
  | {
      readonly kind: 'failed'
      readonly failure: StsFailure
      readonly evidence: FetchEvidence | undefined
      /** Another machine is at it: nothing failed. */
      readonly isElsewhere?: true
    }

/** Fetches and reads a domain's policy. RFC 8461 §3.2, §3.3 */
export async function loadPolicy(domain: DomainName, options: FetchPolicyOptions): Promise<ServedPolicy> {
  return readServed(await fetchPolicy(domain, options))
}

/** Reads what was fetched. RFC 8461 §3.2 */
export function readServed(fetched: PolicyFetch): ServedPolicy {
  const { evidence } = fetched
  if (fetched.kind === 'failed') {
    const { resultType, fault, reason } = fetched
    return { kind: 'failed', failure: { resultType, fault, reason }, evidence }
  }
  const body = decodeText(fetched.body)
  if (body === undefined) return { kind: 'failed', failure: invalid('the body is not UTF-8'), evidence }
  const parsed = parseStsPolicy(body)
  if (!parsed.ok) return { kind: 'failed', failure: invalid(`the policy is invalid: ${parsed.fault}`), evidence }
  return { kind: 'policy', policy: parsed.value, body, evidence }
}

function invalid(reason: string): StsFailure {
  return { resultType: 'sts-policy-invalid', fault: 'policy-invalid', reason }
}

/** A byte order mark stays, and is for the parser to refuse. */
function decodeText(octets: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    return undefined
  }
}
