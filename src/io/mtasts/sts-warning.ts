import type { StsEvent } from './sts-work.ts'

/**
 * What an operator must hear of an event, in one line without a full stop, while there is time to see to it; undefined
 * for all else. It may quote strangers. RFC 8461 §3.3, §10.2
 */
export function warningOf(event: StsEvent): string | undefined {
  if (event.kind !== 'refresh-failed' || !event.lapsing) return undefined
  const { domain, failure, expiresAt } = event
  const end = new Date(expiresAt).toISOString()
  return `the MTA-STS policy of ${domain} cannot be renewed, and ends at ${end}: ${failure.reason}`
}
