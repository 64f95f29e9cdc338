import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { limits } from '../../core/limits.ts'

const address: Behaviour = { answer: 'www.example. 300 A 198.51.100.1' }
const soa = 'example. 3600 SOA ns.example. hostmaster.example. 1 7200 900 1209600 900'

/** A server that answers when it is let go. */
function held(behaviour: Behaviour) {
  const gate = Promise.withResolvers<Behaviour>()
  return { server: () => gate.promise, release: () => gate.resolve(behaviour) }
}

test('RES-05: a hundred lookups of the same at once are one query', async () => {
  const { server, release } = held(address)
  const { ask, asked } = memoryResolver(server)
  const all = Array.from({ length: 100 }, () => ask('www.example. A'))
  release()
  const shown = (await Promise.all(all)).map(show)
  assert.deepEqual(new Set(shown), new Set(['answer insecure 300 www.example. 300 IN A 198.51.100.1']))
  assert.deepEqual(asked, ['192.0.2.1 www.example. A cd'])
})

test('RES-05: names that differ in case are one question', async () => {
  const { server, release } = held(address)
  const { ask, asked } = memoryResolver(server)
  const all = [ask('www.example. A'), ask('WWW.EXAMPLE. A'), ask('wWw.eXample. A')]
  release()
  await Promise.all(all)
  assert.equal(asked.length, 1)
})

test('RES-47: who gives up is told so at once, the others get the answer, and it is asked for once', async () => {
  const { server, release } = held(address)
  const { ask, exchange } = memoryResolver(server)
  const stop = new AbortController()
  const given = ask('www.example. A', { signal: stop.signal })
  const others = [ask('www.example. A'), ask('www.example. A')]
  stop.abort()
  assert.equal(show(await given), 'failure aborted')
  release()
  for (const other of await Promise.all(others)) assert.equal(other.kind, 'answer')
  assert.deepEqual([exchange.asked.length, exchange.abandoned], [1, []])
})

test('RES-47: when the last who waits gives up the question is given up, and nothing is remembered of it', async () => {
  let behaviour: Behaviour = 'hangs'
  const { ask, exchange } = memoryResolver(() => behaviour)
  const stops = [new AbortController(), new AbortController()]
  const all = stops.map(({ signal }) => ask('www.example. A', { signal }))
  for (const stop of stops) stop.abort(new Error('no time'))
  assert.deepEqual((await Promise.all(all)).map(show), ['failure aborted', 'failure aborted'])
  behaviour = address
  assert.equal((await ask('www.example. A')).kind, 'answer')
  assert.deepEqual(exchange.abandoned, ['192.0.2.1 www.example. A cd'])
})

test('RES-47: a lookup that is given up before it begins sends nothing, and never rejects', async () => {
  const { ask, asked } = memoryResolver(() => address)
  const resolution = await ask('www.example. A', { signal: AbortSignal.abort() })
  assert.equal(show(resolution), 'failure aborted')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /A of www\.example\./)
  assert.deepEqual(asked, [])
})

test('RES-47: closing ends everything as aborted, and so is every later lookup', async () => {
  const { ask, close, exchange } = memoryResolver(() => 'hangs')
  const all = Array.from({ length: 500 }, (_, index) => ask(`host${index}.example. A`))
  await close()
  const shown = new Set((await Promise.all(all)).map(show))
  assert.deepEqual(shown, new Set(['failure aborted']))
  assert.equal(exchange.abandoned.length, 500)
  assert.equal(show(await ask('www.example. A')), 'failure aborted')
  assert.equal(show(await ask('localhost. A')), 'failure aborted')
  assert.equal(exchange.asked.length, 500)
})

test('RES-36: a question that is not answered in its time has timed out, and says whom it waited for', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { ask } = memoryResolver(() => 'hangs')
  const asked = ask('www.example. A')
  // The first question to a server begins after a few microtasks.
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  t.mock.timers.tick(limits.resolver.questionMs)
  const resolution = await asked
  assert.equal(show(resolution), 'failure timeout')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of www\.example\.: .*192\.0\.2\.1.* 20 s$/)
  assert.equal(resolution.kind === 'failure' && resolution.server, '192.0.2.1')
})

test('RES-37: when too many wait already, one more is refused and names what it was about', async () => {
  const { ask, close } = memoryResolver(() => 'hangs')
  const all = Array.from({ length: limits.resolver.waitingQuestions }, (_, index) => ask(`host${index}.example. A`))
  const resolution = await ask('www.example. A')
  assert.equal(show(resolution), 'failure overload')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /A of www\.example\./)
  await close()
  await Promise.all(all)
})

test('RES-37: what was refused for overload is looked up when there is room again', async () => {
  const stop = new AbortController()
  const { ask } = memoryResolver(({ question }) => (question === 'www.example. A' ? address : 'hangs'))
  const all = Array.from({ length: limits.resolver.waitingQuestions }, (_, index) =>
    ask(`host${index}.example. A`, { signal: stop.signal }),
  )
  assert.equal(show(await ask('www.example. A')), 'failure overload')
  stop.abort()
  await Promise.all(all)
  assert.equal((await ask('www.example. A')).kind, 'answer')
})

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
    'three hours at most',
    { authority: soa.replace('3600', '86400').replace(/900$/, '86400') },
    'nodata insecure 10800',
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

/** Answers every `aN.example.` with an alias to the next, and the last of `count` with an address. */
function aliases(count: number) {
  return table(
    Object.fromEntries(
      Array.from({ length: count + 1 }, (_, index) => [
        `a${index}.example. A`,
        {
          answer: index < count ? `a${index}.example. CNAME a${index + 1}.example.` : `a${index}.example. A 192.0.2.9`,
        },
      ]),
    ),
  )
}

test('RES-36, DNSSEC-58: a chain of 11 aliases is followed to its end', async () => {
  const { ask } = memoryResolver(aliases(11))
  const resolution = await ask('a0.example. A')
  assert.equal(show(resolution), 'answer insecure 300 a11.example. 300 IN A 192.0.2.9')
  assert.equal(resolution.kind !== 'failure' && resolution.aliases.length, 11)
})

test('RES-36, DNSSEC-58: a chain of 12 aliases fails, and names where it began', async () => {
  const { ask, asked } = memoryResolver(aliases(12))
  const resolution = await ask('a0.example. A')
  assert.equal(show(resolution), 'failure limit')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of a0\.example\.: more than 11 aliases/)
  assert.equal(asked.length, 12)
})

const loops: [why: string, answers: Record<string, Behaviour>][] = [
  ['an alias of itself', { 'a.example. A': { answer: 'a.example. CNAME a.example.' } }],
  [
    'two aliases of each other',
    {
      'a.example. A': { answer: 'a.example. CNAME b.example.' },
      'b.example. A': { answer: 'b.example. CNAME A.example.' },
    },
  ],
  ['a loop in one reply', { 'a.example. A': { answer: 'a.example. CNAME b.example.\nb.example. CNAME a.example.' } }],
  [
    'a DNAME that comes back',
    {
      'a.example. A': { answer: 'a.example. CNAME x.d.example.' },
      'x.d.example. A': { answer: 'd.example. DNAME e.example.' },
      'x.e.example. A': { answer: 'e.example. DNAME d.example.' },
    },
  ],
]
for (const [why, answers] of loops) {
  test(`RES-36, DNSSEC-58: ${why} is a loop`, async () => {
    const { ask } = memoryResolver(table(answers))
    assert.equal(show(await ask('a.example. A')), 'failure alias-loop')
  })
}

test('RES-36: a DNAME that makes names longer and longer ends at the limit of aliases or of names', async () => {
  const { ask } = memoryResolver(() => ({ answer: 'd.example. DNAME longer.d.example.' }))
  const resolution = await ask('x.d.example. A')
  assert.match(show(resolution), /^failure (limit|malformed)$/)
})

test('DNSSEC-59: a DNAME yields our own alias, whatever CNAME stands beside it', async () => {
  const { ask } = memoryResolver(
    table({
      'x.d.example. A': { answer: 'd.example. 60 DNAME e.example.\nx.d.example. 60 CNAME evil.example.' },
      'x.e.example. A': { answer: 'x.e.example. A 198.51.100.1' },
    }),
  )
  const resolution = await ask('x.d.example. A')
  assert.equal(show(resolution), 'answer insecure 60 x.e.example. 60 IN A 198.51.100.1')
  assert.deepEqual(resolution.kind !== 'failure' && resolution.aliases.map(({ via }) => via), ['DNAME'])
})

const broken: [why: string, name: string, answer: string][] = [
  ['two targets', 'a.example. A', 'a.example. CNAME b.example.\na.example. CNAME c.example.'],
  ['two DNAME targets', 'x.a.example. A', 'a.example. DNAME b.example.\na.example. DNAME c.example.'],
  [
    'a target that is too long',
    `${'x.'.repeat(60)}a.example. A`,
    `a.example. DNAME ${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(40)}.`,
  ],
]
for (const [why, question, answer] of broken) {
  test(`RES-22: an alias with ${why} is a failure that names record and server`, async () => {
    const { ask } = memoryResolver(() => ({ answer }))
    const resolution = await ask(question)
    assert.equal(show(resolution), 'failure malformed')
    assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of .*a\.example\.: .*192\.0\.2\.1/)
  })
}

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

test('RES-41: an insecure result says why', async () => {
  const { ask } = memoryResolver(() => address)
  const resolution = await ask('www.example. A')
  assert.equal(
    resolution.kind !== 'failure' && resolution.evidence.reason,
    'no trust anchor is at or above www.example.',
  )
  assert.equal(resolution.kind !== 'failure' && resolution.evidence.server, '192.0.2.1')
})

const neverSent = [
  '_25._tcp.localhost. TLSA',
  'mx.localhost. A',
  'x.onion. A',
  'invalid. MX',
  'a.b.alt. TXT',
  'printer.local. A',
  '1.0.0.10.in-addr.arpa. PTR',
  'www.example. ANY',
  'www.example. RRSIG',
  'www.example. TYPE128',
  'www.example. TYPE252',
  'www.example. OPT',
  'www.example. TYPE0',
]
for (const question of neverSent) {
  test(`RES-38, RES-39: ${question} is asked of nobody`, async () => {
    const { ask, asked } = memoryResolver(() => address)
    await ask(question)
    assert.deepEqual(asked, [])
  })
}

test('RES-39: what is no question is a mistake, which names the record', async () => {
  const { ask } = memoryResolver(() => address)
  const resolution = await ask('www.example. ANY')
  assert.equal(show(resolution), 'failure config')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /ANY of www\.example\./)
})

test('RES-26, RES-36: what is too costly is not tried again for a while, and harms nobody whom its aliases pass', async () => {
  const { ask, asked, clock } = memoryResolver(aliases(12))
  assert.equal(show(await ask('a0.example. A')), 'failure limit')
  clock.move(4)
  const again = await ask('A0.example. A')
  assert.equal(again.kind === 'failure' && again.cached, true)
  assert.equal(show(await ask('a1.example. A')), 'answer insecure 296 a12.example. 296 IN A 192.0.2.9')
  assert.equal(asked.length, 13)
})
