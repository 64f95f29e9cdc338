import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { type FakeResolver, fakeResolver } from '../../../test/support/fake-resolver.ts'
import { type MovedClock, movedClock } from '../../../test/support/moved-clock.ts'
import { limits } from '../../core/limits.ts'
import { createDecisions, type Decisions, type Outcome, type Shelved } from '../../io/decisions/decisions.ts'
import { type AnswerCounts, createAnswerCounts } from './answer-counts.ts'
import { createPostfixAnswers, framed, type PostfixView } from './postfix-answers.ts'
import { createSocketmapServer, type SocketmapServer } from './socketmap-server.ts'

const world = `
  600 secure example. MX 10 mx.example.
  900 secure mx.example. A 192.0.2.1
  900 secure _25._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
  900 secure _587._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
  600 secure plain.example. MX 10 mx.plain.example.
  900 secure mx.plain.example. A 192.0.2.2
  bogus bogus.example. MX
  hangs hangs.example. MX
`

interface Bed {
  readonly resolver: FakeResolver
  readonly clock: MovedClock
  readonly server: SocketmapServer
  readonly decisions: Decisions<PostfixView>
  readonly counts: Readonly<AnswerCounts>
  readonly port: number
  /** Octets that the server has read, of all clients. */
  received(): number
  connect(): Promise<Client>
}

interface Client {
  readonly socket: Socket
  send(text: string): void
  /** What has come, once it is that long. */
  read(octets: number): Promise<string>
  readonly closed: Promise<unknown>
}

function present(outcome: Outcome): Shelved {
  const text = outcome.kind === 'failed' ? 'failed' : outcome.decision.hosts.map(({ text: why }) => why).join(' ')
  const isDane = text.includes('DANE')
  const base = isDane ? { kind: 'ok' as const, data: 'dane-only' } : { kind: 'not-found' as const }
  return { ready: framed(base), rest: framed(isDane ? { kind: 'ok', data: 'dane' } : { kind: 'not-found' }) }
}

function read({ ready, rest }: Shelved): PostfixView {
  return { base: ready, tlsrpt: rest }
}

async function createBed(t: TestContext): Promise<Bed> {
  const resolver = fakeResolver(world)
  const clock = movedClock(1_800_000_000_000)
  const decisions = createDecisions<PostfixView>({
    ...{ resolver, clock, random: () => 0.5, present, read, sts: { lookup: async () => stsOf() } },
  })
  const counts = createAnswerCounts()
  const server = createSocketmapServer(createPostfixAnswers(decisions, clock, counts), clock)
  const handles: { readonly bytesRead: number }[] = []
  const listening = createServer({ allowHalfOpen: true }, (socket) => {
    // The server goes on with another socket, by the same handle.
    const { _handle: handle } = socket as unknown as { _handle: { readonly bytesRead: number } }
    handles.push(handle)
    server.accept(socket)
  })
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo // of a TCP socket
  t.after(async () => {
    server.destroy()
    listening.close()
    await decisions.close()
  })
  const received = () => handles.reduce((octets, { bytesRead }) => octets + bytesRead, 0)
  return { resolver, clock, server, decisions, counts, port, received, connect: () => createClient(port, t) }
}

async function createClient(port: number, t: TestContext, { allowHalfOpen = false } = {}): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  let come = ''
  let check: (() => void) | undefined
  socket.on('data', (octets: Buffer) => {
    come += octets.toString('latin1')
    check?.()
  })
  return {
    socket,
    send: (text) => socket.write(text),
    closed: once(socket, 'close'),
    read: (octets) =>
      new Promise((resolve) => {
        check = () => {
          if (come.length < octets) return
          resolve(come.slice(0, octets))
          come = come.slice(octets)
          check = undefined
        }
        check()
      }),
  }
}

function question(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`
}

const answers: [request: string, reply: string][] = [
  ['QUERY example', 'OK dane-only'],
  ['QUERY EXAMPLE', 'OK dane-only'],
  ['QUERYwithTLSRPT example', 'OK dane'],
  ['QUERY [mx.example]:587', 'OK dane-only'],
  ['QUERY [mx.example]:2525', 'NOTFOUND '],
  ['QUERY plain.example', 'NOTFOUND '],
  ['QUERY .example', 'NOTFOUND '],
  ['QUERY [192.0.2.1]', 'NOTFOUND '],
  ['QUERY b\u00fccher.example', 'NOTFOUND '],
  ['query example', 'PERM there is no such map: write QUERY for Postfix up to 3.9, QUERYwithTLSRPT for later ones'],
]

for (const [request, reply] of answers) {
  test(`STS-132, STS-133: ${request} is answered ${reply}`, async (t) => {
    const client = await (await createBed(t)).connect()
    for (let time = 0; time < 2; time++) {
      client.send(question(request))
      assert.equal(await client.read(question(reply).length), question(reply))
    }
  })
}

test('an answer from memory is that of the decision in force, in both dialects', async (t) => {
  const { resolver, decisions, connect: come } = await createBed(t)
  const client = await come()
  const ask = async (map: string, reply: string) => {
    client.send(question(`${map} example`))
    assert.equal(await client.read(question(reply).length), question(reply))
  }
  for (let time = 0; time < 2; time++) {
    await ask('QUERY', 'OK dane-only')
    await ask('QUERYwithTLSRPT', 'OK dane')
  }
  resolver.setWorld('600 secure example. MX 10 mx.example.\n900 secure mx.example. A 192.0.2.1')
  await decisions.renew({ nextHop: { kind: 'domain', domain: domain('example') }, port: 25 })
  await ask('QUERY', 'NOTFOUND ')
  await ask('QUERYwithTLSRPT', 'NOTFOUND ')
})

test('STS-133: questions sent at once, or octet by octet, are answered in their order', async (t) => {
  const client = await (await createBed(t)).connect()
  const all = answers.map(([request]) => question(request)).join('')
  const expected = answers.map(([, reply]) => question(reply)).join('')
  client.send(all + all)
  assert.equal(await client.read(2 * expected.length), expected + expected)
  for (const octet of Buffer.from(all)) client.socket.write(Uint8Array.of(octet))
  assert.equal(await client.read(expected.length), expected)
})

for (const wrong of ['5:abc,,', 'x', '5:QUERY,', '6: query,', '999999999:', '10001:', '3:a b;']) {
  test(`STS-133: what is no question closes the connection, after what was asked before: ${wrong}`, async (t) => {
    const { counts, connect: come } = await createBed(t)
    const client = await come()
    client.send(question('QUERY example') + wrong + question('QUERY example'))
    const reply = question('OK dane-only')
    assert.equal(await client.read(reply.length), reply)
    client.socket.end()
    await client.closed
    assert.equal(client.socket.bytesRead, reply.length)
    assert.deepEqual(counts, { hit: 0, miss: 1, none: 0, wrong: 1 })
  })
}

test('what one client has begun to ask is not touched by what others ask, nor what it asks while it waits', async (t) => {
  const { received, connect: come } = await createBed(t)
  const clients = await Promise.all(Array.from({ length: 20 }, come))
  const [asked, reply] = [question('QUERY example'), question('OK dane-only')]
  const other = question('QUERY plain.example')
  const noReply = question('NOTFOUND ')
  const half = Math.floor(asked.length / 2)
  let sent = 0
  const sendEach = async (textOf: (number: number) => string) => {
    for (const [number, client] of clients.entries()) {
      const text = textOf(number)
      client.send(text)
      sent += text.length
      await settle(() => received() === sent) // one after the other, each over what was read before
    }
  }
  // The last half of a question waits behind one whose answer takes time.
  await sendEach((number) => (number % 2 === 0 ? other + asked.slice(0, half) : asked.slice(0, half)))
  await sendEach(() => asked.slice(half) + other)
  for (const [number, client] of clients.entries()) {
    const expected = (number % 2 === 0 ? noReply : '') + reply + noReply
    assert.equal(await client.read(expected.length), expected)
  }
})

test('a question that was answered costs no lookup, and is asked again when its answer ends', async (t) => {
  const { resolver, clock, connect: come } = await createBed(t)
  const client = await come()
  const reply = question('OK dane-only')
  const ask = async () => {
    client.send(question('QUERY example'))
    assert.equal(await client.read(reply.length), reply)
  }
  await ask()
  const { length } = resolver.asked
  await ask()
  assert.equal(resolver.asked.length, length)
  clock.move(601)
  await ask()
  assert.ok(resolver.asked.length > length)
})

test('an answer that was replaced or forgotten is not given out any more', async (t) => {
  const { resolver, decisions, connect: come } = await createBed(t)
  const client = await come()
  client.send(question('QUERY example'))
  await client.read(question('OK dane-only').length)
  resolver.setWorld(world.replace('_25._tcp', '_26._tcp'))
  decisions.forgetAll()
  client.send(question('QUERY example'))
  assert.equal(await client.read(question('NOTFOUND ').length), question('NOTFOUND '))
})

test('who waits keeps nobody else waiting', async (t) => {
  const { connect: come } = await createBed(t)
  const stuck = await come()
  stuck.send(question('QUERY hangs.example'))
  const client = await come()
  client.send(question('QUERY example'))
  assert.equal(await client.read(question('OK dane-only').length), question('OK dane-only'))
})

test('a client that asks without reading is not read any more, and others are served', async (t) => {
  const { connect: come } = await createBed(t)
  const greedy = await come()
  greedy.socket.pause()
  const many = question('QUERY example').repeat(20_000)
  let isFull = false
  for (let time = 0; time < 40 && !isFull; time++) {
    greedy.send(many)
    const drained = once(greedy.socket, 'drain').then(() => 'drained')
    const client = await come()
    client.send(question('QUERY example'))
    await client.read(question('OK dane-only').length)
    client.socket.destroy()
    isFull = (await Promise.race([drained, new Promise((resolve) => setImmediate(resolve, 'full'))])) === 'full'
  }
  assert.ok(isFull)
})

test('a connection may be idle as long as Postfix keeps one, and longer; in the end it is closed', async (t) => {
  const { clock, server, connect: come } = await createBed(t)
  const client = await come()
  client.send(question('QUERY example'))
  await client.read(question('OK dane-only').length)
  clock.move(120)
  server.tick()
  client.send(question('QUERY example'))
  await client.read(question('OK dane-only').length)
  clock.move(limits.postfix.idleMs / 1000 + 1)
  server.tick()
  await client.closed
})

test('a question that is never finished closes its connection, however often an octet of it comes', async (t) => {
  const { clock, server, received, connect: come } = await createBed(t)
  const client = await come()
  for (const octet of '40:QUERY') {
    client.send(octet)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await settle(() => received() === 8)
  clock.move(20)
  client.send(' ')
  await settle(() => received() === 9) // or the second move would be too early
  clock.move(20)
  server.tick()
  await client.closed
})

test('a clock that is set back by a day gives an unfinished question no more time', async (t) => {
  const { clock, server, received, connect: come } = await createBed(t)
  const client = await come()
  client.send('40:QUERY')
  await settle(() => received() === 8)
  clock.move(-86_400)
  server.tick()
  clock.move(31)
  server.tick()
  await client.closed
})

async function settle(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

test('draining answers what was asked and then closes', async (t) => {
  const { decisions, server, connect: come } = await createBed(t)
  const idle = await come()
  const busy = await come()
  busy.send(question('QUERY hangs.example'))
  await settle(() => decisions.underWay > 0)
  const drained = server.drain()
  await idle.closed
  await decisions.close() // ends the lookup, with a reply that it failed
  assert.equal(await busy.read(question('NOTFOUND ').length), question('NOTFOUND '))
  busy.socket.end()
  await drained
  const late = await come()
  await late.closed
})

test('draining waits for no client that keeps its connection: Postfix does, until it has the next question', async (t) => {
  const { decisions, server, port } = await createBed(t)
  const keeping = () => createClient(port, t, { allowHalfOpen: true })
  const idle = await keeping()
  idle.send(question('QUERY example'))
  const reply = question('OK dane-only')
  assert.equal(await idle.read(reply.length), reply)
  const busy = await keeping()
  busy.send(question('QUERY hangs.example'))
  await settle(() => decisions.underWay > 0)
  const drained = server.drain()
  await settle(() => server.connections === 1)
  await decisions.close()
  assert.equal(await busy.read(question('NOTFOUND ').length), question('NOTFOUND '))
  await drained
})

test('a thousand idle connections leave the others served', async (t) => {
  const { server, connect: come } = await createBed(t)
  for (let batch = 0; batch < 20; batch++) await Promise.all(Array.from({ length: 50 }, come))
  await settle(() => server.connections === 1000)
  const client = await come()
  client.send(question('QUERY example'))
  assert.equal(await client.read(question('OK dane-only').length), question('OK dane-only'))
})
