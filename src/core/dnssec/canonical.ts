import { compareOctets, fromLatin1, latin1, sameOctets } from '../dns/octets.ts'
import { type Field, layoutOf } from '../dns/rdata/layout.ts'
import type { Rrsig } from '../dns/rdata/records.ts'
import { writeRrsigPrefix } from '../dns/rdata/write.ts'
import type { Rrset } from '../dns/rrset.ts'
import { TYPE } from '../dns/types.ts'
import { foldCase, isWildcard, type Name, withoutLabels } from '../name/name.ts'

/**
 * Types whose names are lower-cased under signatures. NSEC is none of them. RFC 4034 §6.2, RFC 6840 §5.1
 *
 * RFC 4034 §6.2 says SIG, NXT and A6 too; we keep their data as it is, because no zone has had them for twenty years.
 */
const foldedTypes: ReadonlySet<number> = new Set([
  ...[TYPE.NS, TYPE.MD, TYPE.MF, TYPE.CNAME, TYPE.SOA, TYPE.MB, TYPE.MG, TYPE.MR, TYPE.PTR, TYPE.MINFO, TYPE.MX],
  ...[TYPE.RP, TYPE.AFSDB, TYPE.RT, TYPE.PX, TYPE.NAPTR, TYPE.KX, TYPE.SRV, TYPE.DNAME, TYPE.RRSIG],
])

/** Record data, its names uncompressed, in canonical form. RFC 4034 §6.2 */
export function canonicalRdata(type: number, rdata: Uint8Array): Uint8Array {
  const layout = foldedTypes.has(type) && hasCapital(rdata) ? layoutOf(type) : undefined
  if (layout === undefined) return rdata
  const text = latin1(rdata)
  let folded = ''
  let at = 0
  for (const field of layout) {
    const end = at + lengthOf(field, rdata, at)
    const piece = text.slice(at, end)
    folded += isNameField(field) ? foldCase(piece) : piece
    at = end
  }
  return folded === text ? rdata : fromLatin1(folded)
}

function hasCapital(octets: Uint8Array): boolean {
  return octets.some((octet) => octet >= 0x41 && octet <= 0x5a)
}

function isNameField(field: Field): boolean {
  return field === 'name' || field === 'tolerated-name' || field === 'plain-name'
}

const widths: Partial<Record<Field, number>> = { u8: 1, u16: 2, u32: 4, type: 2, time: 4 }

function lengthOf(field: Field, rdata: Uint8Array, start: number): number {
  const width = widths[field]
  if (width !== undefined) return width
  if (field === 'string') return 1 + (rdata[start] ?? 0)
  if (!isNameField(field)) return rdata.length - start
  let at = start
  for (let label = rdata[at] ?? 0; label !== 0; label = rdata[at] ?? 0) at += 1 + label
  return at + 1 - start
}

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
