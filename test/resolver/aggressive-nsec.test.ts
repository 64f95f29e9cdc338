import assert from 'node:assert/strict'
import { test } from 'node:test'
import { show } from './memory-resolver.ts'
import { engines, signedWorld, verdictOf } from './signed-world.ts'

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
zone ns.alpha.example A 203.0.113.9
zone *.wild.alpha.example TXT "any"
zone *.aliases.alpha.example CNAME mx.alpha.example
zone child.alpha.example
zone www.child.alpha.example A 203.0.113.5
zone orphan.alpha.example signed=no
zone www.orphan.alpha.example A 203.0.113.6
zone beta.example denial=nsec3
zone mx.beta.example A 203.0.113.2
zone child.beta.example
zone www.child.beta.example A 203.0.113.7
zone gamma.example denial=opt-out
zone www.orphan.gamma.example A 203.0.113.8
zone orphan.gamma.example signed=no
`)

for (const engine of engines) {
  const resolver = (aggressiveNsec: 'off' | 'hosts' | 'all') => world.resolver(engine, undefined, { aggressiveNsec })

  for (const zone of ['alpha.example.', 'beta.example.']) {
    test(`DNSSEC-70: ${engine}: what ${zone} denied once denies names around it, and nothing that is there`, async () => {
      const { ask, asked, clock } = resolver('hosts')
      const first = await ask(`nobody.${zone} A`)
      assert.ok(first.kind === 'nxdomain' && first.status === 'secure')
      const questions = Array.from({ length: 60 }, (_, index) => `n${index}.${zone} AAAA`)
      clock.move(7)
      for (const question of questions) await ask(question)
      const sent = asked.length
      for (const question of questions) {
        const again = await ask(question.replace(/^n/, 'na'))
        assert.ok(again.kind === 'nxdomain' && again.status === 'secure', verdictOf(again))
      }
      // In a zone of a dozen names sixty answers have shown all there is.
      assert.equal(asked.length, sent)
      assert.equal(verdictOf(await ask(`mx.${zone} A`)), 'secure')
      assert.equal((await ask(`www.child.${zone} A`)).kind, 'answer')
      assert.equal(verdictOf(await ask(`www.child.${zone} A`)), 'secure')
    })

    test(`DNSSEC-70, DNSSEC-69: ${engine}: what is denied by way of others has their chain and no longer life, in ${zone}`, async () => {
      const { ask, clock, asked } = resolver('all')
      const first = await ask(`nobody.${zone} A`)
      assert.ok(first.kind === 'nxdomain')
      clock.move(first.ttl - 5)
      const sent = asked.length
      // A name below one that is absent, told by its records and not by its name.
      const other = await ask(`nobody.${zone} MX`)
      assert.ok(other.kind === 'nxdomain' && other.ttl <= 5)
      assert.deepEqual(
        [other.evidence.chain, other.evidence.signer, other.evidence.cached],
        [first.evidence.chain, first.evidence.signer, true],
      )
      assert.equal(asked.length, sent)
      clock.move(5)
      await ask(`nobody.${zone} MX`)
      assert.ok(asked.length > sent)
    })
  }

  test(`DNSSEC-70: ${engine}: a wildcard that is known answers for names that nobody asked for`, async () => {
    const { ask, asked } = resolver('hosts')
    await ask('b.wild.alpha.example. TXT')
    await ask('b.aliases.alpha.example. A')
    const sent = asked.length
    const text = await ask('c.wild.alpha.example. TXT')
    assert.equal(
      show(text),
      'answer secure 3600 c.wild.alpha.example. 3600 IN TXT "any"'.replaceAll(
        '3600',
        String(text.kind === 'answer' ? text.ttl : ''),
      ),
    )
    const address = await ask('c.aliases.alpha.example. A')
    assert.ok(address.kind === 'answer' && address.status === 'secure')
    assert.deepEqual(
      address.aliases.map(({ via, status }) => [via, status]),
      [['CNAME', 'secure']],
    )
    assert.equal(asked.length, sent)
  })

  test(`DNSSEC-70: ${engine}: names below a cut are asked for, whatever their parents deny`, async () => {
    const { ask } = resolver('all')
    for (const question of [
      'nobody.alpha.example. A',
      'nobody.beta.example. A',
      'nobody.gamma.example. A',
      'nobody.example. A',
    ]) {
      await ask(question)
    }
    for (const question of ['www.orphan.alpha.example. A', 'www.orphan.gamma.example. A']) {
      const found = await ask(question)
      assert.ok(found.kind === 'answer' && found.status === 'insecure', question)
    }
    for (const question of ['www.child.alpha.example. A', 'www.child.beta.example. A']) {
      assert.equal(verdictOf(await ask(question)), 'secure', question)
    }
  })

  test(`DNSSEC-70: ${engine}: how mail is protected is asked for, unless all is to be answered so; and off is off`, async () => {
    const sentBy = async (use: 'off' | 'hosts' | 'all', question: string) => {
      const { ask, asked } = resolver(use)
      await ask('a.wild.alpha.example. A')
      await ask('nobody.alpha.example. A')
      const sent = asked.length
      await ask(question)
      return asked.length - sent
    }
    // Between mx and ns, as nobody is.
    for (const question of [
      'nn.alpha.example. MX',
      '_25._tcp.nn.alpha.example. TLSA',
      '_mta-sts.nn.alpha.example. TXT',
    ]) {
      assert.ok((await sentBy('hosts', question)) > 0, question)
      assert.equal(await sentBy('all', question), 0, question)
    }
    assert.equal(await sentBy('hosts', 'nn.alpha.example. A'), 0)
    assert.ok((await sentBy('off', 'nn.alpha.example. A')) > 0)
  })
}
