import { listsMx, type MxPattern, type StsPolicy } from '../mtasts/policy.ts'
import type { DomainName } from '../name/domain.ts'
import { type ChangeStep, planMxChange, unionOf } from './mx-change.ts'
import { patternsFor } from './mx-patterns.ts'
import { highestId } from './sts-ramp-begin.ts'
import type { StsSeen } from './sts-seen.ts'
import {
  adopt,
  currentTerm,
  foreignPolicies,
  forgottenAt,
  publish,
  type ServedTerm,
  type StsState,
} from './sts-state.ts'

/** A policy that is to be published in one go. */
export interface PolicyOrder {
  readonly mode: StsPolicy['mode']
  readonly maxAge: number
  /** What it is to list in the end; undefined for the MX hosts as they are. */
  readonly wanted: readonly MxPattern[] | undefined
  /** MX hosts as they are, and the TTL of their records in seconds. */
  readonly live: readonly DomainName[]
  readonly mxTtl: number
  readonly txtTtl: number
}

/** The policy, what is to be remembered of it, and the steps where MX hosts change. */
export interface PolicyPlan {
  readonly term: ServedTerm
  readonly state: StsState
  /** Whether it is what is announced already. */
  readonly isSame: boolean
  /** Undefined where no MX host changes. */
  readonly steps: readonly ChangeStep[] | undefined
}

/** What to publish: while MX hosts change, the old and the new of them are listed. RFC 8461 §8.1 */
export function planPolicy(before: StsState, order: PolicyOrder, seen: StsSeen, now: number): PolicyPlan {
  const { mode, maxAge, live, mxTtl, txtTtl } = order
  const wanted = order.wanted ?? patternsFor(live)
  const id = highestId(seen)
  const known = foreignPolicies(before, seen).reduce(
    (state, policy) => adopt(state, policy, id ?? 'unannounced', now),
    before,
  )
  const mx = mode === 'none' ? [] : unionOf({ wanted, live })
  const published = publish(known, { mode, maxAge, mx }, id, now)
  const term = currentTerm(published) as ServedTerm // it was just made
  // Whoever sets another mode by hand has left the stage that the way in was at.
  const isOtherMode = currentTerm(before)?.mode !== mode
  const state: StsState = isOtherMode ? { ...published, stage: undefined, liveAt: undefined } : published
  const isSame = id === term.id
  if (mode === 'none') return { term, state, isSame, steps: undefined }
  // Who holds a policy that demands nothing, or that lists them all, minds no change.
  const minding = known.served.filter((held) => held.mode === 'enforce' && !listsAll(held.mx, wanted))
  const change = { domain: state.domain, live, wanted, forgottenAt: forgottenAt(minding, now), txtTtl, mxTtl }
  return { term, state, isSame, steps: planMxChange(change, now) }
}

function listsAll(patterns: readonly MxPattern[], wanted: readonly MxPattern[]): boolean {
  return wanted.every(({ name, wildcard }) => {
    if (!wildcard) return listsMx(patterns, name)
    return patterns.some((pattern) => pattern.wildcard && pattern.name === name)
  })
}
