import { foldCase } from '../../name/name.ts'
import { fromLatin1, latin1 } from '../octets.ts'
import { TYPE } from '../types.ts'
import { type Field, layoutOf } from './layout.ts'

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
  if (field === 'string' || field === 'tag') return 1 + (rdata[start] ?? 0)
  if (!isNameField(field)) return rdata.length - start
  let at = start
  for (let label = rdata[at] ?? 0; label !== 0; label = rdata[at] ?? 0) at += 1 + label
  return at + 1 - start
}
