import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, type Saying, table } from '../../../test/resolver/fake-exchange.ts'
import { honest, iterate, root, soa } from '../../../test/resolver/iterating.ts'
import { limits } from '../../core/limits.ts'

const lame = '192.0.2.66'
const good = '192.0.2.2'
/** With no chance in the order, the lame one is asked first. */
const both = {
  authority: 'example.org. NS lame.example.org.\nexample.org. NS ns.example.org.',
  additional: `lame.example.org. A ${lame}\nns.example.org. A ${good}`,
} satisfies Saying
const denial: Saying = { flags: 'aa', authority: soa }

/** To whom each question to the zone's servers went. */
async function askedAfter(answers: Record<string, Behaviour>, times: readonly number[], zone = 'example.org.') {
  const { ask, asked, clock } = iterate(table({ ...honest, '192.0.2.1': both, [good]: denial, ...answers }))
  const servers: string[][] = []
  for (const [index, time] of times.entries()) {
    clock.move(time)
    const before = asked.length
    await ask(`a${index}.${zone} MX`)
    servers.push(
      asked
        .slice(before)
        .flatMap((line) => (/ (192\.0\.2\.1|198\S+) /.test(` ${line}`) ? [] : [line.split(' ')[0] ?? ''])),
    )
  }
  return servers
}

const lamenesses: [why: string, says: Behaviour][] = [
  ['REFUSED', { flags: 'refused' }],
  ['SERVFAIL', { flags: 'servfail' }],
  ['NOTAUTH', { flags: 'notauth' }],
  ['a referral upwards', { authority: 'org. NS ns.org.' }],
  ['a referral to the root', { flags: 'aa', authority: '. NS a.root.test.' }],
  ['a referral to the zone itself', { authority: 'example.org. NS ns.example.org.' }],
  ['a referral sideways', { authority: 'other.org. NS ns.other.org.' }],
  ['nothing at all', {}],
]
for (const [why, says] of lamenesses) {
  test(`RES-33: a server that answers ${why} is not asked for that zone for five minutes while others are`, async () => {
    const servers = await askedAfter({ [lame]: says }, [0, 0, limits.resolver.lameKept - 1, 1])
    assert.deepEqual(servers, [[lame, good], [good], [good], [lame, good]])
  })
}

const others: [why: string, says: Behaviour][] = [
  ['FORMERR, which is about the question,', { flags: 'formerr' }],
  ['NOTIMP', { flags: 'notimp' }],
  ['what is malformed', 'malformed'],
]
for (const [why, says] of others) {
  test(`RES-33: a server that answers ${why} is not lame`, async () => {
    assert.deepEqual(await askedAfter({ [lame]: says }, [0, 0]), [
      [lame, good],
      [lame, good],
    ])
  })
}

test('RES-33: where all are lame they are asked all the same', async () => {
  const { ask, asked } = iterate(table({ ...honest, '192.0.2.1': both, [good]: { flags: 'refused' } }))
  for (const name of ['a', 'b']) {
    const resolution = await ask(`${name}.example.org. MX`)
    assert.equal(resolution.kind === 'failure' && resolution.why, 'refused')
  }
  const each = (name: string) =>
    asked.filter((line) => line.includes(` ${name}.example.org.`)).map((line) => line.split(' ')[0])
  assert.deepEqual(each('b').slice(-2), [lame, good])
})

test('RES-33: who is asked when nobody else is left, and answers, is lame no more', async () => {
  let isOut = true
  const server = table({ ...honest, '192.0.2.1': both })
  const { ask, asked } = iterate((one) => {
    if (one.server === lame) return isOut ? { flags: 'refused' } : denial
    if (one.server === good) return isOut ? denial : 'unreachable'
    return server(one)
  })
  await ask('a.example.org. MX')
  isOut = false
  await ask('b.example.org. MX')
  await ask('c.example.org. MX')
  const last = asked
    .filter((line) => line.includes('.example.org. MX'))
    .map((line) => line.split(' ').slice(0, 2).join(' '))
  assert.deepEqual(last.slice(-5), [
    `${lame} a.example.org.`,
    `${good} a.example.org.`,
    `${good} b.example.org.`,
    `${lame} b.example.org.`,
    `${lame} c.example.org.`,
  ])
})

test('RES-33: a server that is lame for one zone is asked for another as before', async () => {
  const second = {
    authority: both.authority.replaceAll('example', 'other'),
    additional: both.additional.replaceAll('example', 'other'),
  }
  const { ask, asked } = iterate(
    table({
      ...{ ...honest, '192.0.2.1': both, [good]: denial, [lame]: { flags: 'refused' } },
      '192.0.2.1 a.other.org. MX': second,
      [`${lame} a.other.org. MX`]: { flags: 'aa', authority: soa.replaceAll('example', 'other') },
    }),
  )
  await ask('a.example.org. MX')
  await ask('a.other.org. MX')
  assert.ok(asked.includes(`${lame} a.other.org. MX cd`), asked.join('\n'))
  assert.ok(!asked.includes(`${good} a.other.org. MX cd`), asked.join('\n'))
})

test('RES-33, RES-35: servers whose addresses must be looked up go before lame ones', async () => {
  const bare = {
    authority: 'example.org. NS lame.example.org.\nexample.org. NS ns.other.net.',
    additional: `lame.example.org. A ${lame}`,
  }
  const { ask, asked } = iterate(
    table({
      ...{ ...honest, '192.0.2.1': bare, [good]: denial, [lame]: { flags: 'refused' } },
      [`${root} ns.other.net. A`]: { flags: 'aa', answer: `ns.other.net. A ${good}` },
      [`${root} ns.other.net. AAAA`]: { flags: 'aa', authority: '. SOA a. b. 1 1 1 1 1' },
    }),
  )
  await ask('a.example.org. MX')
  const before = asked.length
  await ask('b.example.org. MX')
  assert.deepEqual(asked.slice(before), [`${good} b.example.org. MX cd`])
})
