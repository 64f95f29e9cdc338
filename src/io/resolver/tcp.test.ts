import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { type DnsServer, readQuery, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { frame } from '../../core/dns/frames.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { accept, refuse } from '../../core/result.ts'
import type { Network } from '../network.ts'
import { createNetwork } from '../network-node.ts'
import { createExchange, type Exchange } from './exchange.ts'

interface Asked {
  readonly name?: string
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

/** Asks over TCP; the first label that came back, or the fault. */
async function ask(exchange: Exchange, server: DnsServer, asked: Asked = {}): Promise<string> {
  const { name = 'mail.example.org', signal = new AbortController().signal, timeoutMs = 20_000 } = asked
  const result = await exchange.ask(
    {
      endpoint: server.endpoint,
      chosenBy: 'operator',
      name: nameOfText(name),
      type: TYPE.A,
      recursionDesired: false,
      checkingDisabled: true,
      transport: 'tcp',
    },
    { signal, timeoutMs, now: () => 0 },
  )
  if (!result.ok) return result.fault
  assert.equal(result.value.transport, 'tcp')
  return result.value.message.answer[0]?.name.key ?? 'no answer'
}

const names = (count: number) => Array.from({ length: count }, (_, index) => `host-${index}.example.org`)
const keys = (texts: readonly string[]) => texts.map((text) => nameOfText(text).key)
const answer = (query: Uint8Array, socket: Socket) => socket.write(frame(replyTo(query)))
const key = nameOfText('mail.example.org').key

test('RES-17: one connection serves questions one after another', async () => {
  await using server = await startDnsServer({ tcp: answer })
  const exchange = createExchange(createNetwork())
  for (const name of names(3)) assert.equal(await ask(exchange, server, { name }), nameOfText(name).key)
  await exchange.close()
  assert.equal(server.connections.length, 1)
})

test('RES-17: questions are pipelined, and answers taken in any order', async () => {
  const queries: Uint8Array[] = []
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      queries.push(query)
      if (queries.length < limits.resolver.inFlightPerConnection) return
      for (const each of queries.reverse()) answer(each, socket)
    },
  })
  const exchange = createExchange(createNetwork())
  const asked = names(limits.resolver.inFlightPerConnection)
  assert.deepEqual(await Promise.all(asked.map((name) => ask(exchange, server, { name }))), keys(asked))
  await exchange.close()
  assert.equal(server.connections.length, 1)
})

test('RES-17: a server gets two connections, ten questions on each, and the others wait', async () => {
  const held: { query: Uint8Array; socket: Socket }[] = []
  let most = 0
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      held.push({ query, socket })
      most = Math.max(most, held.filter((each) => each.socket === socket).length)
      if (held.length < 2 * limits.resolver.inFlightPerConnection && server.connections.length < 3) return
      setImmediate(() => {
        for (const each of held.splice(0)) answer(each.query, each.socket)
      })
    },
  })
  const exchange = createExchange(createNetwork())
  const asked = names(4 * limits.resolver.inFlightPerConnection)
  assert.deepEqual(await Promise.all(asked.map((name) => ask(exchange, server, { name }))), keys(asked))
  await exchange.close()
  assert.equal(server.connections.length, 2)
  assert.equal(most, limits.resolver.inFlightPerConnection)
})

test('RES-03: IDs on one connection differ, though the same is drawn', async () => {
  const ids = new Set<number>()
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      ids.add(readQuery(query).id)
      answer(query, socket)
    },
  })
  const exchange = createExchange(createNetwork(), { randomId: () => 0xffff })
  const asked = names(5)
  assert.deepEqual(await Promise.all(asked.map((name) => ask(exchange, server, { name }))), keys(asked))
  await exchange.close()
  assert.deepEqual(ids, new Set([0xffff, 0, 1, 2, 3]))
})

test('a reply in pieces is put together, and one to nobody passed over', async () => {
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      socket.write(frame(Uint8Array.from(replyTo(query), (octet, index) => (index < 2 ? octet ^ 1 : octet))))
      for (const octet of frame(replyTo(query))) socket.write(Uint8Array.of(octet))
    },
  })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server), key)
  await exchange.close()
})

test('RES-17: a connection closed before the reply is opened again once', async () => {
  await using server = await startDnsServer({
    tcp: (query, socket, connection) => (connection === 0 ? socket.end() : answer(query, socket)),
  })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server), key)
  await exchange.close()
  assert.equal(server.connections.length, 2)
})

test('RES-17: a connection closed in the midst of a reply is opened again once, and then the server has failed', async () => {
  await using server = await startDnsServer({
    tcp: (query, socket) => socket.end(frame(replyTo(query)).subarray(0, 20)),
  })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server), 'refused')
  await exchange.close()
  assert.equal(server.connections.length, 2)
})

test('a connection that the server closed while idle is not used again', async () => {
  await using server = await startDnsServer({ tcp: answer })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server), key)
  server.connections[0]?.resetAndDestroy()
  assert.equal(await ask(exchange, server), key)
  await exchange.close()
  assert.equal(server.connections.length, 2)
})

const malformed: [what: string, reply: (query: Uint8Array) => Uint8Array][] = [
  ['a frame too short for a message', () => Uint8Array.of(0, 3, 1, 2, 3)],
  ['a reply that cannot be decoded', (query) => frame(replyTo(query).subarray(0, -1))],
  ['a reply to another question', (query) => frame(replyTo(query, { questions: [] }))],
  ['the query itself', (query) => frame(query)],
]
for (const [what, reply] of malformed) {
  test(`${what} is malformed, and not asked for again`, async () => {
    await using server = await startDnsServer({ tcp: (query, socket) => socket.write(reply(query)) })
    const exchange = createExchange(createNetwork())
    assert.equal(await ask(exchange, server), 'malformed')
    await exchange.close()
    assert.equal(server.connections.length, 1)
  })
}

test('RES-47: an abort closes the connection that nobody else waits on', async () => {
  const controller = new AbortController()
  await using server = await startDnsServer({
    tcp: (_, socket) => {
      socket.resume()
      controller.abort()
    },
  })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server, { signal: controller.signal }), 'aborted')
  const [connection] = server.connections
  assert.ok(connection)
  if (!connection.closed) await once(connection, 'close')
  await exchange.close()
})

test('RES-47: an abort leaves the questions of others on the connection alone', async () => {
  const controller = new AbortController()
  const queries: Uint8Array[] = []
  await using server = await startDnsServer({
    tcp: (query, socket) => {
      if (queries.push(query) < 2) return
      controller.abort()
      for (const each of queries) answer(each, socket)
    },
  })
  const exchange = createExchange(createNetwork())
  const aborted = ask(exchange, server, { signal: controller.signal })
  const other = ask(exchange, server)
  assert.deepEqual(await Promise.all([aborted, other]), ['aborted', key])
  assert.equal(server.connections.length, 1)
  await exchange.close()
})

test('RES-16: a silent server is a timeout, and its connection gets no more questions', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  await using server = await startDnsServer({
    tcp: (query, socket, connection) => (connection > 0 ? answer(query, socket) : t.mock.timers.tick(1000)),
  })
  const exchange = createExchange(createNetwork())
  assert.equal(await ask(exchange, server, { timeoutMs: 1000 }), 'timeout')
  assert.equal(await ask(exchange, server), key)
  await exchange.close()
  assert.equal(server.connections.length, 2)
})

test('RES-47: an abort while dialling ends the dialling', async () => {
  await using server = await startDnsServer({})
  const controller = new AbortController()
  let ended = 0
  const network: Network = {
    ...createNetwork(),
    connectTcp: (_, { signal }) =>
      new Promise((resolve) => {
        signal?.addEventListener('abort', () => {
          ended++
          resolve(refuse('aborted'))
        })
        queueMicrotask(() => controller.abort())
      }),
  }
  const exchange = createExchange(network)
  assert.equal(await ask(exchange, server, { signal: controller.signal }), 'aborted')
  assert.equal(ended, 1)
  await exchange.close()
})

test('RES-17: connecting has two seconds, and questions wait for the same dialling', async () => {
  await using server = await startDnsServer({})
  const timeouts: number[] = []
  const network: Network = {
    ...createNetwork(),
    connectTcp: async (_, { timeoutMs }) => {
      timeouts.push(timeoutMs)
      return await Promise.resolve(refuse('timeout'))
    },
  }
  const exchange = createExchange(network)
  assert.deepEqual(await Promise.all([ask(exchange, server), ask(exchange, server)]), ['timeout', 'timeout'])
  assert.deepEqual(timeouts, [limits.resolver.tcpConnectMs])
  await exchange.close()
})

test('RES-17: an idle connection is closed after its time', async (t) => {
  await using server = await startDnsServer({ tcp: answer })
  const exchange = createExchange(createNetwork())
  t.mock.timers.enable({ apis: ['setTimeout'] })
  assert.equal(await ask(exchange, server), key)
  t.mock.timers.tick(limits.resolver.tcpIdleMs - 1)
  assert.equal(await ask(exchange, server), key)
  assert.equal(server.connections.length, 1)
  const [connection] = server.connections
  assert.ok(connection)
  t.mock.timers.tick(limits.resolver.tcpIdleMs)
  connection.resume()
  if (!connection.closed) await once(connection, 'close')
  t.mock.timers.reset()
  await exchange.close()
})

test('what the operator chose is not reused at the word of a stranger', async () => {
  await using server = await startDnsServer({ tcp: answer })
  const real = createNetwork({ allowPrivate: true })
  const parties: string[] = []
  const network: Network = {
    ...real,
    async connectTcp(endpoint, options) {
      parties.push(options.chosenBy)
      const dialled = await real.connectTcp(endpoint, options)
      return dialled.ok ? accept(dialled.value) : dialled
    },
  }
  const exchange = createExchange(network)
  const signal = new AbortController().signal
  for (const chosenBy of ['operator', 'stranger'] as const) {
    const question = { name: nameOfText('a'), type: TYPE.A, recursionDesired: false, checkingDisabled: true }
    const request = { ...question, endpoint: server.endpoint, chosenBy, transport: 'tcp' } as const
    assert.ok((await exchange.ask(request, { signal, timeoutMs: 20_000, now: () => 0 })).ok)
  }
  await exchange.close()
  assert.deepEqual(parties, ['operator', 'stranger'])
})
