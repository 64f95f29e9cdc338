import { compareOctets, sameOctets } from '../dns/octets.ts'
import { canonicalRdata } from '../dns/rdata/canonical.ts'
import type { Rrsig } from '../dns/rdata/records.ts'
import { writeRrsigPrefix } from '../dns/rdata/write.ts'
import type { Rrset } from '../dns/rrset.ts'
import { isWildcard, type Name, withoutLabels } from '../name/name.ts'

/** Canonical data of all records, sorted, each once. RFC 4034 §6.3 */
export function canonicalRdatas({ type, rdatas }: Pick<Rrset, 'type' | 'rdatas'>): Uint8Array[] {
  if (rdatas.length === 1) return rdatas.map((rdata) => canonicalRdata(type, rdata))
  const sorted = rdatas.map((rdata) => canonicalRdata(type, rdata)).sort(compareOctets)
  return sorted.filter((rdata, at) => at === 0 || !sameOctets(rdata, sorted[at - 1] as Uint8Array))
}

/** How many labels count for the Labels field: neither the root nor a leading `*`. RFC 4034 §3.1.3 */
export function signedLabelCount(name: Name): number {
  return isWildcard(name) ? name.labelCount - 1 : name.labelCount
}

/**
 * The octets that a signature covers. RFC 4034 §3.1.8.1
 *
 * `rrsig.labels` must not be above the owner's count; where it is below, the owner becomes the wildcard.
 */
export function signedData(
  rrset: Pick<Rrset, 'name' | 'type' | 'class' | 'rdatas'>,
  rrsig: Omit<Rrsig, 'signature'>,
): Uint8Array {
  const { name, type, class: klass } = rrset
  const isExpanded = rrsig.labels < signedLabelCount(name)
  const owner = isExpanded ? `\x01*${withoutLabels(name, name.labelCount - rrsig.labels).key}` : name.key
  const rdatas = canonicalRdatas(rrset)
  const prefix = writeRrsigPrefix(rrsig, rrsig.signer.key)
  const octets = Buffer.allocUnsafe(rdatas.reduce((sum, { length }) => sum + owner.length + 10 + length, prefix.length))
  octets.set(prefix)
  let at = prefix.length
  for (const rdata of rdatas) {
    at += octets.write(owner, at, 'latin1')
    at = octets.writeUInt16BE(type, at)
    at = octets.writeUInt16BE(klass, at)
    at = octets.writeUInt32BE(rrsig.originalTtl, at)
    at = octets.writeUInt16BE(rdata.length, at)
    octets.set(rdata, at)
    at += rdata.length
  }
  return octets
}
