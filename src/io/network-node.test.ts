import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { startDnsServer } from '../../test/support/dns-server.ts'
import type { DialOptions, Endpoint } from './network.ts'
import { createNetwork } from './network-node.ts'

const operator: DialOptions = { chosenBy: 'operator', timeoutMs: 20_000 }
const stranger: DialOptions = { chosenBy: 'stranger', timeoutMs: 20_000 }

test('connectTcp connects, and counts the socket until it is closed', async () => {
  await using server = await startDnsServer({})
  const network = createNetwork({ maxSockets: 1 })
  const first = await network.connectTcp(server.endpoint, operator)
  assert.ok(first.ok)
  assert.deepEqual(await network.connectTcp(server.endpoint, operator), { ok: false, fault: 'overload', at: 0 })
  assert.deepEqual(await network.openUdp(server.endpoint, operator), { ok: false, fault: 'overload', at: 0 })
  first.value.destroy()
  await once(first.value, 'close')
  const second = await network.connectTcp(server.endpoint, operator)
  assert.ok(second.ok)
  second.value.destroy()
})

test('openUdp counts its socket until it is closed, also when it never opened', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(query) })
  const network = createNetwork({ maxSockets: 1, route: ({ port }) => (port === 1 ? unroutable : server.endpoint) })
  for (let round = 0; round < 3; round++) {
    const opened = await network.openUdp(server.endpoint, operator)
    assert.ok(opened.ok)
    const overloaded = await network.openUdp(server.endpoint, operator)
    assert.equal(overloaded.ok || overloaded.fault, 'overload')
    opened.value.close()
    opened.value.close()
    opened.value.send(Buffer.from('after the end'))
    await settle()
    const failed = await network.openUdp({ ...server.endpoint, port: 1 }, operator)
    assert.equal(failed.ok || failed.fault, 'unreachable')
    await settle()
  }
})

/** Nothing connects to the broadcast address without having asked for it. */
const unroutable: Endpoint = { address: '255.255.255.255', port: 53 }

/** Lets a closed socket say so. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('a connection refused is refused, and counts no longer', async () => {
  const server = await startDnsServer({})
  await server[Symbol.asyncDispose]()
  const network = createNetwork({ maxSockets: 1 })
  for (let round = 0; round < 3; round++) {
    assert.deepEqual(await network.connectTcp(server.endpoint, operator), { ok: false, fault: 'refused', at: 0 })
    await settle()
  }
})

const noLiterals: Endpoint[] = [
  { address: 'localhost', port: 53 },
  { address: 'example.org', port: 53 },
  { address: '', port: 53 },
  { address: '127.1', port: 53 },
  { address: 'fe80::1%lo', port: 53 },
  { address: '[::1]', port: 53 },
  { address: '127.0.0.1', port: 0 },
  { address: '127.0.0.1', port: 65536 },
  { address: '127.0.0.1', port: 5.3 },
  { address: '127.0.0.1', port: Number.NaN },
]
for (const endpoint of noLiterals) {
  test(`nothing is dialled that is no address literal and port: "${endpoint.address}", ${endpoint.port}`, async () => {
    const asGiven = createNetwork()
    const dialled = await asGiven.connectTcp(endpoint, operator)
    assert.equal(dialled.ok || dialled.fault, 'forbidden')
    const opened = await asGiven.openUdp(endpoint, operator)
    assert.equal(opened.ok || opened.fault, 'forbidden')
    const routed = await createNetwork({ route: () => endpoint }).connectTcp(
      { address: '127.0.0.1', port: 1 },
      operator,
    )
    assert.equal(routed.ok || routed.fault, 'unreachable')
  })
}

test('a connection comes from the address of this machine that it was given, or not at all', async () => {
  await using server = await startDnsServer({})
  const network = createNetwork()
  const dialled = await network.connectTcp(server.endpoint, { ...operator, from: '127.0.0.9' })
  assert.ok(dialled.ok)
  assert.equal(dialled.value.localAddress, '127.0.0.9')
  dialled.value.destroy()
  for (const from of ['::1', '192.0.2.1']) {
    const refused = await network.connectTcp(server.endpoint, { ...operator, from })
    assert.equal(refused.ok || refused.fault, 'unreachable')
  }
})

test('a stranger reaches no loopback, unless that is allowed', async () => {
  await using server = await startDnsServer({})
  const refused = await createNetwork().connectTcp(server.endpoint, stranger)
  assert.equal(refused.ok || refused.fault, 'forbidden')
  const unopened = await createNetwork().openUdp(server.endpoint, stranger)
  assert.equal(unopened.ok || unopened.fault, 'forbidden')
  const allowed = await createNetwork({ allowPrivate: true }).connectTcp(server.endpoint, stranger)
  assert.ok(allowed.ok)
  allowed.value.destroy()
})

test('the gate judges the address of the world, not where it is routed to', async () => {
  await using server = await startDnsServer({})
  const network = createNetwork({ route: () => server.endpoint })
  const world = await network.connectTcp({ address: '8.8.8.8', port: 53 }, stranger)
  assert.ok(world.ok)
  assert.equal(world.value.remotePort, server.endpoint.port)
  world.value.destroy()
  const metadata = await network.connectTcp({ address: '169.254.169.254', port: 80 }, stranger)
  assert.equal(metadata.ok || metadata.fault, 'forbidden')
})

test('an endpoint without route is unreachable', async () => {
  const network = createNetwork({ route: () => undefined })
  const dialled = await network.connectTcp({ address: '127.0.0.1', port: 53 }, operator)
  assert.equal(dialled.ok || dialled.fault, 'unreachable')
  const opened = await network.openUdp({ address: '127.0.0.1', port: 53 }, operator)
  assert.equal(opened.ok || opened.fault, 'unreachable')
})

test('IPv6 is dialled as well, where the machine has it', async (t) => {
  const server = createServer((socket) => socket.end())
  server.listen(0, '::1')
  try {
    await once(server, 'listening')
  } catch {
    return t.skip('no IPv6 here')
  }
  const { port } = server.address() as AddressInfo
  const dialled = await createNetwork().connectTcp({ address: '::1', port }, operator)
  assert.ok(dialled.ok)
  dialled.value.destroy()
  await new Promise((done) => server.close(done))
})

test('an abort ends a dial, before and while it is under way', async () => {
  await using server = await startDnsServer({})
  const network = createNetwork({ maxSockets: 1 })
  const before = await network.connectTcp(server.endpoint, { ...operator, signal: AbortSignal.abort() })
  assert.equal(before.ok || before.fault, 'aborted')
  const controller = new AbortController()
  const dialling = network.connectTcp(server.endpoint, { ...operator, signal: controller.signal })
  controller.abort()
  assert.deepEqual(await dialling, { ok: false, fault: 'aborted', at: 0 })
  await settle()
  const after = await network.connectTcp(server.endpoint, operator)
  assert.ok(after.ok)
  after.value.destroy()
})

test('a dial that takes too long is a timeout', async (t) => {
  await using server = await startDnsServer({})
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const dialling = createNetwork().connectTcp(server.endpoint, { ...operator, timeoutMs: 2000 })
  t.mock.timers.tick(2000)
  assert.deepEqual(await dialling, { ok: false, fault: 'timeout', at: 0 })
})

test('an abort after the connection came does not end it', async () => {
  await using server = await startDnsServer({ tcp: (query, socket) => socket.write(query) })
  const controller = new AbortController()
  const dialled = await createNetwork().connectTcp(server.endpoint, { ...operator, signal: controller.signal })
  assert.ok(dialled.ok)
  controller.abort()
  assert.equal(dialled.value.destroyed, false)
  dialled.value.destroy()
})

test('an error on a socket that nobody listens to yet does not end the process', async () => {
  await using server = await startDnsServer({})
  const dialled = await createNetwork().connectTcp(server.endpoint, operator)
  assert.ok(dialled.ok)
  const { value: socket } = dialled
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.destroy(new Error('nobody hears this'))
  assert.equal(await closed, true)
})

test('RES-02: datagrams of the peer arrive', async () => {
  await using server = await startDnsServer({ udp: (query, reply) => reply(Buffer.concat([query, query])) })
  const opened = await createNetwork().openUdp(server.endpoint, operator)
  assert.ok(opened.ok)
  const datagrams = opened.value
  const arrived = new Promise((resolve) => {
    datagrams.onMessage = (message) => resolve(message?.toString())
  })
  datagrams.send(Buffer.from('ab'))
  assert.equal(await arrived, 'abab')
  datagrams.close()
})

test('RES-02: what others send to the socket never arrives', async () => {
  await using server = await startDnsServer({
    udp: (query, reply, from) => {
      const other = createSocket('udp4')
      other.send('forged', from.port, from.address, () => other.close(() => reply(query)))
    },
  })
  const opened = await createNetwork().openUdp(server.endpoint, operator)
  assert.ok(opened.ok)
  const datagrams = opened.value
  const first = new Promise((resolve) => {
    datagrams.onMessage = (message) => resolve(message?.toString())
  })
  datagrams.send(Buffer.from('right'))
  assert.equal(await first, 'right')
  datagrams.close()
})

test('RES-02: a peer that refuses is told of once', async () => {
  const server = await startDnsServer({})
  await server[Symbol.asyncDispose]()
  const opened = await createNetwork().openUdp(server.endpoint, operator)
  assert.ok(opened.ok)
  const datagrams = opened.value
  const heard: unknown[] = []
  const refused = new Promise<void>((resolve) => {
    datagrams.onMessage = (message) => {
      heard.push(message)
      resolve()
    }
  })
  for (let left = 3; left > 0; left--) datagrams.send(Buffer.from('anybody'))
  await refused
  for (let left = 3; left > 0; left--) datagrams.send(Buffer.from('anybody'))
  await settle()
  assert.deepEqual(heard, [undefined])
  datagrams.close()
})
