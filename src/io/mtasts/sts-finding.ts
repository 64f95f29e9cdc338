import type { AppliedPolicy, StsFinding } from '../../core/decision/facts.ts'
import { expiryTime } from '../../core/mtasts/cache.ts'
import type { CachedPolicy } from './policy-cache.ts'
import type { ServedPolicy } from './policy-source.ts'
import type { StsFailure } from './sts-failure.ts'
import type { StsRecordFinding } from './sts-record.ts'

export interface StsParts {
  readonly record: StsRecordFinding
  /** The policy in force before. */
  readonly cached: CachedPolicy | undefined
  /** Whether a policy was stored whose time was over. */
  readonly lapsed: boolean
  /** What a fetch yielded, when there was reason for one: an id that is news, or a refresh that failed. */
  readonly served?: ServedPolicy | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** The rows of table 1c: nothing that fails ends a policy in force. RFC 8461 §3.1, §5.1 */
export function findingOf({ record, cached, lapsed, served, now }: StsParts): StsFinding {
  const id = record.kind === 'valid' ? record.id : undefined
  const common = { lapsed, id, record: record.resolution }
  const known = cached && appliedFrom(cached)
  if (record.kind !== 'valid') {
    if (known !== undefined) return { ...common, row: 'S11', policy: known, failure: recordFailure(record) }
    const row = record.kind === 'absent' ? 'S1' : record.kind === 'invalid' ? 'S2' : 'S3'
    return { ...common, row, policy: undefined, failure: row === 'S1' ? undefined : recordFailure(record) }
  }
  const failure = served?.kind === 'failed' ? reportOf(served.failure) : undefined
  if (served === undefined || known?.id === record.id) return { ...common, row: 'S8', policy: known, failure }
  if (served.kind === 'policy') {
    const policy = appliedNow(served, record.id, now)
    return { ...common, row: known === undefined ? 'S4' : 'S9', policy, failure: undefined }
  }
  if (known !== undefined) return { ...common, row: 'S10', policy: known, failure }
  return { ...common, row: failedRows[served.failure.resultType], policy: undefined, failure }
}

function reportOf({ resultType, reason }: StsFailure): StsFinding['failure'] {
  return { resultType, reason }
}

/** Of a store that cannot be read: whatever DNS says, a policy may be in force. */
export function findingUnreadable(reason: string): StsFinding {
  const failure = { resultType: 'sts-policy-fetch-error', reason: `the store cannot be read: ${reason}` } as const
  const nothing = { policy: undefined, record: undefined, id: undefined }
  return { row: 'S3', lapsed: false, ...nothing, failure, unreadable: true }
}

const failedRows = {
  'sts-policy-fetch-error': 'S5',
  'sts-webpki-invalid': 'S6',
  'sts-policy-invalid': 'S7',
} as const satisfies Record<StsFailure['resultType'], StsFinding['row']>

function recordFailure(record: Exclude<StsRecordFinding, { kind: 'valid' }>): StsFinding['failure'] {
  const resultType = 'sts-policy-fetch-error'
  if (record.kind === 'absent') return { resultType, reason: 'the TXT record is gone' }
  const what = record.kind === 'invalid' ? 'the TXT record is invalid' : 'the TXT lookup failed'
  return { resultType, reason: `${what}: ${record.reason}` }
}

/** A remembered policy as it applies while it lasts. */
export function appliedFrom({ policy, stored }: CachedPolicy): AppliedPolicy {
  const { id, body, fetchedAt } = stored
  return { policy, id, body, source: 'cache', fetchedAt, expiresAt: expiryTime(stored) }
}

function appliedNow(served: Extract<ServedPolicy, { kind: 'policy' }>, id: string, now: number): AppliedPolicy {
  const { policy, body, stored } = served
  if (stored !== undefined) return appliedFrom({ policy, stored })
  const expiresAt = expiryTime({ fetchedAt: now, maxAge: policy.maxAge })
  return { policy, id, body, source: 'fetched', fetchedAt: now, expiresAt }
}
