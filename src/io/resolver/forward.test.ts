import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, table } from '../../../test/resolver/fake-exchange.ts'
import { endpoints, memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { limits } from '../../core/limits.ts'
import { refuse } from '../../core/result.ts'
import type { Exchange } from './exchange.ts'

const address: Behaviour = { answer: 'www.example. 300 A 198.51.100.1' }
const answered = 'answer insecure 300 www.example. 300 IN A 198.51.100.1'
const question = 'www.example. A'

/** Answers each of two servers in its turn, the last one for good; what was asked, and what came of it. */
async function askTwo(first: readonly Behaviour[], second: readonly Behaviour[] = [address]) {
  const left = new Map([
    ['192.0.2.1', [...first]],
    ['192.0.2.2', [...second]],
  ])
  const { ask, asked } = memoryResolver(
    ({ server }) => {
      const behaviours = left.get(server) ?? []
      return (behaviours.length > 1 ? behaviours.shift() : behaviours[0]) ?? 'timeout'
    },
    { servers: endpoints(2) },
  )
  const resolution = await ask(question)
  const reason = resolution.kind === 'failure' ? resolution.reason : ''
  return { resolution, shown: show(resolution), reason, asked: asked.map((line) => line.replace(`${question}`, '…')) }
}

test('RES-12: every question goes out with CD, so that bogus data comes to us', async () => {
  const { shown, asked } = await askTwo([address])
  assert.deepEqual([shown, asked], [answered, ['192.0.2.1 … cd']])
})

const refusals = ['servfail', 'refused', 'formerr', 'notimp'].map((flags): [string, Behaviour] => [flags, { flags }])
for (const [rcode, behaviour] of refusals) {
  test(`RES-12: ${rcode} to CD=1 is asked again with CD=0`, async () => {
    const { shown, asked } = await askTwo([behaviour, address])
    assert.deepEqual([shown, asked], [answered, ['192.0.2.1 … cd', '192.0.2.1 …']])
  })

  test(`RES-14: ${rcode} to both sends us to the next server`, async () => {
    const { shown, asked } = await askTwo([behaviour])
    assert.deepEqual([shown, asked], [answered, ['192.0.2.1 … cd', '192.0.2.1 …', '192.0.2.2 … cd']])
  })
}

/** Which way each of the questions went, of a server that answers some with this RCODE. */
async function waysAfter(
  isRefused: (asked: { checkingDisabled: boolean; question: string }) => boolean,
  flags: string,
  steps: readonly (string | number)[],
) {
  const { ask, asked, clock } = memoryResolver((one) =>
    isRefused(one) ? { flags } : { answer: `${one.question} 198.51.100.1` },
  )
  for (const step of steps) {
    if (typeof step === 'number') clock.move(step)
    else await ask(`${step}.example. A`)
  }
  return asked.map((line) => line.replace(/^192\.0\.2\.1 (\w+)\.example\. A/, '$1'))
}

for (const flags of ['refused', 'formerr', 'notimp']) {
  test(`RES-12: of a server that answers CD=1 with ${flags} it is remembered for an hour`, async () => {
    const steps = ['a', 'b', limits.resolver.capabilityKept - 1, 'c', 1, 'd']
    const ways = await waysAfter(({ checkingDisabled }) => checkingDisabled, flags, steps)
    assert.deepEqual(ways, ['a cd', 'a', 'b', 'c', 'd cd', 'd'])
  })
}

test('RES-12: of one that fails with CD=1 it is remembered for a minute, as that may pass', async () => {
  const steps = ['a', 'b', limits.resolver.bogusTtl, 'c']
  const ways = await waysAfter(({ checkingDisabled }) => checkingDisabled, 'servfail', steps)
  assert.deepEqual(ways, ['a cd', 'a', 'b', 'c cd', 'c'])
})

test('RES-12: one that filters what it holds bogus is asked with CD=1 behind that, and first from then on', async () => {
  const isRefused = ({ checkingDisabled, question: text }: { checkingDisabled: boolean; question: string }) =>
    text.startsWith('a.') ? checkingDisabled : !checkingDisabled
  assert.deepEqual(await waysAfter(isRefused, 'servfail', ['a', 'b', 'c']), ['a cd', 'a', 'b', 'b cd', 'c cd'])
})

test('RES-12: a name that fails both ways says nothing of CD', async () => {
  const isRefused = ({ question: text }: { question: string }) => text.startsWith('a.')
  assert.deepEqual(await waysAfter(isRefused, 'servfail', ['a', 'b']), ['a cd', 'a', 'b cd'])
})

const useless: [why: string, behaviour: Behaviour][] = [
  ['says nothing about the name', { answer: 'other.example. A 203.0.113.1' }],
  ['refers us elsewhere', { authority: 'example. NS ns.example.' }],
]
for (const [why, behaviour] of useless) {
  test(`RES-22: a server that ${why} is of no use`, async () => {
    const { shown, asked } = await askTwo([behaviour])
    assert.deepEqual([shown, asked.at(-1)], [answered, '192.0.2.2 … cd'])
  })
}

for (const fault of ['refused', 'unreachable', 'malformed', 'forbidden', 'overload'] as const) {
  test(`RES-14: a server that cannot be asked (${fault}) is not asked twice`, async () => {
    const { shown, asked } = await askTwo([fault])
    assert.deepEqual([shown, asked], [answered, ['192.0.2.1 … cd', '192.0.2.2 … cd']])
  })
}

test('RES-16: servers take turns as long as none answers, and TCP comes last', async () => {
  const { shown, asked, reason, resolution } = await askTwo(['timeout'], ['timeout'])
  assert.equal(shown, 'failure timeout')
  const turn = ['192.0.2.1 … cd', '192.0.2.2 … cd']
  const last = turn.map((line) => line.replace('…', '… tcp').replace(' tcp cd', ' tcp cd'))
  assert.deepEqual(asked, [...turn, ...turn, ...turn, ...last])
  assert.equal(reason, 'A of www.example.: 192.0.2.1 does not answer, and 1 more of no use')
  assert.deepEqual(resolution.kind === 'failure' && [resolution.server, resolution.ede], ['192.0.2.1', 22])
})

test('RES-18: what comes by TCP alone is found', async () => {
  const { ask, asked } = memoryResolver(({ transport }) => (transport === 'tcp' ? address : 'timeout'))
  assert.equal(show(await ask(question)), answered)
  assert.equal(asked.length, limits.resolver.retriesPerServer)
})

test('RES-14: a server that does not answer is asked after the others, and now and then first', async () => {
  const { ask, asked } = memoryResolver(
    ({ server, name, type }) => {
      if (server === '192.0.2.1') return 'timeout'
      return { authority: `example. SOA ns.example. h.example. ${type} 1 1 1 ${name.labelCount}` }
    },
    { servers: endpoints(2) },
  )
  await ask('a.example. A')
  assert.deepEqual(asked, ['192.0.2.1 a.example. A cd', '192.0.2.2 a.example. A cd'])
  await ask('b.example. A')
  assert.deepEqual(asked.slice(2), ['192.0.2.2 b.example. A cd'])
  for (let count = 3; count < limits.resolver.probeEvery; count++) await ask(`c${count}.example. A`)
  const before = asked.length
  await ask('d.example. A')
  assert.deepEqual(asked.slice(before), ['192.0.2.1 d.example. A cd', '192.0.2.2 d.example. A cd'])
})

for (const fault of ['refused', 'unreachable'] as const) {
  test(`RES-14: so is one that cannot be asked (${fault})`, async () => {
    const { ask, asked, clock } = memoryResolver(
      (one) => (one.server === '192.0.2.1' ? fault : { answer: `${one.question} 198.51.100.1` }),
      { servers: endpoints(2) },
    )
    await ask('a.example. A')
    await ask('b.example. A')
    assert.deepEqual(asked.slice(2), ['192.0.2.2 b.example. A cd'])
    clock.move(limits.resolver.downLeast)
    await ask('c.example. A')
    assert.deepEqual(asked.slice(3), ['192.0.2.1 c.example. A cd', '192.0.2.2 c.example. A cd'])
  })
}

test('RES-14: the faster of two servers is asked, once both have been', async () => {
  const { ask, asked, clock } = memoryResolver(
    (one) => {
      clock.move(one.server === '192.0.2.1' ? 0.3 : 0.02)
      return { answer: `${one.question} 198.51.100.1` }
    },
    { servers: endpoints(2) },
  )
  for (let count = 0; count < 2 * limits.resolver.probeEvery; count++) await ask(`a${count}.example. A`)
  const servers = asked.map((line) => line.split(' ')[0]?.at(-1)).join('')
  assert.equal(servers, `${'1'.repeat(limits.resolver.probeEvery - 1)}${'2'.repeat(limits.resolver.probeEvery)}1`)
})

test('RES-14: a name that fails at three servers fails, others or not', async () => {
  const { ask, asked } = memoryResolver(() => ({ flags: 'servfail' }), { servers: endpoints(5) })
  assert.equal(show(await ask(question)), 'failure servfail')
  assert.equal(new Set(asked.map((line) => line.split(' ')[0])).size, limits.resolver.serversTriedOnFailure)
})

test('RES-14: whom a server refuses asks all the others', async () => {
  const { ask } = memoryResolver(({ server }) => (server === '192.0.2.5' ? address : { flags: 'refused' }), {
    servers: endpoints(5),
  })
  assert.equal(show(await ask(question)), answered)
})

test('RES-14: when all are down they are asked all the same', async () => {
  let behaviour: Behaviour = 'timeout'
  const { ask } = memoryResolver(() => behaviour, { servers: endpoints(2) })
  assert.equal(show(await ask('a.example. A')), 'failure timeout')
  behaviour = address
  assert.equal(show(await ask(question)), answered)
})

const waits: [why: string, servers: number, waited: number[]][] = [
  ['one server has its time from the start', 1, [1600, 3200, 6000, 6000]],
  ['servers before the last get 0.8 seconds at first', 3, [800, 800, 1600, 3200, 3200, 3200, ...Array(6).fill(6000)]],
]
for (const [why, servers, waited] of waits) {
  test(`RES-14, RES-16: ${why}`, async () => {
    const given: number[] = []
    const exchange: Exchange = {
      ask: async (_, { timeoutMs }) => {
        given.push(timeoutMs)
        return refuse('timeout')
      },
      close: async () => {},
    }
    const { ask } = memoryResolver(() => 'timeout', { servers: endpoints(servers), exchange })
    assert.equal(show(await ask(question)), 'failure timeout')
    assert.deepEqual(given, waited)
  })
}

const failures: [why: string, behaviours: [Behaviour, Behaviour], shown: string, reason: string][] = [
  [
    'what a server said of itself',
    [{ flags: 'servfail' }, 'timeout'],
    'failure servfail',
    'A of www.example.: 192.0.2.1 answers SERVFAIL, and 1 more of no use',
  ],
  [
    'REFUSED',
    [{ flags: 'refused' }, 'unreachable'],
    'failure refused',
    'A of www.example.: 192.0.2.1 answers REFUSED, and 1 more of no use',
  ],
  [
    'what cannot be reached',
    ['unreachable', 'unreachable'],
    'failure unreachable',
    'A of www.example.: 192.0.2.1 cannot be reached, and 1 more of no use',
  ],
  [
    'what takes no queries',
    ['refused', 'refused'],
    'failure unreachable',
    'A of www.example.: 192.0.2.1 takes no DNS queries, and 1 more of no use',
  ],
  [
    'malformed answers',
    ['malformed', 'timeout'],
    'failure malformed',
    'A of www.example.: 192.0.2.1 sent a malformed answer, and 1 more of no use',
  ],
  [
    'too many sockets',
    ['overload', 'timeout'],
    'failure overload',
    'A of www.example.: 192.0.2.1 could not be asked, as too many sockets are open, and 1 more of no use',
  ],
]
for (const [why, [first, second], shown, reason] of failures) {
  test(`RES-41: a failure tells of ${why}`, async () => {
    const found = await askTwo([first], [second])
    assert.deepEqual([found.shown, found.reason], [shown, reason])
  })
}

test('RES-41, DNSSEC-80: the extended error of a server is its own word, fit for a terminal', async () => {
  const data = Buffer.concat([Uint8Array.of(0, 7), Buffer.from('expired\x1b[31m\nyesterday')])
  const edns = { udpPayload: 1232, version: 0, dnssecOk: true, options: [{ code: 15, data }] }
  const { resolution, reason } = await askTwo([{ flags: 'servfail', edns }], ['timeout'])
  assert.equal(resolution.kind === 'failure' && resolution.ede, 22)
  assert.deepEqual(resolution.kind === 'failure' && resolution.said?.map(({ code }) => code), [7])
  assert.match(
    reason,
    /^A of www\.example\.: 192\.0\.2\.1 answers SERVFAIL \(.*expired.*yesterday.*\), and 1 more of no use$/,
  )
  assert.doesNotMatch(reason, /[\0-\x1f]/)
})

test('RES-41: a port other than 53 is told', async () => {
  const { ask } = memoryResolver(() => 'unreachable', { servers: [{ address: '192.0.2.1', port: 5353 }] })
  const resolution = await ask(question)
  assert.equal(resolution.kind === 'failure' && resolution.server, '192.0.2.1#5353')
})

test('RES-36: a name that yields many others costs no more than the limit', async () => {
  const { ask, asked } = memoryResolver(table({}), { servers: endpoints(200) })
  const resolution = await ask(question)
  assert.equal(show(resolution), 'failure limit')
  assert.equal(asked.length, limits.resolver.queries)
})
