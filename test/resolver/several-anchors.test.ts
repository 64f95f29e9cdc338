import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { parseTrustAnchors, type TrustAnchor } from '../../src/core/dnssec/anchors.ts'
import { formatName } from '../../src/core/name/text.ts'
import { makeKey, nameOf } from '../support/sign.ts'
import { engines, type SignedWorld, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone child.alpha.example
zone mx.child.alpha.example A 203.0.113.2
zone wrong.example ds=wrong
zone mx.wrong.example A 203.0.113.3
zone plain.example signed=no
zone island.plain.example
zone mx.island.plain.example A 203.0.113.4
`)

function keysOf({ zones }: SignedWorld, origin: string): readonly TrustAnchor[] {
  const { answer } = zones.answer(origin, { name: nameOf(`${origin}.`), type: TYPE.DNSKEY, class: 1 }, false)
  const anchors = parseTrustAnchors(answer.map(formatRecord).join('\n'))
  assert.ok(anchors.ok)
  return anchors.value
}

const stale = makeKey(13)
const staleAt = (owner: string): TrustAnchor => ({ kind: 'dnskey', owner: nameOf(owner), rdata: stale.rdata })
const staleRoot = staleAt('.')
const noMatch = (zone: string) => `bogus: no key matches the trust anchors of ${zone}`

const cases: [claim: string, anchors: readonly TrustAnchor[], question: string, verdict: string, first: string][] = [
  ['the root alone', world.anchors, 'mx.alpha.example. A', 'secure', '.'],
  [
    'the root and the zone',
    [...world.anchors, ...keysOf(world, 'alpha.example')],
    'mx.alpha.example. A',
    'secure',
    'alpha.example.',
  ],
  [
    'the root, and stale ones of the zone',
    [...world.anchors, staleAt('alpha.example.')],
    'mx.alpha.example. A',
    'secure',
    '.',
  ],
  [
    'the root, and stale ones of a zone above',
    [...world.anchors, staleAt('alpha.example.')],
    'mx.child.alpha.example. A',
    'secure',
    '.',
  ],
  [
    'the root, and stale ones of two zones',
    [...world.anchors, staleAt('alpha.example.'), staleAt('child.alpha.example.')],
    'mx.child.alpha.example. A',
    'secure',
    '.',
  ],
  [
    'a stale root, and the zone',
    [staleRoot, ...keysOf(world, 'alpha.example')],
    'mx.alpha.example. A',
    'secure',
    'alpha.example.',
  ],
  [
    'a stale root, and a stale zone',
    [staleRoot, staleAt('alpha.example.')],
    'mx.alpha.example. A',
    noMatch('alpha.example.'),
    '',
  ],
  ['stale ones of the zone alone', [staleAt('alpha.example.')], 'mx.alpha.example. A', noMatch('alpha.example.'), ''],
  [
    'the root, and the zone whose DS is wrong',
    [...world.anchors, ...keysOf(world, 'wrong.example')],
    'mx.wrong.example. A',
    'secure',
    'wrong.example.',
  ],
  [
    'the root, and stale ones of a zone whose DS is wrong',
    [...world.anchors, staleAt('wrong.example.')],
    'mx.wrong.example. A',
    noMatch('wrong.example.'),
    '',
  ],
  [
    'the root, and stale ones of a zone below an unsigned one',
    [...world.anchors, staleAt('island.plain.example.')],
    'mx.island.plain.example. A',
    noMatch('island.plain.example.'),
    '',
  ],
]
for (const engine of engines) {
  for (const [claim, trustAnchors, question, verdict, first] of cases) {
    test(`DNSSEC-07 ${engine}, with anchors of ${claim}: ${question} is ${verdict}`, async () => {
      const resolver = world.resolver(engine, undefined, { trustAnchors })
      const resolution = await resolver.ask(question)
      await resolver.close()
      assert.equal(verdictOf(resolution), verdict)
      if (resolution.kind === 'failure') return
      const [link] = resolution.evidence.chain
      assert.equal(link && formatName(link.zone), first)
    })
  }
}
