import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { writeRrsig } from '../../src/core/dns/rdata/write.ts'
import { type Rrset, recordsOf } from '../../src/core/dns/rrset.ts'
import { CLASS, TYPE } from '../../src/core/dns/types.ts'
import type { KeyAnchor } from '../../src/core/dnssec/trust-point.ts'
import { readZoneKey, type ZoneKey } from '../../src/core/dnssec/zone-key.ts'
import { rootName } from '../../src/core/name/name.ts'
import { rdataOfText } from '../support/records.ts'
import { signRrset, type TestKey } from '../support/sign.ts'
import type { Server } from './fake-exchange.ts'

/** A root zone whose keys are changed while it is asked. */
export interface RollingRoot {
  /** What it publishes and signs by from now on. */
  publish(keys: readonly ZoneKey[], signers: readonly TestKey[], lifetime?: number): void
  /** How many times its keys were asked for. */
  readonly asked: () => number
  readonly server: Server
}

const day = 86_400

/** Signatures last three weeks unless told, as those of the root do, from the time that `now` tells in seconds. */
export function rollingRoot(now: () => number): RollingRoot {
  let published: { keys: readonly ZoneKey[]; signers: readonly TestKey[]; lifetime: number }
  published = { keys: [], signers: [], lifetime: 0 }
  let asked = 0
  const signed = (rrset: Rrset) =>
    published.signers.reduce(
      (before, key) =>
        signRrset(before, key, rootName, { inception: now() - day, expiration: now() + published.lifetime }),
      rrset,
    )
  const rrsetOf = (type: number, rdatas: readonly Uint8Array[]) =>
    signed({ name: rootName, type, class: CLASS.IN, ttl: 2 * day, rdatas, signatures: [], damaged: false })
  const answerTo = (type: number): ResourceRecord[] => {
    if (type === TYPE.DNSKEY) {
      asked++
      return withSignatures(
        rrsetOf(
          type,
          published.keys.map(({ rdata }) => rdata),
        ),
      )
    }
    return type === TYPE.TXT ? withSignatures(rrsetOf(type, [rdataOfText(TYPE.TXT, '"the root"')])) : []
  }
  return {
    publish(keys, signers, lifetime = 21 * day) {
      published = { keys, signers, lifetime }
    },
    asked: () => asked,
    server: ({ type, query }) => ({
      ...{ ...query, isResponse: true, rcode: 0, recursionAvailable: true },
      ...{ answer: answerTo(type), authority: [], additional: [] },
    }),
  }
}

function withSignatures(rrset: Rrset): ResourceRecord[] {
  const { name, ttl, signatures } = rrset
  const rrsigs = signatures.map((one) => ({ name, type: TYPE.RRSIG, class: CLASS.IN, ttl, rdata: writeRrsig(one) }))
  return [...recordsOf(rrset), ...rrsigs]
}

/** The key as its owner publishes it to revoke it. RFC 5011 §2.1 */
export function revoke(key: TestKey): TestKey {
  const rdata = Uint8Array.from(key.rdata)
  rdata[1] = 0x81
  const revoked = readZoneKey(rdata)
  if (revoked === undefined) throw new Error('no key')
  return { ...revoked, sign: key.sign }
}

export function anchorOf({ rdata }: ZoneKey): KeyAnchor {
  return { kind: 'dnskey', owner: rootName, rdata: Uint8Array.from(rdata) }
}
