import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Behaviour } from '../../../test/resolver/fake-exchange.ts'
import { type MemoryResolver, memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { engines, signedWorld } from '../../../test/resolver/signed-world.ts'
import { limits } from '../../core/limits.ts'

const first: Behaviour = { answer: 'www.example. 300 A 198.51.100.1' }
const second: Behaviour = { answer: 'www.example. 300 A 198.51.100.2' }

/** Answers with what it is told next, and then with the last of it. */
function saying(...behaviours: readonly Behaviour[]): MemoryResolver {
  let at = 0
  return memoryResolver(() => behaviours[Math.min(at++, behaviours.length - 1)] ?? 'timeout', { prefetch: true })
}

test('RES-27: what is asked for in the last tenth of its life is renewed, once, and served in between', async () => {
  const { ask, asked, clock } = saying(first, second)
  await ask('www.example. A')
  clock.move(269)
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 1)
  clock.move(1)
  assert.equal(show(await ask('www.example. A')), 'answer insecure 30 www.example. 30 IN A 198.51.100.1')
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 2)
  clock.move(30)
  assert.equal(show(await ask('www.example. A')), 'answer insecure 270 www.example. 270 IN A 198.51.100.2')
  assert.equal(asked.length, 2)
})

test('RES-27: what nobody asks for at the end of its life is let go', async () => {
  const { ask, asked, clock } = saying(first, second)
  await ask('www.example. A')
  clock.move(300)
  await turn()
  assert.equal(asked.length, 1)
})

test('RES-24, RES-27: a renewal that fails takes nothing away, is not tried again, and is no failure to remember', async () => {
  const { ask, asked, clock } = saying(first, { flags: 'servfail' })
  await ask('www.example. A')
  clock.move(290)
  await ask('www.example. A')
  await turn()
  const sent = asked.length
  assert.ok(sent > 1)
  assert.equal(show(await ask('www.example. A')), 'answer insecure 10 www.example. 10 IN A 198.51.100.1')
  await turn()
  assert.equal(asked.length, sent)
  clock.move(10)
  assert.equal(show(await ask('www.example. A')), 'failure servfail')
  assert.ok(asked.length > sent)
})

test('RES-27: what lives but shortly is not renewed', async () => {
  const { ask, asked, clock } = saying({ answer: 'www.example. 9 A 198.51.100.1' })
  await ask('www.example. A')
  clock.move(8.9)
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 1)
})

test('RES-27: nothing is renewed unless it is told to be', async () => {
  const { ask, asked, clock } = memoryResolver(() => first)
  await ask('www.example. A')
  clock.move(299)
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 1)
})

test('RES-05, RES-27: who asks when the old end is over joins the renewal under way', async () => {
  const gate = Promise.withResolvers<Behaviour>()
  let sent = 0
  const { ask, asked, clock } = memoryResolver(() => (sent++ === 0 ? first : gate.promise), { prefetch: true })
  await ask('www.example. A')
  clock.move(290)
  await ask('www.example. A')
  clock.move(10)
  const waiting = ask('www.example. A')
  gate.resolve(second)
  assert.equal(show(await waiting), 'answer insecure 300 www.example. 300 IN A 198.51.100.2')
  assert.equal(asked.length, 2)
})

test('RES-47: closing ends renewals under way, and none begins after it', async () => {
  const { ask, asked, clock, close, exchange } = saying(first, 'hangs')
  await ask('www.example. A')
  clock.move(290)
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 2)
  await close()
  assert.deepEqual(exchange.abandoned, ['192.0.2.1 www.example. A cd'])
  await ask('www.example. A')
  await turn()
  assert.equal(asked.length, 2)
})

test('RES-37: so many renewals are under way at once, and no more', async () => {
  let isSlow = false
  const { ask, asked, clock, close } = memoryResolver(
    ({ question }) => (isSlow ? 'hangs' : { answer: `${question.split(' ')[0]} 300 A 198.51.100.1` }),
    { prefetch: true },
  )
  const { refreshesAtOnce } = limits.resolver
  const names = Array.from({ length: refreshesAtOnce + 1 }, (_, index) => `host${index}.example. A`)
  for (const name of names) await ask(name)
  isSlow = true
  clock.move(290)
  for (const name of names) await ask(name)
  await turn()
  assert.equal(asked.length, names.length + refreshesAtOnce)
  await close()
})

const world = signedWorld('zone alpha.example\nzone mx.alpha.example A 203.0.113.1')

for (const engine of engines) {
  test(`DNSSEC-67, RES-27: ${engine}: with signed data the keys and DS records that end as soon are renewed`, async () => {
    const { ask, asked, clock } = world.resolver(engine, undefined, { prefetch: true })
    await ask('mx.alpha.example. A')
    clock.move(3500)
    const sent = asked.length
    assert.equal(show(await ask('mx.alpha.example. A')), 'answer secure 100 mx.alpha.example. 100 IN A 203.0.113.1')
    await turn()
    const renewed = asked.slice(sent).map((line) => line.split(' ').slice(1, 3).join(' '))
    for (const one of ['mx.alpha.example. A', 'alpha.example. DNSKEY', 'alpha.example. DS', '. DNSKEY']) {
      assert.ok(renewed.includes(one), `${one} in ${renewed.join(', ')}`)
    }
    assert.equal(new Set(renewed).size, renewed.length)
    assert.equal(show(await ask('mx.alpha.example. A')), 'answer secure 3600 mx.alpha.example. 3600 IN A 203.0.113.1')
  })

  test(`DNSSEC-67, RES-05: ${engine}: names that are renewed at once wait for one renewal of their keys`, async () => {
    const { ask, asked, clock } = world.resolver(engine, undefined, { prefetch: true })
    const questions = ['mx.alpha.example. A', 'mx.alpha.example. AAAA', 'alpha.example. NS', 'alpha.example. SOA']
    for (const question of questions) await ask(question)
    const lives = await Promise.all(questions.map((one) => ask(one)))
    clock.move(3500)
    const sent = asked.length
    for (const question of ['alpha.example. NS', 'mx.alpha.example. A', 'alpha.example. SOA']) await ask(question)
    await turn()
    assert.equal(asked.slice(sent).filter((line) => line.includes(' alpha.example. DNSKEY')).length, 1)
    for (const [at, question] of questions.entries()) {
      const [before, now] = [lives[at], await ask(question)]
      assert.equal(now.kind === 'failure' ? 0 : now.ttl, before?.kind === 'failure' ? 0 : before?.ttl, question)
    }
  })

  test(`DNSSEC-66, RES-27: ${engine}: keys that cannot be renewed hold until their end`, async () => {
    let isDown = false
    const { ask, clock } = world.resolver(
      engine,
      (_, { question }) => (isDown && question.endsWith('DNSKEY') ? 'timeout' : undefined),
      { prefetch: true },
    )
    await ask('mx.alpha.example. A')
    isDown = true
    clock.move(3500)
    await ask('mx.alpha.example. A')
    await turn()
    clock.move(99)
    assert.equal(show(await ask('mx.alpha.example. A')), 'answer secure 1 mx.alpha.example. 1 IN A 203.0.113.1')
    clock.move(1)
    assert.equal(show(await ask('mx.alpha.example. A')), 'failure timeout')
  })
}
