import type { ResourceRecord } from '../../../src/core/dns/message.ts'
import { writeDs } from '../../../src/core/dns/rdata/write.ts'
import type { Rrset } from '../../../src/core/dns/rrset.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import type { ZoneKey } from '../../../src/core/dnssec/zone-key.ts'
import { limits } from '../../../src/core/limits.ts'
import { makeKey, nameOf, rrsetOf, rsaOctets, signRrset, type TestKey, zoneKey } from '../../support/sign.ts'
import type { Asked } from '../fake-exchange.ts'
import type { Change } from '../signed-world.ts'
import { type Attack, testAttack } from './hostile-world.ts'
import {
  denial,
  dsOf,
  evil,
  keyRecords,
  type Parts,
  replyWith,
  rrsetWith,
  signedRecords,
  twinsOf,
  withFalseSignatures,
} from './hostile-zone.ts'

const { checks, failedChecks, failedDsMatches, keysWithOneTag, signaturesPerRrset } = limits.dnssec
const { serversTriedWhenBogus } = limits.resolver

/** What the way to evil.test. costs when all is well: the root, test., and DS and keys of evil.test. */
const way = { checks: 6, imports: 5, digests: 3 }
const key = makeKey(15) // of whose twins the crypto library reads every one
const host = 'www.evil.test. A'
const www = rrsetOf('www.evil.test. 300 A 203.0.113.66')

/** A zone with these keys, and something at `www`. */
function zoneWith(keys: ReturnType<typeof keyRecords>, answer: Rrset | Parts): NonNullable<Attack['say']> {
  return ({ query, name, type }: Asked) => {
    if (type === TYPE.DNSKEY) return replyWith(query, { answer: keys })
    const parts = 'rdatas' in answer ? { answer: signedRecords(answer) } : answer
    return replyWith(query, type === TYPE.A ? parts : denial(name, key))
  }
}

const twins = twinsOf(key, 60)
const many = [key, ...twins]
const signed = signRrset(www, key, evil)
const falsely = withFalseSignatures(signed, limits.dns.signaturesPerRrset)
const wrong = /^bogus: signature 15\/\d+ over A of www\.evil\.test\. does not verify$/

testAttack('KeySigTrap (CVE-2023-50387), many keys of one tag by many signatures', {
  ...{ ds: [dsOf(key)], question: host, say: zoneWith(keyRecords(many, key), falsely), says: wrong, code: 6 },
  most: { checks: way.checks + failedChecks, imports: way.imports + keysWithOneTag, digests: way.digests + 60 },
  least: { checks: signaturesPerRrset },
})

testAttack('SigJam, one key by many signatures', {
  ...{ ds: [dsOf(key)], question: host, say: zoneWith(keyRecords([key], key), falsely), says: wrong, code: 6 },
  most: { checks: way.checks + failedChecks, imports: way.imports, digests: way.digests },
  least: { checks: signaturesPerRrset },
})

testAttack('LockCram, many keys of one tag by one signature', {
  ...{ ds: [dsOf(key)], question: host, says: wrong, code: 6 },
  say: zoneWith(keyRecords(many, key), withFalseSignatures(signed, 1)),
  most: { checks: way.checks + keysWithOneTag * serversTriedWhenBogus, imports: way.imports + keysWithOneTag },
  least: { checks: keysWithOneTag },
})

const byTwins = [0, 1, 2, 3, 4, 5, 6, 7].map((at) => dsOf(twins[at] as ZoneKey))
const falseKeys = withFalseSignatures(
  signRrset(
    rrsetWith(
      evil,
      TYPE.DNSKEY,
      many.map(({ rdata }) => rdata),
    ),
    key,
    evil,
  ),
  limits.dns.signaturesPerRrset,
)
testAttack('KeySigTrap over the keys themselves, with DS records for eight of one tag', {
  ...{ ds: byTwins, question: host, say: zoneWith(signedRecords(falseKeys), signed), code: 6 },
  says: /^bogus: signature 15\/\d+ over DNSKEY of evil\.test\. does not verify$/,
  most: { checks: way.checks + failedChecks, imports: way.imports + 2 * keysWithOneTag },
  least: { checks: keysWithOneTag },
})

const noDigest = (at: number) => {
  return writeDs({
    keyTag: key.keyTag,
    algorithm: 15,
    digestType: 2,
    digest: new Uint8Array(32).fill(at & 255).fill(at >> 8, 0, 1),
  })
}
testAttack('HashTrap, many DS records by many keys of one tag', {
  ...{ ds: Array.from({ length: 200 }, (_, at) => noDigest(at)), question: host, code: 9 },
  say: zoneWith(keyRecords(many, key), signed),
  says: /^bogus: no key matches the DS records of evil\.test\.$/,
  most: { checks: way.checks, digests: way.digests + failedDsMatches * serversTriedWhenBogus },
  least: { digests: failedDsMatches },
})

/** Puts more DS records beside that of evil.test. than are kept. */
const flood: Change = (message) => {
  const more = (records: readonly ResourceRecord[]) => {
    const ds = records.find((record) => record.type === TYPE.DS && record.name.key === evil.key)
    return ds === undefined
      ? records
      : [...records, ...Array.from({ length: 3000 }, (_, at) => ({ ...ds, rdata: noDigest(at) }))]
  }
  return { ...message, answer: more(message.answer), authority: more(message.authority) }
}

testAttack('DS records without end', {
  ...{ ds: [dsOf(key)], question: host, say: zoneWith(keyRecords([key], key), signed), change: flood, code: 6 },
  says: /^bogus: DS of evil\.test\. is malformed$/,
  most: { checks: way.checks, digests: way.digests },
})

testAttack('a signature for every algorithm and DS records for every digest, none of the zone’s keys', {
  ...{
    ds: Array.from({ length: 250 }, (_, at) =>
      writeDs({ keyTag: at, algorithm: at + 1, digestType: (at % 5) + 1, digest: new Uint8Array(32) }),
    ),
  },
  ...{ question: host, code: 9, says: /^bogus: no key matches the DS records of evil\.test\.$/ },
  say: zoneWith(keyRecords([key], key), { answer: everyAlgorithm() }),
  most: { checks: way.checks, digests: way.digests + failedDsMatches * serversTriedWhenBogus },
})

function everyAlgorithm() {
  const [first] = signed.signatures
  if (first === undefined) throw new Error('unsigned')
  const signatures = Array.from({ length: 255 }, (_, at) => ({ ...first, algorithm: at + 1 }))
  return signedRecords({ ...signed, signatures })
}

const f4 = Uint8Array.of(1, 0, 1)
const burdens: [what: string, publicKey: Uint8Array][] = [
  ['an RSA exponent of 2040 bits', rsaOctets(new Uint8Array(255).fill(0xff), new Uint8Array(256).fill(0xab))],
  ['an RSA exponent of 48 bits', rsaOctets(Uint8Array.of(1, 0, 0, 0, 0, 1), new Uint8Array(256).fill(0xab))],
  ['an RSA modulus of 16384 bits', rsaOctets(f4, new Uint8Array(2048).fill(0xab))],
]
for (const [what, publicKey] of burdens) {
  const burden: TestKey = { ...zoneKey({ algorithm: 8, publicKey }), sign: () => new Uint8Array(256) }
  testAttack(what, {
    ...{ ds: [dsOf(burden)], question: host, say: zoneWith(keyRecords([burden], burden), signed), code: 6 },
    says: /^bogus: signature 8\/\d+ over DNSKEY of evil\.test\. is by a key that is none$/,
    most: { checks: way.checks, imports: way.imports, digests: way.digests + serversTriedWhenBogus },
  })
}

const p256 = makeKey(13)
const offCurve = Array.from({ length: 60 }, (_, at) => {
  return zoneKey({ algorithm: 13, publicKey: new Uint8Array(64).fill(at + 1) })
})
testAttack('keys that are none (CVE-2025-8677), each with DS and signature', {
  ...{ ds: offCurve.slice(0, 8).map((one) => dsOf(one)), question: host, code: 6 },
  say: zoneWith(
    signedRecords({
      ...rrsetWith(
        evil,
        TYPE.DNSKEY,
        offCurve.map(({ rdata }) => rdata),
      ),
      signatures: offCurve
        .slice(0, 30)
        .flatMap(
          (one) =>
            signRrset(www, { ...one, sign: () => new Uint8Array(64) }, evil, { typeCovered: TYPE.DNSKEY, labels: 2 })
              .signatures,
        ),
    }),
    signed,
  ),
  says: /^bogus: signature 13\/\d+ over DNSKEY of evil\.test\. is by a key that is none$/,
  most: { checks: way.checks, imports: way.imports + failedChecks },
  least: { imports: 8 },
})

testAttack('a chain of aliases, each with many false signatures', {
  ...{ ds: [dsOf(key)], question: 'a0.evil.test. A' },
  say: ({ query, name, type }) => {
    if (type === TYPE.DNSKEY) return replyWith(query, { answer: keyRecords([key], key) })
    const next = Number(/a(\d+)/.exec(name.key)?.[1] ?? 0) + 1
    const alias = signRrset(
      rrsetWith(name, TYPE.CNAME, [Buffer.from(nameOf(`a${next}.evil.test.`).wire, 'latin1')]),
      key,
      evil,
    )
    const before = withFalseSignatures(alias, 3).signatures
    return replyWith(query, { answer: signedRecords({ ...alias, signatures: [...before, ...alias.signatures] }) })
  },
  // Who asks again goes on where the first had to stop.
  says: /^limit: (?:too many signature checks, before signature 15\/\d+ over CNAME of a\d+\.evil\.test\.|.* more than 11 aliases)$/,
  most: { checks: way.checks + checks, imports: way.imports },
  least: { checks: failedChecks },
})

testAttack('thousands of signatures over other things', {
  ...{ ds: [dsOf(key)], question: host, code: 6, says: wrong },
  say: zoneWith(keyRecords([key], key), {
    answer: [...signedRecords(falsely), ...Array.from({ length: 3000 }, () => signedRecords(falsely).slice(-1)).flat()],
  }),
  most: { checks: way.checks + failedChecks, imports: way.imports },
})

testAttack('a message of more records than any answer needs', {
  ...{ ds: [dsOf(key)], question: host, code: 6, says: /^bogus: A of www\.evil\.test\. is malformed$/ },
  say: zoneWith(
    keyRecords([key], key),
    signRrset(
      rrsetWith(
        www.name,
        TYPE.A,
        Array.from({ length: 3000 }, (_, at) => Uint8Array.of(203, 0, at >> 8, at & 255)),
      ),
      p256,
      evil,
    ),
  ),
  most: { checks: way.checks },
})
