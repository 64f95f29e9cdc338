import type { StsSeen } from './sts-seen.ts'
import { bodyOf, isAnnouncedEverywhere, isOfTerm, isServedEverywhere, type ServedTerm } from './sts-state.ts'

/** What stands between a policy and its being live; texts quote strangers. */
export type PublishStep =
  | { readonly kind: 'live' }
  /** The file first, at every address: a new id makes senders fetch, and what they get then they keep. RFC 8461 §8.1 */
  | { readonly kind: 'serve'; readonly body: string; readonly missing: readonly string[] }
  | { readonly kind: 'announce'; readonly id: string; readonly missing: readonly string[] }

/** The next step of publishing a policy, by what is seen of it. */
export function nextStep(term: ServedTerm, seen: StsSeen): PublishStep {
  if (!isServedEverywhere(seen, term)) return { kind: 'serve', body: bodyOf(term), missing: withoutPolicy(term, seen) }
  if (isAnnouncedEverywhere(seen, term)) return { kind: 'live' }
  return { kind: 'announce', id: term.id, missing: withoutId(term, seen) }
}

function withoutPolicy(term: ServedTerm, { served, isHostGone }: StsSeen): string[] {
  if (served.length === 0)
    return [isHostGone ? 'the policy host has no address' : 'the addresses of the policy host cannot be looked up']
  return served.flatMap((at) => {
    if (at.kind !== 'policy') return [`${at.address}: ${at.reason}`]
    return isOfTerm(at.policy, term) ? [] : [`${at.address} serves another policy, in mode ${at.policy.mode}`]
  })
}

function withoutId({ id }: ServedTerm, { announced }: StsSeen): string[] {
  if (announced.length === 0) return ['no name server was asked']
  return announced.flatMap((at) => {
    if (at.kind === 'id') return at.id === id ? [] : [`${at.server} has the id ${at.id}`]
    return [`${at.server}: ${at.kind === 'none' ? 'there is no record' : at.reason}`]
  })
}
