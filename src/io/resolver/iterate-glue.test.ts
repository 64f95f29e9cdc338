import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../../test/resolver/fake-exchange.ts'
import { answered, honest, iterate, question, root, soa } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { limits } from '../../core/limits.ts'

test('RES-35: name servers without glue are looked up', async () => {
  const { ask, asked } = iterate(
    table({
      ...honest,
      [`192.0.2.1 ${question}`]: { authority: 'example.org. NS ns.other.net.' },
      [`${root} ns.other.net. A`]: { flags: 'aa', answer: 'ns.other.net. A 192.0.2.2' },
      [`${root} ns.other.net. AAAA`]: { flags: 'aa', authority: '. SOA a. b. 1 1 1 1 1' },
    }),
  )
  assert.equal(show(await ask(question)), answered)
  assert.deepEqual(asked.slice(2).sort(), [
    `192.0.2.2 ${question} cd`,
    `${root} ns.other.net. A cd`,
    `${root} ns.other.net. AAAA cd`,
  ])
})

test('RES-35: of a zone with and without glue, that with glue is asked first', async () => {
  const { ask, asked } = iterate(
    table({
      ...honest,
      [`192.0.2.1 ${question}`]: {
        authority: 'example.org. NS a.other.net.\nexample.org. NS ns.example.org.',
        additional: 'ns.example.org. A 192.0.2.2',
      },
    }),
  )
  assert.equal(show(await ask(question)), answered)
  assert.equal(asked.length, 3)
})

const glue: [why: string, additional: string][] = [
  ['outside the zone of who refers', 'www.bank.test. A 203.0.113.66'],
  ['of a name that is no name server', 'other.example.org. A 203.0.113.66\nns2.example.org. A 192.0.2.2'],
]
test('RES-23: glue from outside the zone of who refers is not believed', async () => {
  const { ask, asked } = iterate(
    table({
      ...honest,
      [`192.0.2.1 ${question}`]: {
        authority: 'example.org. NS ns.bank.test.',
        additional: 'ns.bank.test. A 203.0.113.66',
      },
      [`${root} ns.bank.test. A`]: { flags: 'aa', answer: 'ns.bank.test. A 192.0.2.2' },
      [`${root} ns.bank.test. AAAA`]: { flags: 'aa', authority: '. SOA a. b. 1 1 1 1 1' },
    }),
  )
  assert.equal(show(await ask(question)), answered)
  assert.ok(!asked.some((line) => line.startsWith('203.0.113.66')))
})

for (const [why, additional] of glue) {
  test(`RES-23: an address ${why} is neither used nor kept`, async () => {
    const { ask, asked } = iterate(
      table({
        ...honest,
        [`192.0.2.1 ${question}`]: {
          authority: 'example.org. NS ns.example.org.',
          additional: `ns.example.org. A 192.0.2.2\n${additional}`,
        },
        'www.bank.test. A': { flags: 'aa nxdomain', authority: '. SOA a. b. 1 1 1 1 1' },
        '192.0.2.2 other.example.org. A': { flags: 'aa nxdomain', authority: soa },
      }),
    )
    assert.equal(show(await ask(question)), answered)
    assert.equal((await ask('www.bank.test. A')).kind, 'nxdomain')
    assert.equal((await ask('other.example.org. A')).kind, 'nxdomain')
    assert.ok(!asked.some((line) => line.startsWith('203.0.113.66')))
  })
}

test('RES-23: glue is no answer, and the name server is asked for its own address', async () => {
  const { ask } = iterate(
    table({ ...honest, '192.0.2.2 ns.example.org. A': { flags: 'aa', answer: 'ns.example.org. 60 A 192.0.2.3' } }),
  )
  await ask(question)
  assert.equal(show(await ask('ns.example.org. A')), 'answer insecure 60 ns.example.org. 60 IN A 192.0.2.3')
})

test('RES-22, RES-23: what a server says of an alias’s target outside its zone is asked for elsewhere', async () => {
  const { ask } = iterate(
    table({
      ...honest,
      [`192.0.2.2 ${question}`]: {
        flags: 'aa',
        answer: 'www.example.org. CNAME www.bank.test.\nwww.bank.test. A 203.0.113.66',
      },
      [`${root} www.bank.test. A`]: { flags: 'aa', answer: 'www.bank.test. 60 A 203.0.113.1' },
    }),
  )
  assert.equal(show(await ask(question)), 'answer insecure 60 www.bank.test. 60 IN A 203.0.113.1')
})

test('RES-22: what a server says of an alias’s target inside its zone is used', async () => {
  const { ask, asked } = iterate(
    table({
      ...honest,
      [`192.0.2.2 ${question}`]: {
        flags: 'aa',
        answer: 'www.example.org. CNAME a.example.org.\na.example.org. 60 A 203.0.113.1',
      },
    }),
  )
  assert.equal(show(await ask(question)), 'answer insecure 60 a.example.org. 60 IN A 203.0.113.1')
  assert.equal(asked.length, 3)
})

test('RES-32: the same address under two names is asked once a round', async () => {
  const { ask, asked } = iterate(
    table({
      [root]: { authority: 'org. NS a.org.\norg. NS b.org.', additional: 'a.org. A 192.0.2.1\nb.org. A 192.0.2.1' },
      '192.0.2.1': 'timeout',
    }),
  )
  await ask(question)
  assert.equal(asked.length, 1 + limits.resolver.retriesPerServer)
})
