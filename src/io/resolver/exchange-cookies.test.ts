import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieOf, replyOfCookieServer, replyWithCookie, serverCookie } from '../../../test/support/cookie-server.ts'
import { type DnsServerOptions, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { frame } from '../../core/dns/frames.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { accept, refuse } from '../../core/result.ts'
import type { Endpoint, Network } from '../network.ts'
import { createNetwork } from '../network-node.ts'
import { createExchange, type ExchangeRequest } from './exchange.ts'

const name = nameOfText('mail.example.org')
const hour = 3_600_000

interface Asking {
  readonly network?: Network
  readonly timeoutMs?: number
}

/** Puts questions to a server, one at each of the times; the cookie of each query and what came of each question. */
async function askAt(times: readonly number[], server: DnsServerOptions, asking: Asking = {}) {
  const queries: string[] = []
  const note = (transport: string, query: Uint8Array) => {
    const cookie = cookieOf(query)
    const form = cookie === undefined ? 'none' : cookie.length > 16 ? 'both' : 'ours'
    queries.push(`${transport} ${form}`)
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
  const outcomes = await askEach(times, started.endpoint, asking)
  return { queries, outcomes }
}

/** `udp NOERROR`, or the fault. */
async function askEach(
  times: readonly number[],
  endpoint: Endpoint,
  { network = createNetwork(), timeoutMs = 20_000 }: Asking,
  change: Partial<ExchangeRequest> = {},
) {
  const exchange = createExchange(network)
  const outcomes: string[] = []
  for (const time of times) {
    const flags = { recursionDesired: true, checkingDisabled: true, chosenBy: 'operator' } as const
    const request = { endpoint, name, type: TYPE.A, ...flags, ...change }
    const asked = await exchange.ask(request, { signal: new AbortController().signal, timeoutMs, now: () => time })
    outcomes.push(asked.ok ? `${asked.value.transport} ${asked.value.message.rcode}` : asked.fault)
  }
  await exchange.close()
  return outcomes
}

test('RES-08: our cookie goes out at first, and with it from then on what the server gave', async () => {
  const { queries, outcomes } = await askAt([0, 0, 0], { udp: (query, reply) => reply(replyOfCookieServer(query)) })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'udp both'])
  assert.deepEqual(outcomes, ['udp 0', 'udp 0', 'udp 0'])
})

test('RES-08: what the server gave goes back to it octet for octet', async () => {
  const sent: (string | undefined)[] = []
  await askAt([0, 0], {
    udp: (query, reply) => {
      sent.push(cookieOf(query))
      reply(replyOfCookieServer(query))
    },
  })
  const [first = ''] = sent
  assert.match(first, /^[0-9a-f]{16}$/)
  assert.deepEqual(sent, [first, first + serverCookie(first)])
})

test('RES-08: a cookie that comes with a failure is kept as well', async () => {
  const { queries } = await askAt([0, 0], {
    udp: (query, reply) => reply(replyOfCookieServer(query, { rcode: RCODE.REFUSED, answer: [] })),
  })
  assert.deepEqual(queries, ['udp ours', 'udp both'])
})

test('RES-08: our cookie tells nobody who we were before the process began', async () => {
  const seen = new Set<string | undefined>()
  await using server = await startDnsServer({
    udp: (query, reply) => [seen.add(cookieOf(query)), reply(replyTo(query))],
  })
  for (const _process of [1, 2]) await askEach([0, 0], server.endpoint, {})
  assert.equal(seen.size, 2)
})

test('RES-08: from another address of ours, and on another day, our cookie is another', async () => {
  const seen: (string | undefined)[] = []
  let localAddress = '198.51.100.1'
  const network: Network = {
    connectTcp: async () => refuse('unreachable'),
    openUdp: async () => {
      const datagrams = {
        localAddress,
        onMessage: undefined as ((message: Uint8Array | undefined) => void) | undefined,
        send(query: Uint8Array) {
          seen.push(cookieOf(query))
          datagrams.onMessage?.(replyOfCookieServer(query))
        },
        close() {},
      }
      return accept(datagrams)
    },
  }
  let drawn = 0
  const exchange = createExchange(network, { randomBits: (octets) => new Uint8Array(octets).fill(++drawn) })
  const ask = (now: number) =>
    exchange.ask(
      {
        ...{ endpoint: { address: '192.0.2.53', port: 53 }, chosenBy: 'operator', name, type: TYPE.A },
        ...{ recursionDesired: true, checkingDisabled: true },
      },
      { signal: new AbortController().signal, timeoutMs: 20_000, now: () => now },
    )
  await ask(0)
  localAddress = '198.51.100.2'
  await ask(0)
  localAddress = '198.51.100.1'
  await ask(0)
  await ask(24 * hour)
  const [first = '', elsewhere, again, nextDay] = seen
  assert.equal(again, first + serverCookie(first))
  assert.equal(new Set([first, elsewhere, nextDay]).size, 3)
  assert.ok(seen.every((cookie, index) => index === 2 || cookie?.length === 16))
})

test('RES-08: BADCOOKIE is asked again with the new cookie', async () => {
  const { queries, outcomes } = await askAt([0, 0], {
    udp: (query, reply) => reply(replyOfCookieServer(query, { isStrict: true })),
  })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'udp both'])
  assert.deepEqual(outcomes, ['udp 0', 'udp 0'])
})

test('RES-08: where the server has another secret now, its BADCOOKIE brings the new cookie', async () => {
  let secret = 'spring'
  const { queries, outcomes } = await askAt([0, 0, 0], {
    udp: (query, reply) => {
      const isSecond = cookieOf(query)?.length === 48 && secret === 'spring'
      if (isSecond) secret = 'autumn'
      reply(replyOfCookieServer(query, { isStrict: isSecond, secret }))
    },
  })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'udp both', 'udp both'])
  assert.deepEqual(outcomes, ['udp 0', 'udp 0', 'udp 0'])
})

const overTcp: Pick<DnsServerOptions, 'tcp'> = {
  tcp: (query, socket) => socket.write(frame(replyOfCookieServer(query))),
}
const badCookies: [why: string, reply: (query: Uint8Array) => Uint8Array, queries: string[]][] = [
  [
    'time and again',
    (query) => replyOfCookieServer(query, { rcode: RCODE.BADCOOKIE, answer: [] }),
    ['udp ours', 'udp both', 'tcp both'],
  ],
  [
    'without a cookie',
    (query) => replyWithCookie(query, undefined, { rcode: RCODE.BADCOOKIE, answer: [] }),
    ['udp ours', 'tcp ours'],
  ],
  [
    'with ours alone',
    (query) => replyWithCookie(query, cookieOf(query), { rcode: RCODE.BADCOOKIE, answer: [] }),
    ['udp ours', 'tcp ours'],
  ],
]
for (const [why, reply, expected] of badCookies) {
  test(`RES-08: BADCOOKIE ${why} leads to TCP`, async () => {
    const { queries, outcomes } = await askAt([0], { udp: (query, send) => send(reply(query)), ...overTcp })
    assert.deepEqual(queries, expected)
    assert.deepEqual(outcomes, ['tcp 0'])
  })
}

const forgeries: [what: string, forge: (query: Uint8Array) => Uint8Array][] = [
  ['without a cookie', (query) => replyWithCookie(query, undefined, { rcode: RCODE.NXDOMAIN })],
  ['with a cookie of the wrong length', (query) => replyWithCookie(query, 'ab'.repeat(9), { rcode: RCODE.NXDOMAIN })],
  ['with a cookie that is not ours', (query) => replyWithCookie(query, 'ab'.repeat(16), { rcode: RCODE.NXDOMAIN })],
  ['without EDNS', (query) => replyTo(query, { edns: undefined, rcode: RCODE.NXDOMAIN })],
]
for (const [what, forge] of forgeries) {
  test(`RES-08: a forged reply ${what} is not taken for that of a server with cookies, which stays one`, async () => {
    let count = 0
    const { queries, outcomes } = await askAt([0, 0, 0], {
      udp: (query, reply) => {
        count++
        if (count === 2) reply(forge(query))
        reply(replyOfCookieServer(query))
      },
      ...overTcp,
    })
    assert.deepEqual(queries, ['udp ours', 'udp both', 'tcp both', 'udp both'])
    assert.deepEqual(outcomes, ['udp 0', 'tcp 0', 'udp 0'])
  })
}

test('RES-08: a cookie that is not ours is no answer of a server that has never given one either', async () => {
  const { queries, outcomes } = await askAt([0], {
    udp: (query, reply) => {
      reply(replyWithCookie(query, 'ab'.repeat(16), { rcode: RCODE.NXDOMAIN }))
      reply(replyTo(query))
    },
    ...overTcp,
  })
  assert.deepEqual([queries, outcomes], [['udp ours', 'tcp ours'], ['tcp 0']])
})

/** One that knows cookies at first. */
function forgetting(tcp: NonNullable<DnsServerOptions['tcp']>): DnsServerOptions {
  let count = 0
  return {
    udp: (query, reply) => reply(count++ === 0 ? replyOfCookieServer(query) : replyWithCookie(query, undefined)),
    tcp,
  }
}

test('RES-08: a server that knows no cookies any more is asked over TCP once, and without for an hour', async () => {
  const server = forgetting((query, socket) => socket.write(frame(replyWithCookie(query, undefined))))
  const { queries, outcomes } = await askAt([0, 0, 0, hour - 1, hour, hour], server)
  const spared = ['udp none', 'udp none']
  assert.deepEqual(queries, ['udp ours', 'udp both', 'tcp both', ...spared, 'udp ours', 'udp ours'])
  assert.deepEqual(outcomes, ['udp 0', 'tcp 0', 'udp 0', 'udp 0', 'udp 0', 'udp 0'])
})

test('RES-08: the same of one that takes no TCP, whose answer without a cookie is not taken all the same', async () => {
  const { queries, outcomes } = await askAt(
    [0, 0],
    forgetting((_, socket) => socket.destroy()),
  )
  assert.deepEqual(queries, ['udp ours', 'udp both', 'tcp both', 'tcp both', 'udp none'])
  assert.deepEqual(outcomes, ['udp 0', 'udp 0'])
})

test('RES-08: a server that gives back other cookies than ours, over TCP too, is asked without', async () => {
  const twisted = (query: Uint8Array) =>
    replyWithCookie(query, cookieOf(query) === undefined ? undefined : 'ab'.repeat(16))
  const { queries, outcomes } = await askAt([0, 0], {
    udp: (query, reply) => reply(twisted(query)),
    tcp: (query, socket) => socket.write(frame(twisted(query))),
  })
  assert.deepEqual(
    [queries, outcomes],
    [
      ['udp ours', 'tcp ours', 'udp none'],
      ['tcp 0', 'udp 0'],
    ],
  )
})

for (const rcode of [RCODE.FORMERR, RCODE.NOTIMP, RCODE.BADVERS]) {
  test(`RES-08: a server that answers a cookie with RCODE ${rcode} is asked without for an hour`, async () => {
    const { queries, outcomes } = await askAt([0, 0, hour], {
      udp: (query, reply) => {
        const isDisliked = cookieOf(query) !== undefined
        reply(replyWithCookie(query, undefined, isDisliked ? { rcode, answer: [] } : {}))
      },
    })
    assert.deepEqual(queries, ['udp ours', 'udp none', 'udp none', 'udp ours', 'udp none'])
    assert.deepEqual(outcomes, ['udp 0', 'udp 0', 'udp 0'])
  })
}

test('RES-08: FORMERR to everything is what the server says', async () => {
  const { queries, outcomes } = await askAt([0, 0], {
    udp: (query, reply) => reply(replyTo(query, { edns: undefined, rcode: RCODE.FORMERR, answer: [] })),
  })
  assert.deepEqual(queries, ['udp ours', 'udp none', 'udp none'])
  assert.deepEqual(outcomes, ['udp 1', 'udp 1'])
})

test('RES-08: FORMERR with our cookie is about something else', async () => {
  const { queries, outcomes } = await askAt([0], {
    udp: (query, reply) => reply(replyOfCookieServer(query, { rcode: RCODE.FORMERR, answer: [] })),
  })
  assert.deepEqual([queries, outcomes], [['udp ours'], ['udp 1']])
})

test('RES-08: a forged FORMERR does not take from a server the cookies that it knows', async () => {
  let count = 0
  const { queries, outcomes } = await askAt([0, 0, 0], {
    udp: (query, reply) => {
      count++
      reply(count === 2 ? replyTo(query, { edns: undefined, rcode: RCODE.FORMERR }) : replyOfCookieServer(query))
    },
    ...overTcp,
  })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'tcp both', 'udp both'])
  assert.deepEqual(outcomes, ['udp 0', 'tcp 0', 'udp 0'])
})

test('RES-08: a server that dislikes cookies over TCP as well is asked there without', async () => {
  const dislike = (query: Uint8Array) =>
    replyTo(query, cookieOf(query) === undefined ? {} : { rcode: RCODE.FORMERR, answer: [] })
  let count = 0
  const { queries, outcomes } = await askAt([0, 0], {
    udp: (query, reply) => reply(count++ === 0 ? replyOfCookieServer(query) : replyWithCookie(query, undefined)),
    tcp: (query, socket) => socket.write(frame(replyWithCookie(dislike(query), undefined))),
  })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'tcp both', 'tcp none'])
  assert.deepEqual(outcomes, ['udp 0', 'tcp 0'])
})

test('RES-08: where nothing with a cookie is answered, the next question goes without', async () => {
  const server: DnsServerOptions = {
    udp: (query, reply) => cookieOf(query) === undefined && reply(replyTo(query)),
  }
  const { queries, outcomes } = await askAt([0, 0, 899_999, 900_000], server, { timeoutMs: 100 })
  assert.deepEqual(queries, ['udp ours', 'udp none', 'udp none', 'udp ours'])
  assert.deepEqual(outcomes, ['timeout', 'udp 0', 'udp 0', 'timeout'])
})

test('RES-08: silence of a server that has given a cookie is no reason to go without', async () => {
  let count = 0
  const server: DnsServerOptions = { udp: (query, reply) => count++ !== 1 && reply(replyOfCookieServer(query)) }
  const { queries, outcomes } = await askAt([0, 0, 0], server, { timeoutMs: 100 })
  assert.deepEqual(queries, ['udp ours', 'udp both', 'udp both'])
  assert.deepEqual(outcomes, ['udp 0', 'timeout', 'udp 0'])
})

test('RES-08, RES-17: a truncated reply leads to TCP with the same cookie, and what comes there is kept', async () => {
  const { queries, outcomes } = await askAt([0, 0], {
    udp: (query, reply) => reply(replyWithCookie(query, cookieOf(query), { isTruncated: true, answer: [] })),
    ...overTcp,
  })
  assert.deepEqual(queries, ['udp ours', 'tcp ours', 'udp both', 'tcp both'])
  assert.deepEqual(outcomes, ['tcp 0', 'tcp 0'])
})

test('RES-08: where only TCP is used, a connection is proof enough', async () => {
  const seen: (string | undefined)[] = []
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      seen.push(cookieOf(query))
      socket.write(frame(replyTo(query)))
    },
  })
  assert.deepEqual(await askEach([0], server.endpoint, {}, { transport: 'tcp' }), ['tcp 0'])
  assert.deepEqual(seen, [undefined])
})

test('RES-06, RES-08: a flood of wrong IDs has no cookie learnt from it', async () => {
  const sent: (string | undefined)[] = []
  await using server = await startDnsServer({
    udp: (query, reply) => {
      sent.push(cookieOf(query))
      const own = cookieOf(query)?.slice(0, 16)
      const forged = replyWithCookie(query, `${own}${'66'.repeat(8)}`)
      for (let left = 10; left > 0; left--) reply(Uint8Array.from(forged, (octet, at) => (at < 2 ? octet ^ 1 : octet)))
      reply(replyOfCookieServer(query))
    },
    ...overTcp,
  })
  assert.deepEqual(await askEach([0, 0], server.endpoint, {}), ['tcp 0', 'tcp 0'])
  assert.equal(sent[1], `${sent[0]}${serverCookie(sent[0] ?? '')}`)
})
