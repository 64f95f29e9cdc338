import { base32hex } from '../../../core/dns/base32hex.ts'
import type { ResourceRecord } from '../../../core/dns/message.ts'
import { type Ds, type Nsec3Parameters, readSoa } from '../../../core/dns/rdata/records.ts'
import { writeNsec3param, writeRrsig } from '../../../core/dns/rdata/write.ts'
import { groupRrsets, type Rrset, recordsOf } from '../../../core/dns/rrset.ts'
import { CLASS, TYPE } from '../../../core/dns/types.ts'
import { signedData, signedLabelCount } from '../../../core/dnssec/canonical.ts'
import { nsec3Hash } from '../../../core/dnssec/nsec3.ts'
import type { Name } from '../../../core/name/name.ts'
import type { ZoneDeclaration } from '../world/world.ts'
import { ownersOf, signedRrsets } from './authority.ts'
import { nsec3Chain, nsecChain } from './denial-chain.ts'
import { createSigningKey, dsOf, isEntryPoint, type SigningKey } from './signing-key.ts'
import { readOwner } from './text.ts'

/** Signs one zone, again and again with the same keys. */
export interface ZoneSigner {
  /** DS records of the keys that sign the DNSKEY RRset. */
  readonly ds: readonly Ds[]
  /** The records with DNSKEY, NSEC or NSEC3, and RRSIG. `now` in milliseconds; there must be an SOA record. */
  sign(records: readonly ResourceRecord[], now: number): ResourceRecord[]
  /** The first label of a name's NSEC3 owner, in lower case; undefined in a zone with NSEC. */
  readonly hash: ((name: Name) => string) | undefined
}

export interface SignerOptions {
  readonly origin: Name
  /** Those with the SEP flag sign the DNSKEY RRset, the others all else; a key that is alone signs everything. */
  readonly keys: readonly SigningKey[]
  readonly denial: ZoneDeclaration['denial']
  /** Of NSEC3: none and an empty salt, unless told. RFC 9276 §3.1 */
  readonly iterations?: number
  readonly salt?: Uint8Array
  /** Of the DNSKEY RRset, in seconds. */
  readonly ttl?: number
  /** How long before and after signing the signatures are valid, in seconds: an hour and two weeks, unless told. */
  readonly before?: number
  readonly after?: number
}

/** A signer with keys of its own, one for the DNSKEY RRset and one for all else. */
export function createZoneSigner(declaration: ZoneDeclaration): ZoneSigner {
  const { algorithm, denial, iterations, ttl } = declaration
  const keys = [createSigningKey(algorithm, 257), createSigningKey(algorithm, 256)]
  return createSigner({ origin: readOwner(declaration.origin), keys, denial, iterations, ttl })
}

/** A signer with all that can be chosen, for zones that are out of the ordinary. */
export function createSigner(options: SignerOptions): ZoneSigner {
  const { origin, keys, denial } = options
  const parameters = parametersOf(options)
  const ksk = orAll(keys, isEntryPoint)
  const zsk = orAll(keys, (key) => !isEntryPoint(key))
  return {
    ds: ksk.map((key) => dsOf(origin, key)),
    hash: denial === 'nsec' ? undefined : (name) => base32hex(nsec3Hash(name, parameters)),
    sign(records, now) {
      const times = timesOf(options, now)
      const whole = [...plainRecords(records), ...apexRecords(options)]
      const denials = denialsFor(whole, options)
      const rrsets = [...ownersOf(origin, whole).flatMap(signedRrsets), ...groupRrsets(denials)]
      const signatures = rrsets.flatMap((rrset) =>
        (rrset.type === TYPE.DNSKEY ? ksk : zsk).map((key) => signRrset(rrset, { key, origin, ...times })),
      )
      return [...whole, ...denials, ...signatures]
    },
  }
}

function orAll(keys: readonly SigningKey[], isFit: (key: SigningKey) => boolean): readonly SigningKey[] {
  const fit = keys.filter(isFit)
  return fit.length > 0 ? fit : keys
}

/** The flags of NSEC3PARAM are always 0. RFC 5155 §4.1.2 */
function parametersOf({ iterations = 0, salt = new Uint8Array() }: SignerOptions): Nsec3Parameters {
  return { hashAlgorithm: 1, flags: 0, iterations, salt }
}

function timesOf({ before = 3600, after = 14 * 86_400 }: SignerOptions, now: number) {
  const seconds = Math.floor(now / 1000)
  return { inception: seconds - before, expiration: seconds + after }
}

/** Each record once and all of an RRset with one TTL, as a signature needs them. RFC 2181 §5.2 */
function plainRecords(records: readonly ResourceRecord[]): ResourceRecord[] {
  return groupRrsets(records).flatMap(recordsOf)
}

function apexRecords(options: SignerOptions): ResourceRecord[] {
  const { origin, keys, denial, ttl = 3600 } = options
  const at = { name: origin, class: CLASS.IN, ttl }
  const parameters = { ...at, type: TYPE.NSEC3PARAM, rdata: writeNsec3param(parametersOf(options)) }
  const dnskeys = keys.map(({ rdata }) => ({ ...at, type: TYPE.DNSKEY, rdata }))
  return denial === 'nsec' ? dnskeys : [...dnskeys, parameters]
}

function denialsFor(records: readonly ResourceRecord[], options: SignerOptions): ResourceRecord[] {
  const { origin, denial } = options
  const owners = ownersOf(origin, records)
  const chain = { origin, ttl: denialTtl(origin, records) }
  if (denial === 'nsec') return nsecChain(owners, chain)
  return nsec3Chain(owners, { ...chain, parameters: parametersOf(options), optOut: denial === 'opt-out' })
}

function denialTtl(origin: Name, records: readonly ResourceRecord[]): number {
  const record = records.find(({ name, type }) => type === TYPE.SOA && name.key === origin.key)
  const soa = record === undefined ? undefined : readSoa(record.rdata)
  if (record === undefined || soa?.ok !== true) throw new Error('a zone without a sound SOA record cannot be signed')
  return Math.min(record.ttl, soa.value.minimum)
}

export interface SignatureOptions {
  readonly key: SigningKey
  readonly origin: Name
  /** Seconds since 1970. */
  readonly inception: number
  readonly expiration: number
}

/** The RRSIG record of one key over one RRset. RFC 4034 §3.1 */
export function signRrset(rrset: Rrset, { key, origin, inception, expiration }: SignatureOptions): ResourceRecord {
  const fields = {
    typeCovered: rrset.type,
    algorithm: key.algorithm,
    labels: signedLabelCount(rrset.name),
    originalTtl: rrset.ttl,
    expiration,
    inception,
    keyTag: key.keyTag,
    signer: origin,
  }
  const rdata = writeRrsig({ ...fields, signature: key.sign(signedData(rrset, fields)) })
  return { name: rrset.name, type: TYPE.RRSIG, class: rrset.class, ttl: rrset.ttl, rdata }
}
