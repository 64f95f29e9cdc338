import type { Tlsa } from '../dane/tlsa.ts'
import type { ResourceRecord } from '../dns/message.ts'
import { writeName, writeTlsa, writeTxt } from '../dns/rdata/write.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { type Name, prependLabels } from '../name/name.ts'

/** Seconds: long enough to be of use to caches, short enough that a mistake is soon over. RFC 7671 §13 */
export const defaultTtl = 3600

/** Where the TLSA records of a host stand; undefined when the name leaves no room for two labels more. RFC 6698 §3 */
export function tlsaOwner(host: Name, port: number): Name | undefined {
  return prependLabels([`_${port}`, '_tcp'], host)
}

/** A TLSA record at its owner name, such as `tlsaOwner` makes one. */
export function tlsaRecord(name: Name, tlsa: Tlsa, ttl: number = defaultTtl): ResourceRecord {
  return { name, type: TYPE.TLSA, class: CLASS.IN, ttl, rdata: writeTlsa(tlsa) }
}

/** A TXT record of one text in ASCII, in as many character-strings as it takes: readers join them. RFC 1035 §3.3.14 */
export function txtRecord(name: Name, text: string, ttl: number = defaultTtl): ResourceRecord {
  const strings = text.match(/[\s\S]{1,255}/g) ?? ['']
  return { name, type: TYPE.TXT, class: CLASS.IN, ttl, rdata: writeTxt(strings) }
}

/** One name as an alias of another. RFC 1035 §3.3.1 */
export function cnameRecord(name: Name, target: Name, ttl: number = defaultTtl): ResourceRecord {
  return { name, type: TYPE.CNAME, class: CLASS.IN, ttl, rdata: writeName(target) }
}
