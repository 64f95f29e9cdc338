import assert from 'node:assert/strict'
import { test } from 'node:test'
import { show } from './memory-resolver.ts'
import { engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone beta.example denial=nsec3
zone mx.beta.example A 203.0.113.2
zone gamma.example denial=opt-out
zone mx.gamma.example A 203.0.113.3
zone plain.example signed=no
zone mx.plain.example A 203.0.113.4
`)

for (const engine of engines) {
  for (const zone of ['alpha.example.', 'beta.example.']) {
    test(`DNSSEC-71, RES-25: ${engine}: below a name that ${zone} proves absent nothing is asked for while that holds`, async () => {
      const { ask, asked, clock } = world.resolver(engine)
      const first = await ask(`gone.${zone} MX`)
      assert.ok(first.kind === 'nxdomain' && first.status === 'secure')
      const sent = asked.length
      clock.move(10)
      for (const question of [`gone.${zone} A`, `_25._tcp.gone.${zone} TLSA`, `a.b.GONE.${zone} AAAA`]) {
        const found = await ask(question)
        assert.ok(found.kind === 'nxdomain' && found.status === 'secure', question)
        assert.equal(found.ttl, first.ttl - 10)
        assert.deepEqual([found.evidence.cached, found.evidence.signer], [true, first.evidence.signer])
        assert.equal(found.canonicalName.key, found.name.key)
      }
      assert.equal(asked.length, sent)
      assert.equal(verdictOf(await ask(`mx.${zone} A`)), 'secure')
      clock.move(first.ttl)
      await ask(`a.gone.${zone} A`)
      assert.ok(asked.at(-1)?.includes(`a.gone.${zone}`))
    })
  }

  test(`DNSSEC-71: ${engine}: below a name in an opt-out span there may be an unsigned zone: it is asked for`, async () => {
    const { ask, asked } = world.resolver(engine)
    const first = await ask('gone.gamma.example. A')
    assert.ok(first.kind === 'nxdomain' && first.status === 'insecure')
    const sent = asked.length
    await ask('below.gone.gamma.example. A')
    assert.ok(asked.length > sent)
  })

  test(`DNSSEC-71, RES-25: ${engine}: an unproved NXDOMAIN is about every type of its name, and of no name below`, async () => {
    const { ask, asked } = world.resolver(engine)
    assert.match(show(await ask('gone.plain.example. A')), /^nxdomain insecure/)
    const sent = asked.length
    assert.match(show(await ask('gone.plain.example. MX')), /^nxdomain insecure/)
    assert.equal(asked.length, sent)
    await ask('below.gone.plain.example. A')
    assert.ok(asked.length > sent)
  })
}
