import type { Name } from '../../name/name.ts'
import { accept, type Result, refuse } from '../../result.ts'
import { latin1, readU16, readU32 } from '../octets.ts'
import { TYPE } from '../types.ts'
import { readWireName } from '../wire-name.ts'
import { checkRdata, type RdataFault } from './check.ts'

/** What each reader here takes: data with its names uncompressed, as records carry it. */
type Read<Value> = Result<Value, RdataFault>

/** Checks the data against its type's layout, then takes it apart. */
function read<Value>(type: number, rdata: Uint8Array, take: (octets: Uint8Array) => Value): Read<Value> {
  const checked = checkRdata(type, rdata)
  return checked.ok ? accept(take(checked.value)) : checked
}

/** The name at an offset of data that has been checked. */
function nameAt(rdata: Uint8Array, at: number): { name: Name; end: number } {
  const result = readWireName(rdata, at, { limit: rdata.length, compressed: false, budget: { octets: 256 } })
  if (!result.ok) throw new Error(`name at ${at} of checked data: ${result.fault}`)
  return result.value
}

function octet(rdata: Uint8Array, at: number): number {
  return rdata[at] as number
}

/** The target of NS, CNAME, DNAME, PTR. RFC 1035 §3.3 */
export function readNameRdata(rdata: Uint8Array): Read<Name> {
  return read(TYPE.DNAME, rdata, (octets) => nameAt(octets, 0).name)
}

export interface Mx {
  readonly preference: number
  /** The root in a null MX. RFC 7505 §3 */
  readonly exchange: Name
}

export function readMx(rdata: Uint8Array): Read<Mx> {
  return read(TYPE.MX, rdata, (octets) => ({ preference: readU16(octets, 0), exchange: nameAt(octets, 2).name }))
}

export interface Soa {
  readonly primary: Name
  readonly mailbox: Name
  readonly serial: number
  readonly refresh: number
  readonly retry: number
  readonly expire: number
  /** Bounds the life of negative answers. RFC 2308 §4 */
  readonly minimum: number
}

export function readSoa(rdata: Uint8Array): Read<Soa> {
  return read(TYPE.SOA, rdata, (octets) => {
    const primary = nameAt(octets, 0)
    const mailbox = nameAt(octets, primary.end)
    const [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0] = [0, 4, 8, 12, 16].map((step) =>
      readU32(octets, mailbox.end + step),
    )
    return { primary: primary.name, mailbox: mailbox.name, serial, refresh, retry, expire, minimum }
  })
}

export interface Srv {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly target: Name
}

export function readSrv(rdata: Uint8Array): Read<Srv> {
  return read(TYPE.SRV, rdata, (octets) => ({
    priority: readU16(octets, 0),
    weight: readU16(octets, 2),
    port: readU16(octets, 4),
    target: nameAt(octets, 6).name,
  }))
}

/** The character-strings of a TXT record, in its order, as octets. Joining them is the caller's choice. RFC 1035 §3.3.14 */
export function readTxt(rdata: Uint8Array): Read<readonly string[]> {
  return read(TYPE.TXT, rdata, (octets) => {
    const strings: string[] = []
    for (let at = 0; at < octets.length; at += 1 + octet(octets, at)) {
      strings.push(latin1(octets, at + 1, at + 1 + octet(octets, at)))
    }
    return strings
  })
}

/** Fields of a TLSA record, whether or not anyone could use them. RFC 6698 §2.1 */
export interface TlsaFields {
  readonly usage: number
  readonly selector: number
  readonly matchingType: number
  /** Certificate association data; records without any have been seen, and are unusable. RFC 6698 §4.1 */
  readonly data: Uint8Array
}

export function readTlsa(rdata: Uint8Array): Read<TlsaFields> {
  return read(TYPE.TLSA, rdata, (octets) => ({
    usage: octet(octets, 0),
    selector: octet(octets, 1),
    matchingType: octet(octets, 2),
    data: octets.subarray(3),
  }))
}

/** RFC 4034 §5.1 */
export interface Ds {
  readonly keyTag: number
  readonly algorithm: number
  readonly digestType: number
  readonly digest: Uint8Array
}

export function readDs(rdata: Uint8Array): Read<Ds> {
  return read(TYPE.DS, rdata, (octets) => ({
    keyTag: readU16(octets, 0),
    algorithm: octet(octets, 2),
    digestType: octet(octets, 3),
    digest: octets.subarray(4),
  }))
}

/** RFC 4034 §2.1 */
export interface Dnskey {
  readonly flags: number
  readonly protocol: number
  readonly algorithm: number
  readonly publicKey: Uint8Array
}

export function readDnskey(rdata: Uint8Array): Read<Dnskey> {
  return read(TYPE.DNSKEY, rdata, (octets) => ({
    flags: readU16(octets, 0),
    protocol: octet(octets, 2),
    algorithm: octet(octets, 3),
    publicKey: octets.subarray(4),
  }))
}

/** RFC 4034 §3.1 */
export interface Rrsig {
  readonly typeCovered: number
  readonly algorithm: number
  readonly labels: number
  readonly originalTtl: number
  /** Seconds, as 32-bit serial numbers. RFC 4034 §3.1.5 */
  readonly expiration: number
  readonly inception: number
  readonly keyTag: number
  readonly signer: Name
  readonly signature: Uint8Array
}

export function readRrsig(octets: Uint8Array): Read<Rrsig> {
  // Its layout is checked here in passing: signatures are half of what is read.
  if (octets.length <= 18) return refuse('rdata-too-short', octets.length)
  const signer = readWireName(octets, 18, { limit: octets.length, compressed: false, budget: { octets: 256 } })
  if (!signer.ok) return refuse('rdata-name', signer.at)
  const { name, end } = signer.value
  if (end === octets.length) return refuse('rdata-too-short', end)
  return accept({
    typeCovered: readU16(octets, 0),
    algorithm: octet(octets, 2),
    labels: octet(octets, 3),
    originalTtl: readU32(octets, 4),
    expiration: readU32(octets, 8),
    inception: readU32(octets, 12),
    keyTag: readU16(octets, 16),
    signer: name,
    signature: octets.subarray(end),
  })
}

/** The types of a bitmap of NSEC or NSEC3. RFC 4034 §4.1.2 */
export type TypeSet = ReadonlySet<number>

function readBitmap(octets: Uint8Array, start: number): TypeSet {
  const types = new Set<number>()
  for (let at = start; at < octets.length; at += 2 + octet(octets, at + 1)) {
    const length = octet(octets, at + 1)
    for (let bit = 0; bit < length * 8; bit++) {
      const isSet = (octet(octets, at + 2 + (bit >> 3)) & (0x80 >> (bit & 7))) !== 0
      if (isSet) types.add((octet(octets, at) << 8) | bit)
    }
  }
  return types
}

/** RFC 4034 §4.1 */
export interface Nsec {
  readonly next: Name
  readonly types: TypeSet
}

export function readNsec(rdata: Uint8Array): Read<Nsec> {
  return read(TYPE.NSEC, rdata, (octets) => {
    const { name: next, end } = nameAt(octets, 0)
    return { next, types: readBitmap(octets, end) }
  })
}

/** RFC 5155 §4.2 */
export interface Nsec3Parameters {
  readonly hashAlgorithm: number
  readonly flags: number
  readonly iterations: number
  readonly salt: Uint8Array
}

/** RFC 5155 §3.2 */
export interface Nsec3 extends Nsec3Parameters {
  /** Hash of the next owner, in octets. */
  readonly next: Uint8Array
  readonly types: TypeSet
}

export function readNsec3param(rdata: Uint8Array): Read<Nsec3Parameters> {
  return read(TYPE.NSEC3PARAM, rdata, takeNsec3Parameters)
}

function takeNsec3Parameters(octets: Uint8Array): Nsec3Parameters {
  return {
    hashAlgorithm: octet(octets, 0),
    flags: octet(octets, 1),
    iterations: readU16(octets, 2),
    salt: octets.subarray(5, 5 + octet(octets, 4)),
  }
}

export function readNsec3(rdata: Uint8Array): Read<Nsec3> {
  return read(TYPE.NSEC3, rdata, (octets) => {
    const at = 5 + octet(octets, 4)
    const end = at + 1 + octet(octets, at)
    return { ...takeNsec3Parameters(octets), next: octets.subarray(at + 1, end), types: readBitmap(octets, end) }
  })
}
