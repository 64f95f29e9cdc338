import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOf, rrsetOf } from '../../../test/support/sign.ts'
import { TYPE } from '../../core/dns/types.ts'
import type { TrustAnchor } from '../../core/dnssec/anchors.ts'
import type { NegativeAnchor } from '../../core/dnssec/negative-anchors.ts'
import { limits } from '../../core/limits.ts'
import { fixedAnchors } from './anchor-source.ts'
import { createLinkCache } from './link-cache.ts'
import type { Judged, Link } from './validator.ts'

const judged: Judged = {
  ...{ status: 'insecure' as const, ttl: 300, signer: undefined, expiration: undefined },
  ...{ chain: [], reason: undefined, server: '192.0.2.1' },
}

function links(trusted: readonly TrustAnchor[] = [], negative: readonly NegativeAnchor[] = []) {
  const clock = movedClock(0)
  const anchors = fixedAnchors(trusted, negative)
  const cache = createLinkCache({ now: () => clock.now(), anchors, renews: false })
  const kindOf = (name: string, type: number) => cache.find({ name: nameOf(name), type }, clock.now())?.link.kind
  const put = (name: string, type: number, link: Link, seconds = 300) =>
    cache.put({ name: nameOf(name), type }, link, seconds)
  return { clock, cache, kindOf, put }
}

function answer(text: string): Link {
  return { ...judged, kind: 'rrset', rrset: rrsetOf(text) }
}

const nodata: Link = { ...judged, kind: 'nodata' }

test('RES-21: the types of a name are kept beside each other, each for its own time', () => {
  const { clock, kindOf, put } = links()
  put('www.example.', TYPE.A, answer('www.example. 300 A 192.0.2.1'), 300)
  put('www.example.', TYPE.AAAA, nodata, 60)
  assert.deepEqual([kindOf('WWW.example.', TYPE.A), kindOf('www.example.', TYPE.AAAA)], ['rrset', 'nodata'])
  clock.move(60)
  assert.deepEqual([kindOf('www.example.', TYPE.A), kindOf('www.example.', TYPE.AAAA)], ['rrset', undefined])
  clock.move(240)
  assert.equal(kindOf('www.example.', TYPE.A), undefined)
})

test('RES-21, RES-24: what comes later takes the place of what was there, even when it is not for keeping', () => {
  const { kindOf, put } = links()
  put('www.example.', TYPE.A, answer('www.example. 300 A 192.0.2.1'))
  put('www.example.', TYPE.A, nodata)
  assert.equal(kindOf('www.example.', TYPE.A), 'nodata')
  put('www.example.', TYPE.A, nodata, 0)
  assert.equal(kindOf('www.example.', TYPE.A), undefined)
})

test('RES-36: of the types of one name so many are kept, the latest', () => {
  const { kindOf, put } = links()
  const { typesPerName } = limits.resolver
  for (let type = 1; type <= typesPerName + 1; type++) put('www.example.', type, nodata)
  assert.deepEqual([kindOf('www.example.', 1), kindOf('www.example.', 2)], [undefined, 'nodata'])
  assert.equal(kindOf('www.example.', typesPerName + 1), 'nodata')
})

test('RES-21: a kept record keeps neither its message nor its signatures', () => {
  const { cache, put, clock } = links()
  const message = new Uint8Array(60_000)
  const whole = rrsetOf('www.example. 300 A 192.0.2.1')
  const link = { ...judged, kind: 'rrset', rrset: { ...whole, rdatas: [message.subarray(8, 12)] } } as const
  put('www.example.', TYPE.A, link)
  const kept = cache.find({ name: nameOf('www.example.'), type: TYPE.A }, clock.now())?.link
  assert.ok(kept?.kind === 'rrset')
  assert.deepEqual([kept.rrset.signatures, kept.rrset.rdatas[0]?.buffer.byteLength], [[], 4])
})

const nothing: Link = { ...judged, status: 'secure', kind: 'nxdomain', isCut: true }

test('DNSSEC-71: a name that is proved absent answers for every type and every name below, until its end', () => {
  const { clock, kindOf, put } = links()
  put('gone.example.', TYPE.A, nothing, 60)
  put('kept.gone.example.', TYPE.A, answer('kept.gone.example. A 192.0.2.1'), 300)
  const kinds = () =>
    ['gone.example.', 'a.b.gone.example.', 'kept.gone.example.', 'example.'].map((name) => kindOf(name, TYPE.A))
  assert.deepEqual(kinds(), ['nxdomain', 'nxdomain', 'rrset', undefined])
  assert.equal(kindOf('gone.example.', TYPE.MX), 'nxdomain')
  assert.equal(kindOf('kept.gone.example.', TYPE.MX), 'nxdomain')
  clock.move(60)
  assert.deepEqual(kinds(), [undefined, undefined, 'rrset', undefined])
})

test('DNSSEC-71, DNSSEC-49: a name that is absent by compact denial says nothing of those below', () => {
  const { kindOf, put } = links()
  put('gone.example.', TYPE.A, { ...nothing, isCut: false })
  assert.deepEqual([kindOf('gone.example.', TYPE.MX), kindOf('a.gone.example.', TYPE.A)], ['nxdomain', undefined])
})

test('DNSSEC-71: a zone with a trust anchor of its own is asked itself, whatever is denied above', () => {
  const ds = { keyTag: 1, algorithm: 13, digestType: 2, digest: new Uint8Array(32) }
  const { kindOf, put } = links([{ kind: 'ds', owner: nameOf('island.gone.example.'), ds }])
  put('gone.example.', TYPE.A, nothing)
  put('island.gone.example.', TYPE.DS, nothing)
  const kinds = ['island.gone.example.', 'a.island.gone.example.', 'other.gone.example.'].map((name) =>
    kindOf(name, TYPE.A),
  )
  assert.deepEqual(kinds, [undefined, undefined, 'nxdomain'])
})

test('DNSSEC-10, DNSSEC-71: what is under a negative trust anchor is asked itself until that ends, whatever is denied above', () => {
  const anchor = { name: nameOf('broken.gone.example.'), until: 60_000, reason: 'no such denial is true' }
  const { clock, kindOf, put } = links([], [anchor])
  put('gone.example.', TYPE.A, nothing, 300)
  put('broken.gone.example.', TYPE.DS, nothing, 300)
  const kinds = () =>
    ['broken.gone.example.', 'a.broken.gone.example.', 'other.gone.example.'].map((name) => kindOf(name, TYPE.A))
  assert.deepEqual(kinds(), [undefined, undefined, 'nxdomain'])
  clock.move(60)
  assert.deepEqual(kinds(), ['nxdomain', 'nxdomain', 'nxdomain'])
})

test('DNSSEC-10: what is kept of a record still names the negative trust anchor that it rests on', () => {
  const negative = { name: nameOf('example.'), until: 300_000, reason: 'broken' }
  const { cache, put, clock } = links([], [negative])
  const rrset = rrsetOf('www.example. 300 A 192.0.2.1')
  put('www.example.', TYPE.A, { ...judged, kind: 'rrset', rrset, negative })
  const kept = cache.find({ name: nameOf('www.example.'), type: TYPE.A }, clock.now())?.link
  assert.ok(kept?.kind === 'rrset')
  assert.equal(kept.negative, negative)
})

test('RES-37: what is cached is answered also when too many lookups are under way, aliases included', async () => {
  const { ask, close } = memoryResolver(
    table({
      'www.example. A': { answer: 'www.example. CNAME host.example.' } satisfies Behaviour,
      'host.example. A': { answer: 'host.example. A 192.0.2.1' },
      'slow.example. A': 'hangs',
    }),
  )
  const first = show(await ask('www.example. A'))
  const waiting = Array.from({ length: limits.resolver.waitingQuestions }, () => ask('slow.example. A'))
  assert.equal(show(await ask('other.example. A')), 'failure overload')
  assert.equal(show(await ask('www.example. A')), first)
  await close()
  await Promise.all(waiting)
  assert.equal(show(await ask('www.example. A')), 'failure aborted')
})
