import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, before, beforeEach, type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { type Authority, type CertificateRequest, createAuthority } from '../../../test/support/certificates.ts'
import { domain } from '../../../test/support/domain.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { type PolicyHost, servePolicy, startPolicyHost } from '../../../test/support/policy-host.ts'
import { limits } from '../../core/limits.ts'
import type { FetchFault } from '../../core/mtasts/fetch-fault.ts'
import { createNetwork } from '../network-node.ts'
import { type FetchPolicyOptions, fetchPolicy, fetchPolicyAt } from './fetch-policy.ts'
import { createPkixTrust } from './pkix-trust.ts'
import type { PolicyFetch } from './policy-fetch.ts'

const body = 'version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n'
const dns = 'insecure mta-sts.example.com. A 192.0.2.1'
const today = Date.UTC(2026, 5, 1)

let authority: Authority
let host: PolicyHost

before(async () => {
  authority = await createAuthority()
  host = await startPolicyHost(await authority.issue({ names: ['mta-sts.example.com'] }), servePolicy(body))
})
after(() => host.close())
beforeEach(async () => {
  host.requests.length = 0
  host.serverNames.length = 0
  host.answer = servePolicy(body)
  host.present(await authority.issue({ names: ['mta-sts.example.com'] }))
})

function fetchIt(options: Partial<FetchPolicyOptions> = {}): Promise<PolicyFetch> {
  return fetchPolicy(domain('example.com'), {
    resolver: fakeResolver(dns),
    network: fakeNetwork({ '192.0.2.1:443': host.port }),
    clock: movedClock(today),
    trust: createPkixTrust(authority.pem),
    ...options,
  })
}

function assertFailed(fetched: PolicyFetch, fault: FetchFault, reason?: RegExp): void {
  assert.ok(fetched.kind === 'failed', `fetched in spite of ${fault}`)
  assert.equal(fetched.fault, fault, fetched.reason)
  if (reason !== undefined) assert.match(fetched.reason, reason)
  const resultType = fault.startsWith('certificate-') ? 'sts-webpki-invalid' : 'sts-policy-fetch-error'
  assert.equal(fetched.resultType, resultType)
}

test('V-HTTP: 200 with text/plain yields the body, and what was seen', async () => {
  const fetched = await fetchIt()
  assert.equal(fetched.kind, 'fetched')
  assert.equal(fetched.kind === 'fetched' && Buffer.from(fetched.body).toString(), body)
  const { url, address, protocol, status, contentType, certificate } = fetched.evidence
  assert.deepEqual(
    [url, address, protocol, status, contentType],
    ['https://mta-sts.example.com/.well-known/mta-sts.txt', '192.0.2.1', 'TLSv1.3', 200, 'text/plain'],
  )
  assert.ok(certificate && certificate.length > 100)
})

test('STS-20, STS-22, STS-24, STS-33: one GET of the well-known path, with SNI, and nothing that remembers or knows us', async () => {
  await fetchIt()
  const [request, ...more] = host.requests
  assert.equal(more.length, 0)
  assert.deepEqual([request?.method, request?.url], ['GET', '/.well-known/mta-sts.txt'])
  assert.deepEqual(request?.headers, {
    host: 'mta-sts.example.com',
    accept: 'text/plain',
    'accept-encoding': 'identity',
    connection: 'close',
  })
  assert.deepEqual(host.serverNames, ['mta-sts.example.com'])
})

for (const type of ['Text/Plain; charset=utf-8; foo=1', 'TEXT/PLAIN', 'text/plain;x=y', 'text/plain; charset=latin1']) {
  test(`V-HTTP, STS-25: the media type ${type} is text/plain`, async () => {
    host.answer = (response) => response.writeHead(200, { 'content-type': type }).end(body)
    assert.equal((await fetchIt()).kind, 'fetched')
  })
}

for (const type of ['text/html', 'application/octet-stream', 'text/plainer', 'text', undefined]) {
  test(`V-HTTP, STS-25: the media type ${type ?? '(missing)'} is refused, or taken when told to`, async () => {
    host.answer = (response) => response.writeHead(200, type === undefined ? {} : { 'content-type': type }).end(body)
    assertFailed(await fetchIt(), 'content-type')
    assert.equal((await fetchIt({ anyMediaType: true })).kind, 'fetched')
  })
}

for (const status of [201, 204, 206, 300, 301, 302, 303, 304, 307, 308, 400, 403, 404, 429, 500, 503]) {
  test(`V-HTTP, STS-23: status ${status} with a policy behind it is a failure after one request`, async () => {
    host.answer = (response, request) => {
      const moved = request.url === '/.well-known/mta-sts.txt'
      if (!moved) return servePolicy(body)(response, request)
      return response
        .writeHead(status, { 'content-type': 'text/plain', location: 'https://mta-sts.example.com/moved' })
        .end(status === 204 || status === 304 ? undefined : body)
    }
    const fetched = await fetchIt()
    assertFailed(fetched, 'http-status', new RegExp(`status ${status}$`))
    assert.equal(fetched.evidence.status, status)
    assert.equal(host.requests.length, 1)
  })
}

test('STS-23: informational answers are passed over, switching protocols is a failure', async () => {
  host.answer = (response) => {
    response.writeEarlyHints({ link: '</x>; rel=preload' })
    response.writeHead(200, { 'content-type': 'text/plain' }).end(body)
  }
  assert.equal((await fetchIt()).kind, 'fetched')
  host.answer = (response) =>
    response.socket?.end('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')
  assertFailed(await fetchIt(), 'http-status', /101/)
})

const good: [what: string, request: CertificateRequest][] = [
  ['SAN mta-sts.example.com', { names: ['mta-sts.example.com'] }],
  ['SAN *.example.com', { names: ['*.example.com'] }],
  ['SAN in other case', { names: ['MTA-STS.Example.COM'] }],
  [
    'the name among others, and another common name',
    { names: ['a.test', 'mta-sts.example.com'], commonName: 'a.test' },
  ],
]
for (const [what, request] of good) {
  test(`V-HTTP, STS-21: a certificate with ${what} is good`, async () => {
    host.present(await authority.issue(request))
    assert.equal((await fetchIt()).kind, 'fetched')
  })
}

const bad: [what: string, request: CertificateRequest, fault: FetchFault][] = [
  ['a common name only', { commonName: 'mta-sts.example.com' }, 'certificate-host-mismatch'],
  [
    'the common name, and another SAN',
    { commonName: 'mta-sts.example.com', names: ['a.test'] },
    'certificate-host-mismatch',
  ],
  ['SAN example.com', { names: ['example.com'] }, 'certificate-host-mismatch'],
  ['SAN *.com', { names: ['*.com'] }, 'certificate-host-mismatch'],
  ['SAN mta-sts.*.com', { names: ['mta-sts.*.com'] }, 'certificate-host-mismatch'],
  ['SAN m*.example.com', { names: ['m*.example.com'] }, 'certificate-host-mismatch'],
  ['SAN *s.example.com', { names: ['*s.example.com'] }, 'certificate-host-mismatch'],
  ['SAN mta-*.example.com', { names: ['mta-*.example.com'] }, 'certificate-host-mismatch'],
  ['SAN *', { names: ['*'] }, 'certificate-host-mismatch'],
  ['an end in the past', { names: ['mta-sts.example.com'], notAfter: new Date('2002-01-01') }, 'certificate-expired'],
  [
    'a start in the future',
    { names: ['mta-sts.example.com'], notBefore: new Date('2048-01-01') },
    'certificate-not-yet-valid',
  ],
]
for (const [what, request, fault] of bad) {
  test(`V-HTTP, STS-21: a certificate with ${what} is refused before anything is asked`, async () => {
    host.present(await authority.issue(request))
    assertFailed(await fetchIt(), fault)
    assert.equal(host.requests.length, 0)
  })
}

test('V-HTTP, STS-21: a certificate of an unknown root is refused, and shown', async () => {
  const stranger = await createAuthority('CN=Stranger')
  host.present(await stranger.issue({ names: ['mta-sts.example.com'] }))
  const fetched = await fetchIt()
  assertFailed(fetched, 'certificate-not-trusted')
  assert.ok(fetched.evidence.certificate)
})

test('a certificate is also judged by the clock given', async () => {
  assertFailed(await fetchIt({ clock: movedClock(Date.UTC(2049, 1, 1)) }), 'certificate-expired')
  assertFailed(await fetchIt({ clock: movedClock(Date.UTC(2000, 0, 1)) }), 'certificate-not-yet-valid')
})

function octets(count: number): string {
  return `${body}x: ${'y'.repeat(count - body.length - 4)}\n`
}

test('V-STSPOL 18, STS-26: a body of 65536 octets is taken, one more is not', async () => {
  host.answer = servePolicy(octets(limits.sts.bodyOctets))
  const fetched = await fetchIt()
  assert.equal(fetched.kind === 'fetched' && fetched.body.length, 65_536)
  host.answer = servePolicy(octets(limits.sts.bodyOctets + 1))
  assertFailed(await fetchIt(), 'too-large')
})

test('STS-26: an endless body is cut off as it comes', async () => {
  let sent = 0
  host.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(1024))) sent += 1024
    }
    response.on('drain', more)
    more()
  }
  assertFailed(await fetchIt(), 'too-large')
  assert.ok(sent < 64 * limits.sts.bodyOctets)
})

test('STS-26: a head without end is cut off', async () => {
  host.answer = (response) => response.socket?.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(limits.sts.headerOctets)}`)
  assertFailed(await fetchIt(), 'too-large', /head/)
})

for (const encoding of ['gzip', 'br', 'x-unknown']) {
  test(`STS-26: the content encoding ${encoding} is refused`, async () => {
    host.answer = (response) =>
      response.writeHead(200, { 'content-type': 'text/plain', 'content-encoding': encoding }).end(body)
    assertFailed(await fetchIt(), 'content-encoding')
  })
}

test('V-HTTP: a Content-Length larger than the body is a failure', async () => {
  host.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length + 1 })
    response.end(body)
    response.socket?.end()
  }
  assertFailed(await fetchIt(), 'truncated')
})

test('V-HTTP: a chunked body without its end is a failure', async () => {
  host.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write(body)
    setImmediate(() => response.socket?.end())
  }
  assertFailed(await fetchIt(), 'truncated')
})

test('what is no HTTP is a failure', async () => {
  host.answer = (response) => response.socket?.end('220 mail.example.com ESMTP\r\n')
  assertFailed(await fetchIt(), 'http')
  host.answer = (response) => response.socket?.end()
  assertFailed(await fetchIt(), 'http')
  host.answer = (response) =>
    response.socket?.end(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    )
  assertFailed(await fetchIt(), 'http')
})

test('V-HTTP, STS-26: a body that drips is given up at the deadline', async () => {
  let timer: NodeJS.Timeout | undefined
  host.answer = (response) => {
    response.writeHead(200, { 'content-type': 'text/plain' })
    timer = setInterval(() => response.write('v'), 5)
  }
  assertFailed(await fetchIt({ deadlineMs: 200 }), 'timeout', /0.2 seconds/)
  clearInterval(timer)
})

test('STS-26: the deadline holds for a handshake that never ends, and for names that never resolve', async (context) => {
  const port = await listen(context, createServer())
  assertFailed(await fetchIt({ network: fakeNetwork({ '192.0.2.1:443': port }), deadlineMs: 50 }), 'timeout')
  assertFailed(await fetchIt({ resolver: fakeResolver('hangs mta-sts.example.com. A'), deadlineMs: 50 }), 'timeout')
})

test('a caller that gives up is not told of a time-out', async () => {
  const stop = new AbortController()
  host.answer = () => stop.abort()
  assertFailed(await fetchIt({ signal: stop.signal }), 'aborted')
  assertFailed(await fetchIt({ signal: AbortSignal.abort() }), 'aborted')
})

test('each address is tried until one answers, IPv6 and IPv4 in turn', async () => {
  const resolver = fakeResolver(`
    insecure mta-sts.example.com. A 192.0.2.1
    insecure mta-sts.example.com. A 192.0.2.2
    insecure mta-sts.example.com. AAAA 2001:db8::1`)
  const network = fakeNetwork({ '192.0.2.2:443': host.port })
  assert.equal((await fetchIt({ resolver, network })).kind, 'fetched')
  assert.deepEqual(network.dialled, ['2001:db8::1:443', '192.0.2.1:443', '192.0.2.2:443'])
})

const inward = ['127.0.0.1', '10.0.0.1', '169.254.169.254', '192.168.0.1', '::1', 'fd00::1', '64:ff9b::7f00:1']

test('STS-33: a policy host that points inward is not connected to, and does not hide an address that is public', async () => {
  const routed: string[] = []
  const network = createNetwork({
    route: ({ address }) => {
      routed.push(address)
      return { address: '127.0.0.1', port: host.port }
    },
  })
  const records = inward.map((address) => {
    return `insecure mta-sts.example.com. ${address.includes(':') ? 'AAAA' : 'A'} ${address}`
  })
  const refused = await fetchIt({ network, resolver: fakeResolver(records.join('\n')) })
  assertFailed(refused, 'connect', /forbidden/)
  assert.deepEqual([routed, host.requests.length], [[], 0])
  const resolver = fakeResolver([...records, 'insecure mta-sts.example.com. A 8.8.8.8'].join('\n'))
  assert.equal((await fetchIt({ network, resolver })).kind, 'fetched')
  assert.deepEqual(routed, ['8.8.8.8'])
})

test('an address with a bad certificate does not spoil the next, and is told of when none is good', async (context) => {
  const wrong = await startPolicyHost(await authority.issue({ names: ['a.test'] }), servePolicy(body))
  context.after(() => wrong.close())
  const resolver = fakeResolver(`
    insecure mta-sts.example.com. A 192.0.2.1
    insecure mta-sts.example.com. A 192.0.2.2`)
  const both = fakeNetwork({ '192.0.2.1:443': wrong.port, '192.0.2.2:443': host.port })
  assert.equal((await fetchIt({ resolver, network: both })).kind, 'fetched')
  const one = fakeNetwork({ '192.0.2.1:443': wrong.port })
  assertFailed(await fetchIt({ resolver, network: one }), 'certificate-host-mismatch')
})

test('what HTTP answers at the first address is final', async () => {
  const resolver = fakeResolver(`
    insecure mta-sts.example.com. A 192.0.2.1
    insecure mta-sts.example.com. A 192.0.2.2`)
  host.answer = (response) => response.writeHead(500).end()
  const network = fakeNetwork({ '192.0.2.1:443': host.port, '192.0.2.2:443': host.port })
  assertFailed(await fetchIt({ resolver, network }), 'http-status')
  assert.equal(host.requests.length, 1)
})

test('one family that cannot be looked up does not matter when the other answers', async () => {
  const resolver = fakeResolver(`${dns}\nservfail mta-sts.example.com. AAAA`)
  assert.equal((await fetchIt({ resolver })).kind, 'fetched')
})

test('one address alone can be asked, by a name that we give ourselves, and says where a redirect would lead', async () => {
  host.answer = (response) => response.writeHead(302, { location: 'https://www.example.com/' }).end()
  const network = fakeNetwork({ '192.0.2.7:443': host.port })
  const options = {
    resolver: fakeResolver(''),
    network,
    clock: movedClock(today),
    trust: createPkixTrust(authority.pem),
  }
  const at = { host: domain('mta-sts.example.com'), address: '192.0.2.7' }
  const fetched = await fetchPolicyAt(domain('example.com'), at, { ...options, userAgent: 'library/1' })
  assertFailed(fetched, 'http-status')
  assert.equal(fetched.evidence.location, 'https://www.example.com/')
  assert.equal(host.requests[0]?.headers['user-agent'], 'library/1')
  assert.deepEqual(network.dialled, ['192.0.2.7:443'])
})

const nowhere: [what: string, world: string, fault: FetchFault][] = [
  ['is not there', '', 'no-address'],
  ['has no address', 'insecure mta-sts.example.com. TXT "x"', 'no-address'],
  ['cannot be looked up', 'servfail mta-sts.example.com. A\nservfail mta-sts.example.com. AAAA', 'dns'],
  ['is bogus', 'bogus mta-sts.example.com. A\nsecure mta-sts.example.com. TXT "x"', 'dns'],
]
for (const [what, world, fault] of nowhere) {
  test(`a policy host that ${what} is a failed fetch`, async () => {
    assertFailed(await fetchIt({ resolver: fakeResolver(world) }), fault)
  })
}

test('a policy host that refuses connections, or speaks no TLS, is a failed fetch', async (context) => {
  assertFailed(await fetchIt({ network: fakeNetwork({}) }), 'connect', /192.0.2.1 port 443: refused/)
  const plain = createServer((socket: Socket) => socket.on('error', () => {}).end('HTTP/1.1 400 Bad\r\n\r\n'))
  const port = await listen(context, plain)
  assertFailed(await fetchIt({ network: fakeNetwork({ '192.0.2.1:443': port }) }), 'tls')
})

test('STS-32: TLS below 1.2 is refused', async (context) => {
  const identity = await authority.issue({ names: ['mta-sts.example.com'] })
  const old = createTlsServer({ ...identity, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })
  old.on('tlsClientError', () => {})
  const port = await listen(context, old)
  assertFailed(await fetchIt({ network: fakeNetwork({ '192.0.2.1:443': port }) }), 'tls')
})

test('RFC 9112 §9.8: a body that ends where the connection does could be cut by anybody, and is a failure', async () => {
  host.answer = (response) => {
    response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${body}`)
  }
  assertFailed(await fetchIt(), 'truncated', /does not say where/)
})

const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n`

for (const [coding, text] of [
  ['identity', `\r\n${body}`],
  ['gzip', `\r\n${body}`],
  ['chunked, gzip', `\r\n${chunked}\r\n`],
  ['gzip, chunked', `\r\n${chunked}\r\n`],
]) {
  test(`RFC 9112 §6.3, STS-26: a body of transfer coding ${coding} is a failure, cut or not`, async () => {
    host.answer = (response) => {
      response.socket?.end(`HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: ${coding}\r\n${text}`)
    }
    assertFailed(await fetchIt(), 'content-encoding', /transfer coding/)
  })
}

test('a chunked body may have trailers, which say nothing, and no more of them than a head', async () => {
  for (const [trailers, kind] of [
    ['Content-Encoding: gzip\r\nContent-Type: text/html\r\n', 'fetched'],
    ['X: y\r\n'.repeat(limits.sts.headerOctets), 'failed'],
  ]) {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: Chunked\r\n\r\n'
    host.answer = (response) => response.socket?.end(`${head}${chunked}${trailers}\r\n`)
    assert.equal((await fetchIt()).kind, kind)
  }
})

/** The port of a server that listens until the test is over. */
async function listen(context: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  context.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port // a TCP server that listens has one
}
