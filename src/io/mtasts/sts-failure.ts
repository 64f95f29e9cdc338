import type { FetchFault } from '../../core/mtasts/fetch-fault.ts'

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
  const read = parseJson(text)
  return isFailure(read)
    ? read
    : { resultType: 'sts-policy-fetch-error', fault: 'http', reason: 'the last fetch failed' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const resultTypes: readonly unknown[] = ['sts-policy-fetch-error', 'sts-policy-invalid', 'sts-webpki-invalid']

function isFailure(read: unknown): read is StsFailure {
  if (typeof read !== 'object' || read === null) return false
  const { resultType, fault, reason } = read as Record<string, unknown>
  return resultTypes.includes(resultType) && typeof fault === 'string' && typeof reason === 'string'
}
