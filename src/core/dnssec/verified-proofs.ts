import type { Rrset } from '../dns/rrset.ts'
import type { Checking } from './checking.ts'
import type { Problem } from './problem.ts'
import { type VerifiedRrset, type VerifyOptions, verifyRrsetInSteps } from './signature.ts'

/** The NSEC and NSEC3 RRsets of a reply that a zone's keys signed, and what is wrong with the others. */
export interface VerifiedProofs {
  readonly proofs: readonly VerifiedRrset[]
  readonly first: Problem | undefined
  /** Set when some could not be looked at: then what the rest leaves open is nobody's fault but ours. */
  readonly limit: Problem | undefined
}

export function* verifyProofsInSteps(rrsets: readonly Rrset[], options: VerifyOptions): Checking<VerifiedProofs> {
  const proofs: VerifiedRrset[] = []
  let first: Problem | undefined
  for (const rrset of rrsets) {
    const verdict = yield* verifyRrsetInSteps(rrset, options)
    if (verdict.verdict === 'secure') proofs.push(verdict.rrset)
    else if (verdict.problem.kind === 'limit') return { proofs, first, limit: verdict.problem }
    else first ??= verdict.problem
  }
  return { proofs, first, limit: undefined }
}

/** Why nothing is proved: that no proof verified says more than what is missing in those that did. */
export function whyUnproved({ proofs, first, limit }: VerifiedProofs, unproved: Problem): Problem {
  return limit ?? (proofs.length === 0 ? (first ?? unproved) : unproved)
}
