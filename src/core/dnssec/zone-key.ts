import type { KeyObject } from 'node:crypto'
import { latin1 } from '../dns/octets.ts'
import { type Dnskey, readDnskey } from '../dns/rdata/records.ts'
import { limits } from '../limits.ts'
import { keyTagOf } from './key-tag.ts'
import type { ValidationPolicy } from './policy.ts'

/** A DNSKEY record taken apart. */
export interface ZoneKey extends Dnskey {
  readonly keyTag: number
  readonly rdata: Uint8Array
}

const zoneFlag = 0x0100
const revokeFlag = 0x0080

export function readZoneKey(rdata: Uint8Array): ZoneKey | undefined {
  const dnskey = readDnskey(rdata)
  return dnskey.ok ? { ...dnskey.value, keyTag: keyTagOf(rdata), rdata } : undefined
}

/** Whether it may sign zone data. The SEP flag has no say. RFC 4034 §2.1.1, RFC 6840 §6.2 */
export function isZoneKey({ flags, protocol }: Dnskey): boolean {
  return (flags & zoneFlag) !== 0 && protocol === 3
}

export function isRevoked({ flags }: Dnskey): boolean {
  return (flags & revokeFlag) !== 0
}

/** Imported keys by record data, the longest unused first: importing costs as much as a check. */
const imported = new Map<string, KeyObject | undefined>()

/** Undefined when the key is invalid. */
export function importZoneKey(key: ZoneKey, policy: ValidationPolicy): KeyObject | undefined {
  const id = latin1(key.rdata)
  const isKnown = imported.has(id)
  const object = isKnown ? imported.get(id) : policy.algorithms.get(key.algorithm)?.importKey(key.publicKey)
  if (isKnown) imported.delete(id)
  imported.set(id, object)
  if (imported.size > limits.dnssec.importedKeys) imported.delete(imported.keys().next().value as string)
  return object
}
