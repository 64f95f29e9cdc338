import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { stsOf } from '../../../test/support/decision-facts.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { type MovedClock, movedClock } from '../../../test/support/moved-clock.ts'
import { limits } from '../../core/limits.ts'
import { createDecisions, type Decisions } from '../../io/decisions/decisions.ts'
import { createAnswerCounts } from './answer-counts.ts'
import { createLineProtocol, createTcpTableProtocol } from './line-answers.ts'
import type { LineProtocol } from './line-connection.ts'
import { createLineServer, type LineServer } from './line-server.ts'
import { type ServedView, viewsWith } from './view.ts'

const world = `
  600 secure example. MX 10 mx.example.
  900 secure mx.example. A 192.0.2.1
  900 secure _25._tcp.mx.example. TLSA 3 1 1 ${'5a'.repeat(32)}
  600 secure plain.example. MX 10 mx.plain.example.
  900 secure mx.plain.example. A 192.0.2.2
  bogus bogus.example. MX
  hangs hangs.example. MX
`

interface Bed {
  readonly clock: MovedClock
  readonly server: LineServer
  readonly decisions: Decisions<ServedView>
  connect(): Promise<Client>
}

interface Client {
  readonly socket: Socket
  /** What has come up to a line end. */
  line(): Promise<string>
  /** All that came until the server closed. */
  readonly closed: Promise<string>
}

async function createBed(t: TestContext, protocolOf: (decisions: Decisions<ServedView>) => LineProtocol): Promise<Bed> {
  const clock = movedClock(1_800_000_000_000)
  const decisions = createDecisions<ServedView>({
    ...{ resolver: fakeResolver(world), clock, random: () => 0.5, sts: { lookup: async () => stsOf() } },
    ...viewsWith({ mixed: 'dane-only', testingLevel: undefined, withLines: true }),
  })
  const server = createLineServer(protocolOf(decisions), clock)
  const listening = createServer({ allowHalfOpen: true }, server.accept)
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const { port } = listening.address() as AddressInfo // of a TCP socket
  t.after(async () => {
    server.destroy()
    listening.close()
    await decisions.close()
  })
  return { clock, server, decisions, connect: () => createClient(port, t) }
}

const lines = (decisions: Decisions<ServedView>) => createLineProtocol(() => decisions, createAnswerCounts())
const tcpTable = (decisions: Decisions<ServedView>) => createTcpTableProtocol(() => decisions, createAnswerCounts())

async function createClient(port: number, t: TestContext): Promise<Client> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  let all = ''
  let taken = 0
  let check: (() => void) | undefined
  socket.on('data', (octets: Buffer) => {
    all += octets.toString()
    check?.()
  })
  return {
    socket,
    closed: new Promise((resolve) => socket.once('close', () => resolve(all))),
    line: () =>
      new Promise((resolve) => {
        check = () => {
          const end = all.indexOf('\n', taken)
          if (end < 0) return
          resolve(all.slice(taken, end))
          taken = end + 1
          check = undefined
        }
        check()
      }),
  }
}

async function settle(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}

const record = `mx.example/3/1/1/${'5a'.repeat(32)}`
const dane = `action=deliver hosts="mx.example" dane="mx.example" pkix="" encrypt="" may="" reason="" tlsa="${record}"\n`

const answers: [question: string, reply: string | RegExp][] = [
  ['query example\n', dane],
  ['query example\r\n', dane],
  ['query EXAMPLE.', dane],
  ['query example mx.example\n', 'action=deliver host="mx.example" tls=dane reason=""\n'],
  ['query plain.example\n', /^action=deliver hosts="mx\.plain\.example" .* may="mx\.plain\.example" reason=""\n$/],
  ['query bogus.example\n', /^action=defer hosts="" .* reason=".+"\n$/],
  ['query missing.example\n', /^action=bounce hosts="" .* reason=".+"\n$/],
  ['query [192.0.2.1]\n', /^action=none /],
  ['hello\n', /^action=defer .* reason="a question begins with the word query"\n$/],
  ['\n', /^action=defer /],
  ['query example\nquery plain.example\n', dane],
  [`query ${'x'.repeat(limits.lines.queryOctets)}`, /^action=defer .* reason="the question is too long"\n$/],
  ['', ''],
]

for (const [question, reply] of answers) {
  test(`one line is answered, and the connection closed: ${JSON.stringify(question.slice(0, 40))}`, async (t) => {
    const client = await (await createBed(t, lines)).connect()
    client.socket.end(question)
    const said = await client.closed
    if (typeof reply === 'string') assert.equal(said, reply)
    else assert.match(said, reply)
  })
}

test('a client that closes nothing gets its answer and the end all the same, octet by octet too', async (t) => {
  const client = await (await createBed(t, lines)).connect()
  for (const octet of 'query example\n') client.socket.write(octet)
  assert.equal(`${await client.line()}\n`, dane)
  await once(client.socket, 'end')
})

test('who waits keeps nobody else waiting, and a service that stops answers whom it can', async (t) => {
  const { decisions, server, connect: come } = await createBed(t, lines)
  const stuck = await come()
  stuck.socket.write('query hangs.example\n')
  await settle(() => decisions.underWay > 0)
  const idle = await come()
  const client = await come()
  client.socket.write('query example\n')
  assert.equal(await client.closed, dane)
  await settle(() => server.connections === 2)
  const drained = server.drain()
  assert.equal(await idle.closed, '')
  await decisions.close()
  assert.match(await stuck.closed, /^action=(?:defer|bounce|deliver) /)
  await drained
})

for (const [what, octets, wait] of [
  ['says nothing', '', limits.lines.askMs],
  ['never ends its question', 'query ex', limits.lines.askMs],
  ['never closes', 'query example\n', limits.lines.readMs],
] as const) {
  test(`a client that ${what} is closed in the end`, async (t) => {
    const { clock, server, connect: come } = await createBed(t, lines)
    const client = await come()
    // A client that keeps its half open.
    client.socket.allowHalfOpen = true
    client.socket.write(octets)
    if (octets.endsWith('\n')) await client.line()
    else await settle(() => server.connections === 1 && client.socket.bytesWritten === octets.length)
    clock.move(wait / 1000 - 1)
    server.tick()
    assert.equal(server.connections, 1)
    clock.move(20)
    server.tick()
    await settle(() => server.connections === 0)
  })
}

test('beyond the greatest number of connections new ones are closed, and those there are served', async (t) => {
  const bed = await createBed(t, (decisions) => ({ ...lines(decisions), connections: 2 }))
  const first = await bed.connect()
  await bed.connect()
  await settle(() => bed.server.connections === 2)
  const third = await bed.connect()
  assert.equal(await third.closed, '')
  first.socket.write('query example\n')
  assert.equal(await first.closed, dane)
})

test('STS-134: a tcp_table answers question after question on one connection', async (t) => {
  const client = await (await createBed(t, tcpTable)).connect()
  client.socket.write('get example\nget %65XAMPLE\nget plain.example\nget .example\nget bogus.example\nput a b\n')
  for (const reply of [/^200 dane-only$/, /^200 dane-only$/, /^500 /, /^500 /, /^400 .*%20/, /^400 /]) {
    assert.match(await client.line(), reply)
  }
  client.socket.write(`get ${'x'.repeat(limits.postfix.tcpTableOctets)}`)
  assert.match(await client.line(), /^400 the%20question%20is%20too%20long$/)
  await client.closed
})

test('STS-134: a client that asks without reading is not read any more, and others are served', async (t) => {
  const { connect: come } = await createBed(t, tcpTable)
  const greedy = await come()
  greedy.socket.pause()
  let isFull = false
  for (let time = 0; time < 40 && !isFull; time++) {
    greedy.socket.write('get example\n'.repeat(50_000))
    const drained = once(greedy.socket, 'drain').then(() => 'drained')
    const client = await come()
    client.socket.write('get example\n')
    assert.equal(await client.line(), '200 dane-only')
    client.socket.destroy()
    isFull = (await Promise.race([drained, new Promise((resolve) => setImmediate(resolve, 'full'))])) === 'full'
  }
  assert.ok(isFull)
})

test('STS-134: a connection may be idle as long as Postfix keeps one', async (t) => {
  const { clock, server, connect: come } = await createBed(t, tcpTable)
  const client = await come()
  client.socket.write('get example\n')
  await client.line()
  clock.move(120)
  server.tick()
  client.socket.write('get example\n')
  assert.equal(await client.line(), '200 dane-only')
  clock.move(limits.postfix.idleMs / 1000 + 1)
  server.tick()
  await client.closed
})
