import type { TypeSet } from '../dns/rdata/records.ts'
import { formatType, TYPE } from '../dns/types.ts'
import { limits } from '../limits.ts'
import { type Name, rootName, sameName, withoutLabels } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import type { Budget } from './budget.ts'
import { findByNsec, type NsecRecord, readNsecRecords, wildcardAt } from './nsec.ts'
import {
  areOfOneChain,
  type Nsec3Chain,
  type Nsec3Record,
  openNsec3Chain,
  proveCloser,
  readNsec3Records,
} from './nsec3.ts'
import type { ValidationPolicy } from './policy.ts'
import { type Problem, problem } from './problem.ts'
import type { Security } from './resolution.ts'
import type { VerifiedRrset } from './signature.ts'

export interface DenialOptions {
  readonly name: Name
  /** Zone whose keys verified the proofs; others' proofs are passed over. */
  readonly zone: Name
  /** NSEC and NSEC3 RRsets of the reply. */
  readonly proofs: readonly VerifiedRrset[]
  readonly budget: Budget
  readonly policy: ValidationPolicy
}

export interface Unproved {
  readonly kind: 'unproved'
  readonly problem: Problem
}

export type InsecureBecause = 'opt-out' | 'nsec3-iterations' | 'unsigned-delegation'

export type DenialVerdict =
  | { readonly kind: 'nodata' | 'nxdomain'; readonly status: Security; readonly because: InsecureBecause | undefined }
  | Unproved

export type WildcardVerdict =
  | { readonly kind: 'proved'; readonly status: Security; readonly because: InsecureBecause | undefined }
  | Unproved

/** What a reply to a DS question says of the name, as the parent's keys vouch for it. RFC 4035 §5.2, RFC 6840 §4.4 */
export type DsDenial =
  | { readonly kind: 'insecure-delegation'; readonly because: InsecureBecause }
  /** The name exists and is not a delegation. */
  | { readonly kind: 'no-cut' }
  /** Nothing exists at or below the name. */
  | { readonly kind: 'nothing-below' }
  /** An unsigned delegation may stand here. RFC 5155 §6 */
  | { readonly kind: 'opt-out' }
  | Unproved

/** What one kind of record yields. */
type Finding =
  | { readonly kind: 'match'; readonly types: TypeSet }
  | { readonly kind: 'empty' }
  | { readonly kind: 'nxdomain'; readonly optOut: boolean }
  /** The name is absent, and a wildcard with these types stands for it. */
  | { readonly kind: 'wildcard'; readonly types: TypeSet; readonly optOut: boolean }
  /** A closer name is absent or an unsigned delegation, and nothing is said of the wildcard. */
  | { readonly kind: 'absent'; readonly optOut: boolean }
  | { readonly kind: 'too-many-iterations' }
  | { readonly kind: 'limit' }
  | { readonly kind: 'unknown' }

/**
 * Whether the proofs deny records of `type`; the proof decides between NODATA and NXDOMAIN. RFC 4035 §5.4, RFC 5155 §8
 *
 * For DS this is the parent's denial. `rcode` matters only to refuse an absent name under NOERROR.
 */
export function proveDenial(
  options: DenialOptions & { readonly type: number; readonly isNameError: boolean },
): DenialVerdict {
  const verdicts = findings(options).map((finding) => judge(finding, options))
  return verdicts.find(({ kind }) => kind !== 'unproved') ?? verdicts[0] ?? unproved(options, 'no proof')
}

function judge(finding: Finding, options: DenialOptions & { type: number; isNameError: boolean }): DenialVerdict {
  const { name, type, isNameError } = options
  switch (finding.kind) {
    case 'match':
      return judgeMatch(finding.types, options)
    case 'empty':
      return { kind: 'nodata', status: 'secure', because: undefined }
    case 'nxdomain':
      if (isNameError) return { kind: 'nxdomain', ...statusOf(finding.optOut) }
      // In a small zone the record that covers an unsigned delegation covers the wildcard too. RFC 5155 §8.6
      if (type === TYPE.DS && finding.optOut) return { kind: 'nodata', ...statusOf(true) }
      return unproved(options, `the name is proved absent, and the answer says otherwise`)
    case 'wildcard':
      return lacks(finding.types, type) && !isCut(finding.types)
        ? { kind: 'nodata', ...statusOf(finding.optOut) }
        : unproved(options, 'the wildcard has the type')
    case 'absent': // opt-out excuses DS alone: else a signed wildcard could be hidden
      return type === TYPE.DS && finding.optOut
        ? { kind: 'nodata', status: 'insecure', because: 'opt-out' }
        : unproved(options, 'the wildcard is not denied')
    case 'too-many-iterations':
      return { kind: isNameError ? 'nxdomain' : 'nodata', status: 'insecure', because: 'nsec3-iterations' }
    case 'limit':
      return { kind: 'unproved', problem: problem('limit', `too much hashing for ${formatName(name)}`) }
    case 'unknown':
      return unproved(options, 'the proof is incomplete')
  }
}

function judgeMatch(types: TypeSet, options: DenialOptions & { type: number }): DenialVerdict {
  const { name, type } = options
  if (types.has(TYPE.NXNAME)) return { kind: 'nxdomain', status: 'secure', because: undefined } // RFC 9824 §3.2
  if (!lacks(types, type)) return unproved(options, 'the name has the type, or an alias')
  if (type === TYPE.DS) {
    const isChilds = types.has(TYPE.SOA) && !sameName(name, rootName)
    return isChilds
      ? unproved(options, 'the proof is of the child zone')
      : { kind: 'nodata', status: 'secure', because: undefined }
  }
  return isCut(types)
    ? unproved(options, 'the proof is of the parent zone')
    : { kind: 'nodata', status: 'secure', because: undefined }
}

/** Whether a DS question's reply shows a delegation, or that there is none. */
export function judgeDsDenial(options: DenialOptions): DsDenial {
  const verdicts = findings(options).map((finding) => judgeDs(finding, options))
  return verdicts.find(({ kind }) => kind !== 'unproved') ?? verdicts[0] ?? unproved(options, 'no proof')
}

function judgeDs(finding: Finding, options: DenialOptions): DsDenial {
  switch (finding.kind) {
    case 'match': {
      const verdict = judgeMatch(finding.types, { ...options, type: TYPE.DS })
      if (verdict.kind === 'unproved') return verdict
      if (verdict.kind === 'nxdomain') return { kind: 'nothing-below' }
      return isCut(finding.types) ? { kind: 'insecure-delegation', because: 'unsigned-delegation' } : { kind: 'no-cut' }
    }
    case 'empty':
      return { kind: 'no-cut' }
    case 'nxdomain':
      return finding.optOut ? { kind: 'opt-out' } : { kind: 'nothing-below' }
    case 'wildcard':
      if (finding.optOut) return { kind: 'opt-out' }
      return lacks(finding.types, TYPE.DS) ? { kind: 'no-cut' } : unproved(options, 'the wildcard has the type')
    case 'absent':
      return finding.optOut ? { kind: 'opt-out' } : unproved(options, 'the wildcard is not denied')
    case 'too-many-iterations':
      return { kind: 'insecure-delegation', because: 'nsec3-iterations' }
    case 'limit':
      return { kind: 'unproved', problem: problem('limit', `too much hashing for ${formatName(options.name)}`) }
    case 'unknown':
      return unproved(options, 'the proof is incomplete')
  }
}

/** Whether nothing closer than the wildcard at `closestEncloser` matches the name. RFC 4035 §5.3.4, RFC 5155 §8.8 */
export function proveWildcard(options: DenialOptions & { readonly closestEncloser: Name }): WildcardVerdict {
  const { name, zone, proofs, closestEncloser, budget, policy } = options
  const found = findByNsec(readNsecRecords(proofs, zone), name, zone)
  if (found.kind === 'absent' && sameName(found.closestEncloser, closestEncloser))
    return { kind: 'proved', ...statusOf(false) }
  const opened = openChain(readNsec3Records(proofs, zone), { budget, policy })
  if ('kind' in opened) {
    if (opened.kind === 'too-many-iterations')
      return { kind: 'proved', status: 'insecure', because: 'nsec3-iterations' }
    return unproved(options, 'nothing shows that the wildcard applies')
  }
  const covering = opened.covering(withoutLabels(name, name.labelCount - closestEncloser.labelCount - 1))
  if (opened.isSpent) return { kind: 'unproved', problem: problem('limit', `too much hashing for ${formatName(name)}`) }
  if (covering === undefined) return unproved(options, 'nothing shows that the wildcard applies')
  return { kind: 'proved', ...statusOf(covering.optOut) }
}

/** One proof uses one kind of record: each is tried alone. */
function findings({ name, zone, proofs, budget, policy }: DenialOptions): Finding[] {
  const nsec = readNsecRecords(proofs, zone)
  const nsec3 = readNsec3Records(proofs, zone)
  const found: Finding[] = []
  if (nsec.length > 0) found.push(lookInNsec(nsec, name, zone))
  if (nsec3.length === 0 || found.some(({ kind }) => kind !== 'unknown')) return found
  const chain = openChain(nsec3, { budget, policy })
  const finding = 'kind' in chain ? chain : lookInNsec3(chain, name, zone)
  return [...found, !('kind' in chain) && chain.isSpent ? { kind: 'limit' } : finding]
}

function lookInNsec(records: readonly NsecRecord[], name: Name, zone: Name): Finding {
  const found = findByNsec(records, name, zone)
  if (found.kind === 'match') return { kind: 'match', types: found.record.types }
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

function openChain(
  records: readonly Nsec3Record[],
  { budget, policy }: Pick<DenialOptions, 'budget' | 'policy'>,
): Nsec3Chain | { readonly kind: 'too-many-iterations' | 'unknown' | 'limit' } {
  if (records.length === 0 || !areOfOneChain(records)) return { kind: 'unknown' }
  if (records.length > limits.dnssec.nsec3RecordsPerAnswer) return { kind: 'limit' }
  if (records.some(({ iterations }) => iterations > policy.nsec3Iterations)) return { kind: 'too-many-iterations' }
  return openNsec3Chain(records, budget)
}

function lookInNsec3(chain: Nsec3Chain, name: Name, zone: Name): Finding {
  const own = chain.matching(name)
  if (own !== undefined) return { kind: 'match', types: own.types }
  const closer = proveCloser(chain, name, zone)
  if (closer === undefined) return { kind: 'unknown' }
  const { optOut } = closer
  const wildcard = wildcardAt(closer.closestEncloser)
  const standing = wildcard === undefined ? undefined : chain.matching(wildcard)
  if (standing !== undefined) return { kind: 'wildcard', types: standing.types, optOut }
  const isDenied = wildcard === undefined || chain.covering(wildcard) !== undefined
  return isDenied ? { kind: 'nxdomain', optOut } : { kind: 'absent', optOut }
}

function lacks(types: TypeSet, type: number): boolean {
  return !types.has(type) && !types.has(TYPE.CNAME)
}

function isCut(types: TypeSet): boolean {
  return types.has(TYPE.NS) && !types.has(TYPE.SOA)
}

function statusOf(optOut: boolean): { status: Security; because: InsecureBecause | undefined } {
  return optOut ? { status: 'insecure', because: 'opt-out' } : { status: 'secure', because: undefined }
}

function unproved({ name, type }: { name: Name; type?: number }, why: string): Unproved {
  const what = type === undefined ? formatName(name) : `${formatType(type)} of ${formatName(name)}`
  return { kind: 'unproved', problem: problem('unproved', `${what} is not denied: ${why}`) }
}
