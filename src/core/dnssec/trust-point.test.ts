import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dnskeyRrset } from '../../../test/support/dnssec-vectors.ts'
import { makeKey, signRrset, now as start, type TestKey, window } from '../../../test/support/sign.ts'
import {
  a,
  asDs,
  asKey,
  b,
  c,
  day,
  held,
  hour,
  look,
  nameOfKey,
  old,
  pointOf,
  policy,
  revoke,
  show,
  tracked,
} from '../../../test/support/trust-points.ts'
import type { Rrset } from '../dns/rrset.ts'
import { limits } from '../limits.ts'
import { rootName } from '../name/name.ts'
import { rootAnchors } from './anchors.ts'
import { keyTagOf } from './key-tag.ts'
import {
  addAnchors,
  anchorsInForce,
  beginTrustPoint,
  isDue,
  type KeyAnchor,
  lookFailed,
  observeKeys,
  queryInterval,
  retryInterval,
  showsRevocation,
  type TrackedAnchor,
} from './trust-point.ts'
import { withoutRevoke, type ZoneKey } from './zone-key.ts'

test('DNSSEC-08 a new key is trusted after 30 days, at the first look that sees it still, and not before', () => {
  let { point } = look(pointOf(tracked(a, 'valid')), [a, b], [a])
  for (const [at, expected] of [
    [held - 1, 'a valid, b add-pend'],
    [held, 'a valid, b valid'],
  ] as const) {
    point = look(point, [a, b], [a], at).point
    assert.equal(show(point), expected)
  }
  // From then on it may sign alone.
  assert.equal(look(point, [a, b], [b], held + 1).problem, undefined)
})

test('DNSSEC-08 a key that vanishes while it is pending begins anew', () => {
  let { point } = look(pointOf(tracked(a, 'valid')), [a, b], [a])
  point = look(point, [a], [a], start + day).point
  point = look(point, [a, b], [a], start + 2 * day).point
  point = look(point, [a, b], [a], held).point
  assert.equal(show(point), 'a valid, b add-pend')
  point = look(point, [a, b], [a], start + 2 * day + limits.dnssec.anchorHoldDown).point
  assert.equal(show(point), 'a valid, b valid')
})

test('DNSSEC-08 the hold-down lasts at least as long as the TTL of the RRset that first had the key', () => {
  const ttl = limits.dnssec.anchorHoldDown + day
  const plain = { ...dnskeyRrset(rootName, [a, b], []), ttl }
  const { point } = observeKeys(pointOf(tracked(a, 'valid')), signRrset(plain, a, rootName), { now: start, policy })
  assert.equal(point.anchors[1]?.holdUntil, start + ttl)
})

test('DNSSEC-08 a clock that goes backwards delays what waits, and never hastens it', () => {
  const ahead = start + 300 * day
  let { point } = look(pointOf(tracked(a, 'valid')), [a, b], [a], ahead)
  assert.ok(isDue(point, start), 'what was learnt in the future must not put off the next look')
  point = look(point, [a, b], [a], start).point
  point = look(point, [a, b], [a], held + day).point
  assert.equal(show(point), 'a valid, b add-pend')
  point = look(point, [a, b], [a], ahead + limits.dnssec.anchorHoldDown).point
  assert.equal(show(point), 'a valid, b valid')
})

test('DNSSEC-08 nothing is learnt from an RRset that no anchor vouches for, but for a key that revokes itself', () => {
  const before = pointOf(tracked(a, 'valid'), tracked(b, 'add-pend', old, start))
  const unsigned: [claim: string, keys: ZoneKey[], by: TestKey[]][] = [
    ['unsigned', [a, b], []],
    ['signed by the new key alone', [a, b], [b]],
    ['signed by a stranger', [a, b, c], [c]],
    ['without any anchor', [c], [c]],
  ]
  for (const [claim, keys, by] of unsigned) {
    const { point, events, problem } = look(before, keys, by)
    assert.ok(problem !== undefined, claim)
    assert.deepEqual([show(point), events, point.observedAt], [show(before), [], undefined], claim)
    assert.equal(point.askAt, start + point.retryAfter, claim)
  }
})

test('DNSSEC-08 a revocation counts without another signature, and at once', () => {
  const { point, events, problem } = look(pointOf(tracked(a, 'valid')), [revoke(a), b], [revoke(a)])
  assert.equal(show(point), 'a revoked')
  assert.ok(problem !== undefined)
  assert.deepEqual(
    events.map(({ kind, keyTag }) => [kind, keyTag]),
    [['revoked', a.keyTag]],
  )
})

test('DNSSEC-08 a key that is revoked in an RRset vouches for nothing else in it', () => {
  const { point, problem } = look(pointOf(tracked(a, 'valid')), [a, revoke(a), b], [a, revoke(a)])
  assert.ok(problem !== undefined)
  assert.equal(show(point), 'a revoked')
})

test('DNSSEC-08 where every key was revoked, no key matches: nothing becomes insecure', () => {
  const point = pointOf(tracked(a, 'revoked'), tracked(b, 'removed'), tracked(c, 'add-pend', start, held))
  assert.deepEqual(anchorsInForce(point), [{ kind: 'none', owner: rootName }])
  assert.ok(look(point, [a, b, c], [a, b, c]).problem !== undefined)
})

test('DNSSEC-08 valid and missing keys are in force, and no others', () => {
  const all = (['add-pend', 'valid', 'missing', 'revoked', 'removed'] as const).map((state) => tracked(a, state))
  assert.deepEqual(anchorsInForce(pointOf(...all)), [asKey(a), asKey(a)])
})

test('DNSSEC-08 DNSSEC-05 digests are followed as keys are', () => {
  const point = beginTrustPoint(rootName, [asDs(a), asDs(b)], start)
  const seen = look(point, [a], [a]).point
  assert.equal(show(seen), 'a valid, b missing')
  assert.deepEqual(anchorsInForce(seen), [asDs(a), asDs(b)])
  const gone = look(point, [a, revoke(b)], [a, revoke(b)]).point
  assert.equal(show(gone), 'a valid, b revoked')
  assert.deepEqual(anchorsInForce(gone), [asDs(a)])
})

test('DNSSEC-09 the key tag of a key changes when it is revoked, and that of the digest stays with it', () => {
  const revoked = revoke(a)
  assert.notEqual(revoked.keyTag, a.keyTag)
  assert.equal(keyTagOf(withoutRevoke(revoked.rdata)), a.keyTag)
  assert.deepEqual(withoutRevoke(a.rdata), Uint8Array.from(a.rdata))
})

test('DNSSEC-08 both built-in anchors are in force at the first start', () => {
  const given = rootAnchors as readonly KeyAnchor[]
  const point = beginTrustPoint(rootName, given, start)
  assert.deepEqual(anchorsInForce(point), rootAnchors)
  assert.ok(isDue(point, start))
})

const additions: [claim: string, before: TrackedAnchor[], given: KeyAnchor[], after: string][] = [
  ['known in the other form', [tracked(a, 'valid')], [asDs(a)], 'a valid'],
  ['new', [tracked(a, 'valid')], [asDs(a), asDs(b)], 'a valid, b valid'],
  ['pending', [tracked(a, 'valid'), tracked(b, 'add-pend', start, held)], [asDs(b)], 'a valid, b valid'],
  ['missing', [tracked(a, 'missing')], [asKey(a)], 'a missing'],
  ['revoked', [tracked(a, 'valid'), tracked(b, 'revoked')], [asDs(b)], 'a valid, b revoked'],
  ['removed', [tracked(a, 'valid'), tracked(b, 'removed')], [asKey(b)], 'a valid, b removed'],
]
for (const [claim, before, given, after] of additions) {
  test(`DNSSEC-08 an anchor of a newer release that is ${claim}: "${after}"`, () => {
    assert.equal(show(addAnchors(pointOf(...before), given, { now: start, policy })), after)
  })
}

const seldom: [claim: string, originalTtl: number, left: number, query: number, retry: number][] = [
  ['as the root has them', 2 * day, 21 * day, day, Math.floor(0.2 * day)],
  ['a short TTL', 60, 21 * day, hour, hour],
  ['a signature about to end', 2 * day, 60, hour, hour],
  ['a signature that ends tomorrow', 30 * day, day, day / 2, Math.floor(day / 10)],
  ['both very long', 100 * day, 100 * day, 15 * day, day],
  ['a TTL of 20 hours', 20 * hour, 100 * day, 10 * hour, 2 * hour],
]
for (const [claim, originalTtl, left, query, retry] of seldom) {
  test(`DNSSEC-08 RFC 5011 §2.3: the next look comes in time, with ${claim}`, () => {
    assert.deepEqual([queryInterval(originalTtl, left), retryInterval(originalTtl, left)], [query, retry])
  })
}

test('DNSSEC-08 the intervals stay between their bounds', () => {
  fc.assert(
    fc.property(fc.nat(0x7fffffff), fc.nat(0x7fffffff), (originalTtl, left) => {
      const [query, retry] = [queryInterval(originalTtl, left), retryInterval(originalTtl, left)]
      assert.ok(query >= hour && query <= 15 * day && retry >= hour && retry <= day && retry <= query)
    }),
  )
})

test('DNSSEC-08 a look sets the next by the original TTL, not by what is left of it, and a failed one by a tenth', () => {
  const signed = signRrset({ ...dnskeyRrset(rootName, [a], []), ttl: 2 * day }, a, rootName)
  const { point } = observeKeys(pointOf(tracked(a, 'valid')), { ...signed, ttl: 5 }, { now: start, policy })
  assert.deepEqual([point.observedAt, point.askAt - start, point.retryAfter], [start, day, Math.floor(0.2 * day)])
  assert.deepEqual([isDue(point, point.askAt - 1), isDue(point, point.askAt)], [false, true])
  assert.equal(lookFailed(point, point.askAt).askAt, point.askAt + Math.floor(0.2 * day))
  assert.ok(window.expiration - start > 30 * day)
})

test('DNSSEC-08 a revocation is seen between looks', () => {
  const rrset = dnskeyRrset(rootName, [a, revoke(b)], [a, revoke(b)])
  const shows = (...anchors: TrackedAnchor[]) => showsRevocation(pointOf(...anchors), rrset, policy)
  assert.ok(shows(tracked(a, 'valid'), tracked(b, 'valid')))
  assert.ok(shows(tracked(a, 'valid'), tracked(b, 'add-pend')))
  assert.ok(!shows(tracked(a, 'valid'), tracked(b, 'revoked')))
  assert.ok(!shows(tracked(a, 'valid')))
})

test('DNSSEC-62 no more keys are followed than fit, and no key that cannot be used', () => {
  const many = Array.from({ length: 2 * limits.dnssec.trackedAnchors }, () => makeKey(15))
  const { point } = look(pointOf(tracked(a, 'valid')), [a, ...many], [a])
  assert.equal(point.anchors.length, limits.dnssec.trackedAnchors)
  const sha1 = makeKey(7)
  assert.equal(show(look(pointOf(tracked(a, 'valid')), [a, sha1], [a]).point), 'a valid')
})

test('DNSSEC-08 whatever is published, a key is trusted only after its time, and never again once it was revoked', () => {
  const keys = [a, b, c]
  const step = fc.record({
    days: fc.integer({ min: 0, max: 20 }),
    shown: fc.subarray(keys),
    revoked: fc.subarray(keys),
    by: fc.subarray(keys, { minLength: 1 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let point = pointOf(tracked(a, 'valid', start))
      let at = start
      const first = new Map<string, number>([['a', Number.NEGATIVE_INFINITY]])
      const lost = new Set<string>()
      for (const { days, shown, revoked, by } of steps) {
        at += days * day
        const published = keys.flatMap((key) =>
          revoked.includes(key) ? [revoke(key)] : shown.includes(key) ? [key] : [],
        )
        if (published.length === 0) continue
        const signers = by.map((key) => (revoked.includes(key) ? revoke(key) : key))
        const rrset: Rrset = dnskeyRrset(rootName, published, signers)
        point = observeKeys(point, rrset, { now: at, policy }).point
        for (const { anchor, state, since } of point.anchors) {
          const name = nameOfKey(anchor)
          if (state === 'add-pend') first.set(name, since)
          if (state === 'revoked' || state === 'removed') lost.add(name)
          if (state !== 'valid' && state !== 'missing') continue
          assert.ok(!lost.has(name), `${name} came back`)
          assert.ok(at - (first.get(name) ?? at) >= limits.dnssec.anchorHoldDown, `${name} came too early`)
        }
      }
    }),
    { numRuns: 150 },
  )
})
