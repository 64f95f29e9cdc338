import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeKey, nameOf } from '../../../test/support/sign.ts'
import { rootName } from '../name/name.ts'
import { rootAnchors } from './anchors.ts'
import { beginTrustPoint, type KeyAnchor, type TrackedAnchor, type TrustPoint } from './trust-point.ts'
import { formatTrustPoint, parseTrustPoint } from './trust-point-text.ts'

const builtIn = rootAnchors as readonly KeyAnchor[]
const owner = nameOf('a\\046b.example.')
const anchor: KeyAnchor = { kind: 'dnskey', owner, rdata: Uint8Array.from(makeKey(13).rdata) }
const all: TrackedAnchor[] = [
  { anchor, state: 'add-pend', since: 10, holdUntil: 20 },
  ...(['valid', 'missing', 'revoked', 'removed'] as const).map((state) => ({
    ...{ anchor, state, since: 30, holdUntil: undefined },
  })),
]
const full: TrustPoint = { owner, anchors: all, observedAt: 40, askAt: 50, retryAfter: 60 }

for (const [claim, point] of [
  ['just begun', beginTrustPoint(rootName, builtIn, 1)],
  ['with keys in every state', full],
] as const) {
  test(`DNSSEC-08 a trust point ${claim} comes back from its text as it was`, () => {
    const read = parseTrustPoint(formatTrustPoint(point))
    assert.ok(read)
    assert.equal(formatTrustPoint(read), formatTrustPoint(point))
    assert.deepEqual([read.observedAt, read.askAt, read.retryAfter], [point.observedAt, point.askAt, point.retryAfter])
    assert.deepEqual(
      read.anchors.map(({ state, since, holdUntil }) => [state, since, holdUntil]),
      point.anchors.map(({ state, since, holdUntil }) => [state, since, holdUntil]),
    )
  })
}

const good = JSON.parse(formatTrustPoint(full))
const [pending] = good.anchors
const refused: [claim: string, value: unknown][] = [
  ['nothing', ''],
  ['a list', []],
  ['no anchor', { ...good, anchors: [] }],
  ['an owner that is no name', { ...good, owner: 'a..b' }],
  ['an anchor of another name', { ...good, owner: 'example.' }],
  ['a state that is none', { ...good, anchors: [{ ...pending, state: 'trusted' }] }],
  ['a key that waits for nothing', { ...good, anchors: [{ ...pending, holdUntil: undefined }] }],
  ['a trusted key that waits', { ...good, anchors: [{ ...pending, state: 'valid' }] }],
  ['a time that is none', { ...good, askAt: '50' }],
  ['a look at no time', { ...good, observedAt: undefined }],
  ['two records in one', { ...good, anchors: [{ ...pending, record: `${pending.record}\n${pending.record}` }] }],
  ['a record that is no anchor', { ...good, anchors: [{ ...pending, record: 'a\\046b.example. 0 IN A 192.0.2.1' }] }],
]
for (const [claim, value] of refused) {
  test(`DNSSEC-08 a text of a trust point is refused: ${claim}`, () => {
    assert.equal(parseTrustPoint(typeof value === 'string' ? value : JSON.stringify(value)), undefined)
  })
}

test('DNSSEC-08 parseTrustPoint never throws, whatever became of the text', () => {
  const text = formatTrustPoint(full)
  const changed = fc.tuple(fc.nat(text.length), fc.nat(20), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(changed, ([at, gone, put]) => {
      const read = parseTrustPoint(text.slice(0, at) + put + text.slice(at + gone))
      if (read !== undefined)
        assert.ok(read.anchors.every(({ state, holdUntil }) => (state === 'add-pend') === (holdUntil !== undefined)))
    }),
    { numRuns: 1000 },
  )
})
