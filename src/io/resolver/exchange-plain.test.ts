import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Behaviour, type Saying, table } from '../../../test/resolver/fake-exchange.ts'
import { iterate, referral, root } from '../../../test/resolver/iterating.ts'
import { show } from '../../../test/resolver/memory-resolver.ts'
import { signedWorld } from '../../../test/resolver/signed-world.ts'
import { type DnsServerOptions, readQuery, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { frame } from '../../core/dns/frames.ts'
import type { Message } from '../../core/dns/message.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { createNetwork } from '../network-node.ts'
import { createExchange } from './exchange.ts'

const kept = limits.resolver.ednsBlindKept * 1000

/** How each query went out, and what came of each question at its time: `udp NOERROR`. */
async function askAt(times: readonly number[], server: DnsServerOptions, mayBePlain = true) {
  const queries: string[] = []
  const note = (transport: string, query: Uint8Array) => {
    const { edns } = readQuery(query)
    queries.push(edns === undefined ? `${transport} plain` : edns.options.length > 0 ? 'cookie' : transport)
  }
  await using started = await startDnsServer({
    udp: (query, reply, from) => {
      note('udp', query)
      server.udp?.(query, reply, from)
    },
    tcp: (query, socket, connection) => {
      note('tcp', query)
      server.tcp?.(query, socket, connection)
    },
  })
  const exchange = createExchange(createNetwork())
  const outcomes: string[] = []
  for (const time of times) {
    const asked = await exchange.ask(
      {
        ...{ endpoint: started.endpoint, chosenBy: 'operator', name: nameOfText('www.example.org'), type: TYPE.A },
        ...{ recursionDesired: false, checkingDisabled: true, mixCase: true, mayBePlain },
      },
      { signal: new AbortController().signal, timeoutMs: 20_000, now: () => time },
    )
    outcomes.push(asked.ok ? `${asked.value.transport} ${asked.value.message.rcode}` : asked.fault)
  }
  await exchange.close()
  return { queries, outcomes }
}

/** One that does not understand whatever has an OPT record. */
function old(rcode: number, change: Partial<Message> = {}): DnsServerOptions {
  return {
    udp: (query, reply) => {
      const isOdd = readQuery(query).edns !== undefined
      reply(replyTo(query, isOdd ? { edns: undefined, answer: [], rcode } : change))
    },
    tcp: (query, socket) => socket.write(frame(replyTo(query))),
  }
}

for (const rcode of [RCODE.FORMERR, RCODE.NOTIMP]) {
  test(`RES-13: a server that answers EDNS with RCODE ${rcode} is asked without, for an hour`, async () => {
    const { queries, outcomes } = await askAt([0, 0, kept - 1, kept], old(rcode))
    assert.deepEqual(queries, ['cookie', 'udp', 'udp plain', 'udp plain', 'udp plain', 'cookie', 'udp', 'udp plain'])
    assert.deepEqual(outcomes, Array(4).fill('udp 0'))
  })
}

test('RES-13, RES-17: what is truncated without EDNS comes over TCP, without EDNS as well', async () => {
  const { queries, outcomes } = await askAt([0], old(RCODE.FORMERR, { isTruncated: true, answer: [] }))
  assert.deepEqual(queries, ['cookie', 'udp', 'udp plain', 'tcp plain'])
  assert.deepEqual(outcomes, ['tcp 0'])
})

const never: [why: string, server: DnsServerOptions, mayBePlain: boolean, queries: string[]][] = [
  ['where there may be signatures', old(RCODE.FORMERR), false, ['cookie', 'udp']],
  ['after a refusal, which is none of EDNS', old(RCODE.REFUSED), true, ['cookie']],
  ['after a failure, which is none of EDNS', old(RCODE.SERVFAIL), true, ['cookie']],
  [
    'whose complaint has EDNS itself',
    { udp: (query, reply) => reply(replyTo(query, { rcode: RCODE.FORMERR, answer: [] })) },
    true,
    ['cookie'],
  ],
]
for (const [why, server, mayBePlain, expected] of never) {
  test(`RES-13: nobody is asked without EDNS ${why}`, async () => {
    const { queries } = await askAt([0], server, mayBePlain)
    assert.deepEqual(queries, expected)
  })
}

const ds = `org. DS 1 13 2 ${'ab'.repeat(32)}`
const cuts: [why: string, authority: string, isPlain: boolean][] = [
  ['with DS records', ds, false],
  ['of which nothing is said', '', false],
  ['with a denial of DS records', 'org. NSEC org. NS', true],
]
for (const [why, authority, isPlain] of cuts) {
  test(`RES-13: servers of a zone ${why}, and below it, ${isPlain ? 'may' : 'must not'} be asked without EDNS`, async () => {
    const org: Saying = { authority: `org. NS ns.org.\n${authority}`, additional: 'ns.org. A 192.0.2.1' }
    const answers: Record<string, Behaviour> = {
      ...{ [root]: org, '192.0.2.1': referral('example.org.', '192.0.2.2') },
      '192.0.2.2': { flags: 'aa', answer: 'www.example.org. A 203.0.113.1' },
    }
    const may = new Map<string, boolean | undefined>()
    const { ask } = iterate((one) => {
      may.set(one.server, one.mayBePlain)
      return table(answers)(one)
    })
    await ask('www.example.org. A')
    assert.deepEqual([...may.values()], [false, isPlain, isPlain])
  })
}

test('RES-13, DNSSEC-01: FORMERR put in the place of answers of a signed zone makes nothing insecure', async () => {
  const world = signedWorld('zone alpha.example\nzone mx.alpha.example A 203.0.113.1')
  const plain: boolean[] = []
  const { ask } = world.resolver('iterate', (message, one) => {
    plain.push(one.mayBePlain === true)
    if (one.question !== 'mx.alpha.example. A') return undefined
    return { ...message, rcode: RCODE.FORMERR, edns: undefined, answer: [], authority: [], additional: [] }
  })
  assert.match(show(await ask('mx.alpha.example. A')), /^failure /)
  assert.ok(plain.length > 3 && !plain.includes(true))
})
