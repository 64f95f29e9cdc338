import { isUsable, parseTlsa } from '../../dane/tlsa.ts'
import type { DomainName } from '../../name/domain.ts'
import { type Mismatch, mismatches, type Shown } from './association.ts'
import { freeFrom, type History } from './history.ts'
import { isSecure, isUnsigned, whyNotWhole, type ZoneSeen } from './zone-seen.ts'

/** Whether a key may be deployed now. */
export type GateVerdict =
  /** Every answer that a cache may have holds for it. */
  | { readonly kind: 'open' }
  /** All servers have it; some cache may not yet. */
  | { readonly kind: 'wait'; readonly until: number }
  /** Some servers have it and these do not. */
  | { readonly kind: 'spreading'; readonly places: readonly string[]; readonly why: readonly Mismatch[] }
  /** It is not known what each server has. */
  | { readonly kind: 'unknown'; readonly reason: string }
  /** No server has it, or some combination of records does not hold for it. Nothing comes of waiting. */
  | { readonly kind: 'unpublished'; readonly why: readonly Mismatch[] }
  | { readonly kind: 'unsigned' }

export interface GateQuestion {
  readonly history: History
  readonly zone: ZoneSeen
  readonly shown: Shown
  readonly host: DomainName
  readonly now: number
}

/**
 * Whether senders will accept what is shown, whichever answer they have: what each server says now, and what caches may
 * have of earlier, for twice the largest TTL. RFC 7671 §8.1
 */
export function judgeGate({ history, zone, shown, host, now }: GateQuestion): GateVerdict {
  if (isUnsigned(zone)) return { kind: 'unsigned' }
  const why = (records: readonly string[]) => whyNotFor(records, shown, host, now)
  const secure = zone.servers.filter(isSecure)
  const late = secure.filter(({ says }) => why(says.records).length > 0)
  const [first] = late
  if (first !== undefined) {
    const reasons = why(first.says.records)
    if (late.length === secure.length) return { kind: 'unpublished', why: reasons }
    return { kind: 'spreading', places: late.map(({ place }) => place), why: reasons }
  }
  const reason = whyNotWhole(zone)
  if (reason !== undefined) return { kind: 'unknown', reason }
  const { at } = freeFrom(history, (records) => why(records).length === 0)
  if (at === undefined) return { kind: 'unknown', reason: 'an earlier answer may still be served' }
  return at > now ? { kind: 'wait', until: at } : { kind: 'open' }
}

/** Records that nobody can use, or none, are no publication. */
function whyNotFor(records: readonly string[], shown: Shown, host: DomainName, now: number): Mismatch[] {
  const usable = records.flatMap((text) => {
    const record = parseTlsa(text)
    return record.ok && isUsable(record.value) ? [record.value] : []
  })
  return usable.length === 0 ? [{ combination: '3 1 1', why: 'no-match' }] : mismatches(usable, shown, { host, now })
}
