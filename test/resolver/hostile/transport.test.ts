import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { frame } from '../../../src/core/dns/frames.ts'
import { TYPE } from '../../../src/core/dns/types.ts'
import { limits } from '../../../src/core/limits.ts'
import { createNetwork } from '../../../src/io/network-node.ts'
import { createExchange } from '../../../src/io/resolver/exchange.ts'
import { type DnsServerOptions, replyTo, startDnsServer } from '../../support/dns-server.ts'
import { nameOfText } from '../../support/records.ts'
import { verdictOf } from '../signed-world.ts'
import { wireWorld } from './wire-world.ts'

const { malformedAnswers, retriesPerServer, unaskedMessages } = limits.resolver

/** Sends everybody to TCP. */
const truncated: NonNullable<DnsServerOptions['udp']> = (query, reply) => {
  reply(replyTo(query, { answer: [], isTruncated: true }))
}

/** Does so again and again until the connection ends. */
function until(socket: Socket, act: () => void): void {
  const timer = setInterval(() => (socket.writable ? act() : clearInterval(timer)), 1)
  socket.once('close', () => clearInterval(timer))
}

/** The reply with another ID, which nobody waits for. */
function unasked(query: Uint8Array): Uint8Array {
  const octets = Uint8Array.from(replyTo(query))
  octets[0] = (octets[0] as number) ^ 0xff
  return octets
}

/** Records of the root without data, as many as it takes. */
function withRecords(query: Uint8Array, count: number): Uint8Array {
  const octets = Buffer.from(replyTo(query, { answer: [], edns: undefined }))
  octets.writeUInt16BE(count, 6)
  const record = Uint8Array.of(0, 0, 10, 0, 1, 0, 0, 0, 60, 0, 0)
  return Buffer.concat([octets, ...Array.from({ length: count }, () => record)])
}

/** An answer whose owner is a compression pointer to itself. RFC 1035 §4.1.4 */
function looping(query: Uint8Array): Uint8Array {
  const empty = Buffer.from(replyTo(query, { answer: [], edns: undefined }))
  const pointer = Buffer.from([
    0xc0 | (empty.length >> 8),
    empty.length & 255,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    60,
    0,
    4,
    1,
    2,
    3,
    4,
  ])
  empty.writeUInt16BE(1, 6)
  return Buffer.concat([empty, pointer])
}

interface Hostility {
  readonly server: DnsServerOptions
  readonly says: RegExp
}

const hostilities: Readonly<Record<string, Hostility>> = {
  'that drips an answer, octet by octet': {
    server: {
      udp: truncated,
      tcp(query, socket) {
        const octets = frame(Buffer.concat([replyTo(query), new Uint8Array(60_000)]))
        let at = 0
        until(socket, () => socket.write(octets.subarray(at, ++at)))
      },
    },
    says: /^timeout: .* does not answer$/,
  },
  'that sends messages without end that nobody asked for': {
    server: {
      udp: truncated,
      tcp: (query, socket) => until(socket, () => socket.write(frame(unasked(query)))),
    },
    says: /^malformed: .* sent a malformed answer$/,
  },
  'that ends each connection': {
    server: { udp: truncated, tcp: (_, socket) => socket.end() },
    // A machine that is busy may have no answer in time, either.
    says: /^(?:unreachable: .* takes no DNS queries|timeout: .* does not answer)$/,
  },
  'that says over TCP that TCP is needed': {
    server: {
      udp: truncated,
      tcp: (query, socket) => socket.write(frame(replyTo(query, { answer: [], isTruncated: true }))),
    },
    says: /./,
  },
  'that sends messages too short to be any': {
    server: { udp: truncated, tcp: (_, socket) => socket.write(Uint8Array.of(0, 1, 0)) },
    says: /^malformed: .* sent a malformed answer$/,
  },
  'that sends more records than a message may have': {
    server: { udp: truncated, tcp: (query, socket) => socket.write(frame(withRecords(query, limits.dns.records + 1))) },
    says: /^malformed: .* sent a malformed answer$/,
  },
  'that sends names which point to themselves': {
    server: {
      udp: (query, reply) => {
        for (let at = 0; at < malformedAnswers; at++) reply(looping(query))
      },
      tcp: (query, socket) => socket.write(frame(looping(query))),
    },
    says: /^malformed: .* sent a malformed answer$/,
  },
  'that sends one malformed datagram and then nothing': {
    server: { udp: (query, reply) => reply(looping(query)) },
    says: /^malformed: .* sent a malformed answer$/,
  },
  'that guesses IDs without end': {
    server: {
      udp(query, reply) {
        for (let at = 0; at < 100; at++) reply(unasked(query))
      },
    },
    says: /^timeout: .* does not answer$/,
  },
  'that is silent': { server: {}, says: /^timeout: .* does not answer$/ },
}

for (const [what, { server, says }] of Object.entries(hostilities)) {
  test(`RES-16, RES-17, WIRE-06: iterate: a server ${what} costs little and holds up nobody else`, async () => {
    await using world = await wireWorld(server)
    const { ask, close, traffic } = world.resolver('iterate')
    const lookup = ask('www.evil.test. A')
    assert.equal(verdictOf(await ask('www.good.test. A')), 'secure')
    const resolution = await lookup
    if (!says.test('x')) {
      assert.match(verdictOf(resolution), says)
      assert.equal(resolution.kind, 'failure')
    }
    assert.notEqual(resolution.kind !== 'failure' && resolution.status, 'secure')
    const to = (all: readonly string[]) => all.filter((address) => address === world.address).length
    // The last try is over TCP, and begun anew once where the connection ends.
    assert.ok(to(traffic.datagrams) < retriesPerServer, `${to(traffic.datagrams)} datagrams`)
    assert.ok(to(traffic.connections) <= 2 * retriesPerServer, `${to(traffic.connections)} connections`)
    assert.equal(verdictOf(await ask('none.good.test. MX')), 'secure')
    await close()
    await Promise.all([...traffic.open].map((socket) => once(socket as Socket, 'close')))
    assert.equal(traffic.open.size, 0)
  })

  test(`RES-14, RES-17: forward: a forwarder ${what} is passed over`, async () => {
    await using world = await wireWorld(server)
    const { ask, close, traffic } = world.resolver('forward')
    assert.equal(verdictOf(await ask('www.good.test. A')), 'secure')
    assert.equal(verdictOf(await ask('none.good.test. MX')), 'secure')
    await close()
    await Promise.all([...traffic.open].map((socket) => once(socket as Socket, 'close')))
    assert.equal(traffic.open.size, 0)
  })
}

test('RES-17: of the messages on a connection that answer nothing, so many are read', async () => {
  let written = 0
  const tcp: DnsServerOptions['tcp'] = (query, socket) => {
    // Late answers to what was given up are no attack.
    for (; written < unaskedMessages; written++) socket.write(frame(unasked(query)))
    socket.write(frame(replyTo(query, { isAuthoritative: true })))
  }
  await using world = await wireWorld({ udp: truncated, tcp })
  const { ask, close } = world.resolver('iterate')
  const resolution = await ask('www.evil.test. A')
  assert.equal(verdictOf(resolution), 'insecure: evil.test. is delegated without DS')
  await close()
})

test('RES-01: of the malformed answers to one datagram, so many are read', async () => {
  const udp: DnsServerOptions['udp'] = (query, reply) => {
    for (let at = 0; at < 10 * malformedAnswers; at++) reply(looping(query))
  }
  await using server = await startDnsServer({ udp })
  const exchange = createExchange(createNetwork())
  const notes: string[] = []
  const question = { name: nameOfText('www.evil.test.'), type: TYPE.A, recursionDesired: false, checkingDisabled: true }
  const asked = await exchange.ask(
    { ...question, endpoint: server.endpoint, chosenBy: 'operator' },
    {
      ...{ signal: new AbortController().signal, timeoutMs: 20_000, now: () => 0 },
      trace: ({ text }) => notes.push(text),
    },
  )
  assert.deepEqual(asked.ok ? 'answered' : asked.fault, 'malformed')
  assert.ok(notes.includes(`dropped datagrams: 0 with another ID, 0 unasked for, ${malformedAnswers} malformed`))
  await exchange.close()
})
