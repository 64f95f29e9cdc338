import type { ResourceRecord } from '../../../core/dns/message.ts'
import { groupRrsets, type Rrset } from '../../../core/dns/rrset.ts'
import { TYPE } from '../../../core/dns/types.ts'
import { compareNames, isAtOrBelow, isBelow, type Name, parentOfName } from '../../../core/name/name.ts'

/** A name that a zone speaks about, with what it has there. */
export interface ZoneOwner {
  readonly name: Name
  readonly rrsets: readonly Rrset[]
  /** Whether another zone begins here. */
  readonly isCut: boolean
}

/**
 * The names of a zone in canonical order, without those below a zone cut or a DNAME: glue and what else is hidden
 * there is not the zone's to sign. RFC 4035 §2.2, RFC 6672 §2.4
 */
export function ownersOf(origin: Name, records: readonly ResourceRecord[]): ZoneOwner[] {
  const owners = new Map<string, ZoneOwner & { readonly rrsets: Rrset[] }>()
  for (const rrset of groupRrsets(records)) {
    if (!isAtOrBelow(rrset.name, origin)) continue
    const known = owners.get(rrset.name.key)
    const isCut = known?.isCut === true || (rrset.type === TYPE.NS && rrset.name.key !== origin.key)
    owners.set(rrset.name.key, { name: rrset.name, rrsets: [...(known?.rrsets ?? []), rrset], isCut })
  }
  const isHidden = ({ name }: ZoneOwner) =>
    ancestors(name, origin).some((above) => {
      const owner = owners.get(above.key)
      return owner !== undefined && (owner.isCut || owner.rrsets.some(({ type }) => type === TYPE.DNAME))
    })
  return [...owners.values()]
    .filter((owner) => !isHidden(owner))
    .sort((one, other) => compareNames(one.name, other.name))
}

/** The names above this one, up to the origin, closest first. */
export function ancestors(name: Name, origin: Name): Name[] {
  const parent = isBelow(name, origin) ? parentOfName(name) : undefined
  return parent === undefined ? [] : [parent, ...ancestors(parent, origin)]
}

/** The RRsets that the zone itself vouches for: at a cut the DS alone. RFC 4035 §2.2 */
export function signedRrsets({ rrsets, isCut }: ZoneOwner): readonly Rrset[] {
  return isCut ? rrsets.filter(({ type }) => type === TYPE.DS) : rrsets
}

/** The types that a denial says are there. RFC 4035 §2.3, RFC 5155 §7.1 */
export function listedTypes({ rrsets, isCut }: ZoneOwner): number[] {
  const types = rrsets.map(({ type }) => type)
  return isCut ? types.filter((type) => type === TYPE.NS || type === TYPE.DS) : types
}
