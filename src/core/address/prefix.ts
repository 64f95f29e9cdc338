import { parseAddress } from '../dns/rdata/address.ts'

/** All addresses that begin with the same bits. RFC 4632 §3.1, RFC 4291 §2.3 */
export interface Prefix {
  /** Of an IPv4 or an IPv6 address, those behind `bits` being of no account. */
  readonly octets: Uint8Array
  readonly bits: number
}

/** Reads `192.0.2.0/24`, `2001:db8::/32`, or an address for itself alone; undefined for anything else. */
export function readPrefix(text: string): Prefix | undefined {
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const octets = parseAddress(address)
  if (octets === undefined) return undefined
  const bits = length === undefined ? octets.length * 8 : Number(length)
  return bits <= octets.length * 8 ? { octets, bits } : undefined
}

/** As `readPrefix`, of what stands in our own sources. */
export function parsePrefix(text: string): Prefix {
  const prefix = readPrefix(text)
  if (prefix === undefined) throw new RangeError(`not a prefix: "${text}"`)
  return prefix
}

export function isWithin(octets: Uint8Array, prefix: Prefix): boolean {
  if (octets.length !== prefix.octets.length) return false
  return prefix.octets.every((octet, index) => {
    const bits = Math.min(8, Math.max(0, prefix.bits - 8 * index))
    return ((octet ^ (octets[index] ?? 0)) & (0xff00 >> bits) & 0xff) === 0
  })
}

const mappedIpv4 = parsePrefix('::ffff:0:0/96') // RFC 4291 §2.5.5.2

/** The octets of an address, IPv4 also where it stands in IPv6; undefined for what is no address. */
export function plainOctets(address: string): Uint8Array | undefined {
  const octets = parseAddress(address)
  return octets !== undefined && isWithin(octets, mappedIpv4) ? octets.subarray(12) : octets
}

/**
 * What stands for whoever has the address: an IPv4 address for itself, of an IPv6 address the first 64 bits, of which
 * one subscriber has all others. Text that is no address stands for itself. RFC 6177 §2
 */
export function subscriberOf(address: string): string {
  const octets = plainOctets(address)
  if (octets === undefined) return address
  return octets.length === 4 ? octets.join('.') : `${Buffer.from(octets.subarray(0, 8)).toString('hex')}::/64`
}
