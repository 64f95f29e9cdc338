import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labKeys, labRrset, labZone, verifiedLab } from '../../../test/support/dnssec-vectors.ts'
import { expand, makeKey, nameOf, now, rrsetOf, signRrset, window } from '../../../test/support/sign.ts'
import type { Rrsig } from '../dns/rdata/records.ts'
import type { Rrset } from '../dns/rrset.ts'
import { CLASS, formatType } from '../dns/types.ts'
import { formatName } from '../name/text.ts'
import { createBudget } from './budget.ts'
import { createPolicy } from './policy.ts'
import { isSerialAtMost, type VerifyOptions, verifyRrset } from './signature.ts'

const zone = nameOf('example.')
const key = makeKey(15)
const other = makeKey(15)

function judge(rrset: Rrset, given: Partial<VerifyOptions> = {}) {
  return verifyRrset(rrset, { zone, keys: [key], now, policy: createPolicy(), budget: createBudget(), ...given })
}

function kindOf(rrset: Rrset, given: Partial<VerifyOptions> = {}): string {
  const verdict = judge(rrset, given)
  return verdict.verdict === 'secure' ? 'secure' : verdict.problem.kind
}

function signed(text: string, fields: Partial<Rrsig> = {}): Rrset {
  return signRrset(rrsetOf(text), key, zone, fields)
}

const privateKeys = {
  'test.': makeKey(15, { seed: 'DSSF3o0s0f+ElWzj9E/Osxw8hLpk55chkmx0LYN5WiY=' }),
  child: makeKey(15, { seed: 'ODIyNjAzODQ2MjgwODAxMjI2NDUxOTAyMDQxNDIyNjI=' }),
}

for (const apex of ['test.', 'vec.test.', 'n3.test.', 'oo.test.', 'sha1.test.']) {
  const rrsets = labZone(apex)

  test(`DNSSEC-15 DNSSEC-18 DV8 every RRset of ${apex} is secure`, () => {
    assert.ok(rrsets.length > 1)
    assert.equal(verifiedLab(apex, rrsets).length, rrsets.length)
  })

  test(`DNSSEC-18 DV8 every signature of ${apex} can be made again, octet by octet`, () => {
    const signer = apex === 'test.' ? privateKeys['test.'] : privateKeys.child
    for (const rrset of rrsets) {
      const [again] = signRrset({ ...rrset, signatures: [] }, signer, nameOf(apex)).signatures
      assert.deepEqual(again?.signature, rrset.signatures[0]?.signature, formatName(rrset.name))
    }
  })
}

const expanded: [owner: string, type: string, name: string][] = [
  ['*.wild.vec.test.', 'MX', 'foo.wild.vec.test.'],
  ['*.wild.vec.test.', 'TXT', 'a.b.wild.vec.test.'],
]
for (const [owner, type, name] of expanded) {
  test(`DNSSEC-40 DV9.1 ${type} of ${name} is the expansion of ${owner}`, () => {
    const [found] = verifiedLab('vec.test.', [expand(labRrset(owner, type), nameOf(name))])
    assert.equal(found?.closestEncloser?.key, nameOf('wild.vec.test.').key)
  })
}

test('DNSSEC-40 a wildcard asked for by its own name is no expansion', () => {
  const [found] = verifiedLab('vec.test.', [labRrset('*.wild.vec.test.', 'TXT')])
  assert.equal(found?.closestEncloser, undefined)
})

const neverExpanded = [
  'NSEC zz.example. A',
  'DNSKEY 257 3 15 AAAA',
  'DS 1 15 2 ab',
  'DNAME a.example.',
  `NSEC3 1 0 0 - ${'0'.repeat(32)} A`,
]
for (const data of neverExpanded) {
  const type = data.split(' ')[0]
  test(`DNSSEC-42 CVE-2017-15105 ${type} is never taken from a wildcard`, () => {
    const owner = type === 'NSEC3' ? `${'0'.repeat(32)}.example.` : 'a.example.'
    const rrset = signed(`${owner} ${data}`, { labels: 1 })
    assert.ok(['expanded', 'owner'].includes(kindOf(rrset)), kindOf(rrset))
  })
}

test('DNSSEC-42 NSEC of a wildcard itself is no expansion', () => {
  assert.equal(kindOf(signed('*.example. NSEC zz.example. A')), 'secure')
})

const placed: [claim: string, text: string, expected: string][] = [
  ['DS of the zone itself', 'example. DS 1 15 2 ab', 'owner'],
  ['DS of a name below', 'a.example. DS 1 15 2 ab', 'secure'],
  ['DNSKEY of a name below', 'a.example. DNSKEY 257 3 15 AAAA', 'owner'],
  ['SOA of a name below', 'a.example. SOA . . 1 2 3 4 5', 'owner'],
  ['SOA of the zone itself', 'example. SOA . . 1 2 3 4 5', 'secure'],
  ['NSEC whose next name is elsewhere', 'a.example. NSEC zz.other. A', 'owner'],
  ['NSEC whose next name is the apex', 'a.example. NSEC example. A', 'secure'],
  ['NSEC of two, one elsewhere', 'a.example. NSEC b.example. A\na.example. NSEC zz.other. A', 'owner'],
  ['NSEC3 two labels below', `${'0'.repeat(32)}.a.example. NSEC3 1 0 0 - ${'1'.repeat(32)} A`, 'owner'],
  ['NSEC3 at the apex', `example. NSEC3 1 0 0 - ${'1'.repeat(32)} A`, 'owner'],
  ['NSEC3 with an owner that is no hash', `${'w'.repeat(32)}.example. NSEC3 1 0 0 - ${'1'.repeat(32)} A`, 'owner'],
  ['NSEC3 with an owner of 31 digits', `${'0'.repeat(31)}.example. NSEC3 1 0 0 - ${'1'.repeat(32)} A`, 'owner'],
  ['NSEC3 with an owner in capitals', `${'V'.repeat(32)}.example. NSEC3 1 0 0 - ${'1'.repeat(32)} A`, 'secure'],
  ['records of the parent', 'other. A 192.0.2.1', 'owner'],
  ['a name that only ends alike', 'xexample. A 192.0.2.1', 'owner'],
]
for (const [claim, text, expected] of placed) {
  test(`DNSSEC-17 CVE-2026-13321 CVE-2026-10723 ${claim}: ${expected}`, () => {
    assert.equal(kindOf(signed(text)), expected)
  })
}

test('DNSSEC-15 records of another class are not of the zone', () => {
  assert.equal(kindOf({ ...signed('a.example. A 192.0.2.1'), class: CLASS.CH }), 'owner')
})

test('WIRE-32 an RRset that lost a malformed record is not secure', () => {
  assert.equal(kindOf({ ...signed('a.example. A 192.0.2.1'), damaged: true }), 'damaged')
})

const a = 'a.example. A 192.0.2.1'
const fields: [claim: string, given: Partial<Rrsig>, expected: string][] = [
  ['another type', { typeCovered: 16 }, 'no-signature'],
  ['a signer above', { signer: nameOf('.') }, 'signer'],
  ['a signer below', { signer: nameOf('a.example.') }, 'signer'],
  ['a signer in capitals', { signer: nameOf('EXAMPLE.') }, 'secure'],
  ['labels above the zone', { labels: 0 }, 'labels'],
  ['labels of the owner and more', { labels: 3 }, 'labels'],
  ['another tag', { keyTag: (key.keyTag + 1) & 0xffff }, 'no-key'],
  ['an algorithm that we lack', { algorithm: 99 }, 'no-key'],
  ['an algorithm that the key is not of', { algorithm: 16 }, 'no-key'],
  ['the same begin and end', { inception: now, expiration: now }, 'secure'],
  ['its end before its begin', { inception: now, expiration: now - 1 }, 'inverted-times'],
  ['a begin 60 seconds from now', { inception: now + 60 }, 'secure'],
  ['a begin 61 seconds from now', { inception: now + 61 }, 'not-yet-valid'],
  ['its end a second ago', { expiration: now - 1 }, 'expired'],
]
for (const [claim, given, expected] of fields) {
  test(`DNSSEC-15 DNSSEC-16 DNSSEC-25 a signature with ${claim}: ${expected}`, () => {
    assert.equal(kindOf(signed(a, given)), expected)
  })
}

const flags: [claim: string, bits: number, dnskey: boolean, expected: string][] = [
  ['without the zone flag', 1, false, 'no-zone-key'],
  ['without SEP', 256, false, 'secure'],
  ['with SEP', 257, false, 'secure'],
  ['that is revoked', 385, false, 'no-zone-key'],
  ['that is revoked, over its own RRset', 385, true, 'secure'],
]
for (const [claim, bits, isOfKeys, expected] of flags) {
  test(`DNSSEC-09 DNSSEC-15 a key ${claim}: ${expected}`, () => {
    const one = makeKey(15, { flags: bits })
    const rrset = rrsetOf(isOfKeys ? 'example. DNSKEY 385 3 15 AAAA' : a)
    assert.equal(kindOf(signRrset(rrset, one, zone), { keys: [one] }), expected)
  })
}

test('DNSSEC-21 one good signature is enough, wherever it stands', () => {
  const good = signed(a)
  const [signature] = good.signatures
  assert.ok(signature)
  const garbage = { ...signature, signature: new Uint8Array(64) }
  const ended = { ...signature, expiration: now - 1 }
  const unknown = { ...signature, algorithm: 99 }
  for (const bad of [garbage, ended, unknown]) {
    assert.equal(kindOf({ ...good, signatures: [bad, signature] }), 'secure')
    assert.equal(kindOf({ ...good, signatures: [signature, bad] }), 'secure')
  }
  assert.equal(kindOf({ ...good, signatures: [garbage, ended, unknown] }), 'wrong-signature')
  assert.equal(kindOf({ ...good, signatures: [unknown, ended] }), 'expired')
})

test('DNSSEC-22 of two keys with one tag and algorithm, each is tried', () => {
  const twin = { ...other, keyTag: key.keyTag }
  for (const keys of [
    [key, twin],
    [twin, key],
  ])
    assert.equal(kindOf(signed(a), { keys }), 'secure')
})

const ttls: [claim: string, received: number, ofSignature: number, original: number, left: number, expected: number][] =
  [
    ['the RRset as received', 60, 100, 3600, 9999, 60],
    ['the signature as received', 100, 60, 3600, 9999, 60],
    ['the original', 432_000, 432_000, 3600, 999_999, 3600],
    ['what is left of the signature', 3600, 3600, 3600, 10, 10],
    ['nothing, in its last second', 3600, 3600, 3600, 0, 0],
  ]
for (const [claim, ttl, ofSignature, originalTtl, left, expected] of ttls) {
  test(`DNSSEC-27 DV10.9 the TTL is at most that of ${claim}`, () => {
    const rrset = signed(a, { originalTtl, expiration: now + left })
    const [signature] = rrset.signatures
    assert.ok(signature)
    const verdict = judge({ ...rrset, ttl, signatures: [{ ...signature, ttl: ofSignature }] })
    assert.equal(verdict.verdict === 'secure' && verdict.rrset.ttl, expected)
  })
}

test('DNSSEC-25 DV9.4 both ends of the window are within it', () => {
  const rrset = labRrset('mx1.vec.test.', 'A')
  const given = { zone: nameOf('vec.test.'), keys: labKeys('vec.test.') }
  const policy = { ...createPolicy(), inceptionSkew: 0 }
  const at = (seconds: number) => kindOf(rrset, { ...given, policy, now: seconds })
  assert.deepEqual([window.inception - 1, window.inception].map(at), ['not-yet-valid', 'secure'])
  assert.deepEqual([window.expiration, window.expiration + 1].map(at), ['secure', 'expired'])
})

test('DNSSEC-26 DV11 serial numbers', () => {
  assert.equal(isSerialAtMost(1, 2), true)
  assert.equal(isSerialAtMost(2, 2), true)
  assert.equal(isSerialAtMost(2, 1), false)
  assert.equal(isSerialAtMost(4_294_967_295, 0), true)
  assert.equal(isSerialAtMost(0, 2_147_483_647), true)
  assert.equal(isSerialAtMost(0, 2_147_483_648), false)
  assert.equal(isSerialAtMost(2_147_483_648, 0), false)
  assert.equal(isSerialAtMost(0, 2_147_483_649), false)
})

test('DNSSEC-19 NSEC verifies in the case that it has', () => {
  const text = 'a.example. NSEC B.Example. A RRSIG NSEC'
  const rrset = signed(text)
  assert.equal(kindOf(rrset), 'secure')
  assert.equal(
    kindOf({
      ...rrset,
      rdatas: rrsetOf(text.toLowerCase().replace(/ nsec.*/, ' NSEC b.example. A RRSIG NSEC')).rdatas,
    }),
    'wrong-signature',
  )
})

test('DNSSEC-80 what a problem says names the RRset, and its EDE fits', () => {
  const found = [signed(a, { expiration: now - 1 }), signed(a, { inception: now + 99 }), rrsetOf(a)].map((rrset) => {
    const verdict = judge(rrset)
    return verdict.verdict === 'bogus' ? `${verdict.problem.ede} ${verdict.problem.text}` : ''
  })
  assert.match(found[0] ?? '', /^7 signature 15\/\d+ over A of a\.example\. ended 2026-06-30T23:59:59Z$/)
  assert.match(found[1] ?? '', /^8 signature 15\/\d+ over A of a\.example\. begins 2026-07-01T00:01:39Z$/)
  assert.equal(found[2], '10 A of a.example. has no signature by example.')
})

test('DNSSEC-04 what was verified says by which key, and until when', () => {
  const verdict = judge(signed(a))
  assert.ok(verdict.verdict === 'secure')
  const { signer, expiration, key: used, type } = verdict.rrset
  assert.deepEqual([formatName(signer), expiration, formatType(type)], ['example.', window.expiration, 'A'])
  assert.deepEqual(used, { keyTag: key.keyTag, algorithm: 15 })
})
