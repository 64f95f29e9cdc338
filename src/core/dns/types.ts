/** Numbers of record types we know by name. RFC 1035 §3.2.2 and the registry since. */
export const TYPE = {
  A: 1,
  NS: 2,
  MD: 3,
  MF: 4,
  CNAME: 5,
  SOA: 6,
  MB: 7,
  MG: 8,
  MR: 9,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MINFO: 14,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  RT: 21,
  SIG: 24,
  KEY: 25,
  PX: 26,
  AAAA: 28,
  NXT: 30,
  SRV: 33,
  NAPTR: 35,
  KX: 36,
  A6: 38,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  CDS: 59,
  CDNSKEY: 60,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  NXNAME: 128,
  TSIG: 250,
  ANY: 255,
  CAA: 257,
} as const

/** NONE and ANY stand in updates and in transaction signatures alone. RFC 2136 §1.3 */
export const CLASS = { IN: 1, CH: 3, NONE: 254, ANY: 255 } as const

/** RFC 6895 §2.2 */
export const OPCODE = { QUERY: 0, UPDATE: 5 } as const

/** Response codes, extended ones included. RFC 6895 §2.3 */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
  NXRRSET: 8,
  NOTAUTH: 9,
  NOTZONE: 10,
  BADVERS: 16,
  BADTRUNC: 22,
  BADCOOKIE: 23,
} as const

const typeNames = new Map<number, string>(Object.entries(TYPE).map(([text, type]) => [type, text]))

/** `MX`, or `TYPE65280` for a type without a name here. RFC 3597 §5 */
export function formatType(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`
}

/** Reads a type's name in any case, or the `TYPEnnn` form; undefined when it is neither. RFC 3597 §5 */
export function parseType(text: string): number | undefined {
  const upper = upperCase(text)
  if (Object.hasOwn(TYPE, upper)) return TYPE[upper as keyof typeof TYPE]
  const generic = /^TYPE(\d{1,5})$/.exec(upper)
  const type = generic === null ? Number.NaN : Number(generic[1])
  return type <= 65535 ? type : undefined
}

/** `IN`, `CH`, or `CLASS3841`. RFC 3597 §5 */
export function formatClass(klass: number): string {
  return klass === CLASS.IN ? 'IN' : klass === CLASS.CH ? 'CH' : `CLASS${klass}`
}

/** Reads what `formatClass` writes, in any case; undefined when it is no class. */
export function parseClass(text: string): number | undefined {
  const upper = upperCase(text)
  if (upper === 'IN' || upper === 'CH') return CLASS[upper]
  const generic = /^CLASS(\d{1,5})$/.exec(upper)
  return generic !== null && Number(generic[1]) <= 65535 ? Number(generic[1]) : undefined
}

const longestMnemonic = 16

/**
 * Of ASCII alone: JavaScript would also make `SOA` of `ſoa` (U+017F). What is too long for a mnemonic stays.
 * RFC 4343 §2
 */
function upperCase(text: string): string {
  return text.length > longestMnemonic ? text : text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

/** `NXDOMAIN`, or `RCODE3841` for one without a name. */
export function formatRcode(rcode: number): string {
  return Object.entries(RCODE).find(([, value]) => value === rcode)?.[0] ?? `RCODE${rcode}`
}
