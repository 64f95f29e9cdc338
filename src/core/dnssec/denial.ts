import type { TypeSet } from '../dns/rdata/records.ts'
import { formatType, TYPE } from '../dns/types.ts'
import { isAtOrBelow, isBelow, type Name, rootName, sameName, withoutLabels } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import { type Finding, findInNsec, findInNsec3, openChain, type ProofOptions } from './denial-finding.ts'
import { findByNsec, readNsecRecords } from './nsec.ts'
import { type Problem, problem } from './problem.ts'
import type { Security } from './resolution.ts'

export type DenialOptions = ProofOptions

export interface Unproved {
  readonly kind: 'unproved'
  readonly problem: Problem
}

export type InsecureBecause = 'opt-out' | 'nsec3-iterations' | 'unsigned-delegation'

export type DenialVerdict =
  | {
      readonly kind: 'nodata' | 'nxdomain'
      readonly status: Security
      readonly because: InsecureBecause | undefined
      /** Set where a name is absent by compact denial, whose records speak of this very name alone. RFC 9824 §3.2 */
      readonly isCompact?: true
    }
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

type TypeOptions = DenialOptions & { readonly type: number; readonly isNameError: boolean }

/**
 * Whether the proofs deny records of `type`; the proof decides between NODATA and NXDOMAIN. RFC 4035 §5.4, RFC 5155 §8
 *
 * For DS this is the parent's denial. `isNameError` matters only to refuse an absent name under NOERROR, and where the
 * proof leaves the kind open.
 */
export function proveDenial(options: TypeOptions): DenialVerdict {
  return judgeEither(options, (finding) => judge(finding, options))
}

/** Whether a DS question's reply shows a delegation, or that there is none. */
export function judgeDsDenial(options: DenialOptions): DsDenial {
  const ofDs = { ...options, type: TYPE.DS }
  return judgeEither(ofDs, (finding) => judgeDs(finding, ofDs))
}

/** One proof uses one kind of record: NSEC3 is tried where NSEC does not do, as in a zone that changes over. */
function judgeEither<Verdict extends { readonly kind: string }>(
  options: DenialOptions,
  judgeFinding: (finding: Finding) => Verdict | Unproved,
): Verdict | Unproved {
  const byNsec = judgeFinding(findInNsec(options))
  if (byNsec.kind !== 'unproved') return byNsec
  const finding = findInNsec3(options)
  return finding.kind === 'none' ? byNsec : judgeFinding(finding)
}

function judge(finding: Finding, options: TypeOptions): DenialVerdict {
  const { type, isNameError } = options
  switch (finding.kind) {
    case 'match':
      return judgeMatch(finding, options)
    case 'empty':
      return { kind: 'nodata', ...statusOf(false) }
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
        ? { kind: 'nodata', ...statusOf(true) }
        : unproved(options, 'the wildcard is not denied')
    case 'too-many-iterations':
      return { kind: isNameError ? 'nxdomain' : 'nodata', status: 'insecure', because: 'nsec3-iterations' }
    case 'none':
    case 'unknown':
    case 'limit':
      return unfound(finding.kind, options)
  }
}

/** RFC 4035 §5.4, RFC 5155 §8.5, RFC 6840 §4.1, §4.3 */
function judgeMatch({ types, by }: Finding & { kind: 'match' }, options: TypeOptions): DenialVerdict {
  const { name, type, isNameError } = options
  if (types.has(TYPE.NXNAME)) return { kind: 'nxdomain', ...statusOf(false), isCompact: true } // RFC 9824 §3.2
  if (!lacks(types, type)) return unproved(options, 'the name has the type, or an alias')
  if (type === TYPE.DS) {
    return isOfChild(types, name) ? unproved(options, ofChild) : { kind: 'nodata', ...statusOf(false) }
  }
  if (!isCut(types)) return { kind: 'nodata', ...statusOf(false) }
  // The parent's NSEC3 denies nothing of the child, and shows that nobody signs the child.
  return by === 'nsec3' && !types.has(TYPE.DS)
    ? { kind: isNameError ? 'nxdomain' : 'nodata', status: 'insecure', because: 'unsigned-delegation' }
    : unproved(options, 'the proof is of the parent zone')
}

function judgeDs(finding: Finding, options: DenialOptions): DsDenial {
  switch (finding.kind) {
    case 'match':
      return judgeDsMatch(finding, options)
    case 'empty':
      return { kind: 'no-cut' }
    case 'nxdomain':
      return finding.optOut ? { kind: 'opt-out' } : { kind: 'nothing-below' }
    case 'wildcard':
      if (finding.optOut) return { kind: 'opt-out' }
      // A wildcard with NS delegates nothing that anyone could verify, and proves nothing. RFC 4592 §4.2
      return lacks(finding.types, TYPE.DS) && !isCut(finding.types)
        ? { kind: 'no-cut' }
        : unproved(options, 'the wildcard has the type, an alias or a delegation')
    case 'absent':
      return finding.optOut ? { kind: 'opt-out' } : unproved(options, 'the wildcard is not denied')
    case 'too-many-iterations':
      return { kind: 'insecure-delegation', because: 'nsec3-iterations' }
    case 'none':
    case 'unknown':
    case 'limit':
      return unfound(finding.kind, options)
  }
}

/** RFC 5155 §8.6, §8.9, RFC 6840 §4.4 */
function judgeDsMatch({ types, by }: Finding & { kind: 'match' }, options: DenialOptions): DsDenial {
  if (types.has(TYPE.NXNAME)) return { kind: 'nothing-below' }
  if (types.has(TYPE.DS)) return unproved(options, 'the name has DS records')
  if (by === 'nsec3' && types.has(TYPE.CNAME)) return unproved(options, 'the name has an alias')
  if (isOfChild(types, options.name)) return unproved(options, ofChild)
  return isCut(types) ? { kind: 'insecure-delegation', because: 'unsigned-delegation' } : { kind: 'no-cut' }
}

/** Whether nothing closer than the wildcard at `closestEncloser` matches the name. RFC 4035 §5.3.4, RFC 5155 §8.8 */
export function proveWildcard(options: DenialOptions & { readonly closestEncloser: Name }): WildcardVerdict {
  const { name, zone, proofs, closestEncloser } = options
  const nothing = unproved(options, 'nothing shows that the wildcard applies')
  if (!isBelow(name, closestEncloser) || !isAtOrBelow(closestEncloser, zone)) return nothing
  const found = findByNsec(readNsecRecords(proofs, zone), name, zone)
  if (found.kind === 'absent' && sameName(found.closestEncloser, closestEncloser)) {
    return { kind: 'proved', ...statusOf(false) }
  }
  const chain = openChain(options)
  if ('kind' in chain) {
    if (chain.kind === 'too-many-iterations') return { kind: 'proved', status: 'insecure', because: 'nsec3-iterations' }
    return chain.kind === 'limit' ? unfound('limit', options) : nothing
  }
  const covering = chain.covering(withoutLabels(name, name.labelCount - closestEncloser.labelCount - 1))
  if (chain.isSpent()) return unfound('limit', options)
  return covering === undefined ? nothing : { kind: 'proved', ...statusOf(covering.optOut) }
}

function lacks(types: TypeSet, type: number): boolean {
  return !types.has(type) && !types.has(TYPE.CNAME)
}

function isCut(types: TypeSet): boolean {
  return types.has(TYPE.NS) && !types.has(TYPE.SOA)
}

const ofChild = 'the proof is of the child zone'

/** The root has no parent that could speak instead. */
function isOfChild(types: TypeSet, name: Name): boolean {
  return types.has(TYPE.SOA) && !sameName(name, rootName)
}

function statusOf(optOut: boolean): { status: Security; because: InsecureBecause | undefined } {
  return optOut ? { status: 'insecure', because: 'opt-out' } : { status: 'secure', because: undefined }
}

function unfound(kind: 'none' | 'unknown' | 'limit', options: DenialOptions): Unproved {
  if (kind === 'none') return unproved(options, 'no proof')
  if (kind === 'unknown') return unproved(options, 'the proof is incomplete')
  return { kind: 'unproved', problem: problem('limit', `too much hashing for ${formatName(options.name)}`) }
}

function unproved({ name, type }: { name: Name; type?: number }, why: string): Unproved {
  const what = type === undefined ? formatName(name) : `${formatType(type)} of ${formatName(name)}`
  return { kind: 'unproved', problem: problem('unproved', `${what} is not denied: ${why}`) }
}
