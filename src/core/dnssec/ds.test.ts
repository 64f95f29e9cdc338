import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  dnskeyRrset,
  dsRdata,
  labKeys,
  labRrset,
  verifiedBy,
  verifiedDs,
  verifiedLab,
} from '../../../test/support/dnssec-vectors.ts'
import { makeKey, nameOf, now, rsaOctets, signRrset, zoneKey } from '../../../test/support/sign.ts'
import { writeDs } from '../dns/rdata/write.ts'
import { TYPE } from '../dns/types.ts'
import { createBudget } from './budget.ts'
import { type AuthenticateOptions, authenticateKeys } from './ds.ts'
import { createPolicy } from './policy.ts'
import type { VerifiedRrset } from './signature.ts'

const zone = nameOf('example.')
const key = makeKey(15)
const other = makeKey(15)

type Given = Partial<Omit<AuthenticateOptions, 'by'>> & { readonly ds: VerifiedRrset }

/** The verdict, with its problem's kind when it has one. */
function verdictOf({ ds, ...given }: Given): string {
  const defaults = { zone, rrset: dnskeyRrset(zone, [key], [key]), now, policy: createPolicy(), budget: createBudget() }
  const verdict = authenticateKeys({ ...defaults, ...given, by: { kind: 'ds', rrset: ds } })
  return verdict.verdict === 'bogus' ? verdict.problem.kind : verdict.verdict
}

const lab: [zone: string, expected: string][] = [
  ['vec.test.', 'secure'],
  ['n3.test.', 'secure'],
  ['oo.test.', 'secure'],
  ['sha1.test.', 'secure'],
  ['bad.test.', 'ds-mismatch'],
  ['mixed.test.', 'ds-mismatch'],
]
for (const [child, expected] of lab) {
  test(`DNSSEC-29 DNSSEC-30 DV9.2 the keys of ${child}: ${expected}`, () => {
    const [ds] = verifiedLab('test.', [labRrset(child, 'DS')])
    assert.ok(ds)
    assert.equal(verdictOf({ zone: nameOf(child), rrset: labRrset(child, 'DNSKEY'), ds }), expected)
  })
}

for (const child of ['unalg.test.', 'undig.test.']) {
  test(`DNSSEC-30 DV9.2 ${child} is insecure: nothing vouches for it that we support`, () => {
    const [ds] = verifiedLab('test.', [labRrset(child, 'DS')])
    assert.ok(ds)
    const name = nameOf(child)
    assert.equal(verdictOf({ zone: name, rrset: dnskeyRrset(name, [key], [key]), ds }), 'insecure')
  })
}

const good = dsRdata(zone, key)
const forOther = dsRdata(zone, other)
const sha1 = dsRdata(zone, key, 1)
const sha384 = dsRdata(zone, key, 4)
const digest = new Uint8Array(32)
const ofAlgorithm99 = writeDs({ keyTag: key.keyTag, algorithm: 99, digestType: 2, digest })
const ofDigest99 = writeDs({ keyTag: key.keyTag, algorithm: 15, digestType: 99, digest })
const short = good.subarray(0, 20)
const tagged = (flags: number) => ({ ...makeKey(15, { flags }) })
const revoked = tagged(257 | 0x80)
const noZoneKey = tagged(1)
const noEntryPoint = tagged(256)
const otherProtocol = zoneKey({ algorithm: 15, publicKey: key.publicKey, protocol: 2 })

const byDs: [claim: string, ds: Uint8Array[], expected: string][] = [
  ['DNSSEC-29 a DS that matches', [good], 'secure'],
  ['DNSSEC-29 a SHA-384 digest alone', [sha384], 'secure'],
  ['DNSSEC-29 a DS of another key', [forOther], 'ds-mismatch'],
  ['DNSSEC-29 a DS that matches beside one that does not', [forOther, good], 'secure'],
  ['DNSSEC-30 an unknown algorithm alone', [ofAlgorithm99], 'insecure'],
  ['DNSSEC-30 an unknown digest alone', [ofDigest99], 'insecure'],
  ['DNSSEC-30 both kinds of unknown', [ofAlgorithm99, ofDigest99], 'insecure'],
  ['DNSSEC-30 an unknown algorithm beside a DS that matches', [ofAlgorithm99, good], 'secure'],
  ['DNSSEC-30 an unknown algorithm beside a DS that does not match', [ofAlgorithm99, forOther], 'ds-mismatch'],
  ['DNSSEC-31 WIRE-25 a digest of the wrong length', [short], 'ds-mismatch'],
  ['DNSSEC-31 a digest of the wrong length beside the unknown', [short, ofAlgorithm99, ofDigest99], 'ds-mismatch'],
  ['DNSSEC-32 SHA-1 alone', [sha1], 'secure'],
  ['DNSSEC-32 SHA-1 beside the SHA-256 of another key', [sha1, forOther], 'ds-mismatch'],
  ['DNSSEC-32 SHA-1 beside a SHA-256 that we cannot use', [sha1, ofAlgorithm99], 'secure'],
]
for (const [claim, ds, expected] of byDs) {
  test(`${claim}: ${expected}`, () => assert.equal(verdictOf({ ds: verifiedDs(zone, ds) }), expected))
}

test('DNSSEC-29 a DS must name the algorithm and the tag of the key, whatever its digest', () => {
  const [, , , , ...digested] = good
  const named = (keyTag: number, algorithm: number) =>
    writeDs({ keyTag, algorithm, digestType: 2, digest: Uint8Array.from(digested) })
  assert.equal(verdictOf({ ds: verifiedDs(zone, [named(key.keyTag, 15)]) }), 'secure')
  assert.equal(verdictOf({ ds: verifiedDs(zone, [named(key.keyTag, 13)]) }), 'ds-mismatch')
  assert.equal(verdictOf({ ds: verifiedDs(zone, [named(key.keyTag ^ 1, 15)]) }), 'ds-mismatch')
})

test('DNSSEC-31 WIRE-32 a DS record that cannot be read is never left out', () => {
  const ds = { ...verifiedDs(zone, [ofAlgorithm99]), rdatas: [ofAlgorithm99, Uint8Array.of(1, 2, 15)] }
  assert.equal(verdictOf({ ds }), 'ds-mismatch')
})

const flawed = [
  ['DNSSEC-09 a revoked key', revoked, revoked],
  ['DNSSEC-29 a key without the zone flag', noZoneKey, noZoneKey],
  ['DNSSEC-29 a key of another protocol', otherProtocol, { ...otherProtocol, sign: key.sign }],
] as const
for (const [claim, one, signer] of flawed) {
  test(`${claim} is nothing that a DS can lead to`, () => {
    const rrset = dnskeyRrset(zone, [one], [signer])
    assert.equal(verdictOf({ rrset, ds: verifiedDs(zone, [dsRdata(zone, one)]) }), 'ds-mismatch')
  })
}

test('DNSSEC-15 the SEP flag has no say', () => {
  const rrset = dnskeyRrset(zone, [noEntryPoint], [noEntryPoint])
  assert.equal(verdictOf({ rrset, ds: verifiedDs(zone, [dsRdata(zone, noEntryPoint)]) }), 'secure')
})

test('DNSSEC-29 a key that only another key of the zone signed leads nowhere', () => {
  const rrset = dnskeyRrset(zone, [key, other], [other])
  assert.equal(verdictOf({ rrset, ds: verifiedDs(zone, [good]) }), 'no-key')
})

test('DNSSEC-29 all zone keys of the RRset are trusted, and no others', () => {
  const rrset = dnskeyRrset(zone, [key, noEntryPoint, revoked, noZoneKey], [key])
  const options = { zone, rrset, now, policy: createPolicy(), budget: createBudget() }
  const verdict = authenticateKeys({ ...options, by: { kind: 'ds', rrset: verifiedDs(zone, [good]) } })
  assert.ok(verdict.verdict === 'secure')
  const tags = verdict.keys.map(({ keyTag }) => keyTag)
  assert.deepEqual(tags, [key.keyTag, noEntryPoint.keyTag, revoked.keyTag])
  const text = { ...labRrset('vec.test.', 'MX'), name: zone, signatures: [] }
  assert.throws(() => verifiedBy(signRrset(text, revoked, zone), { zone: 'example.', keys: verdict.keys }))
  verifiedBy(signRrset(text, noEntryPoint, zone), { zone: 'example.', keys: verdict.keys })
})

test('DNSSEC-17 DNSSEC-29 what is asked about must be the zone, its keys and its DS', () => {
  const ds = verifiedDs(zone, [good])
  const rrset = dnskeyRrset(zone, [key], [key])
  assert.equal(verdictOf({ ds, zone: nameOf('other.') }), 'ds-mismatch')
  assert.equal(verdictOf({ ds, rrset: { ...rrset, name: nameOf('other.') } }), 'ds-mismatch')
  assert.equal(verdictOf({ ds, rrset: { ...rrset, type: TYPE.CDNSKEY } }), 'ds-mismatch')
  assert.equal(verdictOf({ ds: { ...ds, type: TYPE.CDS } }), 'ds-mismatch')
  assert.equal(verdictOf({ ds: verifiedDs(nameOf('other.'), [good]) }), 'ds-mismatch')
  assert.equal(verdictOf({ ds: { ...ds, rdatas: [] } }), 'ds-mismatch')
})

test('DNSSEC-29 the long form of an exponent is another key for a DS', () => {
  const rsa = makeKey(8)
  const long = zoneKey({ algorithm: 8, publicKey: Buffer.concat([Uint8Array.of(0, 0), rsa.publicKey]) })
  const rrset = dnskeyRrset(zone, [long], [{ ...long, sign: rsa.sign }])
  assert.equal(long.keyTag, rsa.keyTag)
  assert.equal(verdictOf({ rrset, ds: verifiedDs(zone, [dsRdata(zone, rsa)]) }), 'ds-mismatch')
  assert.equal(verdictOf({ rrset, ds: verifiedDs(zone, [dsRdata(zone, long)]) }), 'secure')
})

test('DNSSEC-34 CVE-2025-8677 a point off the curve is bogus, and counts as one failure', () => {
  const point = zoneKey({ algorithm: 13, publicKey: new Uint8Array(64).fill(1) })
  const rrset = dnskeyRrset(zone, [point], [{ ...point, sign: () => new Uint8Array(64).fill(1) }])
  const budget = createBudget()
  assert.equal(verdictOf({ rrset, budget, ds: verifiedDs(zone, [dsRdata(zone, point)]) }), 'invalid-key')
  assert.deepEqual(budget.spent, { checks: 1, failedChecks: 1, nsec3Blocks: 0 })
})

const tiny = zoneKey({ algorithm: 8, publicKey: rsaOctets(Uint8Array.of(3), new Uint8Array(32).fill(0xff)) })
const giant = zoneKey({ algorithm: 8, publicKey: rsaOctets(Uint8Array.of(3), new Uint8Array(1024).fill(0xff)) })
const unsigned = { sign: () => new Uint8Array(128) }

const bySize: [claim: string, keys: (typeof tiny)[], ds: Uint8Array[], expected: string][] = [
  ['only a small key', [tiny], [dsRdata(zone, tiny)], 'insecure'],
  ['a small key beside what is unknown', [tiny], [dsRdata(zone, tiny), ofAlgorithm99], 'insecure'],
  ['a small key beside a good one', [tiny, key], [dsRdata(zone, tiny), good], 'secure'],
  ['a small key, and a good one that was left out', [tiny], [dsRdata(zone, tiny), good], 'ds-mismatch'],
  ['a small key, and a damaged DS', [tiny], [dsRdata(zone, tiny), short], 'ds-mismatch'],
  ['a small key that is not there', [key], [dsRdata(zone, tiny)], 'ds-mismatch'],
  ['a key of over 4096 bits', [giant], [dsRdata(zone, giant)], 'invalid-key'],
]
for (const [claim, keys, ds, expected] of bySize) {
  test(`DNSSEC-35 the parent vouches for ${claim}: ${expected}`, () => {
    const signers = [...keys.map((one) => ({ ...one, ...(one === key ? { sign: key.sign } : unsigned) }))]
    assert.equal(verdictOf({ rrset: dnskeyRrset(zone, keys, signers), ds: verifiedDs(zone, ds) }), expected)
  })
}

test('DNSSEC-35 RFC 5702 §2.2 a key of 512 bits verifies with RSASHA256, and not with RSASHA512', () => {
  const small = makeKey(8, { modulusLength: 512 })
  const text = signRrset({ ...labRrset('vec.test.', 'MX'), name: zone, signatures: [] }, small, zone)
  verifiedBy(text, { zone: 'example.', keys: [small] })
  const sha512 = zoneKey({ algorithm: 10, publicKey: small.publicKey })
  const signed = signRrset({ ...text, signatures: [] }, { ...sha512, sign: small.sign }, zone)
  assert.throws(() => verifiedBy(signed, { zone: 'example.', keys: [sha512] }), /by a key that is none/)
})

test('DNSSEC-33 a zone of algorithm 7 is insecure, and secure where SHA-1 is allowed', () => {
  const old = makeKey(7)
  const rrset = dnskeyRrset(zone, [old], [old])
  const ds = verifiedDs(zone, [dsRdata(zone, old)])
  assert.equal(verdictOf({ rrset, ds }), 'insecure')
  assert.equal(verdictOf({ rrset, ds, policy: createPolicy({ allowSha1: true }) }), 'secure')
  assert.equal(verdictOf({ rrset, ds }), 'insecure')
})

test('DNSSEC-15 DNSSEC-25 keys whose signature has ended are bogus', () => {
  const [ds] = verifiedLab('test.', [labRrset('vec.test.', 'DS')])
  assert.ok(ds && labKeys('vec.test.').length === 1)
  const given = { zone: nameOf('vec.test.'), rrset: labRrset('vec.test.', 'DNSKEY'), ds }
  assert.equal(verdictOf({ ...given, now: 2_082_758_400 }), 'secure')
  assert.equal(verdictOf({ ...given, now: 2_082_758_401 }), 'expired')
})
