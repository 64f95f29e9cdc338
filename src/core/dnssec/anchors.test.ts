import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dnskeyRrset, dsRdata, labRrset, readVectors, verifiedLab } from '../../../test/support/dnssec-vectors.ts'
import { makeKey, nameOf, now, rsaOctets, type TestKey, window, zoneKey } from '../../../test/support/sign.ts'
import { hex } from '../dns/octets.ts'
import { readDs } from '../dns/rdata/records.ts'
import { type Name, rootName } from '../name/name.ts'
import { formatName } from '../name/text.ts'
import { closestAnchors, parseTrustAnchors, rootAnchors, type TrustAnchor, unusableOwner } from './anchors.ts'
import { createBudget } from './budget.ts'
import { authenticateKeys } from './ds.ts'
import { createPolicy } from './policy.ts'
import type { ZoneKey } from './zone-key.ts'

const [first, second, stale] = [makeKey(15), makeKey(13), makeKey(15)]
const revoked = makeKey(15, { flags: 257 | 0x80 })

function asDs(owner: Name, key: ZoneKey): TrustAnchor {
  const ds = readDs(dsRdata(owner, key))
  assert.ok(ds.ok)
  return { kind: 'ds', owner, ds: ds.value }
}

function asKey(owner: Name, { rdata }: ZoneKey): TrustAnchor {
  return { kind: 'dnskey', owner, rdata }
}

function judge(anchors: readonly TrustAnchor[], given: { keys?: ZoneKey[]; by?: TestKey[]; now?: number } = {}) {
  const rrset = dnskeyRrset(rootName, given.keys ?? [first, second], given.by ?? [first])
  const options = { now, policy: createPolicy(), budget: createBudget(), ...given }
  return authenticateKeys({ ...options, zone: rootName, rrset, by: { kind: 'anchors', anchors } })
}

function kindOf(verdict: ReturnType<typeof judge>): string {
  return verdict.verdict === 'bogus' ? verdict.problem.kind : verdict.verdict
}

test('DNSSEC-05 DV1 the anchors of the root are those of KSK-2017 and KSK-2024', () => {
  const lines = readVectors('dnssec-digests.txt')
    .split('\n')
    .filter((line) => line.startsWith('. '))
  const expected = lines.map((line) => `${line.split(' ')[5]} ${/ 2:(\S+)/.exec(line)?.[1]}`)
  const anchors = rootAnchors.map((anchor) => anchor.kind === 'ds' && `${anchor.ds.keyTag} ${hex(anchor.ds.digest)}`)
  assert.deepEqual(anchors, expected)
  assert.equal(expected.length, 2)
})

const cases: [claim: string, anchors: TrustAnchor[], expected: string][] = [
  ['a DS of the key that signs', [asDs(rootName, first)], 'secure'],
  ['the key that signs', [asKey(rootName, first)], 'secure'],
  ['a stale key and a good one', [asDs(rootName, stale), asDs(rootName, first)], 'secure'],
  ['a stale DS and a good key', [asDs(rootName, stale), asKey(rootName, first)], 'secure'],
  ['only stale keys', [asDs(rootName, stale), asKey(rootName, stale)], 'anchor-mismatch'],
  ['a key that is there and does not sign', [asDs(rootName, second)], 'no-key'],
  ['keys of which one signs', [asDs(rootName, second), asDs(rootName, first)], 'secure'],
  ['a key of another owner', [asDs(nameOf('test.'), first), asKey(nameOf('test.'), first)], 'anchor-mismatch'],
  ['nothing at all', [], 'anchor-mismatch'],
]
for (const [claim, anchors, expected] of cases) {
  test(`DNSSEC-06 anchors are ${claim}: ${expected}`, () => assert.equal(kindOf(judge(anchors)), expected))
}

test('DNSSEC-09 a revoked key is no anchor, in either form', () => {
  const given = { keys: [revoked], by: [revoked] }
  assert.equal(kindOf(judge([asDs(rootName, revoked)], given)), 'anchor-mismatch')
  assert.equal(kindOf(judge([asKey(rootName, revoked)], given)), 'anchor-mismatch')
})

test('DNSSEC-06 an anchor that we cannot use is a fault, never a reason to go without', () => {
  const old = makeKey(7)
  assert.equal(kindOf(judge([asDs(rootName, old)], { keys: [old], by: [old] })), 'anchor-mismatch')
  const small = zoneKey({ algorithm: 8, publicKey: rsaOctets(Uint8Array.of(3), new Uint8Array(32).fill(0xff)) })
  const given = { keys: [small], by: [{ ...small, sign: () => new Uint8Array(32) }] }
  assert.equal(kindOf(judge([asKey(rootName, small)], given)), 'anchor-mismatch')
  assert.equal(kindOf(judge([asDs(rootName, small)], given)), 'anchor-mismatch')
})

const clocks: [claim: string, at: number, expected: string][] = [
  ['just before inception', window.inception - 61, 'clock'],
  ['in 1970', 0, 'clock'],
  ['within the window', window.inception, 'secure'],
  ['at its end', window.expiration, 'secure'],
  ['after its end, far from any time when this ran', window.expiration + 1, 'clock'],
]
for (const [claim, at, expected] of clocks) {
  test(`DNSSEC-28 a clock ${claim}: ${expected}`, () => {
    assert.equal(kindOf(judge([asDs(rootName, first)], { now: at })), expected)
  })
}

test('DNSSEC-28 a wrong clock says what it says, and keeps the EDE of its symptom', () => {
  const verdict = judge([asDs(rootName, first)], { now: 0 })
  assert.ok(verdict.verdict === 'bogus')
  const { text, ede } = verdict.problem
  assert.match(text, /^the clock says 1970-01-01T00:00:00Z, which the keys of \. rule out: signature 15\/\d+ over /)
  assert.equal(ede, 8)
})

test('DNSSEC-28 no clock is blamed for a signature that ended, nor for some of several', () => {
  const [soon] = dnskeyRrset(rootName, [first], [first]).signatures
  assert.ok(soon)
  const rrset = dnskeyRrset(rootName, [first], [first])
  const ended = { ...rrset, signatures: [{ ...soon, expiration: now - 1 }] }
  const by = { kind: 'anchors', anchors: [asDs(rootName, first)] } as const
  const options = { zone: rootName, by, policy: createPolicy(), budget: createBudget() }
  assert.equal(kindOf(authenticateKeys({ ...options, rrset: ended, now })), 'expired')
  const mixed = { ...rrset, signatures: [soon, { ...soon, inception: 0, expiration: 1 }] }
  assert.equal(kindOf(authenticateKeys({ ...options, rrset: mixed, now: 1000 })), 'not-yet-valid')
})

test('DNSSEC-28 below an anchor nothing is said of the clock', () => {
  const [ds] = verifiedLab('test.', [labRrset('vec.test.', 'DS')])
  assert.ok(ds)
  const given = { zone: nameOf('vec.test.'), rrset: labRrset('vec.test.', 'DNSKEY') }
  const options = { ...given, now: 0, policy: createPolicy(), budget: createBudget() }
  assert.equal(kindOf(authenticateKeys({ ...options, by: { kind: 'ds', rrset: ds } })), 'not-yet-valid')
})

test('DNSSEC-07 the anchors closest to a name are taken', () => {
  const owners = ['.', 'test.', 'vec.test.', 'vec.test.'].map(nameOf)
  const anchors = owners.map((owner) => asKey(owner, first))
  const closest = (text: string) => closestAnchors(anchors, nameOf(text)).map(({ owner }) => formatName(owner))
  assert.deepEqual(closest('mx.vec.test.'), ['vec.test.', 'vec.test.'])
  assert.deepEqual(closest('VEC.test.'), ['vec.test.', 'vec.test.'])
  assert.deepEqual(closest('other.test.'), ['test.'])
  assert.deepEqual(closest('xvec.test.'), ['test.'])
  assert.deepEqual(closest('example.'), ['.'])
  assert.deepEqual(closestAnchors(anchors.slice(1), nameOf('example.')), [])
})

const files: [claim: string, text: string, expected: string][] = [
  [
    'records of both types',
    `test. DS 1 15 2 ${'ab'.repeat(32)}\ntest. DNSKEY 257 3 15 ${'A'.repeat(43)}=`,
    'ds dnskey',
  ],
  ['comments alone', '; none\n', 'no-anchors'],
  ['another record', 'test. A 192.0.2.1', 'not-an-anchor'],
  ['a name without a final dot', 'test DS 1 15 2 ab', 'bad-owner'],
  ['a DS without a digest', 'test. DS 1 15 2', 'missing-field'],
]
for (const [claim, text, expected] of files) {
  test(`DNSSEC-06 a file of anchors with ${claim}: ${expected}`, () => {
    const anchors = parseTrustAnchors(text)
    assert.equal(anchors.ok ? anchors.value.map(({ kind }) => kind).join(' ') : anchors.fault, expected)
  })
}

test('DNSSEC-06 what is no anchor is refused where it stands', () => {
  const text = `; anchors\ntest. DS 1 15 2 ${'ab'.repeat(32)}\ntest. A 192.0.2.1`
  assert.deepEqual(parseTrustAnchors(text), { ok: false, fault: 'not-an-anchor', at: text.indexOf('test. A') })
})

const sha1 = makeKey(7)
const ofFlags = (flags: number) => asKey(rootName, makeKey(15, { flags }))
const dsOf = (fields: object) => ({ kind: 'ds', owner: rootName, ds: { ...rootDs, ...fields } }) as const
const rootDs = { keyTag: 1, algorithm: 15, digestType: 2, digest: new Uint8Array(32) }
const smallKey = zoneKey({ algorithm: 8, publicKey: rsaOctets(Uint8Array.of(3), new Uint8Array(32).fill(0xff)) })
const uses: [claim: string, anchors: TrustAnchor[], owner: string | undefined][] = [
  ['none at all', [], undefined],
  ['those of the root', [...rootAnchors], undefined],
  ['a DS', [dsOf({})], undefined],
  ['a DS of an unknown algorithm', [dsOf({ algorithm: 99 })], '.'],
  ['a DS of an unknown digest', [dsOf({ digestType: 99 })], '.'],
  ['a DS whose digest is too short', [dsOf({ digest: new Uint8Array(31) })], '.'],
  ['an unknown one and a good one', [dsOf({ algorithm: 99 }), dsOf({})], undefined],
  ['a good one of another owner', [asKey(nameOf('test.'), sha1), dsOf({})], 'test.'],
  ['a key without SEP', [ofFlags(256)], undefined],
  ['a key that is no zone key', [ofFlags(1)], '.'],
  ['a revoked key', [ofFlags(385)], '.'],
  ['a revoked key and a good one', [ofFlags(385), ofFlags(257)], undefined],
  ['a key too small', [asKey(rootName, smallKey)], '.'],
]
for (const [claim, anchors, owner] of uses) {
  test(`DNSSEC-06 with ${claim} as anchors, ${owner === undefined ? 'all' : 'not all'} can be used`, () => {
    const unusable = unusableOwner(anchors, createPolicy())
    assert.equal(unusable && formatName(unusable), owner)
  })
}

test('DNSSEC-33 an anchor with SHA-1 signatures can be used when those are allowed', () => {
  const anchors = [asKey(rootName, sha1)]
  assert.equal(unusableOwner(anchors, createPolicy())?.key, rootName.key)
  assert.equal(unusableOwner(anchors, createPolicy({ allowSha1: true })), undefined)
})

test('DNSSEC-06 parseTrustAnchors never throws, and a fault is somewhere in the text', () => {
  const words = [
    '. ',
    'test. ',
    'DS ',
    'DNSKEY ',
    '1 ',
    '8 ',
    '2 ',
    '257 3 15 ',
    'abab',
    'AAAA',
    '\n',
    ';',
    '\\# 3 ',
    'A ',
  ]
  const text = fc.oneof(
    fc.array(fc.constantFrom(...words)).map((list) => list.join('')),
    fc.string({ unit: 'binary' }),
  )
  fc.assert(
    fc.property(text, (given) => {
      const anchors = parseTrustAnchors(given)
      if (anchors.ok) unusableOwner(anchors.value, createPolicy())
      else assert.ok(anchors.at >= 0 && anchors.at <= given.length)
    }),
    { numRuns: 1000 },
  )
})
