import { TYPE } from '../types.ts'

/**
 * One field of a record's data, which decides its wire form and its text form alike.
 *
 * `name` may be compressed on the wire (RFC 1035 types), `tolerated-name` is decompressed when received although nobody
 * should compress it, `plain-name` never is (RFC 3597 §4). Fields that take the rest stand last; `hex-or-none` may be
 * empty on the wire: a TLSA record without data is unusable, which is not malformed.
 */
export type Field =
  | 'u8'
  | 'u16'
  | 'u32'
  | 'type'
  | 'time'
  | 'ipv4'
  | 'ipv6'
  | 'name'
  | 'tolerated-name'
  | 'plain-name'
  | 'string'
  | 'tag'
  | 'strings'
  | 'salt'
  | 'hash'
  | 'bitmap'
  | 'hex'
  | 'hex-or-none'
  | 'base64'
  | 'text'
  | 'parameters'

/** The fields of the types that we know; all other data is opaque. */
const layouts: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [TYPE.A, ['ipv4']],
  [TYPE.NS, ['name']],
  [TYPE.MD, ['name']],
  [TYPE.MF, ['name']],
  [TYPE.CNAME, ['name']],
  [TYPE.SOA, ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32']],
  [TYPE.MB, ['name']],
  [TYPE.MG, ['name']],
  [TYPE.MR, ['name']],
  [TYPE.PTR, ['name']],
  [TYPE.HINFO, ['string', 'string']],
  [TYPE.MINFO, ['name', 'name']],
  [TYPE.MX, ['u16', 'name']],
  [TYPE.TXT, ['strings']],
  [TYPE.RP, ['tolerated-name', 'tolerated-name']],
  [TYPE.AFSDB, ['u16', 'tolerated-name']],
  [TYPE.RT, ['u16', 'tolerated-name']],
  [TYPE.PX, ['u16', 'tolerated-name', 'tolerated-name']],
  [TYPE.AAAA, ['ipv6']],
  [TYPE.SRV, ['u16', 'u16', 'u16', 'tolerated-name']],
  [TYPE.NAPTR, ['u16', 'u16', 'string', 'string', 'string', 'tolerated-name']],
  [TYPE.KX, ['u16', 'tolerated-name']],
  [TYPE.DNAME, ['plain-name']],
  [TYPE.DS, ['u16', 'u8', 'u8', 'hex']],
  [TYPE.SSHFP, ['u8', 'u8', 'hex']],
  [TYPE.RRSIG, ['type', 'u8', 'u8', 'u32', 'time', 'time', 'u16', 'plain-name', 'base64']],
  [TYPE.NSEC, ['plain-name', 'bitmap']],
  [TYPE.DNSKEY, ['u16', 'u8', 'u8', 'base64']],
  [TYPE.NSEC3, ['u8', 'u8', 'u16', 'salt', 'hash', 'bitmap']],
  [TYPE.NSEC3PARAM, ['u8', 'u8', 'u16', 'salt']],
  [TYPE.TLSA, ['u8', 'u8', 'u8', 'hex-or-none']],
  [TYPE.CDS, ['u16', 'u8', 'u8', 'hex']],
  [TYPE.CDNSKEY, ['u16', 'u8', 'u8', 'base64']],
  [TYPE.ZONEMD, ['u32', 'u8', 'u8', 'hex']],
  [TYPE.SVCB, ['u16', 'plain-name', 'parameters']],
  [TYPE.HTTPS, ['u16', 'plain-name', 'parameters']],
  [TYPE.CAA, ['u8', 'tag', 'text']],
])

export function layoutOf(type: number): readonly Field[] | undefined {
  return layouts.get(type)
}

const dnssecTypes: ReadonlySet<number> = new Set([
  TYPE.DS,
  TYPE.RRSIG,
  TYPE.NSEC,
  TYPE.DNSKEY,
  TYPE.NSEC3,
  TYPE.NSEC3PARAM,
  TYPE.CDS,
  TYPE.CDNSKEY,
])

/** Types whose malformed records damage their RRset without condemning the message around it. */
export function isDnssecType(type: number): boolean {
  return dnssecTypes.has(type)
}
