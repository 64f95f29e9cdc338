import { formatMxPattern, type MxPattern, type StsPolicy } from '../mtasts/policy.ts'
import { nextStsId } from '../mtasts/sts-id.ts'
import type { DomainName } from '../name/domain.ts'
import { writeStsPolicy } from './sts-policy.ts'
import type { StsSeen } from './sts-seen.ts'
import type { StsStage } from './sts-stages.ts'

/** A policy that senders may have fetched. */
export interface ServedTerm {
  readonly id: string
  readonly mode: StsPolicy['mode']
  /** Seconds. */
  readonly maxAge: number
  /** Empty in mode `none`. */
  readonly mx: readonly MxPattern[]
  /** Milliseconds since 1970: from when it may have been served, and when another was seen at every address instead. */
  readonly from: number
  readonly until: number | undefined
}

/** All that is remembered of a domain's policies. */
export interface StsState {
  readonly domain: DomainName
  /** Undefined where nobody leads it anywhere. */
  readonly stage: StsStage | undefined
  /** When its stage was first seen to be live: served at every address and announced by every server. */
  readonly liveAt: number | undefined
  /** In the order in which they were published; the last is what is to be served now. */
  readonly served: readonly ServedTerm[]
  /** When something of somebody else's was found last: what was served before it is not known. */
  readonly adoptedAt: number | undefined
  /** The longest TTL of the record that was seen, in seconds, and since when it is gone from every server. */
  readonly recordTtl: number
  readonly goneAt: number | undefined
}

export function newState(domain: DomainName): StsState {
  return {
    domain,
    stage: undefined,
    liveAt: undefined,
    served: [],
    adoptedAt: undefined,
    recordTtl: 0,
    goneAt: undefined,
  }
}

/** The policy that is to be served now; undefined before there is one. */
export function currentTerm({ served }: StsState): ServedTerm | undefined {
  return served.at(-1)
}

/** The policy of a term, and its body. Throws for what no writer of ours made. */
export function bodyOf({ mode, mx, maxAge }: Pick<ServedTerm, 'mode' | 'mx' | 'maxAge'>): string {
  const written = writeStsPolicy({ mode, mx, maxAge })
  if (!written.ok) throw new Error(`a policy that cannot be written: ${written.fault}`)
  return written.value.body
}

/** Whether a policy says what the term does, in whatever form. */
export function isOfTerm(policy: StsPolicy, term: Pick<ServedTerm, 'mode' | 'mx' | 'maxAge'>): boolean {
  if (policy.mode !== term.mode || policy.maxAge !== term.maxAge) return false
  return policy.mode === 'none' || samePatterns(policy.mx, term.mx)
}

export function samePatterns(one: readonly MxPattern[], other: readonly MxPattern[]): boolean {
  const texts = (patterns: readonly MxPattern[]) => [...new Set(patterns.map(formatMxPattern))].toSorted().join(' ')
  return texts(one) === texts(other)
}

/**
 * Makes this the policy to be served. What says the same as the one before changes nothing, so that whoever runs it again
 * announces nothing new. `announced` is the id that is in DNS.
 */
export function publish(
  state: StsState,
  wish: Pick<ServedTerm, 'mode' | 'mx' | 'maxAge'>,
  announced: string | undefined,
  now: number,
): StsState {
  const last = currentTerm(state)
  const mx = wish.mode === 'none' ? [] : wish.mx
  const term = { mode: wish.mode, maxAge: wish.maxAge, mx }
  if (last !== undefined && last.mode === term.mode && last.maxAge === term.maxAge && samePatterns(last.mx, mx)) {
    return state
  }
  const body = bodyOf(term)
  const id = nextStsId(body, newest(last?.id, announced), now)
  return { ...state, served: [...state.served, { ...term, id, from: now, until: undefined }] }
}

/** Ours are in the order of time: the later of two is the one after which the next must come. */
function newest(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return /^\d{14}Z/.test(other) && other > one ? other : one
}

/** Takes over what is served and was not published from here. */
export function adopt(state: StsState, policy: StsPolicy, id: string, now: number): StsState {
  const term: ServedTerm = { ...termOf(policy), id, from: now, until: undefined }
  return { ...state, served: [...state.served, term], adoptedAt: now }
}

/**
 * Notes what is served at this moment: terms before the current one end when every address serves that, and go on when one
 * is seen again. What nobody can hold any more is forgotten.
 */
export function noteServed(state: StsState, seen: StsSeen, now: number): StsState {
  const current = currentTerm(state)
  if (current === undefined) return state
  const isReplaced = isServedEverywhere(seen, current)
  const served = state.served
    .map((term) => {
      if (term === current) return term
      const isBack = seen.served.some((at) => at.kind === 'policy' && isOfTerm(at.policy, term))
      if (isBack && !isReplaced) return { ...term, until: undefined }
      return isReplaced && term.until === undefined ? { ...term, until: now } : term
    })
    .filter((term) => term === current || heldUntil(term, now) > now)
  return { ...state, served, recordTtl: Math.max(state.recordTtl, seen.ttl) }
}

/** Policies that some address serves and that were not published from here, each once. */
export function foreignPolicies({ served }: StsState, seen: StsSeen): StsPolicy[] {
  const policies = seen.served.flatMap((at) => (at.kind === 'policy' ? [at.policy] : []))
  const foreign = policies.filter((policy) => !served.some((term) => isOfTerm(policy, term)))
  return foreign.filter((policy, place) => !foreign.slice(0, place).some((other) => isOfTerm(policy, termOf(other))))
}

function termOf(policy: StsPolicy): Pick<ServedTerm, 'mode' | 'mx' | 'maxAge'> {
  return { mode: policy.mode, maxAge: policy.maxAge, mx: policy.mode === 'none' ? [] : policy.mx }
}

/** Whether every address of the policy host serves this policy, and there is one. */
export function isServedEverywhere({ served }: StsSeen, term: ServedTerm): boolean {
  return served.length > 0 && served.every((at) => at.kind === 'policy' && isOfTerm(at.policy, term))
}

/** Whether every server announces this id and no other. */
export function isAnnouncedEverywhere({ announced }: StsSeen, { id }: ServedTerm): boolean {
  return announced.length > 0 && announced.every((at) => at.kind === 'id' && at.id === id)
}

/** When the last sender forgets a policy that it fetched at the last moment. RFC 8461 §3.2 */
export function heldUntil({ until, maxAge }: ServedTerm, now: number): number {
  return (until ?? now) + maxAge * 1000
}

/** When nobody holds any of these terms any more; now where nobody does. */
export function forgottenAt(terms: readonly ServedTerm[], now: number): number {
  return Math.max(now, ...terms.map((term) => heldUntil(term, now)))
}
