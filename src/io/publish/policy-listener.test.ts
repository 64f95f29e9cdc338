import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Server } from 'node:net'
import { after, type TestContext, test } from 'node:test'
import type { SecureContext } from 'node:tls'
import { createAuthority } from '../../../test/support/certificates.ts'
import { alertOf, ask, handshake, readAll, recordHello, talk } from '../../../test/support/policy-clients.ts'
import { limits } from '../../core/limits.ts'
import type { CertificateSource } from './certificate-source.ts'
import { createPolicyContext } from './policy-context.ts'
import { type ConnectionEnd, createPolicyListener, type PolicyListenerOptions } from './policy-listener.ts'
import type { ServerBounds } from './secure-connection.ts'

const host = 'mta-sts.a.example'
const other = 'mta-sts.b.example'
const authority = await createAuthority()
const pair = await Promise.all(
  [{}, { keyType: 'rsa' } as const].map(async (more) => {
    const { cert, key } = await authority.issue({ names: [host], ...more })
    return { chain: cert, key }
  }),
)
const second = await authority.issue({ names: [other] })
const contexts = new Map<string, SecureContext>([
  [host, createPolicyContext(pair)],
  [other, createPolicyContext([{ chain: second.cert, key: second.key }])],
])

const source: CertificateSource = {
  contextFor: (name) => contexts.get(name),
  endOf: () => undefined,
  serve: () => {},
  challenges: { http01: () => undefined, tlsAlpn01: (name) => (name === host ? contexts.get(other) : undefined) },
  close: async () => {},
}

interface Started {
  readonly port: number
  readonly server: Server
  readonly ends: ConnectionEnd[]
  /** Resolves with the next end. */
  ended(): Promise<ConnectionEnd>
  readonly listener: ReturnType<typeof createPolicyListener>
}

/** A listener that answers which host was asked for what. */
async function start(
  context: TestContext,
  bounds: Partial<ServerBounds> = {},
  options: Partial<PolicyListenerOptions> = {},
): Promise<Started> {
  const ends: ConnectionEnd[] = []
  const waiting: ((end: ConnectionEnd) => void)[] = []
  const listener = createPolicyListener({
    handle: (request, response, { servername }) => void response.end(`${servername} ${request.url}\n`),
    tls: {
      serves: (name) => name === host || name === other || name === 'mta-sts.bare.example',
      certificates: () => source,
    },
    isClientBounded: true,
    bounds: { ...limits.policyServer, ...bounds },
    onEnd(end) {
      const next = waiting.shift()
      if (next === undefined) ends.push(end)
      else next(end)
    },
    onError: assert.fail,
    ...options,
  })
  const server = listener.create().listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    listener.destroy()
  })
  const ended = async () => ends.shift() ?? new Promise<ConnectionEnd>((resolve) => waiting.push(resolve))
  return { port: (server.address() as AddressInfo).port, server, ends, ended, listener }
}

/** The other side may see the end of a connection first. */
async function emptied(listener: Started['listener'], left = 0): Promise<void> {
  while (listener.connections > left) await new Promise(setImmediate)
}

after(() =>
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((name) => name === 'TLSSocketWrap'),
    [],
  ),
)

const get = (path: string, more = '') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`
const last = 'Connection: close\r\n'

test('each name has its own certificate, and a request knows which', async (context) => {
  const { port } = await start(context)
  for (const name of [host, other]) {
    const socket = await handshake(port, { servername: name })
    assert.equal(socket.getPeerX509Certificate()?.checkHost(name), name)
    socket.write(get('/x', last))
    assert.match((await readAll(socket)).toString(), new RegExp(`^HTTP/1.1 200 OK[^]*\\r\\n\\r\\n${name} /x\n$`))
  }
})

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
  for (const [sigalgs, type] of [
    ['ECDSA+SHA256', 'ec'],
    ['RSA-PSS+SHA256:RSA+SHA256', 'rsa'],
  ] as const) {
    test(`of a pair of certificates a client of ${maxVersion} that knows ${sigalgs} alone sees its own`, async (context) => {
      const { port } = await start(context)
      const socket = await handshake(port, { servername: host, sigalgs, maxVersion })
      assert.equal(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType, type)
      socket.destroy()
    })
  }
}

const refused: [what: string, options: Parameters<typeof alertOf>[1], alert: number, end: ConnectionEnd][] = [
  ['RFC 8461 §7.1: a name that is not ours', { servername: 'mta-sts.c.example' }, 112, 'unknown-name'],
  ['a name below ours', { servername: `x.${host}` }, 112, 'unknown-name'],
  ['a client that says no name', {}, 112, 'unknown-name'],
  ['a host without a certificate', { servername: 'mta-sts.bare.example' }, 80, 'no-certificate'],
  ['RFC 7301 §3.2: a client of HTTP/2 alone', { servername: host, ALPNProtocols: ['h2'] }, 120, 'failed'],
  [
    'TLS 1.1',
    { servername: host, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    70,
    'failed',
  ],
  ['a challenge that nobody waits for', { servername: other, ALPNProtocols: ['acme-tls/1'] }, 112, 'unknown-name'],
]
for (const [what, options, alert, end] of refused) {
  test(`the handshake ends with an alert: ${what}`, async (context) => {
    const { port, ended } = await start(context)
    assert.equal(await alertOf(port, options), alert)
    assert.equal(await ended(), end)
  })
}

test('capitals in the name make no difference', async (context) => {
  const { port } = await start(context)
  assert.match(await ask(port, host.toUpperCase(), get('/', last)), new RegExp(`${host} /`))
})

test('RFC 8737 §3: a challenge sees its certificate, and the connection is closed', async (context) => {
  const { port, ended } = await start(context)
  const socket = await handshake(port, { servername: host, ALPNProtocols: ['acme-tls/1'] })
  assert.equal(socket.alpnProtocol, 'acme-tls/1')
  assert.equal(socket.getPeerX509Certificate()?.checkHost(other), other)
  assert.equal((await readAll(socket)).length, 0)
  assert.equal(await ended(), 'challenge')
})

test('a challenge whose client does not go away is hung up on', async (context) => {
  const { port, listener } = await start(context, { handshakeMs: 200 })
  const socket = await handshake(port, { servername: host, ALPNProtocols: ['acme-tls/1'], allowHalfOpen: true })
  socket.on('error', () => {})
  await emptied(listener)
  socket.destroy()
})

test('a client that offers HTTP beside the protocol of challenges is answered in HTTP', async (context) => {
  const { port } = await start(context)
  const ALPNProtocols = ['acme-tls/1', 'http/1.1']
  assert.match(await ask(port, host, get('/', last), { ALPNProtocols }), new RegExp(`${host} /`))
})

test('what is no TLS is hung up on', async (context) => {
  const { port, ended } = await start(context)
  assert.equal((await talk(port, get('/'))).length, 0)
  assert.equal(await ended(), 'no-hello')
})

test('a client that goes away before or in its hello is no trouble', async (context) => {
  const { port, ended } = await start(context)
  for (const octets of ['', '\x16\x03\x01\x02']) {
    const socket = connect(port, '127.0.0.1')
    socket.end(octets)
    assert.equal(await ended(), 'no-hello')
    socket.destroy()
  }
})

test('a hello that comes in pieces is put together', async (context) => {
  const { port, ended } = await start(context)
  const hello = await recordHello({ servername: 'mta-sts.c.example' })
  const socket = connect(port, '127.0.0.1').setNoDelay(true)
  const reading = readAll(socket)
  for (const [from, to] of [
    [0, 3],
    [3, 50],
    [50, hello.length],
  ]) {
    await new Promise((resolve) => socket.write(hello.subarray(from, to), resolve))
  }
  assert.deepEqual([...(await reading)], [21, 3, 1, 0, 2, 2, 112])
  assert.equal(await ended(), 'unknown-name')
})

const slow: [what: string, bounds: Partial<ServerBounds>, octets: () => Promise<Uint8Array | string>][] = [
  ['says nothing at all', { helloMs: 50 }, async () => ''],
  ['begins a hello and stops', { helloMs: 50 }, async () => (await recordHello({ servername: host })).subarray(0, 60)],
  ['says hello and stops', { handshakeMs: 50 }, async () => recordHello({ servername: host })],
]
for (const [what, bounds, octets] of slow) {
  test(`slowloris: a client that ${what} is hung up on`, async (context) => {
    const { port, ended, listener } = await start(context, bounds)
    await talk(port, await octets())
    assert.equal(await ended(), 'too-slow')
    await emptied(listener)
  })
}

test('slowloris: headers that do not end are answered 408', async (context) => {
  const { port, ended } = await start(context, { headersMs: 50, requestMs: 100 })
  assert.match(await ask(port, host, 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n'), /^HTTP\/1\.1 408 /)
  assert.equal(await ended(), 'malformed')
})

test('slowloris: a client that says nothing after its handshake is hung up on', async (context) => {
  const { port } = await start(context, { headersMs: 50, requestMs: 100 })
  assert.match(await ask(port, host, ''), /^(?:HTTP\/1\.1 408 |$)/)
})

const malformed: [what: string, text: string, status: string][] = [
  ['headers longer than they may be', get('/', `X: ${'x'.repeat(limits.policyServer.headerOctets)}\r\n`), '431'],
  ['a path longer than that', get(`/${'x'.repeat(limits.policyServer.headerOctets)}`), '431'],
  ['what is no HTTP', 'EHLO mx.example\r\n\r\n', '400'],
  ['a length and a coding (RFC 9112 §6.1)', get('/', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), '400'],
  ['two lengths', get('/', 'Content-Length: 3\r\nContent-Length: 4\r\n'), '400'],
  ['a header with a NUL', get('/', 'X: a\0b\r\n'), '400'],
  ['a folded header (RFC 9112 §5.2)', get('/', 'X: a\r\n b\r\n'), '400'],
  ['no Host (RFC 9112 §3.2)', 'GET / HTTP/1.1\r\n\r\n', '400'],
  ['HTTP/2 without an agreement', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '400'],
]
for (const [what, text, status] of malformed) {
  test(`the connection ends: ${what}`, async (context) => {
    const { port } = await start(context)
    assert.equal((await ask(port, host, text)).slice(9, 12), status)
  })
}

test('pipelined requests are answered in their order', async (context) => {
  const { port } = await start(context)
  const answer = await ask(port, host, get('/1') + get('/2') + get('/3', last))
  assert.deepEqual(answer.match(/\/\d(?=\n)/g), ['/1', '/2', '/3'])
})

test('a connection has so many requests and no more', async (context) => {
  const { port } = await start(context, { requestsPerConnection: 2 })
  const answer = await ask(port, host, get('/1') + get('/2') + get('/3') + get('/4'))
  assert.deepEqual(answer.match(/\/\d(?=\n)/g), ['/1', '/2'])
})

test('a connection that lies idle is closed', async (context) => {
  const { port } = await start(context, { keepAliveMs: 1 })
  assert.match(await ask(port, host, get('/1')), /\/1\n$/)
})

test('one client has so many connections, and others have theirs meanwhile', async (context) => {
  const { port, ended, listener } = await start(context, { connectionsPerClient: 2 })
  const held = await Promise.all([1, 2].map(() => handshake(port, { servername: host })))
  assert.equal((await talk(port, '')).length, 0)
  assert.equal(await ended(), 'too-many')
  assert.match(await ask(port, host, get('/', last), { localAddress: '127.0.0.2' }), / 200 /)
  const [first] = held
  first?.destroy()
  await emptied(listener, 1)
  assert.match(await ask(port, host, get('/', last)), / 200 /, 'there is room again')
  for (const socket of held) socket.destroy()
})

test('all clients together have so many connections', async (context) => {
  const { port, ended } = await start(context, { connections: 1 })
  const socket = await handshake(port, { servername: host })
  await talk(port, '')
  assert.equal(await ended(), 'too-many')
  socket.destroy()
})

test('a client that renegotiates is told no, and costs nobody anything', async (context) => {
  const { port } = await start(context)
  const socket = await handshake(port, { servername: host, maxVersion: 'TLSv1.2' })
  const refusal = await new Promise<Error | null>((resolve) => {
    socket.on('error', resolve)
    socket.renegotiate({}, resolve)
  })
  assert.match(String(refusal), /no.renegotiation/i)
  socket.destroy()
  assert.match(await ask(port, host, get('/', last)), / 200 /)
})

test('what is no TLS after the handshake ends the connection', async (context) => {
  const { port, listener } = await start(context)
  const raw = connect(port, '127.0.0.1')
  const socket = await handshake(port, { socket: raw, servername: host })
  socket.on('error', () => {})
  raw.write('this is no record of TLS, nor will it ever be one')
  await once(raw, 'close')
  await emptied(listener)
})

test('names are looked up before the handshake goes on, and a client may be gone by then', async (context) => {
  let decide: ((isOurs: boolean) => void) | undefined
  const asked = Promise.withResolvers<void>()
  const serves = () => {
    asked.resolve()
    return new Promise<boolean>((resolve) => {
      decide = resolve
    })
  }
  const { port, ended } = await start(context, { helloMs: 200 }, { tls: { serves, certificates: () => source } })
  const answering = ask(port, host, get('/late', last))
  await asked.promise
  decide?.(true)
  assert.match(await answering, /\/late\n/)
  await talk(port, await recordHello({ servername: host }))
  assert.equal(await ended(), 'too-slow')
  decide?.(true)
})

test('in clear, requests have no name of a certificate', async (context) => {
  const { listener: _, ...rest } = await start(context)
  assert.ok(rest.port > 0)
  const plain = createPolicyListener({
    handle: (__, response, { servername }) => void response.end(String(servername)),
    isClientBounded: false,
    onEnd: () => {},
    onError: assert.fail,
  })
  const server = plain.create().listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => server.close())
  assert.match((await talk((server.address() as AddressInfo).port, get('/', last))).toString(), /undefined$/)
})

test('a stop answers whoever is about to ask, and hangs up on whoever lies idle', async (context) => {
  const { port, server, listener } = await start(context)
  const idle = await handshake(port, { servername: host })
  idle.write(get('/first'))
  await once(idle, 'data')
  const idleEnds = readAll(idle)
  const late = await handshake(port, { servername: host })
  server.close()
  const drained = listener.drain()
  await idleEnds
  late.write(get('/late'))
  const answer = (await readAll(late)).toString()
  assert.match(answer, /^Connection: close/m)
  assert.match(answer, /\/late\n$/)
  await drained
  assert.equal(listener.connections, 0)
})

test('what the handler throws is told, and ends the connection', async (context) => {
  const told: unknown[] = []
  const fault = new Error('ours')
  const { port } = await start(
    context,
    {},
    {
      handle: () => {
        throw fault
      },
      onError: (error) => told.push(error),
    },
  )
  assert.equal(await ask(port, host, get('/')), '')
  assert.deepEqual(told, [fault])
})
