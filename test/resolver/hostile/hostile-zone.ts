import type { Message, ResourceRecord } from '../../../src/core/dns/message.ts'
import { writeDs, writeNsec, writeRrsig, writeSoa } from '../../../src/core/dns/rdata/write.ts'
import { type Rrset, recordsOf } from '../../../src/core/dns/rrset.ts'
import { CLASS, RCODE, TYPE } from '../../../src/core/dns/types.ts'
import { digestTypes } from '../../../src/core/dnssec/algorithms.ts'
import { dsDigest } from '../../../src/core/dnssec/ds.ts'
import type { ZoneKey } from '../../../src/core/dnssec/zone-key.ts'
import type { Name } from '../../../src/core/name/name.ts'
import { nameOf, rrsetOf, signRrset, type TestKey, zoneKey } from '../../support/sign.ts'

/** The zone of the attacker. */
export const evil = nameOf('evil.test.')

/** What its server says. */
export interface Parts {
  readonly rcode?: number
  readonly isAuthoritative?: boolean
  readonly answer?: readonly ResourceRecord[]
  readonly authority?: readonly ResourceRecord[]
  readonly additional?: readonly ResourceRecord[]
}

export function replyWith(query: Message, parts: Parts): Message {
  const { rcode = RCODE.NOERROR, isAuthoritative = true, answer = [], authority = [], additional = [] } = parts
  return { ...query, isResponse: true, rcode, isAuthoritative, answer, authority, additional }
}

/** The RRset's records, and its signatures as records. */
export function signedRecords(rrset: Rrset): ResourceRecord[] {
  const { name, class: klass, ttl } = rrset
  const signatures = rrset.signatures.map((signature) => {
    return { name, type: TYPE.RRSIG, class: klass, ttl, rdata: writeRrsig(signature) }
  })
  return [...recordsOf(rrset), ...signatures]
}

export function rrsetWith(name: Name, type: number, rdatas: readonly Uint8Array[], ttl = 3600): Rrset {
  return { name, type, class: CLASS.IN, ttl, rdatas, signatures: [], damaged: false }
}

/** An RRset of zone text, signed as it should be. */
export function signedText(text: string, key: TestKey, zone = evil): ResourceRecord[] {
  return signedRecords(signRrset(rrsetOf(text), key, zone))
}

export function keyRecords(keys: readonly ZoneKey[], signer: TestKey, zone = evil): ResourceRecord[] {
  const rdatas = keys.map(({ rdata }) => rdata)
  return signedRecords(signRrset(rrsetWith(zone, TYPE.DNSKEY, rdatas), signer, zone))
}

export function dsOf({ rdata, keyTag, algorithm }: ZoneKey, digestType = 2, owner = evil): Uint8Array {
  const digest = dsDigest({ owner, rdata, digestType }, { digests: digestTypes }) ?? new Uint8Array(32)
  return writeDs({ keyTag, algorithm, digestType, digest })
}

/** So many signatures that look like the first, and are none. */
export function withFalseSignatures(rrset: Rrset, count: number): Rrset {
  const [signature] = rrset.signatures
  if (signature === undefined) throw new Error('nothing to imitate')
  const spoilt = (at: number) => {
    const octets = Uint8Array.from(signature.signature)
    octets[at % octets.length] = (octets[at % octets.length] as number) ^ (1 + at)
    return { ...signature, signature: octets }
  }
  return { ...rrset, signatures: Array.from({ length: count }, (_, at) => spoilt(at)) }
}

/** Other keys with the same tag: the 16-bit words of a key may stand in any order. */
export function twinsOf({ algorithm, publicKey }: ZoneKey, count: number): ZoneKey[] {
  const twins = new Map<string, Uint8Array>()
  const words = publicKey.length / 2
  for (let one = 0; one < words && twins.size < count; one++) {
    for (let other = one + 1; other < words && twins.size < count; other++) {
      const octets = Uint8Array.from(publicKey)
      octets.set(publicKey.subarray(2 * one, 2 * one + 2), 2 * other)
      octets.set(publicKey.subarray(2 * other, 2 * other + 2), 2 * one)
      twins.set(octets.join(), octets)
    }
  }
  return [...twins.values()].map((octets) => zoneKey({ algorithm, publicKey: octets }))
}

/** A denial that any resolver believes. */
export function denial(name: Name, key: TestKey, zone = evil): Parts {
  const soa = writeSoa({ primary: zone, mailbox: zone, serial: 1, refresh: 60, retry: 60, expire: 60, minimum: 60 })
  const nsec = writeNsec({ next: zone, types: new Set([TYPE.RRSIG, TYPE.NSEC]) })
  const proofs = [rrsetWith(zone, TYPE.SOA, [soa]), rrsetWith(name, TYPE.NSEC, [nsec])]
  return { authority: proofs.flatMap((rrset) => signedRecords(signRrset(rrset, key, zone))) }
}
