import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { parseType } from '../../src/core/dns/types.ts'
import { formatRecord } from '../../src/core/dns/zone-text.ts'
import type { Resolution } from '../../src/core/dnssec/resolution.ts'
import { limits } from '../../src/core/limits.ts'
import { createResolver } from '../../src/io/resolver/create-resolver.ts'
import { movedClock } from '../support/moved-clock.ts'
import { nameOfText } from '../support/records.ts'
import { calm, chaosNetwork, randomFrom, type Weather } from './chaos.ts'
import { start } from './memory-resolver.ts'
import { type Engine, engines, signedWorld } from './signed-world.ts'

const world = signedWorld(`
zone a.test
zone www.a.test A 203.0.113.1
zone www.a.test A 203.0.113.2
zone a.test MX 10 www.a.test
zone _25._tcp.www.a.test TLSA 3 1 1 ${'ab'.repeat(32)}
zone *.wild.a.test TXT "any"
zone near.a.test CNAME www.a.test
zone far.a.test CNAME www.b.test
zone out.a.test CNAME www.plain.test
zone d.a.test DNAME b.test
zone big.a.test TXT ${Array.from({ length: 20 }, () => `"${'x'.repeat(100)}"`).join(' ')}
zone b.test denial=nsec3 algorithm=ed25519
zone www.b.test A 203.0.113.3
zone *.wild.b.test TXT "any"
zone orphan.b.test signed=no
zone www.orphan.b.test A 203.0.113.4
zone c.test denial=opt-out
zone www.c.test A 203.0.113.5
zone orphan.c.test signed=no
zone www.orphan.c.test A 203.0.113.6
zone plain.test signed=no
zone www.plain.test A 203.0.113.7
zone wrong.test ds=wrong
zone www.wrong.test A 203.0.113.8
`)

const questions = [
  ...[
    'www.a.test A',
    'a.test MX',
    '_25._tcp.www.a.test TLSA',
    'x.wild.a.test TXT',
    'x.wild.a.test MX',
    'near.a.test A',
  ],
  ...[
    'far.a.test A',
    'out.a.test A',
    'www.d.a.test A',
    'big.a.test TXT',
    'none.a.test A',
    'www.a.test MX',
    'a.test DS',
  ],
  ...[
    'www.b.test A',
    'x.wild.b.test TXT',
    'none.b.test TLSA',
    'www.b.test MX',
    'www.orphan.b.test A',
    'orphan.b.test DS',
  ],
  ...[
    'www.c.test A',
    'none.c.test A',
    'www.orphan.c.test A',
    'www.plain.test A',
    'none.plain.test A',
    'www.wrong.test A',
  ],
]

/** The status first; TTLs are no part of it, nor the case of letters, which are asked for at random. */
function show(resolution: Resolution): string {
  if (resolution.kind === 'failure') return 'failure'
  const records = resolution.kind === 'answer' ? resolution.records : []
  const texts = records.map((record) => formatRecord({ ...record, ttl: 0 })).sort()
  return [resolution.status, resolution.kind, ...texts].join(' ').toLowerCase()
}

/** Unsigned data that is garbled on the way looks like any other; what is signed never does. RFC 4035 §4.3 */
function isSound(found: string, truth: string): boolean {
  if (found === 'failure' || found === truth) return true
  return truth.startsWith('insecure') ? found.startsWith('insecure') : false
}

const storm: Weather = {
  ...{ lost: 0.1, doubled: 0.1, garbled: 0.15, cut: 0.05, truncated: 0.1, broken: 0.1, strayed: 0.1, late: 0.3 },
}

function resolverIn(engine: Engine, random: () => number) {
  const network = chaosNetwork(world.zones, random)
  const clock = movedClock(start)
  // A forwarder is given four times as much.
  const patience = engine === 'forward' ? 0.025 : 0.1
  const resolver = createResolver({
    ...{ engine, network, clock, random, trustAnchors: world.anchors, rootHints: world.rootHints, patience },
    servers: ['192.0.2.1', '192.0.2.2'].map((address) => ({ address, port: 53 })),
  })
  const ask = (question: string, signal: AbortSignal) => {
    const [name = '', type = ''] = question.split(' ')
    return resolver.resolve(nameOfText(`${name}.`), parseType(type) ?? Number.NaN, { signal })
  }
  return { network, clock, ask, close: () => resolver.close() }
}

/** A machine that is busy with other things may miss an answer or two. */
async function askCalmly({ ask, clock }: ReturnType<typeof resolverIn>, question: string): Promise<string> {
  const { signal } = new AbortController()
  for (let tries = 1; ; tries++) {
    const shown = show(await ask(question, signal))
    if (shown !== 'failure' || tries === 4) return shown
    clock.move(limits.resolver.failureTtlMax)
  }
}

/** Waits for what is on its way, whoever still wants it. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
}

const seen = new Set<keyof Weather>()
let through = 0
const seeds = Number(process.env.WAXSEAL_CHAOS_SEEDS ?? 3)
for (const engine of engines) {
  const truths = new Map<string, string>()

  test(`RES-43: ${engine}: in calm weather everything is as it is`, async () => {
    const resolver = resolverIn(engine, randomFrom(1))
    for (const question of questions) truths.set(question, await askCalmly(resolver, question))
    const failed = questions.filter((question) => truths.get(question) === 'failure')
    assert.deepEqual(failed, ['www.wrong.test A'])
    await resolver.close()
  })

  for (let seed = 1; seed <= seeds; seed++) {
    test(`DNSSEC-01, RES-47: ${engine}: in a storm every answer is right or none, and nothing is left open (seed ${seed})`, async (t) => {
      const random = randomFrom(seed)
      const before = timers()
      const resolver = resolverIn(engine, random)
      const { network, clock, ask, close } = resolver
      const giving = new AbortController()
      const wrong: string[] = []
      const found = new Map<string, number>()
      const check = (question: string, resolution: Resolution) => {
        const shown = show(resolution)
        const [status = ''] = shown.split(' ')
        found.set(status, (found.get(status) ?? 0) + 1)
        if (!isSound(shown, truths.get(question) ?? '')) wrong.push(`${question}: ${shown}`)
      }
      network.weather = storm
      for (let round = 0; round < 3; round++) {
        const lookups = questions.map(async (question) => {
          const own = new AbortController()
          // Some lose interest.
          if (random() < 0.1) setImmediate(() => own.abort())
          const signal = random() < 0.5 ? giving.signal : own.signal
          check(question, await ask(question, signal))
        })
        await Promise.all(lookups)
        clock.move(limits.resolver.bogusTtl)
      }
      assert.deepEqual(wrong, [])
      through += found.get('secure') ?? 0
      for (const what of network.happened.keys()) seen.add(what)
      t.diagnostic(
        `${JSON.stringify(Object.fromEntries(found))} ${JSON.stringify(Object.fromEntries(network.happened))}`,
      )

      // Nothing of it lasts longer than the longest that anything is remembered.
      network.weather = calm
      clock.move(limits.resolver.ttl)
      for (const question of questions) {
        assert.equal(await askCalmly(resolver, question), truths.get(question), `${question}, when all is calm again`)
      }
      assert.equal(getEventListeners(giving.signal, 'abort').length, 0)

      // Closed in the midst of it.
      network.weather = storm
      clock.move(limits.resolver.ttl)
      const last = questions.map((question) => ask(question, giving.signal))
      await close()
      for (const [at, resolution] of (await Promise.all(last)).entries()) {
        check(questions[at] as string, resolution)
      }
      await settle()
      assert.deepEqual(wrong, [])
      assert.equal(network.open.size, 0, 'sockets left open')
      assert.equal(timers(), before, 'timers left')
      assert.equal(getEventListeners(giving.signal, 'abort').length, 0)
    })
  }
}

test('RES-43: in all the storms together everything happened that may', () => {
  assert.deepEqual([...seen].sort(), Object.keys(storm).sort())
  assert.ok(through > 0, 'nothing came through')
})
