import { base32hex } from '../../../core/dns/base32hex.ts'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { compareOctets } from '../../../core/dns/octets.ts'
import type { Nsec3Parameters } from '../../../core/dns/rdata/records.ts'
import { writeNsec, writeNsec3 } from '../../../core/dns/rdata/write.ts'
import { CLASS, TYPE } from '../../../core/dns/types.ts'
import { nsec3Hash } from '../../../core/dnssec/nsec3.ts'
import { type Name, prependLabels } from '../../../core/name/name.ts'
import { ancestors, listedTypes, signedRrsets, type ZoneOwner } from './authority.ts'

export interface ChainOptions {
  readonly origin: Name
  /** Seconds: the lesser of the SOA's own and its minimum. RFC 9077 §3 */
  readonly ttl: number
}

/** One NSEC record for each owner, in a circle. RFC 4035 §2.3 */
export function nsecChain(owners: readonly ZoneOwner[], { origin, ttl }: ChainOptions): ResourceRecord[] {
  return owners.map((owner, at) => {
    const next = owners[at + 1]?.name ?? origin
    const types = new Set([...listedTypes(owner), TYPE.NSEC, TYPE.RRSIG])
    return { name: owner.name, type: TYPE.NSEC, class: CLASS.IN, ttl, rdata: writeNsec({ next, types }) }
  })
}

export interface Nsec3ChainOptions extends ChainOptions {
  readonly parameters: Nsec3Parameters
  readonly optOut: boolean
}

/**
 * One NSEC3 record for each owner and each empty non-terminal, in a circle. RFC 5155 §7.1
 *
 * Opt-out leaves out delegations without DS, and empty non-terminals that lead to nothing else.
 */
export function nsec3Chain(owners: readonly ZoneOwner[], options: Nsec3ChainOptions): ResourceRecord[] {
  const { origin, ttl, parameters, optOut } = options
  const included = optOut ? owners.filter((owner) => !isInsecureCut(owner)) : owners
  const links = [...typesByName(included, origin).values()]
    .map(({ name, types }) => ({ hash: nsec3Hash(name, parameters), types }))
    .sort((one, other) => compareOctets(one.hash, other.hash))
  return links.map(({ hash, types }, at) => {
    const next = (links[at + 1] ?? links[0])?.hash ?? hash
    const rdata = writeNsec3({ ...parameters, flags: optOut ? 1 : 0, next, types })
    return { name: hashedName(hash, origin), type: TYPE.NSEC3, class: CLASS.IN, ttl, rdata }
  })
}

function isInsecureCut({ isCut, rrsets }: ZoneOwner): boolean {
  return isCut && rrsets.every(({ type }) => type !== TYPE.DS)
}

/** Empty non-terminals have no types at all, and insecure delegations no signature to list. */
function typesByName(owners: readonly ZoneOwner[], origin: Name): Map<string, { name: Name; types: Set<number> }> {
  const found = new Map<string, { name: Name; types: Set<number> }>()
  for (const owner of owners) {
    const signatures = signedRrsets(owner).length > 0 ? [TYPE.RRSIG] : []
    found.set(owner.name.key, { name: owner.name, types: new Set([...listedTypes(owner), ...signatures]) })
  }
  for (const { name } of owners) {
    for (const above of ancestors(name, origin)) {
      if (!found.has(above.key)) found.set(above.key, { name: above, types: new Set() })
    }
  }
  return found
}

/** RFC 5155 §3.3 */
function hashedName(hash: Uint8Array, origin: Name): Name {
  const name = prependLabels([base32hex(hash)], origin)
  if (name === undefined) throw new Error('the zone is too deep for hashed owner names')
  return name
}
