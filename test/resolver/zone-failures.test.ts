import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../src/core/dns/message.ts'
import { TYPE } from '../../src/core/dns/types.ts'
import { show } from './memory-resolver.ts'
import { engines, signedWorld } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone plain.example signed=no
zone mx.plain.example A 203.0.113.2
zone www.plain.example A 203.0.113.3
`)

for (const engine of engines) {
  test(`RES-26, DNSSEC-66: ${engine}: a zone whose keys cannot be had is tried less and less, whatever is asked of it`, async () => {
    let isDown = true
    const { ask, asked, clock } = world.resolver(engine, (_, { question }) =>
      isDown && question === 'alpha.example. DNSKEY' ? { flags: 'servfail' } : undefined,
    )
    const tries = () => asked.filter((line) => line.includes(' alpha.example. DNSKEY')).length
    const pauses: number[] = []
    let names = 0
    for (let count = 0; count < 8; count++) {
      const before = tries()
      let waited = 0
      // Each time another name, of which no failure is remembered.
      for (; tries() === before; clock.move(1), waited++) {
        assert.equal(show(await ask(`host${names++}.alpha.example. A`)), 'failure servfail')
      }
      pauses.push(waited - 1)
    }
    assert.deepEqual(pauses, [0, 4, 9, 19, 39, 79, 159, 299])
    isDown = false
    clock.move(300)
    assert.match(show(await ask('mx.alpha.example. A')), /^answer secure/)
    isDown = true
    clock.move(3600)
    await ask('again.alpha.example. A')
    const before = tries()
    clock.move(5)
    await ask('anew.alpha.example. A')
    assert.ok(tries() > before, 'what went well ends the row')
  })
}

test('RES-26: when nobody answers for the root, that is tried again every five seconds, however long it lasts', async () => {
  let isDown = true
  const { ask, clock } = world.resolver('iterate', () => (isDown ? 'timeout' : undefined))
  for (let count = 0; count < 20; count++) {
    assert.match(show(await ask('mx.alpha.example. A')), /^failure timeout/)
    clock.move(5)
  }
  assert.match(show(await ask('mx.alpha.example. A')), /^failure timeout/)
  isDown = false
  assert.match(show(await ask('mx.alpha.example. A')), /^failure timeout/, 'it is remembered for so long')
  clock.move(5)
  assert.match(show(await ask('mx.alpha.example. A')), /^answer secure/)
})

test('DNSSEC-67, DNSSEC-69: that a zone is insecure holds as long as the SOA record lets its denial live', async () => {
  const short = (message: Message) => ({
    ...message,
    authority: message.authority.map((one) => (one.type === TYPE.SOA ? { ...one, ttl: 10 } : one)),
  })
  const { ask, asked, clock } = world.resolver('forward', (message, { question }) =>
    question === 'plain.example. DS' ? short(message) : undefined,
  )
  await ask('mx.plain.example. A')
  clock.move(9)
  const sent = asked.length
  await ask('www.plain.example. A')
  assert.ok(!asked.slice(sent).join().includes('plain.example. DS'))
  clock.move(1)
  await ask('gone.plain.example. A')
  assert.ok(asked.slice(sent).join().includes('plain.example. DS'))
})
