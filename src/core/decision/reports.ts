import type { SessionReport } from './decision.ts'

/** TLS came about as the policy asks, or as well as may be where there is none. RFC 8460 §4.2 */
export function success(policyType: SessionReport['policyType']): SessionReport {
  return { policyType, resultType: undefined, reason: undefined }
}

/** There are TLSA records, and none can be used: a failure even where mail is delivered. RFC 8460 §4.3.2.1 */
export const unusableReport: SessionReport = {
  policyType: 'tlsa',
  resultType: 'tlsa-invalid',
  reason: 'all-records-unusable',
}

/** RFC 8461 §4.1 */
export const unlistedReport: SessionReport = {
  policyType: 'sts',
  resultType: 'validation-failure',
  reason: 'sts-mx-mismatch',
}
