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
  /** The record data as text, by which it is known again. */
  readonly id: string
}

const zoneFlag = 0x0100
const revokeFlag = 0x0080
const secureEntryPointFlag = 0x0001

export function readZoneKey(rdata: Uint8Array): ZoneKey | undefined {
  const dnskey = readDnskey(rdata)
  return dnskey.ok ? { ...dnskey.value, keyTag: keyTagOf(rdata), rdata, id: latin1(rdata) } : undefined
}

/** Whether it may sign zone data. The SEP flag has no say. RFC 4034 §2.1.1, RFC 6840 §6.2 */
export function isZoneKey({ flags, protocol }: Dnskey): boolean {
  return (flags & zoneFlag) !== 0 && protocol === 3
}

export function isRevoked({ flags }: Dnskey): boolean {
  return (flags & revokeFlag) !== 0
}

/** Whether it is meant to be an anchor, or the key of a DS record. RFC 4034 §2.1.1 */
export function isSecureEntryPoint({ flags }: Dnskey): boolean {
  return (flags & secureEntryPointFlag) !== 0
}

/** The record data as it was before the key was revoked, when its key tag was another. RFC 5011 §7 */
export function withoutRevoke(rdata: Uint8Array): Uint8Array {
  const plain = Uint8Array.from(rdata)
  if (plain[1] !== undefined) plain[1] &= ~revokeFlag
  return plain
}

/** An RSA key of the most bits takes this much record data, and a little for its exponent and lengths. */
const longestKept = limits.dnssec.rsaBitsMax / 8 + 16

/** Undefined when the key is invalid, or of an algorithm that the policy lacks. */
export function importZoneKey({ id, algorithm, publicKey }: ZoneKey, policy: ValidationPolicy): KeyObject | undefined {
  const { imported } = policy
  const object = imported.get(id) ?? policy.algorithms.get(algorithm)?.importKey(publicKey)
  // Invalid keys are not remembered: anyone can make them up, and long ones.
  if (object === undefined || id.length > longestKept) return object
  imported.delete(id)
  imported.set(id, object)
  if (imported.size > limits.dnssec.importedKeys) imported.delete(imported.keys().next().value as string)
  return object
}
