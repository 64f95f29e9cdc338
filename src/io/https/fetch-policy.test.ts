import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { assertFailed, body, listen, openPolicyFetchBed } from '../../../test/support/policy-fetch.ts'
import { servePolicy } from '../../../test/support/policy-host.ts'
import { limits } from '../../core/limits.ts'

const bed = await openPolicyFetchBed()
const { fetchIt, host } = bed
beforeEach(() => bed.reset())
after(() => bed.host.close())

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
