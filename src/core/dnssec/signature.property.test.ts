import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeKey, nameOf, now, signRrset, type TestKey, window } from '../../../test/support/sign.ts'
import { writeMx } from '../dns/rdata/write.ts'
import type { ReceivedSignature, Rrset } from '../dns/rrset.ts'
import { CLASS, TYPE } from '../dns/types.ts'
import { foldCase, isWildcard, labelsOf, type Name, nameFromLabels, prependLabels } from '../name/name.ts'
import { createBudget } from './budget.ts'
import { createPolicy } from './policy.ts'
import { verifyRrset } from './signature.ts'
import { readZoneKey, type ZoneKey } from './zone-key.ts'

const zone = nameOf('Example.org.')
const policy = createPolicy()
const keys = [8, 13, 14, 15, 16].map((algorithm) => makeKey(algorithm))

function isSecure(rrset: Rrset, key: ZoneKey, at = now): boolean {
  const options = { zone, keys: [key], now: at, policy, budget: createBudget() }
  return verifyRrset(rrset, options).verdict === 'secure'
}

/** Whether it is accepted under another owner, but for a wildcard's expansion: that says of itself that it is one. */
function isMoved({ rrset, key }: Signed, name: Name): boolean {
  const verdict = verifyRrset({ ...rrset, name }, { zone, keys: [key], now, policy, budget: createBudget() })
  if (verdict.verdict === 'bogus') return false
  const { closestEncloser } = verdict.rrset
  const parent = nameFromLabels(labelsOf(rrset.name).slice(1))
  return !isWildcard(rrset.name) || closestEncloser === undefined || closestEncloser.key !== parent?.key
}

const label = fc.string({ unit: fc.constantFrom('a', 'B', '*', '-', '\0', '\xff', '.'), minLength: 1, maxLength: 4 })
const owner = fc.array(label, { maxLength: 4 }).map((labels) => prependLabels(labels, zone) ?? zone)

const mx: fc.Arbitrary<Uint8Array> = fc.record({ preference: fc.nat(65_535), exchange: owner }).map(writeMx)
const octets: fc.Arbitrary<Uint8Array> = fc.uint8Array({ minLength: 1, maxLength: 40 })
const data: fc.Arbitrary<{ type: number; rdatas: Uint8Array[] }> = fc.oneof(
  fc.record({ type: fc.constant<number>(TYPE.MX), rdatas: fc.array<Uint8Array>(mx, { minLength: 1, maxLength: 5 }) }),
  fc.record({
    type: fc.constantFrom<number>(TYPE.TLSA, 65_280),
    rdatas: fc.array<Uint8Array>(octets, { minLength: 1, maxLength: 5 }),
  }),
)

interface Signed {
  readonly rrset: Rrset
  readonly signature: ReceivedSignature
  readonly key: TestKey
}

const signed: fc.Arbitrary<Signed> = fc
  .record({ name: owner, data, key: fc.constantFrom(...keys), ttl: fc.nat(100_000) })
  .map(({ name, data: { type, rdatas }, key, ttl }) => {
    const distinct = [...new Map(rdatas.map((rdata) => [canonicalKey(type, rdata), rdata])).values()]
    const plain = { name, type, class: CLASS.IN, ttl, rdatas: distinct, signatures: [], damaged: false }
    const rrset = signRrset(plain, key, zone)
    const [signature] = rrset.signatures
    assert.ok(signature)
    return { rrset, signature, key }
  })

/** The same for data that differs in the case of MX hosts alone. */
function canonicalKey(type: number, rdata: Uint8Array): string {
  const text = Buffer.from(rdata).toString('latin1')
  return type === TYPE.MX ? text.slice(0, 2) + foldCase(text.slice(2)) : text
}

/** Where to change an octet, and by what. */
const flip = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) })

function flipped(given: Uint8Array, { at, by }: { at: number; by: number }): Uint8Array {
  return Uint8Array.from(given, (octet, place) => (place === at % given.length ? octet ^ by : octet))
}

function withSignature({ rrset, signature }: Signed, fields: Partial<ReceivedSignature>): Rrset {
  return { ...rrset, signatures: [{ ...signature, ...fields }] }
}

function check(claim: string, holds: (signed: Signed, change: { at: number; by: number }) => boolean | undefined) {
  test(claim, () => {
    fc.assert(
      fc.property(signed, flip, (one, change) => holds(one, change) !== false),
      { numRuns: 150 },
    )
  })
}

check('DNSSEC-18 what was signed is secure', ({ rrset, key }) => isSecure(rrset, key))

check('DNSSEC-18 no octet of any record can be changed', ({ rrset, key }, change) => {
  const which = change.at % rrset.rdatas.length
  const rdatas = rrset.rdatas.map((rdata, place) => (place === which ? flipped(rdata, change) : rdata))
  const isSame = rdatas.every((rdata, place) => {
    return canonicalKey(rrset.type, rdata) === canonicalKey(rrset.type, rrset.rdatas[place] ?? rdata)
  })
  return isSame || !isSecure({ ...rrset, rdatas }, key)
})

check('DNSSEC-18 no record can be left out, and none added', ({ rrset, key }, { at, by }) => {
  const fewer = rrset.rdatas.filter((_, place) => place !== at % rrset.rdatas.length)
  const more = [...rrset.rdatas, Uint8Array.from([0, by, 0xff, at & 255, 0])]
  return (
    !isSecure({ ...rrset, rdatas: more }, key) && (fewer.length === 0 || !isSecure({ ...rrset, rdatas: fewer }, key))
  )
})

check('DNSSEC-18 neither type, class nor TTL that was signed can be changed', (one, { by }) => {
  const { rrset, signature, key } = one
  const type = rrset.type ^ by
  const typed = { ...rrset, type, signatures: [{ ...signature, typeCovered: type }] }
  const originalTtl = (signature.originalTtl ^ by) >>> 0
  return ![typed, { ...rrset, class: CLASS.IN ^ by }, withSignature(one, { originalTtl })].some((rrset) =>
    isSecure(rrset, key),
  )
})

check('DNSSEC-18 no octet of the owner can be changed, but for its case', (one, { at, by }) => {
  const { name } = one.rrset
  const labels = labelsOf(name)
  const which = at % labels.length
  const changed = labels.map((text, place) => {
    const other = flipped(Buffer.from(text, 'latin1'), { at: at >>> 8, by })
    return place === which ? Buffer.from(other).toString('latin1') : text
  })
  const other = nameFromLabels(changed) ?? name
  return other.key === name.key || !isMoved(one, other)
})

check('DNSSEC-18 DNSSEC-40 a name above or below the owner is not the owner', (one, { by }) => {
  const { name } = one.rrset
  const below = prependLabels([String.fromCharCode(by)], name)
  const above = nameFromLabels(labelsOf(name).slice(1))
  return [below, above].every((other) => other === undefined || !isMoved(one, other))
})

const numbers = [
  ['algorithm', 8],
  ['labels', 8],
  ['expiration', 32],
  ['inception', 32],
  ['keyTag', 16],
] as const
for (const [field, bits] of numbers) {
  check(`DNSSEC-15 DNSSEC-18 the field ${field} of a signature cannot be changed`, (one, { at }) => {
    const value = (one.signature[field] ^ (1 << (at % bits))) >>> 0
    const others = keys.map((key) => ({ ...key, keyTag: value }))
    return ![one.key, ...others].some((key) => isSecure(withSignature(one, { [field]: value }), key))
  })
}

check('DNSSEC-18 no octet of a signature can be changed, and none left out or added', (one, change) => {
  const { signature, key } = one
  const forms = [
    flipped(signature.signature, change),
    signature.signature.subarray(1),
    signature.signature.subarray(0, -1),
    Buffer.concat([signature.signature, Uint8Array.of(change.by)]),
    Buffer.concat([Uint8Array.of(0), signature.signature]),
  ]
  return !forms.some((octets) => isSecure(withSignature(one, { signature: octets }), key))
})

check('DNSSEC-16 no other name can be the signer', (one, { by }) => {
  const names = [nameOf('.'), nameOf('org.'), nameOf('exbmple.org.'), prependLabels([String.fromCharCode(by)], zone)]
  return !names.some((signer) => signer !== undefined && isSecure(withSignature(one, { signer }), one.key))
})

check('DNSSEC-18 no octet of the key can be changed, whatever its tag', ({ rrset, key }, change) => {
  const publicKey = flipped(key.publicKey, change)
  const rdata = Buffer.concat([key.rdata.subarray(0, 4), publicKey])
  const changed = readZoneKey(rdata)
  return changed === undefined || !isSecure(rrset, { ...changed, keyTag: key.keyTag })
})

check('DNSSEC-18 the order of records and their repetition have no say', ({ rrset, key }, { at }) => {
  const turn = at % rrset.rdatas.length
  const turned = [...rrset.rdatas.slice(turn), ...rrset.rdatas.slice(0, turn)]
  return [turned, turned.toReversed(), [...turned, ...turned]].every((rdatas) => isSecure({ ...rrset, rdatas }, key))
})

check('DNSSEC-18 DNSSEC-19 the case of owner, signer and MX hosts has no say', (one, { at }) => {
  const { rrset, signature, key } = one
  const name = otherCase(rrset.name, at)
  const isMx = rrset.type === TYPE.MX
  const rdatas = isMx ? rrset.rdatas.map((rdata) => otherCaseOfMx(rdata)) : rrset.rdatas
  return isSecure({ ...rrset, name, rdatas, signatures: [{ ...signature, signer: otherCase(zone, at) }] }, key)
})

check('DNSSEC-27 the TTL received has no say, and is never raised', ({ rrset, key }, { at }) => {
  const ttl = at % 1_000_000
  const verdict = verifyRrset({ ...rrset, ttl }, { zone, keys: [key], now, policy, budget: createBudget() })
  return verdict.verdict === 'secure' && verdict.rrset.ttl <= Math.min(ttl, rrset.ttl)
})

check('DNSSEC-25 nothing is secure out of its time', ({ rrset, key }, { at }) => {
  const early = window.inception - 61 - (at % 1_000_000_000)
  const late = window.expiration + 1 + (at % 1_000_000_000)
  return !isSecure(rrset, key, early) && !isSecure(rrset, key, late)
})

function swapCase(text: string): string {
  return text.replace(/[A-Za-z]/g, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))
}

function otherCase(name: Name, at: number): Name {
  return nameFromLabels(labelsOf(name).map((text, place) => ((at >>> place) & 1 ? swapCase(text) : text))) ?? name
}

/** No length octet looks like a letter: labels are short. */
function otherCaseOfMx(rdata: Uint8Array): Uint8Array {
  const text = Buffer.from(rdata).toString('latin1')
  return Buffer.from(text.slice(0, 2) + swapCase(text.slice(2)), 'latin1')
}
