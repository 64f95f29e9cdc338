import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, fakeExchange, type Server, table } from '../../../test/resolver/fake-exchange.ts'
import { honest, iterate, question, reasonOf, referral, root } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { systemClock } from '../clock.ts'
import { createAsker } from './ask.ts'
import { patienceBy } from './attempts.ts'
import { createIterator } from './iterate.ts'
import { createTask, type Task } from './task.ts'

test('RES-36: referrals that never end, end', async () => {
  const labels = Array.from({ length: 100 }, () => 'x')
  const { ask, asked } = iterate(({ endpoint: { address } }) => {
    const depth = address === root ? 0 : Number(address.split('.')[3])
    const zone = `${labels.slice(0, depth + 1).join('.')}.`
    return { authority: `${zone} NS ns.${zone}`, additional: `ns.${zone} A 192.0.2.${depth + 1}` }
  })
  const resolution = await ask(`${labels.join('.')}. A`)
  assert.equal(show(resolution), 'failure limit')
  assert.match(reasonOf(resolution), /^A of x.*: more than 30 referrals$/)
  assert.equal(asked.length, limits.resolver.referrals)
})

test('RES-35, RES-36: two zones that name each other’s servers fail at once', async () => {
  const { ask, asked } = iterate(
    table({
      [`${root} www.a.test. A`]: { authority: 'a.test. NS ns.b.test.' },
      [`${root} ns.b.test. A`]: { authority: 'b.test. NS ns.a.test.' },
      [`${root} ns.b.test. AAAA`]: { authority: 'b.test. NS ns.a.test.' },
      [`${root} ns.a.test. A`]: { authority: 'a.test. NS ns.b.test.' },
      [`${root} ns.a.test. AAAA`]: { authority: 'a.test. NS ns.b.test.' },
    }),
  )
  const resolution = await ask('www.a.test. A')
  assert.equal(show(resolution), 'failure unreachable')
  assert.equal(reasonOf(resolution), 'no server is known for A of www.a.test.')
  assert.ok(asked.length <= 10, `${asked.length} questions`)
})

test('RES-35: a name server that lies in the zone it serves, without glue, is not looked for in circles', async () => {
  const { ask, asked } = iterate(table({ [root]: { authority: 'a.test. NS ns.a.test.' } }))
  assert.equal(show(await ask('www.a.test. A')), 'failure unreachable')
  assert.ok(asked.length <= 4, `${asked.length} questions`)
})

test('RES-36: of many name servers twenty are used', async () => {
  const many = Array.from({ length: 100 }, (_, index) => index + 1)
  const { ask, asked } = iterate(
    table({
      [root]: {
        authority: many.map((index) => `test. NS ns${index}.test.`).join('\n'),
        additional: many.map((index) => `ns${index}.test. A 192.0.2.${index}`).join('\n'),
      },
    }),
  )
  const resolution = await ask('www.test. A')
  assert.equal(show(resolution), 'failure refused')
  assert.equal(new Set(asked).size, 1 + limits.resolver.nameServersPerZone)
  assert.match(reasonOf(resolution), / and 19 more of no use$/)
})

/** A zone that delegates every name to a crowd of name servers of a victim, none of which exists. */
function crowd(count: number, victim: Behaviour): Server {
  const names = (text: string) => Array.from({ length: count }, (_, index) => `NS ns${index}.${text}.victim.test.`)
  return ({ name, server }) => {
    if (server === '192.0.2.66') return victim
    const [zone = ''] = name.key.endsWith('\x06victim\x04test\0') ? ['victim.test.'] : ['evil.test.']
    if (zone === 'victim.test.') return referral(zone, '192.0.2.66')
    return {
      authority: names('x')
        .map((ns) => `evil.test. ${ns}`)
        .join('\n'),
    }
  }
}

const victims: [why: string, victim: Behaviour][] = [
  ['does not answer', 'timeout'],
  ['denies them', { flags: 'aa nxdomain', authority: 'victim.test. SOA a. b. 1 1 1 1 1' }],
  ['refuses', { flags: 'refused' }],
]
for (const [why, victim] of victims) {
  test(`RES-36: a delegation to 1500 name servers of somebody who ${why} costs a bounded number of questions`, async () => {
    const { ask, asked } = iterate(crowd(1500, victim))
    const resolution = await ask('www.evil.test. A')
    assert.equal(resolution.kind, 'failure')
    const { addressLookupsPerZone, retriesPerServer, queries } = limits.resolver
    const atVictim = asked.filter((line) => line.startsWith('192.0.2.66')).length
    assert.ok(asked.length <= queries, `${asked.length} questions`)
    assert.ok(atVictim <= 2 * addressLookupsPerZone * retriesPerServer, `${atVictim} questions for the victim`)
  })
}

test('RES-35, RES-36: delegations that are known and lead nowhere cost no more time than questions', async () => {
  const zones = Array.from({ length: 12 }, (_, index) => `z${index}.test.`)
  const crossed = zones.flatMap((_, zone) => zones.map((__, other) => `ns${zone}.z${other}.test.`))
  const { ask, asked } = iterate(({ name }) => {
    const zone = zones.find((one) => name.key.endsWith(`${one.slice(0, -6)}\x04test\0`)) ?? 'z0.test.'
    const names = crossed.filter((one) => one.endsWith(`.${zone}`) === false).slice(0, 20)
    return { authority: names.map((ns) => `${zone} NS ${ns}`).join('\n') }
  })
  for (const zone of zones) assert.equal((await ask(`www.${zone} A`)).kind, 'failure')
  assert.ok(asked.length <= zones.length * limits.resolver.queries)
})

test('RES-36: name servers that need name servers that need others stay below the limit of queries', async () => {
  let made = 0
  const { ask, asked } = iterate(({ name }) => {
    const below = Array.from({ length: 20 }, () => `ns.x${made++}.test.`)
    const [label = ''] = name.wire.slice(1).split('.')
    const zone = name.labelCount < 2 ? 'test.' : `${label.length > 0 ? 'test.' : ''}`
    return { authority: below.map((ns) => `${zone || 'test.'} NS ns.${ns}`).join('\n') }
  })
  const resolution = await ask('www.test. A')
  assert.equal(resolution.kind, 'failure')
  assert.ok(asked.length <= limits.resolver.queries, `${asked.length} questions`)
})

for (let queries = 0; queries < 6; queries++) {
  test(`RES-36: a question that ends after ${queries} queries says nothing of the name servers to others`, async () => {
    const exchange = fakeExchange(
      table({
        ...honest,
        [`192.0.2.1 ${question}`]: { authority: 'example.org. NS ns.other.net.' },
        [root]: referral('net.', '192.0.2.7'),
        [`${root} ${question}`]: referral('org.', '192.0.2.1'),
        '192.0.2.7 ns.other.net. A': { flags: 'aa', answer: 'ns.other.net. A 192.0.2.2' },
        '192.0.2.7 ns.other.net. AAAA': { flags: 'aa', authority: 'net. SOA a. b. 1 1 1 1 1' },
      }),
    )
    const iterator = createIterator({
      ...{ asker: createAsker(exchange), rootHints: [{ address: root, port: 53 }], random: () => 0 },
      ...{ now: () => 0, patience: patienceBy(), minimise: false },
    })
    const { signal } = new AbortController()
    const fetch = (task: Task) => iterator.fetch({ name: nameOfText('www.example.org'), type: TYPE.A }, task, new Set())
    const poor = await fetch(createTask({ signal, clock: systemClock, queries }))
    assert.equal(!poor.ok && poor.trouble.why, 'limit')
    assert.equal((await fetch(createTask({ signal, clock: systemClock }))).ok, true)
  })
}
