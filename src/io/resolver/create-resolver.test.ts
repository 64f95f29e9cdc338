import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, fakeExchange, noNetwork, type Server } from '../../../test/resolver/fake-exchange.ts'
import { memoryResolver, show } from '../../../test/resolver/memory-resolver.ts'
import { ConfigError } from '../../core/config-error.ts'
import { createResolver, type ResolverOptions } from './create-resolver.ts'
import { builtInRootHints } from './root-servers.ts'

const question = 'www.example. A'
const answer: Behaviour = { flags: 'aa', answer: 'www.example. 300 A 203.0.113.1' }
const priming: Behaviour = { flags: 'aa', answer: '. 3600 NS a.root-servers.net.' }
const hints = ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map((address) => ({ address, port: 53 }))
const ofSystem = [{ address: '192.0.2.9', port: 53 }]

/** A resolver that finds out its engine, what it told of that, and what was asked. */
function deciding(server: Server, options: Partial<ResolverOptions> = {}) {
  const told: string[] = []
  const resolver = memoryResolver(server, {
    ...{ engine: 'auto', servers: undefined, rootHints: hints, systemServers: ofSystem, patience: 0.001 },
    onEngine: (engine, why) => told.push(`${engine}: ${why}`),
    ...options,
  })
  return { ...resolver, told }
}

/** Root servers that say this to the first question, and the answer to everything else. */
function rootSays(behaviour: Behaviour): Server {
  return (asked) => (asked.question === '. NS' ? behaviour : answer)
}

test('auto: with servers given it forwards to them, and need not say so', async () => {
  const { ask, asked, told } = deciding(() => answer, { servers: [{ address: '192.0.2.1', port: 53 }] })
  assert.equal((await ask(question)).kind, 'answer')
  assert.deepEqual([asked, told], [[`192.0.2.1 ${question} cd`], []])
})

test('auto, RES-29: where root servers answer it asks from the root, which is told once', async () => {
  const { ask, asked, told } = deciding(rootSays(priming))
  const all = await Promise.all([ask(question), ask(question), ask('example. MX')])
  assert.deepEqual(all.map(({ kind }) => kind).slice(0, 2), ['answer', 'answer'])
  await ask(question)
  assert.deepEqual(told, ['iterate: root servers answer'])
  assert.deepEqual(
    asked.slice(0, 3),
    hints.map(({ address }) => `${address} . NS cd`),
  )
  assert.equal(asked.filter((line) => line.includes(' . NS')).length, 3)
  assert.equal(asked[3], '198.51.100.1 example. A cd')
})

test('auto: one root server that answers is enough', async () => {
  const { ask, told } = deciding(({ server, question: text }) => {
    if (text !== '. NS') return answer
    return server === '198.51.100.2' ? priming : 'hangs'
  })
  assert.equal((await ask(question)).kind, 'answer')
  assert.deepEqual(told, ['iterate: root servers answer'])
})

const closed: [why: string, behaviour: Behaviour][] = [
  ['no root server answers', 'timeout'],
  ['none can be reached', 'unreachable'],
  ['all of them refuse', { flags: 'refused' }],
  ['a resolver answers in their place', { flags: 'ra', answer: '. 3600 NS a.root-servers.net.' }],
  ['what answers knows no root', { flags: 'aa' }],
]
for (const [why, behaviour] of closed) {
  test(`auto: where ${why} it forwards to the resolvers of the system, which is told once`, async () => {
    const { ask, asked, told } = deciding(rootSays(behaviour))
    await Promise.all([ask(question), ask(question)])
    await ask('example. MX')
    assert.deepEqual(told, ['forward: no root server answers: port 53 may be closed; asking 192.0.2.9'])
    assert.equal(asked[3], `192.0.2.9 ${question} cd`)
    assert.equal(asked.filter((line) => line.includes(' . NS')).length, 3)
  })
}

test('auto: with neither root servers nor others it tries the root all the same', async () => {
  const { ask, told } = deciding(() => 'timeout', { systemServers: [] })
  const resolution = await ask(question)
  assert.equal(show(resolution), 'failure timeout')
  assert.deepEqual(told, ['iterate: no root server answers, and no other resolver is known'])
})

test('auto, RES-47: who gives up does not wait for the decision', async () => {
  const { ask, close } = deciding(() => 'hangs')
  const stop = new AbortController()
  const given = ask(question, { signal: stop.signal })
  stop.abort()
  const resolution = await given
  assert.equal(show(resolution), 'failure aborted')
  assert.match(resolution.kind === 'failure' ? resolution.reason : '', /^A of www\.example\./)
  assert.equal(show(await ask(question, { signal: stop.signal })), 'failure aborted')
  await close()
})

test('auto, RES-47: closing ends the decision and what waits for it', async () => {
  const { ask, close, told, exchange } = deciding(() => 'hangs')
  const all = [ask(question), ask('example. MX')]
  await close()
  assert.deepEqual((await Promise.all(all)).map(show), ['failure aborted', 'failure aborted'])
  assert.equal(show(await ask(question)), 'failure aborted')
  assert.deepEqual([told, exchange.abandoned.length], [[], 3])
})

test('auto, RES-47: a resolver that is closed unused decides nothing any more', async () => {
  const { ask, close, asked } = deciding(() => priming)
  await close()
  assert.equal(show(await ask(question)), 'failure aborted')
  assert.deepEqual(asked, [])
})

test('auto, RES-38: names that are answered here wait for nothing', async () => {
  const { ask, asked } = deciding(() => 'hangs')
  assert.equal(show(await ask('localhost. A')), 'answer insecure 3600 localhost. 3600 IN A 127.0.0.1')
  assert.deepEqual(asked, [])
})

const far = ['192.0.2.1', '10.0.0.1', '::2', 'fe80::1', '::ffff:192.0.2.1', '128.0.0.1', '1.127.0.0']
for (const address of far) {
  test(`DNSSEC-03, RES-15: trust-ad refuses ${address}, which is not on this machine`, () => {
    const servers = [
      { address: '127.0.0.1', port: 53 },
      { address, port: 53 },
    ]
    assert.throws(
      () => createResolver({ engine: 'trust-ad', network: noNetwork, servers }),
      (error) => error instanceof ConfigError && error.message.includes(address),
    )
  })
}

test('DANE-20: trust-ad takes a server elsewhere when it is forced to, and says so', async () => {
  const warnings: string[] = []
  const { ask } = memoryResolver(() => ({ flags: 'ad', answer: 'www.example. A 203.0.113.1' }), {
    ...{ engine: 'trust-ad', trustRemoteAd: true, onWarning: (warning) => warnings.push(warning) },
  })
  assert.match(show(await ask(question)), /^answer secure/)
  assert.deepEqual(warnings, ['what 192.0.2.1 says of DNSSEC is believed over the network, as trust-remote-ad is set'])
})

test('DANE-20, RFC 8310 §5: trust-ad takes a server elsewhere that must show who it is over TLS, unforced', async () => {
  const warnings: string[] = []
  const { ask } = memoryResolver(() => ({ flags: 'ad', answer: 'www.example. A 203.0.113.1' }), {
    ...{ engine: 'trust-ad', onWarning: (warning: string) => warnings.push(warning) },
    servers: [{ address: '192.0.2.1', port: 853, tlsName: 'dns.example' }],
  })
  assert.match(show(await ask(question)), /^answer secure/)
  assert.deepEqual(warnings, [])
  const servers = [
    { address: '192.0.2.1', port: 853, tlsName: 'dns.example' },
    { address: '192.0.2.2', port: 53 },
  ]
  const refused = (error: unknown) => error instanceof ConfigError && error.message.includes('192.0.2.2')
  assert.throws(() => createResolver({ engine: 'trust-ad', network: noNetwork, servers }), refused)
})

for (const address of ['127.0.0.1', '127.0.0.53', '127.255.255.254', '::1']) {
  test(`DNSSEC-03: trust-ad takes ${address}`, async () => {
    const resolver = createResolver({ engine: 'trust-ad', network: noNetwork, servers: [{ address, port: 53 }] })
    await resolver.close()
  })
}

for (const engine of ['forward', 'trust-ad'] as const) {
  test(`RES-15: ${engine} without any server is a mistake of the operator`, () => {
    const make = () => createResolver({ engine, network: noNetwork, systemServers: [] })
    assert.throws(make, (error) => error instanceof ConfigError && /no resolver to ask/.test(error.message))
  })
}

test('RES-15: forward without servers asks those of the system', async () => {
  const { ask, asked } = memoryResolver(() => answer, { engine: 'forward', servers: [], systemServers: ofSystem })
  await ask(question)
  assert.deepEqual(asked, [`192.0.2.9 ${question} cd`])
})

const plain: [why: string, options: Partial<ResolverOptions>, warned: boolean][] = [
  ['those of the system are elsewhere', { systemServers: ofSystem }, true],
  ['one of them is on this machine', { systemServers: [...ofSystem, { address: '127.0.0.53', port: 53 }] }, false],
  ['the operator names them', { servers: ofSystem, systemServers: ofSystem }, false],
]
for (const [why, options, isWarned] of plain) {
  test(`RES-15: forward ${isWarned ? 'warns' : 'does not warn'} of the network between where ${why}`, () => {
    const warnings: string[] = []
    memoryResolver(() => answer, {
      ...{ engine: 'forward', servers: [], onWarning: (warning) => warnings.push(warning) },
      ...options,
    })
    const words =
      'the resolvers of the system (192.0.2.9) are asked in the clear over a network: nobody there can forge what is ' +
      'signed, but read what is asked and hold back answers'
    assert.deepEqual(warnings, isWarned ? [words] : [])
  })
}

test('RES-29: the built-in root servers are 26 addresses of 13 servers', () => {
  const addresses = builtInRootHints.map(({ address }) => address)
  assert.equal(new Set(addresses).size, 26)
  assert.equal(addresses.filter((address) => address.includes(':')).length, 13)
})

test('RES-44: the trace has every question and answer of one lookup', async () => {
  const exchange = fakeExchange(() => answer)
  const given: unknown[] = []
  const spied: typeof exchange = {
    ...exchange,
    ask: (request, options) => {
      given.push(options.trace)
      return exchange.ask(request, options)
    },
  }
  const { ask } = memoryResolver(() => answer, { exchange: spied })
  const trace = () => {}
  await ask(question, { trace })
  assert.deepEqual(given, [trace])
})
