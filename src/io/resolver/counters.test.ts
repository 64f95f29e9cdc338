import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from '../../../test/resolver/fake-exchange.ts'
import { answer, honest, iterate, question } from '../../../test/resolver/iterating.ts'
import { memoryResolver } from '../../../test/resolver/memory-resolver.ts'
import { signedWorld } from '../../../test/resolver/signed-world.ts'
import { replyWithCookie } from '../../../test/support/cookie-server.ts'
import { type DnsServerOptions, readQuery, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { frame } from '../../core/dns/frames.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { createNetwork } from '../network-node.ts'
import { createCounters, type ResolverCounters } from './counters.ts'
import { createResolver } from './create-resolver.ts'
import { createExchange } from './exchange.ts'

/** Counters in one line, but for those that are nought. */
function show(counters: object, prefix = ''): string {
  return Object.entries(counters)
    .map(([key, value]) => {
      if (typeof value === 'object') return show(value, `${prefix}${key}.`)
      return value === 0 ? '' : `${prefix}${key}=${value}`
    })
    .filter((text) => text !== '')
    .join(' ')
}

/** `mail.example.org` as it went out, for answers in other letters. */
function inCapitals(query: Uint8Array): Uint8Array {
  const { questions } = readQuery(query)
  const changed = questions.map((one) => ({ ...one, name: { ...one.name, wire: one.name.wire.toUpperCase() } }))
  return replyTo(query, { questions: changed, answer: [] })
}

const byTcp: DnsServerOptions['tcp'] = (query, socket) => socket.write(frame(replyTo(query)))

const exchanges: [what: string, server: DnsServerOptions, counted: string][] = [
  ['an answer over UDP', { udp: (query, reply) => reply(replyTo(query)) }, 'queries.udp=1'],
  [
    'a truncated answer',
    { udp: (query, reply) => reply(replyTo(query, { isTruncated: true })), tcp: byTcp },
    'queries.udp=1 queries.tcp=1 tcpFallbacks=1',
  ],
  [
    'two IDs guessed wrong',
    {
      udp: (query, reply) => {
        const guess = Uint8Array.from(replyTo(query), (octet, at) => (at === 0 ? octet ^ 1 : octet))
        reply(guess)
        reply(guess)
        reply(replyTo(query))
      },
      tcp: byTcp,
    },
    'queries.udp=1 queries.tcp=1 tcpFallbacks=1 nearMisses.id=2',
  ],
  [
    'letters in another case',
    { udp: (query, reply) => reply(inCapitals(query)), tcp: byTcp },
    'queries.udp=1 queries.tcp=1 tcpFallbacks=1 nearMisses.case=1',
  ],
  [
    'a cookie that is not ours',
    {
      udp: (query, reply) => reply(replyWithCookie(query, 'ff'.repeat(16))),
      tcp: byTcp,
    },
    'queries.udp=1 queries.tcp=1 tcpFallbacks=1 nearMisses.cookie=1',
  ],
]
for (const [what, options, counted] of exchanges) {
  test(`RES-44, RES-06: ${what} is counted as ${counted}`, async () => {
    await using server = await startDnsServer(options)
    const counters = createCounters()
    // No bit of chance is set: the name goes out in small letters, the cookie as noughts.
    const exchange = createExchange(createNetwork(), { randomBits: (octets) => new Uint8Array(octets) }, counters)
    const flags = { recursionDesired: true, checkingDisabled: true, mixCase: true, chosenBy: 'operator' } as const
    const request = { ...flags, endpoint: server.endpoint, name: nameOfText('mail.example.org'), type: TYPE.A }
    const { signal } = new AbortController()
    const asked = await exchange.ask(request, { signal, timeoutMs: 20_000, now: () => 0 })
    await exchange.close()
    assert.ok(asked.ok)
    assert.equal(show(counters), counted)
  })
}

test('RES-44: a resolver counts in what it is given, down to its sockets', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(replyTo(query)) })
  const counters = createCounters()
  const usual = { network: createNetwork({ allowPrivate: true }), trustAnchors: [], counters }
  const resolver = createResolver({ ...usual, engine: 'forward', servers: [server.endpoint] })
  for (const text of ['mail.example.org', 'mail.example.org']) await resolver.resolve(nameOfText(text), TYPE.A)
  await resolver.close()
  assert.equal(show(counters), 'queries.udp=1 found.insecure=2 cacheHits=1')
})

const lookups: [what: string, ask: (counters: ResolverCounters) => Promise<unknown>, counted: string][] = [
  [
    'a forwarder that does not answer',
    (counters) => memoryResolver(() => 'timeout', { counters }).ask(question),
    `retries=${limits.resolver.retriesPerServer - 1} failures.timeout=1`,
  ],
  [
    'a name that is answered here by engine trust-ad',
    (counters) => {
      const servers = [{ address: '127.0.0.1', port: 53 }]
      return memoryResolver(() => 'timeout', { engine: 'trust-ad', servers, counters }).ask('localhost. MX')
    },
    'found.insecure=1 cacheHits=1',
  ],
  [
    'a failure that is remembered',
    async (counters) => {
      const { ask } = memoryResolver(() => ({ flags: 'servfail' }), { counters })
      await ask(question)
      await ask(question)
    },
    'failures.servfail=2 cacheHits=1',
  ],
  [
    'a lame server beside a good one',
    (counters) => {
      const both = {
        authority: 'example.org. NS a.example.org.\nexample.org. NS b.example.org.',
        additional: 'a.example.org. A 192.0.2.66\nb.example.org. A 192.0.2.2',
      }
      return iterate(table({ ...honest, '192.0.2.1': both, [`192.0.2.2 ${question}`]: answer }), { counters }).ask(
        question,
      )
    },
    'found.insecure=1 lameServers=1',
  ],
  [
    'more aliases than are followed',
    (counters) => {
      let at = 0
      return memoryResolver(({ question: text }) => ({ answer: `${text.split(' ')[0]} CNAME a${at++}.example.` }), {
        counters,
      }).ask(question)
    },
    'failures.limit=1',
  ],
]
for (const [what, ask, counted] of lookups) {
  test(`RES-44: ${what} is counted as ${counted}`, async () => {
    const counters = createCounters()
    await ask(counters)
    assert.equal(show(counters), counted)
  })
}

test('RES-44: secure and bogus lookups are counted, these by what is wrong', async () => {
  const world = signedWorld('zone alpha.example\nzone mx.alpha.example A 203.0.113.1')
  const counters = createCounters()
  await world.resolver('iterate', undefined, { counters }).ask('mx.alpha.example. A')
  const later = world.resolver('iterate', undefined, { counters })
  later.clock.move(365 * 86_400)
  assert.equal((await later.ask('alpha.example. MX')).kind, 'failure')
  assert.equal(show(counters), 'found.secure=1 failures.bogus=1 bogus.7=1')
})
