import type { FetchFault } from '../https/policy-fetch.ts'

/** Why a policy could not be had, as a report says it. RFC 8460 §4.3.2.2 */
export interface StsFailure {
  readonly resultType: 'sts-policy-fetch-error' | 'sts-policy-invalid' | 'sts-webpki-invalid'
  readonly fault: FetchFault | 'policy-invalid' | 'txt-lookup'
  /** One line without a full stop. */
  readonly reason: string
}

export function formatStsFailure(failure: StsFailure): string {
  return JSON.stringify(failure)
}

/** Reads back what `formatStsFailure` wrote; anything else is a failed fetch all the same. */
export function parseStsFailure(text: string): StsFailure {
  try {
    const { resultType, fault, reason } = JSON.parse(text)
    if (typeof reason === 'string' && typeof fault === 'string') return { resultType, fault, reason } as StsFailure
  } catch {
    // falls through to the general failure
  }
  return { resultType: 'sts-policy-fetch-error', fault: 'http', reason: 'the last fetch failed' }
}
