import { failureOf } from '../../check/findings/txt.ts'
import type { Owner } from '../../check/owners.ts'
import type { Setup } from '../../check/setup.ts'
import type { View } from '../../check/view.ts'
import type { Resolution } from '../../dnssec/resolution.ts'
import type { TextSpread } from '../servers.ts'
import type { SetupWishes, StepState, StepWait } from './report.ts'

/** What every step is made from. */
export interface Around {
  readonly view: View
  readonly setup: Setup
  readonly wishes: SetupWishes
  readonly caa: readonly Resolution[]
}

/** Not done: who it is for. */
export function openFor({ who }: Owner): StepState {
  return who === 'you' ? 'to-do' : 'others'
}

/** How long others may remember that there is nothing, or what is there now. RFC 2308 §5 */
export function forgetting(lookup: Resolution | undefined): StepWait | null {
  if (lookup === undefined || lookup.kind === 'failure' || lookup.ttl === 0) return null
  const why =
    lookup.kind === 'answer'
      ? 'caches may hold the old records so long'
      : 'caches may remember so long that there was nothing'
  return { seconds: lookup.ttl, why }
}

/** What a lookup that failed says, which is never that there is nothing. RFC 7672 §2.1.1 */
export function failureSeen(lookup: Resolution | undefined): string | undefined {
  const failed = failureOf(lookup)
  if (failed === undefined || lookup?.kind !== 'failure') return undefined
  return failed === 'unanswered'
    ? `it could not be looked up from here: ${lookup.reason}`
    : `the lookup fails for everybody, which is not the same as no record: ${lookup.reason}`
}

/** In words, of name servers that all or in part have it. */
export function spreadSeen({ right, wrong, untold }: TextSpread): string[] {
  const told = right.length + wrong.length
  const where =
    told === 0
      ? []
      : wrong.length === 0
        ? [told === 1 ? 'there, on the name server' : `there, on all ${told} name servers`]
        : right.length === 0
          ? [] // what is there instead is said elsewhere
          : [`on ${right.join(', ')}, and not on ${wrong.join(', ')}`]
  return [...where, ...(untold.length === 0 || told === 0 ? [] : [`could not be asked: ${untold.join(', ')}`])]
}

/** Name servers decide where they were asked, and else what a resolver finds. */
export function isEverywhere({ right, wrong }: TextSpread, isFound: boolean): boolean {
  return right.length + wrong.length === 0 ? isFound : wrong.length === 0
}
