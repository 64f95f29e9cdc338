import { digested } from '../../dane/match.ts'
import { formatTlsa } from '../../dane/tlsa.ts'
import { hex, sameOctets } from '../../dns/octets.ts'
import { limits } from '../../limits.ts'
import type { DomainName } from '../../name/domain.ts'
import { accept, type Result, refuse } from '../../result.ts'
import { type Combination, type Material, recordOf, type Shown, shows } from './association.ts'
import type { History } from './history.ts'

/** A key or an authority that TLSA records of a host are of. */
export interface Tracked extends Material {
  /**
   * `next`: published ahead, and not presented yet. `current`: presented, or about to be published for what is presented.
   * `old`: not presented any longer, or given up; its records stay for a while. `barred`: known to somebody else, without
   * records, and remembered so that it never comes back.
   */
  readonly role: 'next' | 'current' | 'old' | 'barred'
  /** Milliseconds since 1970: since when it has this role. */
  readonly since: number
  /** Where its operator keeps it; undefined for one known from what is published and presented alone. */
  readonly file: string | undefined
  /** Somebody else has it, or may: its records go as soon as nothing needs them. */
  readonly isCompromised: boolean
}

/** What is remembered of one host: the intent, and what was seen. The step that is due follows from it each time anew. */
export interface Rollover {
  readonly host: DomainName
  readonly port: number
  /** Those that records shall have, and no others; undefined until that is settled. */
  readonly combinations: readonly Combination[] | undefined
  readonly keys: readonly Tracked[]
  readonly history: History
  readonly lastWrite: LastWrite | undefined
}

/** The change that was last handed to what writes zones. */
export interface LastWrite {
  readonly at: number
  readonly add: readonly string[]
  readonly remove: readonly string[]
}

/** What an operator says about a host: taken over before anything else. */
export interface Wishes {
  /** Undefined to stay with those that were. */
  readonly combinations?: readonly Combination[] | undefined
  /** Keys that the host presents, and authorities of its certificates. */
  readonly current?: readonly Given[]
  /** Keys that it shall present. */
  readonly next?: readonly Given[]
  /** Keys of certificates that a client has just obtained: next ones, unless they are in use already. */
  readonly renewed?: readonly Given[]
  /** Fingerprints, or how they begin, of keys that somebody else has, or may have. */
  readonly compromised?: readonly string[]
}

/** Why wishes cannot be meant. */
export type WishFault =
  | 'next-equals-current'
  | 'next-is-compromised'
  /** A key that is said to be in use, and that no address presents. */
  | 'current-not-presented'
  | 'not-tracked'
  | 'too-many-keys'

export interface Given extends Material {
  readonly file: string
}

export const usualCombinations: readonly Combination[] = [{ usage: 3, selector: 1, matchingType: 1 }]

export function newRollover(host: DomainName, port: number): Rollover {
  return { host, port, combinations: undefined, keys: [], history: [], lastWrite: undefined }
}

export function sameMaterial(one: Material, other: Material): boolean {
  return one.kind === other.kind && sameOctets(one.octets, other.octets)
}

/** SHA-256 of a key or a certificate, in hex: of a key the same as in its record `3 1 1`. */
export function fingerprintOf({ octets }: Material): string {
  return hex(digested(octets, 1))
}

/** The records that keys have in these combinations, as text, each once. */
export function recordsOf(keys: readonly Material[], combinations: readonly Combination[]): string[] {
  const records = keys.flatMap((key) => combinations.flatMap((one) => recordOf(key, one) ?? []))
  return [...new Set(records.map(formatTlsa))].toSorted()
}

/** What an operator says changes what is tracked. The same words again change nothing. */
export function heed(rollover: Rollover, wishes: Wishes, host: HostSeen, now: number): Result<Rollover, WishFault> {
  const { combinations = rollover.combinations, current = [], next = [], renewed = [], compromised = [] } = wishes
  let { keys } = rollover
  for (const given of current) {
    if (isWhole(host) && !shownAnywhere(host).some((shown) => shows(shown, given)))
      return refuse('current-not-presented')
    keys = put(keys, given, 'current', now)
  }
  for (const given of [...next, ...renewed]) {
    const known = keys.find((key) => sameMaterial(key, given))
    if (known?.isCompromised === true || compromised.some((one) => fingerprintOf(given).startsWith(one))) {
      return refuse('next-is-compromised')
    }
    if (known?.role === 'current' && next.includes(given)) return refuse('next-equals-current')
    if (known?.role === 'current') continue
    // One next key of a kind: another one takes its place.
    keys = put(
      keys.map((key) => (isReplaced(key, given) ? { ...key, role: 'old', since: now } : key)),
      given,
      'next',
      now,
    )
  }
  for (const one of compromised) {
    const isMeant = (key: Tracked) => fingerprintOf(key).startsWith(one)
    if (!keys.some(isMeant)) return refuse('not-tracked')
    keys = keys.map((key) => (isMeant(key) ? giveUp(key, now) : key))
  }
  if (keys.length > limits.rollover.keys) return refuse('too-many-keys')
  return accept({ ...rollover, combinations, keys })
}

function isReplaced(key: Tracked, given: Given): boolean {
  return key.role === 'next' && key.kind === given.kind && !sameMaterial(key, given)
}

/** A next key that is known to others never becomes current. */
function giveUp(key: Tracked, now: number): Tracked {
  if (key.isCompromised) return key
  return key.role === 'next'
    ? { ...key, isCompromised: true, role: 'old', since: now }
    : { ...key, isCompromised: true }
}

function put(keys: readonly Tracked[], given: Given, role: 'current' | 'next', now: number): Tracked[] {
  const { kind, octets, file } = given
  const known = keys.find((key) => sameMaterial(key, given))
  if (known === undefined) return [...keys, { kind, octets, file, role, since: now, isCompromised: false }]
  // One that was given up is wanted again; else what is seen decides.
  const isNew = known.role === 'old' || (known.role === 'next' && role === 'current')
  const other: Tracked = isNew ? { ...known, role, since: now, file } : { ...known, file }
  return keys.map((key) => (key === known ? other : key))
}

/** What one address of the host presents. */
export interface AddressSeen {
  readonly address: string
  /** Of each kind of certificate one. */
  readonly shown: readonly Shown[]
  /** Why what it presents is not known, or not all of it. */
  readonly unknown: string | undefined
  /** Whether it is known to take mail without TLS, so that records would stop mail. RFC 7672 §2.2 */
  readonly lacksTls: boolean
}

/** What the host presents, at each address. */
export interface HostSeen {
  readonly addresses: readonly AddressSeen[]
  /** Why there are none, or why they would not be looked up securely. */
  readonly fault: string | undefined
}

export function isWhole({ addresses, fault }: HostSeen): boolean {
  return fault === undefined && addresses.length > 0 && addresses.every(({ unknown }) => unknown === undefined)
}

export function shownAnywhere({ addresses }: HostSeen): Shown[] {
  return addresses.flatMap(({ shown }) => shown)
}
