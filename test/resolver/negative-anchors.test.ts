import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ResourceRecord } from '../../src/core/dns/message.ts'
import { fromLatin1 } from '../../src/core/dns/octets.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import { parseTrustAnchors } from '../../src/core/dnssec/anchors.ts'
import { type NegativeAnchor, parseNegativeAnchor } from '../../src/core/dnssec/negative-anchors.ts'
import { formatName } from '../../src/core/name/text.ts'
import type { ResolverOptions } from '../../src/io/resolver/create-resolver.ts'
import { nameOf } from '../support/sign.ts'
import { engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone alpha.example MX 10 mx.alpha.example
zone mx.alpha.example A 203.0.113.1
zone near.alpha.example CNAME mx.broken.example
zone away.alpha.example CNAME out.plain.example
zone broken.example ds=wrong
zone mx.broken.example A 203.0.113.2
zone back.broken.example CNAME mx.alpha.example
zone sub.broken.example
zone mx.sub.broken.example A 203.0.113.3
zone plain.example signed=no
zone out.plain.example CNAME mx.broken.example
zone island.plain.example
zone mx.island.plain.example A 203.0.113.4
`)

function negative(text: string): NegativeAnchor {
  const anchor = parseNegativeAnchor(text)
  assert.ok(anchor.ok, text)
  return anchor.value
}

const broken = negative('broken.example 2026-07-04T00:00Z its DS is wrong')
const says = 'broken.example. is not validated until 2026-07-04T00:00:00Z, by a negative trust anchor: its DS is wrong'

const noDs = 'insecure: plain.example. is delegated without DS'
const judged: [question: string, without: RegExp, withIt: string][] = [
  ['mx.broken.example. A', /^bogus: no key matches the DS records of broken/, `insecure: ${says}`],
  ['mx.broken.example. AAAA', /^bogus: /, `insecure: ${says}`],
  ['nobody.broken.example. A', /^bogus: /, `insecure: ${says}`],
  ['broken.example. DNSKEY', /^bogus: /, `insecure: ${says}`],
  ['mx.sub.broken.example. A', /^bogus: /, `insecure: ${says}`],
  ['back.broken.example. A', /^bogus: /, `insecure: ${says}`],
  ['near.alpha.example. A', /^bogus: /, `insecure: ${says}`],
  ['away.alpha.example. A', /^bogus: /, noDs],
  ['broken.example. DS', /^secure$/, 'secure'],
  ['alpha.example. MX', /^secure$/, 'secure'],
  ['mx.alpha.example. A', /^secure$/, 'secure'],
]
for (const engine of engines) {
  for (const [question, without, withIt] of judged) {
    test(`DNSSEC-10 ${engine}: ${question} with and without a negative trust anchor`, async () => {
      const plain = world.resolver(engine)
      assert.match(verdictOf(await plain.ask(question)), without)
      await plain.close()
      const resolver = world.resolver(engine, undefined, { negativeAnchors: [broken] })
      const resolution = await resolver.ask(question)
      assert.equal(verdictOf(resolution), withIt)
      await resolver.close()
      assert.ok(resolution.kind !== 'failure')
      const touched = withIt !== 'secure'
      assert.deepEqual(resolution.evidence.negativeAnchors, touched ? [broken] : undefined)
    })
  }

  test(`DNSSEC-10 ${engine}: the chain of trust names the negative trust anchor`, async () => {
    const resolver = world.resolver(engine, undefined, { negativeAnchors: [broken] })
    const resolution = await resolver.ask('mx.sub.broken.example. A')
    await resolver.close()
    assert.ok(resolution.kind === 'answer')
    const chain = resolution.evidence.chain.map(({ zone, by }) => `${formatName(zone)} ${by}`)
    assert.deepEqual(chain, ['broken.example. negative-trust-anchor'])
  })

  test(`DNSSEC-10 ${engine}: what was learnt under it is forgotten when it ends`, async () => {
    const short = negative('broken.example 2026-07-01T00:10Z soon over') // ten minutes, and the TTL is an hour
    const resolver = world.resolver(engine, undefined, { negativeAnchors: [short] })
    const before = await resolver.ask('mx.broken.example. A')
    assert.ok(before.kind === 'answer')
    assert.equal(before.ttl, 600)
    resolver.clock.move(599)
    assert.equal((await resolver.ask('mx.broken.example. A')).kind, 'answer')
    resolver.clock.move(1)
    assert.match(verdictOf(await resolver.ask('mx.broken.example. A')), /^bogus: /)
    await resolver.close()
  })

  test(`DNSSEC-10 ${engine}: cached and renewed answers name it too`, async () => {
    const resolver = world.resolver(engine, undefined, { negativeAnchors: [broken], prefetch: true })
    const questions = ['mx.broken.example. A', 'near.alpha.example. A', 'nobody.broken.example. A']
    for (const question of questions) await resolver.ask(question)
    for (const seconds of [1, 3500, 60]) {
      resolver.clock.move(seconds) // 3600 is the life of the answers: they are renewed at its end
      for (const question of questions) {
        const resolution = await resolver.ask(question)
        assert.equal(verdictOf(resolution), `insecure: ${says}`)
        assert.ok(resolution.kind !== 'failure')
        assert.deepEqual(resolution.evidence.negativeAnchors, [broken], question)
      }
      await settled()
    }
    await resolver.close()
  })

  for (const aggressiveNsec of ['off', 'all'] as const) {
    test(`DNSSEC-10, DNSSEC-70, DNSSEC-71 ${engine}: no denial of a zone above answers below it, aggressive-nsec ${aggressiveNsec}`, async () => {
      const under = negative('gone.alpha.example 2026-07-01T00:10Z a zone that is not delegated yet')
      const resolver = world.resolver(engine, undefined, { negativeAnchors: [under], aggressiveNsec })
      assert.equal(verdictOf(await resolver.ask('gone.alpha.example. DS')), 'secure')
      assert.equal(verdictOf(await resolver.ask('gonf.alpha.example. A')), 'secure')
      for (const question of ['gone.alpha.example. A', 'a.gone.alpha.example. A']) {
        const resolution = await resolver.ask(question)
        assert.ok(resolution.kind === 'nxdomain' && resolution.status === 'insecure', question)
        assert.deepEqual(resolution.evidence.negativeAnchors, [under])
      }
      resolver.clock.move(600)
      assert.equal(verdictOf(await resolver.ask('a.gone.alpha.example. A')), 'secure')
      await resolver.close()
    })
  }

  test(`DNSSEC-10 ${engine}: what was saved before it began is not answered from under it`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'waxseal-negative-'))
    const cacheFile = join(folder, 'cache')
    const before = world.resolver(engine, undefined, { cacheFile })
    for (const question of ['mx.alpha.example. A', 'gone.alpha.example. A']) await before.ask(question)
    await before.close()
    const given = negative('alpha.example 2026-07-04 its keys are gone')
    const resolver = world.resolver(engine, undefined, { cacheFile, negativeAnchors: [given] })
    for (const question of ['mx.alpha.example. A', 'gone.alpha.example. A']) {
      const resolution = await resolver.ask(question)
      assert.ok(resolution.kind !== 'failure' && resolution.status === 'insecure')
      assert.deepEqual([resolution.evidence.negativeAnchors, resolution.evidence.cached], [[given], false])
      assert.ok(
        resolver.asked.some((asked) => asked.includes(question)),
        `${question} is asked for`,
      )
    }
    await resolver.close()
    rmSync(folder, { recursive: true })
  })

  test(`DNSSEC-10 ${engine}: an anchor below it still counts, and nothing above that can excuse its zone`, async () => {
    const island = parseTrustAnchors(keysOf('island.plain.example'))
    assert.ok(island.ok)
    const trustAnchors = [...world.anchors, ...island.value]
    for (const negativeAnchors of [[], [negative('plain.example 2026-07-04 broken too')]]) {
      const good = world.resolver(engine, undefined, { trustAnchors, negativeAnchors })
      assert.equal(verdictOf(await good.ask('mx.island.plain.example. A')), 'secure')
      await good.close()
      // Signed, it seems, by the zone above that nothing is known of: an attacker may write what he likes there.
      const forged = world.resolver(
        engine,
        (message, { question }) =>
          question !== 'mx.island.plain.example. A'
            ? undefined
            : { ...message, answer: message.answer.map((record) => renamed(record)) },
        { trustAnchors, negativeAnchors },
      )
      assert.match(verdictOf(await forged.ask('mx.island.plain.example. A')), /^bogus: /)
      await forged.close()
    }
  })
}

/** DNSKEY records of a zone of the world, as anchors. */
function keysOf(origin: string): string {
  const name = nameOf(`${origin}.`)
  const { answer } = world.zones.answer(origin, { name, type: TYPE.DNSKEY, class: 1 }, false)
  return answer.map(formatRecord).join('\n')
}

/** An RRSIG of the island with its parent as the signer. */
function renamed(record: ResourceRecord): ResourceRecord {
  if (record.type !== TYPE.RRSIG) return record
  const signer = fromLatin1(nameOf('plain.example.').key)
  const own = fromLatin1(nameOf('island.plain.example.').key)
  const { rdata } = record
  return { ...record, rdata: Buffer.concat([rdata.subarray(0, 18), signer, rdata.subarray(18 + own.length)]) }
}

const refused: [why: string, options: Partial<ResolverOptions>, message: RegExp][] = [
  [
    'one that lasts longer than a week',
    { negativeAnchors: [negative('broken.example 2026-07-08T00:01Z broken')] },
    /^negative trust anchor for broken\.example\.: ends more than 7 days from now$/,
  ],
  [
    'any for a resolver that validates nothing itself',
    { engine: 'trust-ad', servers: [{ address: '127.0.0.1', port: 53 }], negativeAnchors: [broken] },
    /^engine trust-ad validates nothing/,
  ],
]
for (const [why, options, message] of refused) {
  test(`DNSSEC-10 a negative trust anchor is refused: ${why}`, () => {
    assert.throws(() => world.resolver('forward', undefined, options), { name: 'ConfigError', message })
  })
}

test('DNSSEC-10 every start warns of each, and says which have ended', async () => {
  const warnings: string[] = []
  const negativeAnchors = [broken, negative('plain.example 2026-06-30 over')]
  const onWarning = (warning: string) => warnings.push(warning)
  const resolver = world.resolver('forward', undefined, { negativeAnchors, onWarning })
  assert.deepEqual(warnings, [
    `${says}; hosts at and below it have no DANE`,
    'the negative trust anchor for plain.example. ended 2026-06-30T00:00:00Z: it counts for nothing any more',
  ])
  await resolver.close()
})

for (const engine of engines) {
  test(`DNSSEC-10 ${engine}: a zone that validates again is seen in an hour of use, and is validated from then on`, async () => {
    const warnings: string[] = []
    // It is well all the time, as it would be once it was mended.
    const wrong = negative('alpha.example 2026-07-04 ticket 4711')
    const resolver = world.resolver(engine, undefined, {
      negativeAnchors: [wrong, broken],
      onWarning: (warning) => warnings.push(warning),
    })
    const status = async (question: string) => verdictOf(await resolver.ask(question)).replace(/:.*/, '')
    for (const [seconds, alpha] of [
      [0, 'insecure'],
      [3599, 'insecure'],
      [1, 'insecure'],
      [1, 'secure'],
    ] as const) {
      resolver.clock.move(seconds)
      assert.equal(await status('alpha.example. MX'), alpha)
      assert.equal(await status('mx.broken.example. A'), 'insecure')
      await settled()
    }
    assert.deepEqual(warnings.slice(2), [
      'alpha.example. validates again: its negative trust anchor counts no more, and may be removed (ticket 4711)',
    ])
    assert.equal(resolver.anchorChanges(), 1, 'who decided by it has to decide anew')
    await resolver.close()
  })

  test(`DNSSEC-10 ${engine}: an answer from the cache counts as use, and is forgotten when the zone validates again`, async () => {
    const resolver = world.resolver(engine, undefined, {
      negativeAnchors: [negative('alpha.example 2026-07-04 broken')],
    })
    await resolver.ask('alpha.example. MX')
    resolver.clock.move(1800)
    await resolver.ask('mx.alpha.example. A')
    resolver.clock.move(1800)
    const cached = await resolver.ask('mx.alpha.example. A')
    assert.ok(cached.kind === 'answer' && cached.status === 'insecure' && cached.evidence.cached)
    await settled()
    assert.equal(verdictOf(await resolver.ask('mx.alpha.example. A')), 'secure')
    await resolver.close()
  })

  test(`DNSSEC-10 ${engine}: what runs for a short time looks at no zone for its negative trust anchors`, async () => {
    const resolver = world.resolver(engine, undefined, { negativeAnchors: [broken] })
    await resolver.ask('mx.broken.example. A')
    await settled()
    assert.ok(!resolver.asked.some((line) => line.includes('SOA')), resolver.asked.join())
    await resolver.close()
  })

  test(`RES-47 ${engine}: close ends a look whether a zone validates again`, async () => {
    let hangs = false
    const resolver = world.resolver(
      engine,
      (_, { question }) => (hangs && question.endsWith('SOA') ? 'hangs' : undefined),
      {
        negativeAnchors: [broken],
      },
    )
    await resolver.ask('mx.broken.example. A')
    resolver.clock.move(3600)
    hangs = true
    await resolver.ask('mx.broken.example. A')
    await settled()
    await resolver.close()
    assert.ok(resolver.exchange.abandoned.some((line) => line.includes('SOA')))
  })
}

/** Until all that can be done now is done. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await new Promise((done) => setImmediate(done))
}
