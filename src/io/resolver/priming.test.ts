import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, type Saying, table } from '../../../test/resolver/fake-exchange.ts'
import { answered, honest, iterate, question, referral, root } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { type Change, signedWorld } from '../../../test/resolver/signed-world.ts'
import { rdataOfText } from '../../../test/support/records.ts'
import type { ResourceRecord } from '../../core/dns/message.ts'
import { readNameRdata } from '../../core/dns/rdata/records.ts'
import { CLASS, TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { withLastOctetChanged } from '../../programs/lab/dns/spoil.ts'

/** Root servers that are not among the hints. */
const primed = '203.0.113.53'
const rootNs = {
  flags: 'aa',
  answer: '. 3600 NS a.root.test.',
  additional: `a.root.test. A ${primed}`,
} satisfies Saying

/** Of a name that only the root can tell of. */
const elsewhere = 'www.example.net. A'
const denial = { flags: 'aa nxdomain', authority: '. SOA a. b. 1 1 1 1 1' }

/** A resolver that primes; the servers of `honest`, of which both root servers know the same. */
function priming(answers: Readonly<Record<string, Behaviour>>) {
  const usual = {
    ...honest,
    [elsewhere]: denial,
    'www.example.net. AAAA': denial,
    [primed]: referral('org.', '192.0.2.1'),
  }
  return iterate(table({ ...usual, ...answers }), { prime: true })
}

/** To whom of the root's servers the lines went, without what was asked for its own sake. */
function askedAtRoot(asked: readonly string[]): string[] {
  return asked
    .filter((line) => /^(198|203)\./.test(line) && !line.includes(' . NS'))
    .map((line) => line.split(' ')[0] ?? '')
}

test('RES-29: the first question goes out before the one for root servers, and does not wait for its answer', async () => {
  const { ask, asked, close, exchange } = priming({ [`${root} . NS`]: 'hangs' })
  assert.equal(show(await ask(question)), answered)
  assert.deepEqual(asked.slice(0, 2), [`${root} ${question} cd`, `${root} . NS cd`])
  await close()
  assert.deepEqual(exchange.abandoned, [`${root} . NS cd`])
})

test('RES-29: from then on those are asked whom the root names, by the addresses beside it', async () => {
  const { ask, asked } = priming({ [`${root} . NS`]: rootNs })
  await ask(question)
  assert.equal(show(await ask('. NS')), 'answer insecure 3600 . 3600 IN NS a.root.test.')
  await ask(elsewhere)
  assert.deepEqual(askedAtRoot(asked), [root, primed])
  assert.equal(asked.filter((line) => line.includes('. NS')).length, 1)
})

test('RES-29: when that is out of date the hints are asked again, and who serves the root as well', async () => {
  const { ask, asked, clock } = priming({ [`${root} . NS`]: rootNs })
  await ask(question)
  await ask('. NS')
  clock.move(3599)
  await ask(elsewhere)
  assert.deepEqual(askedAtRoot(asked), [root, primed])
  clock.move(1)
  await ask('www.example.net. AAAA')
  await ask('. NS')
  assert.deepEqual(askedAtRoot(asked), [root, primed, root])
  assert.equal(asked.filter((line) => line === `${root} . NS cd`).length, 2)
})

test('RES-29: what the root says of itself is asked for at its own word, and hints at the operator’s', async () => {
  const chosen: string[] = []
  const server = table({ ...honest, [`${root} . NS`]: rootNs, [primed]: 'timeout' })
  const { ask } = iterate(
    (one) => {
      if (one.question !== '. NS') chosen.push(`${one.server} ${one.chosenBy}`)
      return server(one)
    },
    { prime: true },
  )
  await ask(elsewhere)
  await ask('. NS')
  await ask(question)
  assert.deepEqual(chosen.slice(-4), [
    `${primed} stranger`,
    `${root} operator`,
    '192.0.2.1 stranger',
    '192.0.2.2 stranger',
  ])
})

for (const fault of ['timeout', 'unreachable', 'forbidden', 'malformed'] as const) {
  test(`RES-29: where none of those is of use (${fault}), the hints are asked`, async () => {
    const { ask } = priming({ [`${root} . NS`]: rootNs, [primed]: fault })
    await ask('. NS')
    assert.equal(show(await ask(question)), answered)
  })
}

test('RES-29: a reply with a part of the addresses is enough, and the others are looked up when they are needed', async () => {
  const names = ['a', 'b', 'c', 'd'].map((name) => `. NS ${name}.root.test.`).join('\n')
  const part = { flags: 'aa', answer: names, additional: `a.root.test. A ${primed}` }
  const { ask, asked } = priming({
    ...{ [`${root} . NS`]: part, [primed]: 'refused' },
    ...{ [`${root} b.root.test. A`]: { flags: 'aa', answer: 'b.root.test. A 203.0.113.54' } },
    ...{ [`${root} b.root.test. AAAA`]: { flags: 'aa', authority: '. SOA a. b. 1 1 1 1 1' } },
    '203.0.113.54': referral('org.', '192.0.2.1'),
  })
  await ask('. NS')
  assert.equal(show(await ask(question)), answered)
  assert.ok(asked.includes(`203.0.113.54 ${question} cd`), asked.join('\n'))
})

const useless: [why: string, says: Behaviour][] = [
  ['without any address', { flags: 'aa', answer: '. 3600 NS a.root.test.' }],
  ['without AA', { ...rootNs, flags: '' }],
  ['of a resolver in its place', { ...rootNs, flags: 'ra' }],
  ['with addresses of others alone', { ...rootNs, additional: `b.root.test. A ${primed}` }],
  ['that there are none', { flags: 'aa', authority: '. SOA a. b. 1 1 1 1 1' }],
  ['that refuses', { flags: 'refused' }],
]
for (const [why, says] of useless) {
  test(`RES-29: after a reply ${why} the hints are asked as before`, async () => {
    const { ask, asked } = priming({ [`${root} . NS`]: says })
    await ask('. NS')
    await ask(question)
    assert.deepEqual([...new Set(askedAtRoot(asked))], [root])
  })
}

test('RES-26, RES-29: root servers that do not say it are asked again after a while, not with every question', async () => {
  const { ask, asked, clock } = priming({ [`${root} . NS`]: { flags: 'refused' } })
  for (const name of ['a', 'b', 'c', 'd']) await ask(`${name}.example.org. A`)
  const count = () => asked.filter((line) => line === `${root} . NS cd`).length
  assert.equal(count(), 1)
  clock.move(limits.resolver.failureTtl)
  await ask('e.example.org. A')
  assert.equal(count(), 2)
})

test('RES-29, RES-38: names that are answered here are no reason to ask who serves the root', async () => {
  const { ask, asked } = priming({})
  await ask('localhost. A')
  assert.deepEqual(asked, [])
})

test('RES-29: engine auto asks it as well, once root servers have answered', async () => {
  const { ask, asked } = iterate(table({ ...honest, [elsewhere]: denial, [`${root} . NS`]: rootNs }), {
    ...{ engine: 'auto', servers: [], systemServers: [], prime: true },
  })
  await ask(question)
  await ask('. NS')
  await ask(elsewhere)
  assert.equal(askedAtRoot(asked).at(-1), primed)
})

const world = signedWorld(`
zone alpha.example
zone mx.alpha.example A 203.0.113.1
`)

/** Adds an address to the root's word on its servers, and changes its records. */
function withGlue(change: (record: ResourceRecord) => ResourceRecord): Change {
  return (message, one) => {
    if (one.question !== '. NS') return undefined
    const ns = message.answer.find(({ type }) => type === TYPE.NS)
    const name = ns && readNameRdata(ns.rdata)
    assert.ok(name?.ok)
    const glue = { name: name.value, type: TYPE.A, class: CLASS.IN, ttl: 3600, rdata: rdataOfText(TYPE.A, primed) }
    return { ...message, answer: message.answer.map(change), additional: [glue] }
  }
}

const signed: [
  why: string,
  change: (record: ResourceRecord) => ResourceRecord,
  kind: string,
  to: string | undefined,
][] = [
  ['is proved is followed', (record) => record, 'answer', primed],
  [
    'is forged is not followed',
    (record) => (record.type === TYPE.RRSIG ? withLastOctetChanged(record) : record),
    'failure',
    world.rootHints[0]?.address,
  ],
]
for (const [why, change, kind, to] of signed) {
  test(`RES-29, DNSSEC-01: what a signed root says of its servers and ${why}`, async () => {
    const { ask, asked } = world.resolver('iterate', withGlue(change), { prime: true })
    assert.equal((await ask('. NS')).kind, kind)
    assert.match(show(await ask('mx.alpha.example. A')), /^answer secure /)
    assert.equal(asked.find((line) => line.endsWith(' example. A cd'))?.split(' ')[0], to)
  })
}
