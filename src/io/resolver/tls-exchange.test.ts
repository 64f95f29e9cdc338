import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer, type TlsOptions as ServerOptions, type TLSSocket } from 'node:tls'
import { fakeExchange } from '../../../test/resolver/fake-exchange.ts'
import { type CertificateRequest, createAuthority } from '../../../test/support/certificates.ts'
import { readQuery, replyTo } from '../../../test/support/dns-server.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { nameOfText } from '../../../test/support/records.ts'
import { createFrameReader, frame } from '../../core/dns/frames.ts'
import { TYPE } from '../../core/dns/types.ts'
import { createPkixTrust } from '../https/pkix-trust.ts'
import type { Endpoint } from '../network.ts'
import { createNetwork } from '../network-node.ts'
import { createResolver } from './create-resolver.ts'
import type { Exchange, ExchangeRequest } from './exchange.ts'
import type { TraceEvent } from './resolver.ts'
import { withTls } from './tls-exchange.ts'

const authority = await createAuthority()
const other = await createAuthority('CN=Other Root')
const name = 'dns.example'
const clock = movedClock(Date.UTC(2026, 5, 1))

type Answering = (query: Uint8Array, socket: Socket, connection: number) => void

const answering: Answering = (query, socket) => socket.write(frame(replyTo(query)))

/** A name server over TLS on the loopback, with what it was sent. */
async function startTlsServer(
  t: TestContext,
  {
    certificate = { names: [name] },
    issuer = authority,
    answer = answering,
    tls = {},
  }: {
    certificate?: CertificateRequest
    issuer?: typeof authority
    answer?: Answering
    tls?: ServerOptions
  } = {},
) {
  const queries: Uint8Array[] = []
  const connections: TLSSocket[] = []
  const raw: Socket[] = []
  const server = createServer({ ...(await issuer.issue(certificate)), ALPNProtocols: ['dot'], ...tls }, (socket) => {
    const number = connections.push(socket) - 1
    const frames = createFrameReader()
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const messages = frames.push(chunk)
      for (const query of messages.ok ? messages.value : []) {
        queries.push(query)
        answer(query, socket, number)
      }
    })
  })
  server.on('connection', (socket) => raw.push(socket))
  server.on('tlsClientError', () => {})
  return { ...(await listening(t, server, raw)), queries, connections }
}

async function listening(t: TestContext, server: ReturnType<typeof createTcpServer>, raw: Socket[]) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of raw) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { endpoint: { address: '127.0.0.1', port, tlsName: name }, raw }
}

/** An exchange that believes the authority; whatever goes out without TLS is in `plain`. */
function exchangeFor(t: TestContext) {
  const plain = fakeExchange(() => ({ answer: 'www.example. A 203.0.113.1' }))
  const warnings: string[] = []
  const exchange = withTls(plain, {
    ...{ network: createNetwork({ allowPrivate: true }), clock, trust: () => createPkixTrust(authority.pem) },
    onWarning: (warning) => warnings.push(warning.replace(/:\d+#/, ':port#')),
  })
  t.after(() => exchange.close())
  return { exchange, plain, warnings }
}

interface Asked {
  readonly text?: string
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  readonly trace?: (event: TraceEvent) => void
}

async function ask(exchange: Exchange, endpoint: Endpoint, asked: Asked = {}): Promise<string> {
  const { text = 'www.example.', timeoutMs = 20_000, signal = new AbortController().signal, trace } = asked
  const request: ExchangeRequest = {
    ...{ endpoint, chosenBy: 'operator', name: nameOfText(text), type: TYPE.A },
    ...{ recursionDesired: true, checkingDisabled: true, mixCase: true },
  }
  const found = await exchange.ask(request, { timeoutMs, signal, trace, now: clock.now })
  return found.ok ? `${found.value.message.answer.length} answer` : found.fault
}

test('RES-19: a server with a name is asked over TLS, on one connection for questions in any order', async (t) => {
  const held: (() => void)[] = []
  const server = await startTlsServer(t, {
    answer: (query, socket) => {
      held.unshift(() => socket.write(frame(replyTo(query))))
      if (held.length === 3) for (const release of held.splice(0)) release()
    },
  })
  const { exchange, plain, warnings } = exchangeFor(t)
  const texts = ['a.example.', 'long-name.of-many-labels.example.', 'c.example.']
  const batch = () => Promise.all(texts.map((text) => ask(exchange, server.endpoint, { text })))
  assert.deepEqual([await batch(), await batch()], [Array(3).fill('1 answer'), Array(3).fill('1 answer')])
  assert.deepEqual([server.connections.length, server.connections[0]?.alpnProtocol], [1, 'dot'])
  assert.deepEqual([plain.asked, warnings], [[], []])
})

test('RES-19, WIRE-16: every query has a multiple of 128 octets, and its letters as they are', async (t) => {
  const server = await startTlsServer(t)
  const { exchange } = exchangeFor(t)
  for (let length = 1; length <= 63; length++) {
    assert.equal(await ask(exchange, server.endpoint, { text: `${'x'.repeat(length)}.example.` }), '1 answer')
  }
  const lengths = new Set(server.queries.map((query) => query.length))
  assert.deepEqual([...lengths], [128])
  const [query = new Uint8Array()] = server.queries
  assert.deepEqual(
    readQuery(query).edns?.options.map(({ code }) => code),
    [12],
  )
  assert.equal(readQuery(query).questions[0]?.name.wire, '\x01x\x07example\0')
})

test('RES-19: a server without a name is asked without TLS', async (t) => {
  const { exchange, plain } = exchangeFor(t)
  assert.equal(await ask(exchange, { address: '192.0.2.1', port: 53 }), '1 answer')
  assert.deepEqual(plain.asked, ['192.0.2.1 www.example. A cd'])
})

const refused: [why: string, server: Parameters<typeof startTlsServer>[1], reason: RegExp][] = [
  [
    'another name',
    { certificate: { names: ['other.example'] } },
    /the certificate is not for dns\.example, but has DNS:other/,
  ],
  [
    'its name as common name alone',
    { certificate: { commonName: name } },
    /is not for dns\.example, but has no subject/,
  ],
  ['an authority that is not trusted', { issuer: other }, /^the certificate is not trusted: /],
  [
    'a certificate that has ended',
    {
      certificate: { names: [name], notAfter: new Date('2002-01-01') },
    },
    /^the certificate expired at /,
  ],
  ['TLS 1.1', { tls: { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } }, /TLS handshake/],
]
for (const [why, made, reason] of refused) {
  test(`RES-19: a server with ${why} is sent no question, by TLS or without, and named once`, async (t) => {
    const server = await startTlsServer(t, made)
    const { exchange, plain, warnings } = exchangeFor(t)
    assert.equal(await ask(exchange, server.endpoint), 'unauthenticated')
    assert.equal(await ask(exchange, server.endpoint), 'unauthenticated')
    assert.deepEqual([server.queries, plain.asked, warnings.length], [[], [], 1])
    const [, said = ''] =
      /^resolver tls:\/\/127\.0\.0\.1:port#dns\.example is not used: (.*)$/.exec(warnings[0] ?? '') ?? []
    assert.match(said, reason)
  })
}

test('RES-19: a server that speaks no TLS is sent no question', async (t) => {
  const raw: Socket[] = []
  const server = createTcpServer((socket) => {
    raw.push(socket)
    socket.on('error', () => {}).end(frame(new Uint8Array(12)))
  })
  const { endpoint } = await listening(t, server, raw)
  const { exchange, plain } = exchangeFor(t)
  assert.equal(await ask(exchange, endpoint), 'unauthenticated')
  assert.deepEqual(plain.asked, [])
})

const losses: [how: string, lose: (socket: Socket) => void][] = [
  ['closed', (socket) => socket.end()],
  ['reset', (socket) => socket.resetAndDestroy()],
]
for (const [how, lose] of losses) {
  test(`RES-19, RES-17: a connection that is ${how} before a certificate is shown is no failed authentication: it is opened again once`, async (t) => {
    const server = await startTlsServer(t)
    let left = 1
    const raw: Socket[] = []
    const gate = createTcpServer((socket) => {
      raw.push(socket.on('error', () => {}))
      // The first words of the handshake have come: nothing of it is answered.
      if (left-- > 0) socket.once('data', () => lose(socket))
      else {
        const behind = connectTcp(server.endpoint.port, '127.0.0.1').on('error', () => {})
        raw.push(behind)
        socket.pipe(behind).pipe(socket)
      }
    })
    const { endpoint } = await listening(t, gate, raw)
    const { exchange, plain, warnings } = exchangeFor(t)
    assert.equal(await ask(exchange, endpoint), '1 answer')
    left = Number.POSITIVE_INFINITY
    const { exchange: other } = exchangeFor(t)
    assert.equal(await ask(other, endpoint), 'refused')
    assert.deepEqual([plain.asked, warnings, server.queries.length], [[], [], 1])
  })
}

test('RES-19, RES-16: a handshake that does not end is a timeout, and the connection is given up', async (t) => {
  const raw: Socket[] = []
  const server = createTcpServer((socket) => raw.push(socket.on('error', () => {}).resume()))
  const { endpoint } = await listening(t, server, raw)
  const { exchange, warnings } = exchangeFor(t)
  assert.equal(await ask(exchange, endpoint, { timeoutMs: 200 }), 'timeout')
  await exchange.close()
  const [socket] = raw
  if (socket?.closed === false) await once(socket, 'close')
  assert.deepEqual(warnings, [])
})

test('RES-19, RES-16: an answer that stays away is a timeout', async (t) => {
  const server = await startTlsServer(t, { answer: () => {} })
  const { exchange } = exchangeFor(t)
  assert.equal(await ask(exchange, server.endpoint, { timeoutMs: 300 }), 'timeout')
})

test('RES-19, RES-17: a connection that the server closes is opened again once', async (t) => {
  const closingFirst: Answering = (query, socket, connection) =>
    connection === 0 ? socket.destroy() : answering(query, socket, connection)
  const server = await startTlsServer(t, { answer: closingFirst })
  const { exchange } = exchangeFor(t)
  assert.equal(await ask(exchange, server.endpoint), '1 answer')
  assert.equal(server.connections.length, 2)
  const closing = await startTlsServer(t, { answer: (_, socket) => socket.destroy() })
  assert.equal(await ask(exchange, closing.endpoint), 'refused')
  assert.equal(closing.connections.length, 2)
})

test('RES-19, RES-47: closing ends questions, and the connections with them', async (t) => {
  const gone = Promise.withResolvers<void>()
  const server = await startTlsServer(t, { answer: (_, socket) => void socket.once('close', () => gone.resolve()) })
  const { exchange } = exchangeFor(t)
  const asked = ask(exchange, server.endpoint)
  while (server.queries.length === 0) await new Promise(setImmediate)
  await exchange.close()
  assert.equal(await asked, 'aborted')
  await gone.promise
})

test('RES-44: the trace says that it went over TLS, and to whom', async (t) => {
  const server = await startTlsServer(t)
  const { exchange } = exchangeFor(t)
  const events: string[] = []
  const trace = ({ kind, transport, server: whom }: TraceEvent) => events.push(`${kind} ${transport} ${whom}`)
  await ask(exchange, server.endpoint, { trace: (event) => void trace(event) })
  const whom = `tls://127.0.0.1:${server.endpoint.port}#dns.example`
  assert.deepEqual(events, [`query tls ${whom}`, `reply tls ${whom}`])
})

test('RES-19, RES-14: a forwarder that is not who it must be is passed over; without another the lookup fails', async (t) => {
  const bad = await startTlsServer(t, { issuer: other })
  const good = await startTlsServer(t)
  const warnings: string[] = []
  const resolverOf = (servers: readonly Endpoint[]) => {
    const resolver = createResolver({
      ...{ engine: 'forward', network: createNetwork(), servers, trustAnchors: [] },
      ...{ trust: () => createPkixTrust(authority.pem), onWarning: (warning) => void warnings.push(warning) },
    })
    t.after(() => resolver.close())
    return resolver
  }
  const found = await resolverOf([bad.endpoint, good.endpoint]).resolve(nameOfText('www.example.'), TYPE.A)
  assert.equal(found.kind, 'answer')
  const failed = await resolverOf([bad.endpoint]).resolve(nameOfText('www.example.'), TYPE.A)
  assert.ok(failed.kind === 'failure')
  assert.equal(failed.why, 'unreachable')
  assert.match(
    failed.reason,
    /^A of www\.example\.: tls:.*#dns\.example does not show by TLS that it is who it must be$/,
  )
  assert.deepEqual([bad.queries, warnings.length], [[], 2])
})
