import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeKey, nameOf } from '../../../test/support/sign.ts'
import { type Name, rootName } from '../name/name.ts'
import { parseTrustAnchors, rootAnchors } from './anchors.ts'
import { type AnchorEvent, type AnchorState, beginTrustPoint, type KeyAnchor } from './trust-point.ts'
import { describeEvents, warnOfRootRoll } from './trust-point-words.ts'

const at = Date.UTC(2026, 11, 1) / 1000
const key = makeKey(13)

function say(
  kind: AnchorEvent['kind'],
  more: {
    follows?: boolean
    isKept?: boolean
    isFirst?: boolean
    owner?: Name
    states?: AnchorState[]
    keyTag?: number
  } = {},
): string[] {
  const { follows = true, isKept = true, isFirst = false, owner = rootName, states = ['valid'], keyTag = 7 } = more
  const anchor: KeyAnchor = { kind: 'dnskey', owner, rdata: key.rdata }
  const anchors = states.map((state) => ({ anchor, state, since: at, holdUntil: undefined }))
  const point = { ...beginTrustPoint(owner, [], at), anchors, observedAt: at }
  const events = [{ kind, keyTag, algorithm: 13, holdUntil: kind === 'pending' ? at : undefined }]
  return describeEvents(point, events, { observedAt: isFirst ? undefined : at }, { follows, isKept })
}

const told: [claim: string, lines: string[], expected: string[]][] = [
  [
    'a new key',
    say('pending'),
    [
      'key 7 (algorithm 13) of . is new: it becomes a trust anchor if it is still there 2026-12-01T00:00:00Z (RFC 5011)',
    ],
  ],
  [
    'a new key, and no store',
    say('pending', { isKept: false }),
    [
      'key 7 (algorithm 13) of . is new: nothing here lives long enough to trust it one day; a store would, or a newer release',
    ],
  ],
  [
    'a new key, and anchors that stay',
    say('pending', { follows: false }),
    ['key 7 (algorithm 13) of . is no trust anchor here: its owner may be about to change keys'],
  ],
  [
    'an unknown key of the root at the first look',
    say('pending', { follows: false, isFirst: true }),
    ['key 7 (algorithm 13) of . is no trust anchor here: its owner may be about to change keys'],
  ],
  ['a key of the root that everybody knows', say('pending', { follows: false, isFirst: true, keyTag: 20_326 }), []],
  [
    'another key of some zone at the first look',
    say('pending', { follows: false, isFirst: true, owner: nameOf('example.') }),
    [],
  ],
  ['a key that went', say('dropped'), ['key 7 (algorithm 13) of . is gone again before it became a trust anchor']],
  ['a key that is trusted now', say('trusted'), ['key 7 (algorithm 13) of . is a trust anchor from now on (RFC 5011)']],
  ['the same, and anchors that stay', say('trusted', { follows: false }), []],
  [
    'a missing key',
    say('missing'),
    ['key 7 (algorithm 13) of . is a trust anchor, and is no longer among the keys of the zone'],
  ],
  ['one of two keys at the first look', say('missing', { isFirst: true, states: ['valid', 'missing'] }), []],
  [
    'a key that is back',
    say('back'),
    ['key 7 (algorithm 13) of ., a trust anchor, is among the keys of the zone again'],
  ],
  [
    'a revoked key',
    say('revoked'),
    ['key 7 (algorithm 13) of . was revoked by its owner, and is no trust anchor any more (RFC 5011)'],
  ],
  [
    'a revoked key, and anchors that stay',
    say('revoked', { follows: false }),
    ['key 7 (algorithm 13) of . was revoked by its owner: take it out of the trust anchors'],
  ],
  [
    'the last key revoked',
    say('revoked', { states: ['revoked'] }),
    [
      'key 7 (algorithm 13) of . was revoked by its owner, and is no trust anchor any more (RFC 5011)',
      'every trust anchor of . is revoked: all names below it fail, and mail waits, until new ones are installed',
    ],
  ],
  ['a key removed', say('removed'), []],
]
for (const [claim, lines, expected] of told) {
  test(`DNSSEC-08 an operator hears of ${claim}`, () => assert.deepEqual(lines, expected))
}

function anchorsOf(text: string): readonly KeyAnchor[] {
  const anchors = parseTrustAnchors(text)
  assert.ok(anchors.ok)
  return anchors.value.filter((anchor) => anchor.kind !== 'none')
}

const digest = 'ab'.repeat(32)
const rolls: [claim: string, anchors: readonly KeyAnchor[], when: number, expected: RegExp | undefined][] = [
  ['both keys', rootAnchors as readonly KeyAnchor[], at, undefined],
  ['the key that leaves alone', anchorsOf(`. DS 20326 8 2 ${digest}`), at, /is signed by key 38696 from 2026-10-11 on/],
  [
    'the same half a year before',
    anchorsOf(`. DS 20326 8 2 ${digest}`),
    Date.UTC(2026, 4, 1) / 1000,
    /will be signed by key 38696/,
  ],
  ['the same a year before', anchorsOf(`. DS 20326 8 2 ${digest}`), Date.UTC(2025, 9, 1) / 1000, undefined],
  ['the key that comes alone', anchorsOf(`. DS 38696 8 2 ${digest}`), at, undefined],
  ['the key that leaves, and a later one', anchorsOf(`. DS 20326 8 2 ${digest}\n. DS 1 8 2 ${digest}`), at, undefined],
  ['another zone', anchorsOf(`example. DS 20326 8 2 ${digest}`), at, undefined],
  ['keys of a laboratory', anchorsOf(`. DS 1 13 2 ${digest}`), at, undefined],
]
for (const [claim, anchors, when, expected] of rolls) {
  test(`DNSSEC-05 anchors are ${claim}: ${expected === undefined ? 'no warning' : 'a warning'} of the calendar`, () => {
    const warning = warnOfRootRoll(anchors, when)
    if (expected === undefined) assert.equal(warning, undefined)
    else assert.match(warning ?? '', expected)
  })
}
