import { parseAddress } from '../dns/rdata/address.ts'
import { isWithin, parsePrefix } from './prefix.ts'

/** IPv4 addresses that no public host has. RFC 6890 §2.2.2, as the IANA registry has it today */
const refusedIpv4 = [
  '0.0.0.0/8', // this network, unspecified: RFC 791 §3.2
  '10.0.0.0/8', // private: RFC 1918 §3
  '100.64.0.0/10', // shared between carriers and customers: RFC 6598 §7
  '127.0.0.0/8', // loopback: RFC 1122 §3.2.1.3
  '168.63.129.16/32', // what a cloud shows its own guests under a public address
  '169.254.0.0/16', // link-local, and the metadata of clouds: RFC 3927 §2.1
  '172.16.0.0/12', // private: RFC 1918 §3
  '192.0.0.0/24', // protocol assignments: RFC 6890 §2.1
  '192.0.2.0/24', // documentation: RFC 5737 §3
  '192.88.99.0/24', // 6to4 relays: RFC 7526 §4
  '192.168.0.0/16', // private: RFC 1918 §3
  '198.18.0.0/15', // benchmarks: RFC 2544 appendix C.2.2
  '198.51.100.0/24', // documentation: RFC 5737 §3
  '203.0.113.0/24', // documentation: RFC 5737 §3
  '224.0.0.0/4', // multicast: RFC 5771 §3
  '240.0.0.0/4', // reserved, and limited broadcast: RFC 1112 §4, RFC 919 §7
].map(parsePrefix)

/** All of IPv6 that is routed publicly: what lies outside is loopback, local, multicast, translated or unassigned. */
const globalUnicast = parsePrefix('2000::/3') // RFC 4291 §2.4, RFC 3587 §3

/** What of `globalUnicast` no public host has. RFC 6890 §2.2.3, as the IANA registry has it today */
const refusedIpv6 = [
  '2001::/23', // protocol assignments, with Teredo, benchmarks and ORCHID: RFC 2928 §2, RFC 4380 §2.6, RFC 5180 §8
  '2001:db8::/32', // documentation: RFC 3849 §2
  '2002::/16', // 6to4, which wraps any IPv4 address: RFC 3056 §2
  '3fff::/20', // documentation: RFC 9637 §3
].map(parsePrefix)

const mappedIpv4 = parsePrefix('::ffff:0:0/96') // RFC 4291 §2.5.5.2

/**
 * Whether a host of the public Internet may have this address, so that we may connect to it at a stranger's word.
 *
 * Only the text of an address can be public: names, zones (`fe80::1%eth0`) and odd spellings are not. An IPv4-mapped
 * address is judged by what it wraps; every other way of wrapping IPv4 is refused whatever it wraps.
 */
export function isPublicAddress(address: string): boolean {
  const octets = parseAddress(address)
  if (octets === undefined) return false
  if (octets.length === 4) return isPublicIpv4(octets)
  if (isWithin(octets, mappedIpv4)) return isPublicIpv4(octets.subarray(12))
  return isWithin(octets, globalUnicast) && !refusedIpv6.some((prefix) => isWithin(octets, prefix))
}

function isPublicIpv4(octets: Uint8Array): boolean {
  return !refusedIpv4.some((prefix) => isWithin(octets, prefix))
}
