import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, lineOf, type Server, table } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { parseTrustAnchors } from '../../core/dnssec/anchors.ts'
import type { Resolution } from '../../core/dnssec/resolution.ts'
import { limits } from '../../core/limits.ts'

const one = { address: '127.0.0.1', port: 53 }
const two = { address: '::1', port: 53 }

const selfTest = '. SOA'

/** A resolver that trusts these, which say AD where they must unless told; `asked` is without that. */
function trusting(server: Server, servers = [one], ofTest: Server = () => ({ flags: 'ad' })) {
  const asked: string[] = []
  const warnings: string[] = []
  const resolver = memoryResolver(
    (one) => {
      if (one.question === selfTest) return ofTest(one)
      asked.push(lineOf(one))
      return server(one)
    },
    { engine: 'trust-ad', servers, onWarning: (warning) => warnings.push(warning) },
  )
  const tests = () => resolver.asked.filter((line) => line.includes(selfTest))
  return { ...resolver, asked, warnings, tests }
}

const question = '_25._tcp.mx.example. TLSA'
const record = '_25._tcp.mx.example. 300 TLSA 3 1 1 00'
const soa = 'example. 3600 SOA ns.example. hostmaster.example. 1 7200 900 1209600 900'

function aliasesOf(resolution: Resolution) {
  return resolution.kind === 'failure'
    ? resolution.why
    : resolution.aliases.map(({ status, via }) => `${via} ${status}`)
}

const said: [why: string, behaviour: Behaviour, shown: string][] = [
  [
    'an answer with AD is secure',
    { flags: 'ad', answer: record },
    'answer secure 300 _25._tcp.mx.example. 300 IN TLSA 3 1 1 00',
  ],
  [
    'an answer without AD is insecure',
    { answer: record },
    'answer insecure 300 _25._tcp.mx.example. 300 IN TLSA 3 1 1 00',
  ],
  ['NODATA with AD is secure', { flags: 'ad', authority: soa }, 'nodata secure 900'],
  ['NODATA without AD is insecure', { authority: soa }, 'nodata insecure 900'],
  ['NXDOMAIN with AD is secure', { flags: 'ad nxdomain', authority: soa }, 'nxdomain secure 900'],
  ['NXDOMAIN without AD is insecure', { flags: 'nxdomain', authority: soa }, 'nxdomain insecure 900'],
  ['a denial without a SOA record is kept for 5 seconds', { flags: 'ad' }, 'nodata secure 5'],
  ['SERVFAIL is a failure', { flags: 'servfail' }, 'failure servfail'],
  ['SERVFAIL with AD is a failure', { flags: 'servfail ad', answer: record }, 'failure servfail'],
  ['REFUSED is a failure', { flags: 'refused' }, 'failure refused'],
  ['silence is a failure', 'timeout', 'failure timeout'],
  ['a closed port is a failure', 'refused', 'failure unreachable'],
  ['another record is a failure', { flags: 'ad', answer: 'mx.example. A 192.0.2.1' }, 'failure malformed'],
  [
    'a TTL is cut to a day',
    { flags: 'ad', answer: record.replace('300', '999999') },
    'answer secure 86400 _25._tcp.mx.example. 86400 IN TLSA 3 1 1 00',
  ],
]
for (const [why, behaviour, shown] of said) {
  test(`DANE-26, DANE-40: of a trusted resolver, ${why}`, async () => {
    const { ask, asked } = trusting(() => behaviour)
    const resolution = await ask(question)
    assert.equal(show(resolution), shown)
    assert.equal(asked[0], `127.0.0.1 ${question} ad`)
    if (resolution.kind === 'failure')
      assert.match(resolution.reason, /TLSA of _25\._tcp\.mx\.example\.: 127\.0\.0\.1 /)
    else if (resolution.status === 'insecure')
      assert.match(resolution.evidence.reason ?? '', /127\.0\.0\.1 did not set the AD bit/)
  })
}

const chain = 'mx.a.example. 600 CNAME h.b.example.\nh.b.example. 600 CNAME h.c.example.\nh.c.example. 300 A 192.0.2.1'

/** Answers `mx.a.example. A` by the chain, and the question for its first alias as told. */
function aliased(flags: string, alias: Behaviour): Server {
  return table({ 'mx.a.example. A': { flags, answer: chain }, 'mx.a.example. CNAME': alias })
}

test('DANE-26: of a secure chain every alias is secure, without another question', async () => {
  const { ask, asked } = trusting(aliased('ad', 'timeout'))
  const resolution = await ask('mx.a.example. A')
  assert.equal(show(resolution), 'answer secure 300 h.c.example. 300 IN A 192.0.2.1')
  assert.deepEqual([aliasesOf(resolution), asked.length], [['CNAME secure', 'CNAME secure'], 1])
})

const firstAlias = { answer: 'mx.a.example. 60 CNAME h.b.example.' }

test('DANE-26: of an insecure chain the first alias is asked for by itself, and may be secure', async () => {
  const { ask, asked } = trusting(aliased('', { flags: 'ad', ...firstAlias }))
  const resolution = await ask('mx.a.example. A')
  assert.equal(show(resolution), 'answer insecure 60 h.c.example. 60 IN A 192.0.2.1')
  assert.deepEqual(aliasesOf(resolution), ['CNAME secure', 'CNAME insecure'])
  assert.deepEqual(asked, ['127.0.0.1 mx.a.example. A ad', '127.0.0.1 mx.a.example. CNAME ad'])
})

test('DANE-26: the first alias is insecure when it comes without AD', async () => {
  const { ask } = trusting(aliased('', firstAlias))
  assert.deepEqual(aliasesOf(await ask('mx.a.example. A')), ['CNAME insecure', 'CNAME insecure'])
})

test('DANE-26: the first alias may have moved on since', async () => {
  const { ask } = trusting(aliased('', { flags: 'ad', answer: 'mx.a.example. 60 CNAME other.example.' }))
  assert.deepEqual(aliasesOf(await ask('mx.a.example. A')), ['CNAME secure', 'CNAME insecure'])
})

test('DANE-26: the first alias may be a DNAME’s', async () => {
  const { ask } = trusting(
    table({
      'mx.a.example. A': {
        answer: 'a.example. DNAME b.example.\nmx.a.example. CNAME mx.b.example.\nmx.b.example. A 192.0.2.1',
      },
      'a.example. DNAME': { flags: 'ad', answer: 'a.example. DNAME b.example.' },
    }),
  )
  assert.deepEqual(aliasesOf(await ask('mx.a.example. A')), ['DNAME secure'])
})

test('DANE-26: an insecure denial at the end of aliases has a first alias too', async () => {
  const { ask } = trusting(
    table({
      'mx.a.example. A': { flags: 'nxdomain', answer: 'mx.a.example. CNAME h.b.example.', authority: soa },
      'mx.a.example. CNAME': { flags: 'ad', ...firstAlias },
    }),
  )
  const resolution = await ask('mx.a.example. A')
  assert.deepEqual([resolution.kind, aliasesOf(resolution)], ['nxdomain', ['CNAME secure']])
})

const unknown: [why: string, alias: Behaviour, shown: string][] = [
  ['SERVFAIL', { flags: 'servfail' }, 'failure servfail'],
  ['silence', 'timeout', 'failure timeout'],
  ['that it is none', { flags: 'ad', authority: soa }, 'failure malformed'],
  ['that it is absent', { flags: 'ad nxdomain', authority: soa }, 'failure malformed'],
]
for (const [why, alias, shown] of unknown) {
  test(`DANE-26: a question for the first alias that yields ${why} is a failure, never "insecure"`, async () => {
    const { ask } = trusting(aliased('', alias))
    const resolution = await ask('mx.a.example. A')
    assert.equal(show(resolution), shown)
    assert.match(resolution.kind === 'failure' ? resolution.reason : '', /CNAME of mx\.a\.example\.: 127\.0\.0\.1 /)
  })
}

test('RES-36: 11 aliases in a reply are followed, 12 are too many, and a circle is seen', async () => {
  const links = (count: number) =>
    Array.from({ length: count }, (_, index) => `a${index}.example. CNAME a${index + 1}.example.`).join('\n')
  const { ask } = trusting(
    table({
      'a0.example. A': { flags: 'ad', answer: `${links(11)}\na11.example. A 192.0.2.1` },
      'a0.example. AAAA': { flags: 'ad', answer: `${links(12)}\na12.example. AAAA 2001:db8::1` },
      'b.example. A': { flags: 'ad', answer: 'b.example. CNAME c.example.\nc.example. CNAME b.example.' },
    }),
  )
  assert.equal(show(await ask('a0.example. A')), 'answer secure 300 a11.example. 300 IN A 192.0.2.1')
  assert.equal(show(await ask('a0.example. AAAA')), 'failure limit')
  assert.equal(show(await ask('b.example. A')), 'failure alias-loop')
})

test('RES-21: an answer is kept for its TTL, and grows old', async () => {
  const { ask, asked, clock } = trusting(() => ({ flags: 'ad', answer: record }))
  await ask(question)
  clock.move(100)
  const resolution = await ask(question)
  assert.equal(show(resolution), 'answer secure 200 _25._tcp.mx.example. 200 IN TLSA 3 1 1 00')
  assert.equal(resolution.kind !== 'failure' && resolution.evidence.cached, true)
  clock.move(200)
  await ask(question)
  assert.equal(asked.length, 2)
})

test('RES-26: failures are remembered, for longer each time in a row', async () => {
  const { ask, asked, clock } = trusting(() => ({ flags: 'servfail' }))
  for (const [seconds, sent] of [
    [0, 1],
    [4, 1],
    [1, 2],
    [9, 2],
    [1, 3],
  ] as const) {
    clock.move(seconds)
    await ask(question)
    assert.equal(asked.length, sent)
  }
})

test('RES-14: a resolver that is not there leaves the question to the next', async () => {
  const { ask, asked } = trusting(
    ({ server }) => (server === '::1' ? { flags: 'ad', answer: record } : 'timeout'),
    [one, two],
  )
  assert.equal((await ask(question)).kind, 'answer')
  assert.deepEqual(asked, [`127.0.0.1 ${question} ad`, `::1 ${question} ad`])
})

test('DNSSEC-60: after one resolver said SERVFAIL, which it says of bogus data, another is believed with AD alone', async () => {
  const answerOf = (flags: string): Server => {
    return ({ server }) => (server === '::1' ? { flags, answer: record } : { flags: 'servfail' })
  }
  assert.equal(show(await trusting(answerOf('ad'), [one, two]).ask(question)).slice(0, 13), 'answer secure')
  assert.equal(show(await trusting(answerOf(''), [one, two]).ask(question)), 'failure servfail')
})

test('RES-17: a silent resolver is asked over TCP at last', async () => {
  const { ask, asked } = trusting(({ transport }) =>
    transport === 'tcp' ? { flags: 'ad', answer: record } : 'timeout',
  )
  assert.equal((await ask(question)).kind, 'answer')
  assert.equal(asked.length, limits.resolver.retriesPerServer)
})

test('RES-05: a hundred lookups of the same at once are one query', async () => {
  const gate = Promise.withResolvers<Behaviour>()
  const { ask, asked } = trusting(() => gate.promise)
  const all = Array.from({ length: 100 }, () => ask(question))
  gate.resolve({ flags: 'ad', answer: record })
  for (const resolution of await Promise.all(all)) assert.equal(resolution.kind, 'answer')
  assert.equal(asked.length, 1)
})

test('RES-47: giving up and closing end lookups as aborted, and nothing is remembered of them', async () => {
  let behaviour: Behaviour = 'hangs'
  const { ask, close } = trusting(() => behaviour)
  const stop = new AbortController()
  const given = ask(question, { signal: stop.signal })
  stop.abort()
  assert.equal(show(await given), 'failure aborted')
  const closed = ask(question)
  behaviour = { flags: 'ad', answer: record }
  assert.equal((await ask('b.example. TLSA')).kind, 'failure')
  await close()
  assert.equal(show(await closed), 'failure aborted')
  assert.equal(show(await ask(question)), 'failure aborted')
})

test('RES-38, RES-39: special names and what is no question are asked of nobody', async () => {
  const { ask, asked } = trusting(() => ({ flags: 'ad', answer: record }))
  assert.equal(show(await ask('_25._tcp.localhost. TLSA')), 'nodata insecure 3600')
  assert.equal(show(await ask('x.onion. A')), 'nxdomain insecure 3600')
  assert.equal(show(await ask('example. ANY')), 'failure config')
  assert.deepEqual(asked, [])
})

const answer: Behaviour = { flags: 'ad', answer: record }
const told = (server: string) =>
  `resolver ${server} does not validate: no AD bit with SOA of .; it is not believed, all data counts as insecure, ` +
  'and DANE is off: use --engine forward or iterate'

test('DANE-20, DNSSEC-03: a resolver is tested beside the first question, without AD in the test, and again in an hour', async () => {
  const { ask, tests, clock, warnings } = trusting(() => answer)
  const all = await Promise.all([ask(question), ask('b.example. TLSA'), ask(question)])
  assert.equal(show(all[0]), 'answer secure 300 _25._tcp.mx.example. 300 IN TLSA 3 1 1 00')
  await ask('c.example. MX')
  assert.deepEqual(tests(), ['127.0.0.1 . SOA'])
  clock.move(3601)
  await ask(question)
  assert.deepEqual([tests().length, warnings], [2, []])
})

test('DANE-20, RES-15: AD of a resolver that does not set it where it must is not believed, which is told once', async () => {
  let flags = ''
  const { ask, warnings, clock } = trusting(
    () => answer,
    [one],
    () => ({ flags }),
  )
  const resolution = await ask(question)
  assert.equal(show(resolution).slice(0, 15), 'answer insecure')
  assert.equal(resolution.kind !== 'failure' && resolution.evidence.reason, 'the resolver 127.0.0.1 does not validate')
  clock.move(61)
  await ask('b.example. TLSA')
  assert.deepEqual(warnings, [told('127.0.0.1')])
  flags = 'ad'
  clock.move(301)
  assert.equal(show(await ask(question)).slice(0, 13), 'answer secure')
  flags = ''
  clock.move(3601)
  await ask(question)
  assert.deepEqual(warnings, [told('127.0.0.1'), told('127.0.0.1')])
})

test('DANE-20: aliases of a resolver that does not validate are insecure, without another question', async () => {
  const { ask, asked } = trusting(aliased('ad', 'timeout'), [one], () => ({}))
  assert.deepEqual(aliasesOf(await ask('mx.a.example. A')), ['CNAME insecure', 'CNAME insecure'])
  assert.equal(asked.length, 1)
})

test('DANE-20: one that gives back the bits of the question is found out, as the test has no AD', async () => {
  const echo: Server = ({ authenticData = false }) => ({ flags: authenticData ? 'ad' : '', answer: record })
  const { ask, warnings } = trusting(echo, [one], echo)
  assert.equal(show(await ask(question)).slice(0, 15), 'answer insecure')
  assert.deepEqual(warnings, [told('127.0.0.1')])
})

test('DANE-20, RES-14: another resolver that validates is asked instead', async () => {
  const { ask, asked } = trusting(
    () => answer,
    [one, two],
    ({ server }) => ({ flags: server === '::1' ? 'ad' : '' }),
  )
  assert.equal(show(await ask(question)).slice(0, 13), 'answer secure')
  assert.deepEqual(asked, [`127.0.0.1 ${question} ad`, `::1 ${question} ad`])
})

test('DNSSEC-60: what one that validates holds bogus is not taken from one that does not', async () => {
  const bogus: Server = ({ server }) => (server === '::1' ? { flags: 'servfail' } : { answer: record })
  const { ask } = trusting(bogus, [one, two], ({ server }) => ({ flags: server === '::1' ? 'ad' : '' }))
  assert.equal(show(await ask(question)), 'failure servfail')
})

for (const [behaviour, why] of [
  ['timeout', 'timeout'],
  [{ flags: 'servfail' }, 'servfail'],
  ['refused', 'unreachable'],
] as [Behaviour, string][]) {
  test(`DANE-20, DANE-21: as long as the test fails (${why}) nothing is insecure, and no warning given`, async () => {
    let now: Behaviour = behaviour
    const { ask, warnings, clock } = trusting(
      () => answer,
      [one],
      () => now,
    )
    const resolution = await ask(question)
    assert.equal(show(resolution), `failure ${why}`)
    assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^SOA of \.: 127\.0\.0\.1 /)
    now = { flags: 'ad' }
    clock.move(6)
    assert.equal(show(await ask(question)).slice(0, 13), 'answer secure')
    assert.deepEqual(warnings, [])
  })
}

test('RES-47: a test under way ends with its last question, and with the resolver', async () => {
  const { ask, close, exchange } = trusting(
    () => answer,
    [one],
    () => 'hangs',
  )
  const stop = new AbortController()
  const given = ask(question, { signal: stop.signal })
  await new Promise(setImmediate)
  stop.abort()
  assert.equal(show(await given), 'failure aborted')
  const closed = ask(question)
  await close()
  assert.equal(show(await closed), 'failure aborted')
  assert.equal(exchange.abandoned.filter((line) => line.includes(selfTest)).length, 2)
})

test('DANE-20: below another anchor than the root its owner is what must be secure', async () => {
  const ds = parseTrustAnchors('corp. DS 1 15 2 9c51ba44691ac3e1daa0bc25695d70c640170604231370b378291e7504bbcb41')
  assert.ok(ds.ok)
  const { ask, asked } = memoryResolver(() => answer, { engine: 'trust-ad', servers: [one], trustAnchors: ds.value })
  assert.equal(show(await ask(question)).slice(0, 13), 'answer secure')
  assert.ok(asked.includes('127.0.0.1 corp. SOA'))
})
