import type { FetchFault } from '../../core/mtasts/fetch-fault.ts'

/** What was seen on the way, as far as it went; for people, and for the checker. */
export interface FetchEvidence {
  readonly url: string
  /** The address that was spoken to last. */
  readonly address?: string
  readonly protocol?: string
  /** The certificate that the policy host presented as its own, DER. */
  readonly certificate?: Uint8Array
  readonly status?: number
  readonly contentType?: string
  /** Where a redirect would have led. */
  readonly location?: string
  readonly milliseconds: number
}

/** What one fetch of a policy yielded. Only `fetched` has passed every rule of RFC 8461 §3.3. */
export type PolicyFetch =
  | { readonly kind: 'fetched'; readonly body: Uint8Array; readonly evidence: FetchEvidence }
  | FailedPolicyFetch

export interface FailedPolicyFetch {
  readonly kind: 'failed'
  readonly fault: FetchFault
  readonly resultType: 'sts-policy-fetch-error' | 'sts-webpki-invalid'
  /** One line without a full stop. */
  readonly reason: string
  readonly evidence: FetchEvidence
}

/** A step of a fetch that did not come about. */
export interface FetchProblem {
  readonly fault: FetchFault
  readonly reason: string
}
