import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { test } from 'node:test'
import { type DnsServer, readQuery, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { encodeMessage } from '../../core/dns/encode.ts'
import { frame } from '../../core/dns/frames.ts'
import { RCODE, TYPE } from '../../core/dns/types.ts'
import { parseZone } from '../../core/dns/zone-text.ts'
import { accept, refuse } from '../../core/result.ts'
import type { Datagrams, Endpoint, Network } from '../network.ts'
import { createNetwork } from '../network-node.ts'
import { createExchange, type ExchangeOptions, type ExchangeRequest } from './exchange.ts'
import type { TraceEvent } from './resolver.ts'

const name = nameOfText('mail.example.org')

function questionTo(endpoint: Endpoint, change: Partial<ExchangeRequest> = {}): ExchangeRequest {
  return {
    endpoint,
    chosenBy: 'operator',
    name,
    type: TYPE.A,
    recursionDesired: true,
    checkingDisabled: true,
    ...change,
  }
}

function within(timeoutMs: number, change: Partial<ExchangeOptions> = {}): ExchangeOptions {
  return { signal: new AbortController().signal, timeoutMs, now: () => 0, ...change }
}

/** Long enough never to matter, short enough to end what hangs. */
const ample = 20_000

/** The transport of the answer, or the fault. */
async function outcomeOf(server: DnsServer, options = within(ample), change: Partial<ExchangeRequest> = {}) {
  const exchange = createExchange(createNetwork())
  const asked = await exchange.ask(questionTo(server.endpoint, change), options)
  await exchange.close()
  return asked.ok ? asked.value.transport : asked.fault
}

/** The loopback network, and what it opened that is still open. */
function watchUdp(): { network: Network; open: Set<unknown> } {
  const real = createNetwork()
  const open = new Set<unknown>()
  const openUdp: Network['openUdp'] = async (endpoint, options) => {
    const opened = await real.openUdp(endpoint, options)
    if (!opened.ok) return opened
    const { close } = opened.value
    open.add(opened.value)
    opened.value.close = () => {
      open.delete(opened.value)
      close()
    }
    return opened
  }
  return { network: { ...real, openUdp }, open }
}

const nowhere: Endpoint = { address: '192.0.2.53', port: 53 }

/** A network of one server that answers each query with these datagrams, and then does something. */
function answering(replies: (query: Uint8Array) => Uint8Array[], after: () => void): Network {
  const datagrams: Datagrams = {
    localAddress: '127.0.0.1',
    onMessage: undefined,
    send(query) {
      for (const reply of replies(query)) datagrams.onMessage?.(reply)
      after()
    },
    close() {},
  }
  return {
    openUdp: () => Promise.resolve(accept(datagrams)),
    connectTcp: () => Promise.resolve(refuse('unreachable')),
  }
}

/** Changes the ID of a message. */
function guessed(octets: Uint8Array): Uint8Array {
  return Uint8Array.from(octets, (octet, index) => (index < 2 ? octet ^ 0x55 : octet))
}

test('an answer over UDP comes with its message and octets', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(replyTo(query)) })
  const exchange = createExchange(createNetwork())
  const asked = await exchange.ask(questionTo(server.endpoint), within(ample))
  await exchange.close()
  assert.ok(asked.ok)
  assert.equal(asked.value.message.answer[0]?.name.key, name.key)
  assert.deepEqual(asked.value.octets, replyTo(asked.value.octets))
  assert.equal(server.connections.length, 0)
})

test('the query has the flags that were asked for', async () => {
  const flags: boolean[][] = []
  await using server = await startDnsServer({
    udp: (query, reply) => {
      const { recursionDesired, checkingDisabled, authenticData, edns } = readQuery(query)
      flags.push([recursionDesired, checkingDisabled, authenticData, edns?.dnssecOk === true])
      reply(replyTo(query))
    },
  })
  await outcomeOf(server)
  await outcomeOf(server, within(ample), { recursionDesired: false, checkingDisabled: false, authenticData: true })
  assert.deepEqual(flags, [
    [true, true, false, true],
    [false, false, true, true],
  ])
})

const passedOver: [what: string, forge: (query: Uint8Array) => Uint8Array][] = [
  ['of another name', (query) => replyTo(query, { questions: [{ name: nameOfText('x'), type: TYPE.A, class: 1 }] })],
  ['of another type', (query) => replyTo(query, { questions: [{ name, type: TYPE.MX, class: 1 }] })],
  ['without question', (query) => replyTo(query, { questions: [] })],
  ['of another opcode', (query) => replyTo(query, { opcode: 5 })],
  ['that is the query', (query) => query],
  ['that is empty', () => new Uint8Array(0)],
  ['that is garbage', () => Uint8Array.from({ length: 300 }, (_, index) => (index * 73) & 255)],
  ['that cannot be decoded', (query) => replyTo(query).subarray(0, -1)],
  ['with octets behind it', (query) => Buffer.concat([replyTo(query), Uint8Array.of(0)])],
]
for (const [what, forge] of passedOver) {
  test(`RES-01: a datagram ${what} is passed over, and the answer behind it is taken`, async () => {
    await using server = await startDnsServer({
      udp: (query, reply) => {
        reply(forge(query))
        reply(forge(query))
        reply(replyTo(query))
      },
    })
    assert.equal(await outcomeOf(server), 'udp')
  })
}

test('RES-01: a datagram of another address never arrives', async () => {
  await using server = await startDnsServer({
    udp: (query, reply, from) => {
      const stranger = createSocket('udp4')
      const forged = replyTo(query, { rcode: RCODE.NXDOMAIN })
      stranger.send(forged, from.port, from.address, () => stranger.close(() => reply(replyTo(query))))
    },
  })
  const exchange = createExchange(createNetwork())
  const asked = await exchange.ask(questionTo(server.endpoint), within(ample))
  await exchange.close()
  assert.equal(asked.ok && asked.value.message.rcode, RCODE.NOERROR)
})

test('RES-01, RES-06: a flood of wrong IDs ends no wait, and the question is asked again over TCP', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => {
      for (let left = 100; left > 0; left--) reply(guessed(replyTo(query, { rcode: RCODE.NXDOMAIN })))
      reply(replyTo(query, { rcode: RCODE.REFUSED }))
    },
    tcp: (query, socket) => socket.write(frame(replyTo(query))),
  })
  const exchange = createExchange(createNetwork())
  const asked = await exchange.ask(questionTo(server.endpoint), within(ample))
  await exchange.close()
  assert.ok(asked.ok)
  assert.deepEqual([asked.value.transport, asked.value.message.rcode], ['tcp', RCODE.NOERROR])
})

test('RES-03, RES-04: a thousand questions have other ports and other IDs', async () => {
  const ports = new Set<number>()
  const ids = new Set<number>()
  await using server = await startDnsServer({
    udp: (query, reply, { port }) => {
      ports.add(port)
      ids.add(readQuery(query).id)
      reply(replyTo(query))
    },
  })
  const exchange = createExchange(createNetwork())
  for (let batch = 0; batch < 20; batch++) {
    const asked = await Promise.all(
      Array.from({ length: 50 }, () => exchange.ask(questionTo(server.endpoint), within(ample))),
    )
    assert.ok(asked.every(({ ok }) => ok))
  }
  await exchange.close()
  assert.ok(ports.size > 950, `${ports.size} ports`)
  assert.ok(ids.size > 950, `${ids.size} IDs`)
  assert.ok(Math.min(...ports) >= 1024)
})

test('RES-17: a truncated reply leads to TCP', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => reply(replyTo(query, { isTruncated: true, answer: [] })),
    tcp: (query, socket) => socket.write(frame(replyTo(query))),
  })
  assert.equal(await outcomeOf(server), 'tcp')
})

test('RES-17: a reply that is cut inside a record, and says so, leads to TCP', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => reply(replyTo(query, { isTruncated: true }).subarray(0, -3)),
    tcp: (query, socket) => socket.write(frame(replyTo(query))),
  })
  assert.equal(await outcomeOf(server), 'tcp')
})

test('RES-16: TCP after a truncated reply has but the rest of the time', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(replyTo(query, { isTruncated: true })) })
  assert.equal(await outcomeOf(server, within(60)), 'timeout')
})

test('RES-16: a silent server is a timeout, and the socket is closed', async () => {
  await using server = await startDnsServer({})
  const { network, open } = watchUdp()
  const exchange = createExchange(network)
  const asked = await exchange.ask(questionTo(server.endpoint), within(30))
  assert.deepEqual(asked, { ok: false, fault: 'timeout', at: 0 })
  assert.equal(open.size, 0)
  await exchange.close()
})

test('RES-16: wrong datagrams do not start the time again', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(guessed(replyTo(query))) })
  assert.equal(await outcomeOf(server, within(50)), 'timeout')
})

test('a server that sends only what cannot be decoded is malformed when the time is over', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const network = answering(
    (query) => [replyTo(query).subarray(0, -1)],
    () => t.mock.timers.tick(1000),
  )
  const asked = await createExchange(network).ask(questionTo(nowhere), within(1000))
  assert.equal(asked.ok || asked.fault, 'malformed')
})

test('RES-02: a port that nobody listens on refuses at once', async () => {
  const server = await startDnsServer({})
  await server[Symbol.asyncDispose]()
  assert.equal(await outcomeOf(server), 'refused')
  assert.equal(await outcomeOf(server, within(ample), { transport: 'tcp' }), 'refused')
})

test('an address that a stranger may not choose is forbidden, over UDP and TCP', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(replyTo(query)) })
  assert.equal(await outcomeOf(server, within(ample), { chosenBy: 'stranger' }), 'forbidden')
  assert.equal(await outcomeOf(server, within(ample), { chosenBy: 'stranger', transport: 'tcp' }), 'forbidden')
})

test('RES-47: an abort ends the question and closes its socket', async () => {
  const controller = new AbortController()
  await using server = await startDnsServer({ udp: () => controller.abort() })
  const { network, open } = watchUdp()
  const exchange = createExchange(network)
  const asked = await exchange.ask(questionTo(server.endpoint), within(ample, { signal: controller.signal }))
  assert.equal(asked.ok || asked.fault, 'aborted')
  assert.equal(open.size, 0)
  await exchange.close()
})

test('RES-47: close ends the questions under way, and those that come later', async () => {
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  await using server = await startDnsServer({ udp: () => arrived() })
  const { network, open } = watchUdp()
  const exchange = createExchange(network)
  const asking = exchange.ask(questionTo(server.endpoint), within(ample))
  await arrival
  await exchange.close()
  assert.equal(open.size, 0)
  assert.deepEqual(await asking, { ok: false, fault: 'aborted', at: 0 })
  const later = await exchange.ask(questionTo(server.endpoint), within(ample))
  assert.equal(later.ok || later.fault, 'aborted')
})

test('RES-47: whoever closes waits for the end, be it for the second time', async () => {
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  await using server = await startDnsServer({ udp: () => arrived() })
  const exchange = createExchange(createNetwork())
  const order: string[] = []
  const asking = exchange.ask(questionTo(server.endpoint), within(ample)).then(() => order.push('asked'))
  await arrival
  await Promise.all([exchange.close(), exchange.close()].map((closed) => closed.then(() => order.push('closed'))))
  await exchange.close()
  await asking
  assert.deepEqual(order.toSorted(), ['asked', 'closed', 'closed'])
})

test('an ID is used as it was drawn', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(replyTo(query)) })
  const exchange = createExchange(createNetwork(), { randomId: () => 0xbeef })
  const asked = await exchange.ask(questionTo(server.endpoint), within(ample))
  await exchange.close()
  assert.equal(asked.ok && asked.value.message.id, 0xbeef)
})

test('RES-44: the trace tells each step, and replies are zone text', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => reply(replyTo(query, { isTruncated: true, answer: [] })),
    tcp: (query, socket) => socket.write(frame(replyTo(query, { isAuthoritative: true }))),
  })
  const events: TraceEvent[] = []
  let at = 0
  await outcomeOf(server, within(ample, { trace: (event) => events.push(event), now: () => ++at }))
  const isMadeWhenRead = (event: TraceEvent) => Object.getOwnPropertyDescriptor(event, 'text')?.get !== undefined
  assert.ok(events.every(isMadeWhenRead), 'whoever listens for one kind of event has no zone text made of replies')
  assert.deepEqual(
    events.map(({ kind, transport, text }) => [kind, transport, text]),
    [
      ['query', 'udp', '; rd cd do'],
      ['reply', 'udp', '; NOERROR tc cd'],
      ['note', 'udp', 'truncated, asking over TCP'],
      ['query', 'tcp', '; rd cd do'],
      ['reply', 'tcp', '; NOERROR aa cd\nmail.example.org. 60 IN A 192.0.2.1'],
    ],
  )
  assert.deepEqual(new Set(events.map((event) => event.server)), new Set([`127.0.0.1#${server.endpoint.port}`]))
  assert.ok(events.every((event, index) => event.at > (events[index - 1]?.at ?? 0)))
  const zone = parseZone(events.at(-1)?.text ?? '')
  assert.equal(zone.ok && zone.value.length, 1)
})

test('RES-44: the trace names faults, and counts what was dropped', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const network = answering(
    (query) => [replyTo(query, { questions: [] }), guessed(replyTo(query)), replyTo(query).subarray(0, -1)],
    () => t.mock.timers.tick(1000),
  )
  const events: TraceEvent[] = []
  await createExchange(network).ask(questionTo(nowhere), within(1000, { trace: (event) => events.push(event) }))
  assert.deepEqual(
    events.map(({ server, text }) => [server, text]),
    [
      ['192.0.2.53', '; rd cd do'],
      ['192.0.2.53', 'dropped datagrams: 1 with another ID, 1 unasked for, 1 malformed'],
      ['192.0.2.53', 'malformed'],
    ],
  )
})

/** Asks three times in mixed case; what came of it, and how often over TCP. */
async function askMixed(server: DnsServer, now = () => 0) {
  const events: string[] = []
  const exchange = createExchange(createNetwork(), { randomBits: (octets) => new Uint8Array(octets).fill(0xb6) })
  const options = {
    ...within(ample),
    now,
    trace: ({ transport, kind }: TraceEvent) => events.push(`${transport} ${kind}`),
  }
  const outcomes: unknown[] = []
  for (let left = 3; left > 0; left--) {
    const asked = await exchange.ask(questionTo(server.endpoint, { mixCase: true }), options)
    outcomes.push(
      asked.ok ? asked.value.message.questions[0]?.name.wire === name.wire && asked.value.transport : asked.fault,
    )
  }
  await exchange.close()
  return { outcomes, queries: events.filter((event) => event.endsWith('query')).map((event) => event.split(' ')[0]) }
}

/** The reply with the letters of the question in lower case. */
function lowered(query: Uint8Array): Uint8Array {
  const message = readQuery(query)
  return replyTo(encodeMessage({ ...message, questions: message.questions.map((one) => ({ ...one, name })) }))
}

test('RES-07: a name goes out in mixed case, and is read as it was asked', async () => {
  const sent: string[] = []
  await using server = await startDnsServer({
    udp: (query, reply) => {
      sent.push(readQuery(query).questions[0]?.name.wire ?? '')
      reply(replyTo(query))
    },
  })
  const { outcomes } = await askMixed(server)
  assert.deepEqual(outcomes, ['udp', 'udp', 'udp'])
  assert.deepEqual(sent, Array(3).fill('\x04MAiL\x07eXaMPlE\x03oRg\0'))
})

test('RES-07: a server that changes letters is asked over TCP once, and in plain letters for an hour', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => reply(lowered(query)),
    tcp: (query, socket) => socket.write(frame(lowered(query))),
  })
  assert.deepEqual(await askMixed(server), { outcomes: ['tcp', 'udp', 'udp'], queries: ['udp', 'tcp', 'udp', 'udp'] })
  let hours = 0
  const { queries } = await askMixed(server, () => hours++ * 3_600_000)
  assert.deepEqual(queries, ['udp', 'tcp', 'udp', 'tcp', 'udp', 'tcp'])
})

test('RES-07: a forger who does not know the letters leads to TCP, and to nothing else', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => {
      reply(lowered(query))
      reply(replyTo(query))
    },
    tcp: (query, socket) => socket.write(frame(replyTo(query))),
  })
  assert.deepEqual(await askMixed(server), {
    outcomes: ['tcp', 'tcp', 'tcp'],
    queries: ['udp', 'tcp', 'udp', 'tcp', 'udp', 'tcp'],
  })
})

test('RES-07: a server that changes letters and takes no TCP is asked in plain letters', async () => {
  await using server = await startDnsServer({
    udp: (query, reply) => reply(lowered(query)),
    tcp: (_, socket) => socket.destroy(),
  })
  const { outcomes } = await askMixed(server)
  assert.deepEqual(outcomes, ['udp', 'udp', 'udp'])
})
