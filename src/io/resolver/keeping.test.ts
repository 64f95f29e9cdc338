import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { signedWorld } from '../../../test/resolver/signed-world.ts'
import { wholeRoom } from './cache.ts'

const address: Behaviour = { answer: 'www.example. 300 A 198.51.100.1' }
const soa = 'example. 3600 SOA ns.example. hostmaster.example. 1 7200 900 1209600 900'

test('RES-21, RES-27: an answer is kept for its TTL, and grows old', async () => {
  const { ask, asked, clock } = memoryResolver(table({ 'www.example. A': address }))
  const first = await ask('www.example. A')
  clock.move(100)
  const second = await ask('WWW.example. A')
  assert.equal(show(second), 'answer insecure 200 www.example. 200 IN A 198.51.100.1')
  const cached = [first, second].map((one) => one.kind !== 'failure' && one.evidence.cached)
  assert.deepEqual([cached, asked.length], [[false, true], 1])
  clock.move(200)
  assert.equal(show(await ask('www.example. A')), 'answer insecure 300 www.example. 300 IN A 198.51.100.1')
  assert.equal(asked.length, 2)
})

test('RES-27: a TTL of 0 is for one use, and a long one is cut to a day', async () => {
  const { ask, asked } = memoryResolver(
    table({
      'now.example. A': { answer: 'now.example. 0 A 198.51.100.1' },
      'long.example. A': { answer: 'long.example. 1000000 A 198.51.100.1' },
    }),
  )
  assert.equal(show(await ask('now.example. A')), 'answer insecure 0 now.example. 0 IN A 198.51.100.1')
  await ask('now.example. A')
  assert.equal(asked.length, 2)
  assert.equal(show(await ask('long.example. A')), 'answer insecure 86400 long.example. 86400 IN A 198.51.100.1')
})

const denials: [why: string, behaviour: Behaviour, shown: string][] = [
  ['the SOA minimum, where that is less', { authority: soa }, 'nodata insecure 900'],
  ['the TTL of the SOA record, where that is less', { authority: soa.replace('3600', '60') }, 'nodata insecure 60'],
  [
    'an hour at most, so that a new TXT record of MTA-STS is seen (STS-66, RES-36)',
    { authority: soa.replace('3600', '86400').replace(/900$/, '86400') },
    'nodata insecure 3600',
  ],
  ['five seconds without a SOA record', {}, 'nodata insecure 5'],
  ['five seconds with the SOA record of a zone beside it', { authority: `sub.${soa}` }, 'nodata insecure 5'],
  ['the SOA minimum, when the name is not there', { flags: 'nxdomain', authority: soa }, 'nxdomain insecure 900'],
  ['five seconds, when the name is not there and no SOA record is', { flags: 'nxdomain' }, 'nxdomain insecure 5'],
]
for (const [why, behaviour, shown] of denials) {
  test(`RES-25: a denial lasts ${why}`, async () => {
    const { ask, asked, clock } = memoryResolver(() => behaviour)
    const first = await ask('www.example. TLSA')
    assert.equal(show(first), shown)
    clock.move((first.kind === 'failure' ? 0 : first.ttl) - 1)
    assert.equal(show(await ask('www.example. TLSA')), shown.replace(/\d+$/, '1'))
    assert.equal(asked.length, 1)
    clock.move(1)
    await ask('www.example. TLSA')
    assert.equal(asked.length, 2)
  })
}

test('RES-25: a denial behind an alias is about the last name, and the least TTL counts', async () => {
  const { ask, asked } = memoryResolver(
    table({
      'www.example. A': { flags: 'nxdomain', answer: 'www.example. 120 CNAME gone.example.', authority: soa },
      'gone.example. A': { flags: 'nxdomain', authority: soa },
      'www.example. CNAME': { answer: 'www.example. 120 CNAME gone.example.' },
    }),
  )
  const resolution = await ask('www.example. A')
  assert.equal(show(resolution), 'nxdomain insecure 120')
  assert.equal(resolution.kind !== 'failure' && resolution.canonicalName.key, '\x04gone\x07example\0')
  assert.equal(show(await ask('www.example. CNAME')), 'answer insecure 120 www.example. 120 IN CNAME gone.example.')
  assert.deepEqual(
    asked,
    ['www.example. A', 'gone.example. A', 'www.example. CNAME'].map((one) => `192.0.2.1 ${one} cd`),
  )
})

test('RES-22: what was not asked for is not kept', async () => {
  const { ask, asked } = memoryResolver(
    table({
      'example. MX': {
        answer: 'example. MX 10 mx.example.\nother.example. A 203.0.113.66',
        authority: 'example. NS attacker.example.',
        additional: 'mx.example. A 203.0.113.66',
      },
      'mx.example. A': { answer: 'mx.example. A 192.0.2.9' },
      'other.example. A': { flags: 'nxdomain', authority: soa },
      'example. NS': { answer: 'example. NS ns.example.' },
    }),
  )
  await ask('example. MX')
  assert.equal(show(await ask('mx.example. A')), 'answer insecure 300 mx.example. 300 IN A 192.0.2.9')
  assert.equal(show(await ask('other.example. A')), 'nxdomain insecure 900')
  assert.equal(show(await ask('example. NS')), 'answer insecure 300 example. 300 IN NS ns.example.')
  assert.equal(asked.length, 4)
})

test('RES-26: failures are remembered, for longer each time in a row', async () => {
  const { ask, asked, clock } = memoryResolver(() => ({ flags: 'servfail' }))
  const pauses: number[] = []
  for (let count = 0; count < 8; count++) {
    await ask('www.example. A')
    const sent = asked.length
    for (let waited = 1; ; waited++) {
      clock.move(1)
      const resolution = await ask('www.example. A')
      if (asked.length > sent) {
        pauses.push(waited)
        break
      }
      assert.equal(resolution.kind === 'failure' && resolution.cached, true)
    }
  }
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 300, 300])
})

test('RES-26: an answer ends the row, so that the next failure is short again', async () => {
  let behaviour: Behaviour = { flags: 'servfail' }
  const { ask, asked, clock } = memoryResolver(() => behaviour)
  await ask('www.example. A')
  clock.move(5)
  await ask('www.example. A')
  clock.move(10)
  behaviour = address
  assert.equal((await ask('www.example. A')).kind, 'answer')
  clock.move(300)
  behaviour = { flags: 'servfail' }
  await ask('www.example. A')
  const sent = asked.length
  clock.move(5)
  await ask('www.example. A')
  assert.ok(asked.length > sent)
})

test('RES-26: one name and type that fails says nothing of others', async () => {
  const { ask } = memoryResolver(
    table({ 'www.example. A': { flags: 'servfail' }, 'www.example. AAAA': { authority: soa } }),
  )
  assert.equal(show(await ask('www.example. A')), 'failure servfail')
  assert.equal(show(await ask('www.example. AAAA')), 'nodata insecure 900')
})

test('where little room is given, what each of many domains is asked for goes, and what they share stays', async () => {
  const { ask, asked } = memoryResolver(
    ({ question }) => ({ answer: `${question.split(' ')[0]} 300 A 198.51.100.1` }),
    { room: { ...wholeRoom, answers: 10 } },
  )
  const shared = 'mx.provider.example. A'
  const domains = Array.from({ length: 100 }, (_, at) => `d${at}.example. A`)
  for (const domain of domains) {
    await ask(domain)
    await ask(shared)
  }
  const times = (question: string) => asked.filter((line) => line.includes(` ${question}`)).length
  assert.equal(times(shared), 1)
  await ask('d99.example. A')
  assert.equal(times('d99.example. A'), 1, 'what was asked for last is still there')
  await ask('d0.example. A')
  assert.equal(times('d0.example. A'), 2)
})

test('where little room is given, iterating finds all the same, and keeps the way to what is shared', async () => {
  const hosts = Array.from(
    { length: 30 },
    (_, at) => `zone d${at}.example\nzone d${at}.example MX 10 mx.provider.example`,
  )
  const world = signedWorld(`zone provider.example\nzone mx.provider.example A 192.0.2.1\n${hosts.join('\n')}`)
  const { ask, asked } = world.resolver('iterate', undefined, { room: { ...wholeRoom, entries: 8, answers: 8 } })
  for (let at = 0; at < 30; at++) {
    assert.equal((await ask(`d${at}.example. MX`)).kind, 'answer')
    assert.equal((await ask('mx.provider.example. A')).kind, 'answer')
  }
  const toRoot = asked.filter((line) => line.startsWith(`${world.rootHints[0]?.address} `))
  assert.ok(toRoot.length <= 4, toRoot.join('\n'))
  assert.equal(asked.filter((line) => line.includes(' mx.provider.example. A')).length, 1)
})
