import type { Hindrance } from './sts-gates.ts'
import { highestId } from './sts-ramp-begin.ts'
import type { StsSeen } from './sts-seen.ts'
import { dayMaxAge } from './sts-stages.ts'
import {
  adopt,
  currentTerm,
  foreignPolicies,
  forgottenAt,
  heldUntil,
  noteServed,
  publish,
  type ServedTerm,
  type StsState,
} from './sts-state.ts'
import { nextStep, type PublishStep } from './sts-steps.ts'

/** How a domain is led out. */
export interface RetireWish {
  /** The longest `max_age`, in seconds, that may have been served before anything is remembered. */
  readonly longestBefore: number
}

/** What is to be done now on the way out, and the state to remember before it is done. */
export interface RetirePlan {
  readonly state: StsState
  readonly step:
    | PublishStep
    /** Nothing may be done before `until`; mail would be held back, or a policy come back to life. */
    | { readonly kind: 'wait'; readonly for: 'policies' | 'record'; readonly until: number }
    | { readonly kind: 'unannounce'; readonly missing: readonly string[] }
    | { readonly kind: 'remove-host' }
    | { readonly kind: 'done' }
    | { readonly kind: 'refused' }
  readonly hindrances: readonly Hindrance[]
  readonly turn: string | undefined
  readonly calendar: readonly WayOutEntry[]
}

/** What is to come on the way out, and the earliest moment at which it may. */
export interface WayOutEntry {
  readonly what: 'unannounce' | 'remove-host'
  readonly at: number
}

/**
 * The way out of MTA-STS: mode `none`, until nobody can hold a policy from before; then the record goes, and when nobody can
 * hold that any more, the policy host. RFC 8461 §8.3
 *
 * Who takes the record away at once leaves senders with the last policy for as long as it says, and without a way to learn
 * of a change.
 */
export function planRetire(
  before: StsState,
  { seen, now }: { readonly seen: StsSeen; readonly now: number },
  wish: RetireWish,
): RetirePlan {
  if (before.stage === 'unannounced' || before.stage === 'retired') return afterRecord(before, seen, now)
  const taken = takeOver(before, seen, now)
  if (taken === undefined) return nothingThere(before, seen)
  const isNew = before.stage !== 'withdrawing'
  const entered: StsState = isNew ? { ...taken, stage: 'withdrawing', liveAt: undefined, goneAt: undefined } : taken
  const none = { mode: 'none', maxAge: dayMaxAge, mx: [] } as const
  const state = noteServed(publish(entered, none, highestId(seen), now), seen, now)
  const term = currentTerm(state) as ServedTerm // it was just made
  const step = nextStep(term, seen)
  const turn = isNew ? 'withdraws by mode none, remembered for a day' : undefined
  if (step.kind !== 'live') return { state, step, hindrances: [], turn, calendar: calendarOf(state, now, wish) }
  const live: StsState = { ...state, liveAt: state.liveAt ?? now }
  const until = emptyAt(live, now, wish)
  const calendar = calendarOf(live, now, wish)
  if (until > now)
    return { state: live, step: { kind: 'wait', for: 'policies', until }, hindrances: [], turn, calendar }
  const gone: StsState = { ...live, stage: 'unannounced', goneAt: undefined }
  return { ...afterRecord(gone, seen, now), turn: 'no sender holds a policy any more' }
}

/** Undefined where there is no sign of MTA-STS. */
function takeOver(before: StsState, seen: StsSeen, now: number): StsState | undefined {
  const foreign = foreignPolicies(before, seen)
  const isAnnounced = seen.announced.some(({ kind }) => kind === 'id' || kind === 'invalid')
  if (foreign.length === 0 && before.served.length === 0 && !isAnnounced) return undefined
  const id = highestId(seen) ?? 'unannounced'
  if (foreign.length === 0 && before.served.length === 0) return { ...before, adoptedAt: now }
  return foreign.reduce((state, policy) => adopt(state, policy, id, now), before)
}

function nothingThere(state: StsState, seen: StsSeen): RetirePlan {
  const base = { state, hindrances: [], turn: undefined, calendar: [] }
  const untold = seen.announced.find((at) => at.kind === 'failed')
  if (untold === undefined) return { ...base, step: { kind: 'done' } }
  const text = `the record could not be looked up: ${untold.server}: ${untold.kind === 'failed' ? untold.reason : ''}`
  return { ...base, step: { kind: 'refused' }, hindrances: [{ kind: 'check', text }] }
}

/** When nobody can hold a policy any more that asks anything of him. */
export function emptyAt({ served, adoptedAt }: StsState, now: number, { longestBefore }: RetireWish): number {
  const asking = served.filter(({ mode }) => mode !== 'none')
  // Of what was served before somebody else's policy was found nothing is known but that it had ended by then.
  return Math.max(forgottenAt(asking, now), adoptedAt === undefined ? now : adoptedAt + longestBefore * 1000)
}

function calendarOf(state: StsState, now: number, wish: RetireWish): WayOutEntry[] {
  const at = emptyAt(state, now, wish)
  return [
    { what: 'unannounce', at },
    { what: 'remove-host', at: at + state.recordTtl * 1000 },
  ]
}

/** Mode `none` must be served as long as somebody may know of the record. */
function afterRecord(before: StsState, seen: StsSeen, now: number): RetirePlan {
  const base = { hindrances: [], turn: undefined, calendar: [] }
  const known: StsState = { ...before, recordTtl: Math.max(before.recordTtl, seen.ttl) }
  const there = seen.announced.filter(({ kind }) => kind !== 'none')
  if (there.length > 0 || seen.announced.length === 0) {
    const told = there.map((at) => `${at.server}: ${at.kind === 'id' ? `has the id ${at.id}` : reasonOf(at)}`)
    const missing = told.length > 0 ? told : ['no name server was asked']
    return { ...base, state: { ...known, goneAt: undefined }, step: { kind: 'unannounce', missing } }
  }
  const goneAt = known.goneAt ?? now
  const until = goneAt + known.recordTtl * 1000
  const state: StsState = { ...known, goneAt }
  if (seen.isHostGone) return { ...base, state: { ...state, stage: 'retired' }, step: { kind: 'done' } }
  if (until <= now) return { ...base, state, step: { kind: 'remove-host' } }
  const calendar: WayOutEntry[] = [{ what: 'remove-host', at: until }]
  return { ...base, state, step: { kind: 'wait', for: 'record', until }, calendar }
}

function reasonOf(at: StsSeen['announced'][number]): string {
  return 'reason' in at ? at.reason : 'has it'
}

/** The policies that are still waited for, the last to end last. */
export function heldTerms({ served }: StsState, now: number): readonly ServedTerm[] {
  const held = served.filter((term) => term.mode !== 'none' && heldUntil(term, now) > now)
  return held.toSorted((one, other) => heldUntil(one, now) - heldUntil(other, now))
}
