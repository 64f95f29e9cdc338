import { type Nsec, readNsec } from '../dns/rdata/records.ts'
import { TYPE } from '../dns/types.ts'
import { mapKnown } from '../lists.ts'
import { commonAncestor, compareNames, isBelow, type Name, prependLabels, sameName } from '../name/name.ts'
import type { VerifiedRrset } from './signature.ts'

export interface NsecRecord extends Nsec {
  readonly owner: Name
}

/** What verified NSEC records say of a name. */
export type NsecFinding =
  /** The name is there, with these types. */
  | { readonly kind: 'match'; readonly record: NsecRecord }
  /** The name is there only because names below it are. RFC 4592 §2.2.2 */
  | { readonly kind: 'empty' }
  /** The name is not there; its closest encloser is. */
  | { readonly kind: 'absent'; readonly closestEncloser: Name }
  | { readonly kind: 'unknown' }

/** The NSEC records of this zone; an RRset of several is no NSEC. */
export function readNsecRecords(proofs: readonly VerifiedRrset[], zone: Name): NsecRecord[] {
  return mapKnown(proofs, ({ name, type, rdatas, signer }) => {
    const [rdata, surplus] = rdatas
    if (type !== TYPE.NSEC || !sameName(signer, zone) || rdata === undefined || surplus !== undefined) return undefined
    const nsec = readNsec(rdata)
    return nsec.ok ? { ...nsec.value, owner: name } : undefined
  })
}

/** RFC 4035 §5.4, RFC 6840 §4.1 */
export function findByNsec(records: readonly NsecRecord[], name: Name, zone: Name): NsecFinding {
  const own = records.find(({ owner }) => sameName(owner, name))
  if (own !== undefined) return { kind: 'match', record: own }
  const covering = records.find((record) => covers(record, name, zone))
  if (covering === undefined) return { kind: 'unknown' }
  if (isBelow(covering.next, name)) return { kind: 'empty' }
  const [one, other] = [commonAncestor(name, covering.owner), commonAncestor(name, covering.next)]
  return { kind: 'absent', closestEncloser: one.labelCount >= other.labelCount ? one : other }
}

/** `*` below the closest encloser; undefined when it would be too long to exist. */
export function wildcardAt(closestEncloser: Name): Name | undefined {
  return prependLabels(['*'], closestEncloser)
}

function covers({ owner, next, types }: NsecRecord, name: Name, zone: Name): boolean {
  if (!isBelow(name, zone) || compareNames(owner, name) >= 0) return false
  // What a delegation or a DNAME puts elsewhere is not this zone's to deny.
  const isHandedOn = types.has(TYPE.DNAME) || (types.has(TYPE.NS) && !types.has(TYPE.SOA))
  if (isHandedOn && isBelow(name, owner)) return false
  if (compareNames(owner, next) < 0) return compareNames(name, next) < 0
  return sameName(next, zone) // the last record of the chain
}
