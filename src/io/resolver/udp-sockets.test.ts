import assert from 'node:assert/strict'
import { test } from 'node:test'
import { replyOfCookieServer } from '../../../test/support/cookie-server.ts'
import { type DnsServerOptions, replyTo, startDnsServer } from '../../../test/support/dns-server.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { TYPE } from '../../core/dns/types.ts'
import { limits } from '../../core/limits.ts'
import { accept, refuse } from '../../core/result.ts'
import type { ChosenBy, Datagrams, Network } from '../network.ts'
import { createNetwork } from '../network-node.ts'
import { createExchange } from './exchange.ts'
import { createUdpSockets, type UdpSocket } from './udp-sockets.ts'

const name = nameOfText('mail.example.org')
const { udpKept, udpKeptMs, udpKeptQuestions } = limits.resolver

/** From which port each of the questions came, in their order, `atOnce` of them at a time. */
async function portsOf(questions: number, answer: DnsServerOptions['udp'], atOnce = 1): Promise<number[]> {
  const ports: number[] = []
  await using server = await startDnsServer({
    udp: (query, reply, from) => {
      ports.push(from.port)
      answer?.(query, reply, from)
    },
  })
  const exchange = createExchange(createNetwork())
  const flags = { recursionDesired: true, checkingDisabled: true, chosenBy: 'operator' } as const
  const request = { endpoint: server.endpoint, name, type: TYPE.A, ...flags }
  const options = { signal: new AbortController().signal, timeoutMs: 20_000, now: () => 0 }
  for (let asked = 0; asked < questions; asked += atOnce) {
    await Promise.all(Array.from({ length: atOnce }, () => exchange.ask(request, options)))
  }
  await exchange.close()
  return ports
}

function runsOf(ports: readonly number[]): number[] {
  const runs: number[] = []
  for (const [at, port] of ports.entries()) {
    if (at > 0 && port === ports[at - 1]) runs.push((runs.pop() ?? 0) + 1)
    else runs.push(1)
  }
  return runs
}

test('RES-04, RES-08: a server that shows our cookie is asked some questions from one port, then from another', async () => {
  const ports = await portsOf(2 + 2 * udpKeptQuestions, (query, reply) => reply(replyOfCookieServer(query)))
  // Until it has given its cookie it is a server like others.
  assert.deepEqual(runsOf(ports), [1, udpKeptQuestions, udpKeptQuestions, 1])
})

test('RES-04: a server without cookies sees a port drawn anew with every question', async () => {
  const ports = await portsOf(100, (query, reply) => reply(replyTo(query)))
  // Of so many drawn from 64,512 two may be the same.
  assert.ok(new Set(ports).size > 95)
})

test('RES-04: questions at the same time have ports of their own', async () => {
  const ports = await portsOf(80, (query, reply) => reply(replyOfCookieServer(query)), 8)
  for (let at = 0; at < ports.length; at += 8) assert.equal(new Set(ports.slice(at, at + 8)).size, 8)
})

test('RES-01, RES-04: a port that somebody else has sent to is not used again', async () => {
  let count = 0
  const ports = await portsOf(8, (query, reply) => {
    // What is no reply to anything ends no wait.
    if (++count % 2 === 0) reply(Buffer.alloc(12))
    reply(replyOfCookieServer(query))
  })
  assert.deepEqual(runsOf(ports), [1, 1, 2, 2, 2])
})

interface FakeSocket extends Datagrams {
  isOpen: boolean
}

/** Sockets that lead nowhere. */
function fakeNetwork(): { readonly network: Network; readonly made: FakeSocket[] } {
  const made: FakeSocket[] = []
  const network: Network = {
    connectTcp: async () => refuse('unreachable'),
    openUdp: async () => {
      const socket: FakeSocket = {
        localAddress: '192.0.2.1',
        isOpen: true,
        onMessage: undefined,
        send() {},
        close() {
          socket.isOpen = false
        },
      }
      made.push(socket)
      return accept(socket)
    },
  }
  return { network, made }
}

const targetOf = (address: string, chosenBy: ChosenBy = 'stranger') => {
  const endpoint = { address, port: 53 }
  return { endpoint, server: `${address}:53`, chosenBy }
}

async function opened(sockets: ReturnType<typeof createUdpSockets>, address: string): Promise<UdpSocket> {
  const target = targetOf(address)
  const datagrams = await sockets.open(target)
  if (!datagrams.ok) throw new Error(datagrams.fault)
  return { target, datagrams: datagrams.value, questions: 0 }
}

test('what the operator may send to is not kept for strangers, nor for another server', async () => {
  const { network } = fakeNetwork()
  const sockets = createUdpSockets(network)
  sockets.keep(await opened(sockets, '192.0.2.53'))
  assert.equal(sockets.takeKept(targetOf('192.0.2.53', 'operator')), undefined)
  assert.equal(sockets.takeKept(targetOf('192.0.2.54')), undefined)
  assert.ok(sockets.takeKept(targetOf('192.0.2.53')))
  assert.equal(sockets.takeKept(targetOf('192.0.2.53')), undefined)
  sockets.close()
})

test('whatever comes while nobody waits closes the socket', async () => {
  for (const message of [new Uint8Array(12), undefined]) {
    const { network, made } = fakeNetwork()
    const sockets = createUdpSockets(network)
    sockets.keep(await opened(sockets, '192.0.2.53'))
    made[0]?.onMessage?.(message)
    assert.equal(made[0]?.isOpen, false)
    assert.equal(sockets.takeKept(targetOf('192.0.2.53')), undefined)
  }
})

test('a socket that nobody uses is closed after a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { network, made } = fakeNetwork()
  const sockets = createUdpSockets(network)
  sockets.keep(await opened(sockets, '192.0.2.53'))
  t.mock.timers.tick(udpKeptMs)
  assert.equal(made[0]?.isOpen, true)
  t.mock.timers.tick(udpKeptMs)
  assert.equal(made[0]?.isOpen, false)
  assert.equal(sockets.takeKept(targetOf('192.0.2.53')), undefined)
})

test('a socket that is used is kept on', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { network, made } = fakeNetwork()
  const sockets = createUdpSockets(network)
  sockets.keep(await opened(sockets, '192.0.2.53'))
  for (let round = 0; round < 4; round++) {
    t.mock.timers.tick(udpKeptMs)
    const socket = sockets.takeKept(targetOf('192.0.2.53'))
    assert.ok(socket)
    sockets.keep(socket)
  }
  assert.equal(made[0]?.isOpen, true)
  sockets.close()
})

test('no more than so many are kept, and none once all is closed', async () => {
  const { network, made } = fakeNetwork()
  const sockets = createUdpSockets(network)
  const all: UdpSocket[] = []
  for (let number = 0; number <= udpKept; number++) all.push(await opened(sockets, `192.0.2.${number}`))
  for (const socket of all) sockets.keep(socket)
  assert.equal(made.filter(({ isOpen }) => isOpen).length, udpKept)
  const used = sockets.takeKept(targetOf('192.0.2.7'))
  sockets.close()
  if (used !== undefined) sockets.keep(used)
  assert.equal(made.filter(({ isOpen }) => isOpen).length, 0)
})
