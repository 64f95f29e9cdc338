import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  isCut,
  type MadeZone,
  makeZone,
  nsec3Chain,
  nsecChain,
  type Owner,
  truthOf,
} from '../../../test/support/made-zone.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nsec3Around, nsec3At, verified } from '../../../test/support/proofs.ts'
import { nameOf } from '../../../test/support/sign.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import { createPolicy } from '../../core/dnssec/policy.ts'
import type { VerifiedRrset } from '../../core/dnssec/signature.ts'
import { type Name, prependLabels, sameName } from '../../core/name/name.ts'
import { fixedAnchors } from './anchor-source.ts'
import { createKnownDenials } from './known-denials.ts'

const origin = nameOf('example.')
const { A, AAAA, CNAME, DNAME, DS, MX, NS, TLSA, TXT } = TYPE

interface Given {
  readonly use?: 'hosts' | 'all'
  readonly anchors?: readonly TrustAnchor[]
  readonly negative?: readonly NegativeAnchor[]
  readonly ttl?: number
  readonly zone?: Name
  readonly until?: number
}

function denials(proofs: readonly VerifiedRrset[], given: Given = {}) {
  const { use = 'all', ttl = 300, zone: apex = origin, until = 1e9 } = given
  const anchors = fixedAnchors(given.anchors ?? [], given.negative)
  const clock = movedClock(0)
  const known = createKnownDenials({ use, anchors, policy: createPolicy(), now: () => clock.now() })
  const zone = { kind: 'secure', zone: apex, keys: [], chain: [], until } as const
  const learn = (more: readonly VerifiedRrset[], wildcard?: VerifiedRrset) =>
    known.learn({ zone, proofs: more, ttl, server: '192.0.2.1', ...(wildcard === undefined ? {} : { wildcard }) })
  learn(proofs)
  const find = (name: string | Name, type: number = A) =>
    known.find({ name: typeof name === 'string' ? nameOf(name) : name, type })
  const show = (name: string | Name, type?: number) => {
    const step = find(name, type)
    return step === undefined
      ? 'unknown'
      : step.link.kind === 'failed'
        ? 'failed'
        : `${step.link.status} ${step.link.kind}`
  }
  return { clock, find, show, learn }
}

const label = (labels: readonly string[]) => fc.constantFrom(...labels)
const below = (labels: readonly string[], maxLength: number) =>
  fc.array(label(labels), { minLength: 1, maxLength }).map((all) => prependLabels(all, origin) ?? origin)
const types = fc.constantFrom<number[][]>([A], [A, MX], [TXT], [CNAME], [NS], [NS, DS], [DNAME, A])
const zoneOf = (labels: readonly string[]) =>
  fc
    .array(fc.record({ name: below(labels, 3), types: types.map((all) => new Set(all)) }), { maxLength: 6 })
    .map((owners: Owner[]) => makeZone(origin, owners))
const questionOf = (labels: readonly string[]) =>
  fc.record({
    name: fc.oneof(below(labels, 4), fc.constant(origin), fc.constantFrom(nameOf('example.a.'), nameOf('.'))),
    type: fc.constantFrom<number[]>(A, MX, TXT, CNAME, NS, DS),
  })

/** What is true of the name and type, as far as denials may say it. */
function expected(zone: MadeZone, name: Name, type: number): string {
  const truth = truthOf(zone, name)
  if (type === DS && sameName(name, origin)) return 'unknown'
  switch (truth.kind) {
    case 'elsewhere':
      return 'unknown'
    case 'empty':
      return 'secure nodata'
    case 'nothing':
      return 'secure nxdomain'
    case 'wildcard':
      return truth.types.has(type) || truth.types.has(CNAME) || isCut(truth) ? 'unknown' : 'secure nodata'
    case 'owner': {
      const isDenied = !truth.types.has(type) && !truth.types.has(CNAME) && (type === DS || !isCut(truth))
      return isDenied ? 'secure nodata' : 'unknown'
    }
  }
}

const plain = ['a', 'b', '*', 'B', '\xff', '-']

for (const [kind, chainOf] of [
  ['NSEC', nsecChain],
  ['NSEC3', nsec3Chain],
] as const) {
  test(`DNSSEC-70: whoever knows all ${kind} records of a zone denies all that it lacks, and nothing else`, () => {
    fc.assert(
      fc.property(zoneOf(plain), questionOf(plain), (zone, { name, type }) => {
        assert.equal(denials(chainOf(zone)).show(name, type), expected(zone, name, type))
      }),
    )
  })

  test(`DNSSEC-70: whichever ${kind} records are known, what they deny is not there`, () => {
    const labels = [...plain, '\0']
    const choice = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(zoneOf(labels), questionOf(labels), choice, (zone, { name, type }, chosen) => {
        const shown = denials(chainOf(zone).filter((_, at) => chosen[at])).show(name, type)
        if (shown !== 'unknown') assert.equal(shown, expected(zone, name, type))
      }),
    )
  })
}

test('DNSSEC-70, DNSSEC-53: an opt-out span denies nothing, as unsigned zones may stand in it', () => {
  fc.assert(
    fc.property(zoneOf(plain), questionOf(plain), (zone, { name, type }) => {
      assert.equal(denials(nsec3Chain(zone, { optOut: true })).show(name, type), 'unknown')
    }),
  )
})

test('DNSSEC-62: names are not hashed for zones that make it dear', () => {
  const zone = makeZone(origin, [])
  assert.equal(denials(nsec3Chain(zone, { salt: new Uint8Array(8) })).show('a.example.'), 'secure nxdomain')
  assert.equal(denials(nsec3Chain(zone, { salt: new Uint8Array(9) })).show('a.example.'), 'unknown')
  assert.equal(denials(nsec3Chain(zone, { iterations: 1 })).show('a.example.'), 'unknown')
})

test('DNSSEC-62: of a name with many labels no more are hashed than for any denial', () => {
  const { show } = denials(nsec3Chain(makeZone(origin, [])))
  assert.equal(show(`${'a.'.repeat(6)}example.`), 'secure nxdomain')
  assert.equal(show(`${'a.'.repeat(120)}example.`), 'unknown')
})

const whole = verified('a.example. NSEC z.example. A RRSIG NSEC')
const apex = verified('example. NSEC a.example. NS SOA RRSIG NSEC DNSKEY')

test('DNSSEC-69, DNSSEC-70: denials live as long as the first of them, and as the SOA record has it', () => {
  const { clock, find, show, learn } = denials([whole], { ttl: 60 })
  clock.move(10)
  learn([apex])
  assert.deepEqual([find('m.example.')?.ttl, find('m.example.')?.cached], [50, true])
  clock.move(49)
  assert.equal(show('m.example.'), 'secure nxdomain')
  clock.move(1)
  assert.equal(show('m.example.'), 'unknown')
  learn([whole])
  assert.equal(show('m.example.'), 'secure nxdomain')
  assert.equal(denials([whole, apex], { until: 5000 }).find('m.example.')?.ttl, 5)
})

test('DNSSEC-70: how mail is protected is asked for all the same, unless told otherwise', () => {
  const careful = denials([whole, apex], { use: 'hosts' })
  const asked: [string, number][] = [
    ['m.example.', MX],
    ['_25._tcp.m.example.', TLSA],
    ['_mta-sts.example.', TXT],
    ['_MTA-STS.m.example.', TXT],
  ]
  for (const [name, type] of asked) assert.equal(careful.show(name, type), 'unknown', name)
  assert.equal(careful.show('m.example.', AAAA), 'secure nxdomain')
  const all = denials([whole, apex])
  assert.deepEqual(new Set(asked.slice(0, 2).map(([name, type]) => all.show(name, type))), new Set(['secure nxdomain']))
})

test('DNSSEC-49, DNSSEC-70: records made for one name alone are not kept for others', () => {
  const { show } = denials([verified('b.example. NSEC \\000.b.example. A RRSIG NSEC'), apex])
  assert.equal(show('b.example.', TXT), 'unknown')
  const compact = denials([verified('b.example. NSEC \\000.b.example. RRSIG NSEC NXNAME'), apex])
  assert.deepEqual([compact.show('b.example.'), compact.show('c.b.example.')], ['unknown', 'unknown'])
})

test('DNSSEC-43, DNSSEC-70: at a zone cut the parent denies DS alone, and below it nothing', () => {
  const { show } = denials([verified('b.example. NSEC z.example. NS RRSIG NSEC'), apex])
  assert.equal(show('b.example.', DS), 'secure nodata')
  for (const name of ['b.example.', 'a.b.example.']) assert.equal(show(name), 'unknown', name)
  assert.equal(show('a.b.example.', DS), 'unknown')
  assert.equal(show('example.', DS), 'unknown', 'of the zone itself its parent speaks')
})

test('DNSSEC-70: a zone with a trust anchor of its own is asked itself', () => {
  const ds = { keyTag: 1, algorithm: 13, digestType: 2, digest: new Uint8Array(32) }
  const { show } = denials([whole, apex], { anchors: [{ kind: 'ds', owner: nameOf('m.example.'), ds }] })
  assert.deepEqual(
    ['m.example.', 'a.m.example.', 'n.example.'].map((name) => show(name)),
    ['unknown', 'unknown', 'secure nxdomain'],
  )
})

test('DNSSEC-10, DNSSEC-70: what is under a negative trust anchor is asked itself until that ends', () => {
  const anchor = { name: nameOf('m.example.'), until: 60_000, reason: 'no such denial is true' }
  const { show, clock } = denials([whole, apex], { negative: [anchor] })
  const kinds = () => ['m.example.', 'a.m.example.', 'n.example.'].map((name) => show(name))
  assert.deepEqual(kinds(), ['unknown', 'unknown', 'secure nxdomain'])
  assert.equal(show('m.example.', DS), 'secure nxdomain', 'of its DS records the zone above speaks')
  clock.move(60)
  assert.deepEqual(
    kinds(),
    Array.from({ length: 3 }, () => 'secure nxdomain'),
  )
})

const expansion = verified('one.wild.example. 200 TXT "any"').rdatas

/** The RRset of a wildcard as it was verified under a name that it was expanded to. */
function expanded(text: string): VerifiedRrset {
  const rrset = verified(text)
  return { ...rrset, closestEncloser: nameOf('wild.example.') }
}

const wild = verified('*.wild.example. NSEC z.example. TXT RRSIG NSEC')

test('DNSSEC-70, DNSSEC-41: a known wildcard answers for names that nothing closer matches', () => {
  const { find, show, learn, clock } = denials([wild])
  learn([wild], expanded('one.wild.example. 200 TXT "any"'))
  clock.move(100)
  const step = find('Two.wild.example.', TXT)
  assert.ok(step?.link.kind === 'rrset')
  assert.deepEqual(
    [step.link.rrset.name.wire, step.link.rrset.rdatas, step.ttl],
    [nameOf('Two.wild.example.').wire, expansion, 100],
  )
  assert.deepEqual([step.link.status, step.link.signer?.key], ['secure', origin.key])
  assert.equal(show('two.wild.example.', A), 'secure nodata')
  assert.equal(show('wild.example.', TXT), 'unknown')
  clock.move(100)
  assert.equal(show('two.wild.example.', TXT), 'unknown')
})

test('DNSSEC-70: where a closer name stands, or may, a wildcard does not apply', () => {
  const { show, learn } = denials([verified('*.wild.example. NSEC m.wild.example. TXT RRSIG NSEC')])
  learn([], expanded('one.wild.example. 200 TXT "any"'))
  assert.equal(show('b.wild.example.', TXT), 'secure rrset')
  for (const name of ['m.wild.example.', 'a.m.wild.example.', 'n.wild.example.'])
    assert.equal(show(name, TXT), 'unknown', name)
})

test('DNSSEC-70, DNSSEC-58: a known wildcard may be an alias', () => {
  const aliased = verified('*.wild.example. NSEC z.example. CNAME RRSIG NSEC')
  const { find, learn } = denials([aliased])
  learn([], expanded('one.wild.example. 200 CNAME host.example.'))
  const link = find('two.wild.example.', A)?.link
  assert.ok(link?.kind === 'alias' && link.via === 'CNAME' && link.status === 'secure')
  assert.equal(link.target.key, nameOf('host.example.').key)
})

test('DNSSEC-70, DNSSEC-56: with NSEC3 a wildcard applies as well, and never by an opt-out span', () => {
  for (const [flags, shown] of [
    [0, 'secure rrset'],
    [1, 'unknown'],
  ] as const) {
    const standing = [
      nsec3At('wild.example.', undefined),
      nsec3At('*.wild.example.', undefined, { types: 'TXT RRSIG' }),
    ]
    const { show, learn } = denials([...standing, nsec3Around('two.wild.example.', { flags })])
    learn([], expanded('one.wild.example. 200 TXT "any"'))
    assert.equal(show('two.wild.example.', TXT), shown)
  }
})
