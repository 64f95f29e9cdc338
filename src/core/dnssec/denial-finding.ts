import type { TypeSet } from '../dns/rdata/records.ts'
import { limits } from '../limits.ts'
import { isAtOrBelow, type Name } from '../name/name.ts'
import type { Budget } from './budget.ts'
import { findByNsec, readNsecRecords, wildcardAt } from './nsec.ts'
import { areOfOneChain, type Nsec3Chain, openNsec3Chain, proveCloser, readNsec3Records } from './nsec3.ts'
import type { ValidationPolicy } from './policy.ts'
import type { VerifiedRrset } from './signature.ts'

export interface ProofOptions {
  readonly name: Name
  /** Zone whose keys verified the proofs; others' proofs are passed over. */
  readonly zone: Name
  /** NSEC and NSEC3 RRsets of the reply. */
  readonly proofs: readonly VerifiedRrset[]
  readonly budget: Budget
  readonly policy: ValidationPolicy
}

/** What records of one kind say of a name. */
export type Finding =
  /** There are none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'match'; readonly types: TypeSet; readonly by: 'nsec' | 'nsec3' }
  /** The name is there, without records, because names below it are. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'nxdomain'; readonly optOut: boolean }
  /** The name is absent, and a wildcard with these types stands for it. */
  | { readonly kind: 'wildcard'; readonly types: TypeSet; readonly optOut: boolean }
  /** A closer name is absent or an unsigned delegation, and nothing is said of the wildcard. */
  | { readonly kind: 'absent'; readonly optOut: boolean }
  | NoChain

type NoChain = { readonly kind: 'too-many-iterations' | 'limit' | 'unknown' }

/** RFC 4035 §5.4 */
export function findInNsec({ name, zone, proofs }: ProofOptions): Finding {
  const records = readNsecRecords(proofs, zone)
  if (records.length === 0) return { kind: 'none' }
  const found = findByNsec(records, name, zone)
  if (found.kind === 'match') return { kind: 'match', types: found.record.types, by: 'nsec' }
  if (found.kind !== 'absent') return found
  const wildcard = wildcardAt(found.closestEncloser)
  if (wildcard === undefined) return { kind: 'nxdomain', optOut: false }
  const above = findByNsec(records, wildcard, zone)
  switch (above.kind) {
    case 'match':
      return { kind: 'wildcard', types: above.record.types, optOut: false }
    case 'empty':
      return { kind: 'wildcard', types: new Set(), optOut: false }
    case 'absent':
      return { kind: 'nxdomain', optOut: false }
    case 'unknown':
      return { kind: 'absent', optOut: false }
  }
}

/** RFC 5155 §8.3 to §8.7 */
export function findInNsec3(options: ProofOptions): Finding {
  const chain = openChain(options)
  if ('kind' in chain) return chain
  const found = lookInChain(chain, options)
  return chain.isSpent() ? { kind: 'limit' } : found
}

function lookInChain(chain: Nsec3Chain, { name, zone }: ProofOptions): Finding {
  if (!isAtOrBelow(name, zone)) return { kind: 'unknown' }
  const own = chain.matching(name)
  if (own !== undefined) return { kind: 'match', types: own.types, by: 'nsec3' }
  const closer = proveCloser(chain, name, zone)
  if (closer === undefined) return { kind: 'unknown' }
  const { optOut } = closer
  const wildcard = wildcardAt(closer.closestEncloser)
  const standing = wildcard === undefined ? undefined : chain.matching(wildcard)
  if (standing !== undefined) return { kind: 'wildcard', types: standing.types, optOut }
  const isDenied = wildcard === undefined || chain.covering(wildcard) !== undefined
  return isDenied ? { kind: 'nxdomain', optOut } : { kind: 'absent', optOut }
}

/** The zone's NSEC3 records when they can be looked names up in. RFC 5155 §8.2, RFC 9276 §3.2 */
export function openChain({ zone, proofs, budget, policy }: ProofOptions): Nsec3Chain | NoChain | { kind: 'none' } {
  const records = readNsec3Records(proofs, zone)
  if (records.length === 0) return { kind: 'none' }
  if (!areOfOneChain(records)) return { kind: 'unknown' }
  if (records.length > limits.dnssec.nsec3RecordsPerAnswer) return { kind: 'limit' }
  if (records.some(({ iterations }) => iterations > policy.nsec3Iterations)) return { kind: 'too-many-iterations' }
  return openNsec3Chain(records, budget)
}
