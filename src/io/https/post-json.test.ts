import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { type Authority, createAuthority } from '../../../test/support/certificates.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { type PolicyHost, startPolicyHost } from '../../../test/support/policy-host.ts'
import { createNetwork } from '../network-node.ts'
import { createPkixTrust } from './pkix-trust.ts'
import { type PostOptions, postJson } from './post-json.ts'

const url = new URL('https://hooks.example/tell?key=1')
const dns = 'insecure hooks.example. A 192.0.2.1'

let authority: Authority
let host: PolicyHost
let bodies: string[]

function answer(status: number, headers: Record<string, string> = {}): PolicyHost['answer'] {
  return (response, request: IncomingMessage) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      bodies.push(body)
      response.writeHead(status, headers).end('thanks')
    })
  }
}

before(async () => {
  authority = await createAuthority()
  host = await startPolicyHost(await authority.issue({ names: ['hooks.example'] }), answer(200))
})
after(() => host.close())
beforeEach(async () => {
  bodies = []
  host.requests.length = 0
  host.answer = answer(200)
  host.present(await authority.issue({ names: ['hooks.example'] }))
})

function post(to: URL, options: Partial<PostOptions> = {}): Promise<string | undefined> {
  return postJson(to, '{"a":"ü"}', {
    ...{ resolver: fakeResolver(dns), network: fakeNetwork({ '192.0.2.1:443': host.port }) },
    ...{
      clock: movedClock(Date.UTC(2026, 5, 1)),
      trust: createPkixTrust(authority.pem),
      signal: new AbortController().signal,
    },
    ...options,
  })
}

test('the server has the whole text, with its length and type, at the path and query given', async () => {
  assert.equal(await post(url, { headers: { 'Idempotency-Key': '"7"' } }), undefined)
  assert.deepEqual(bodies, ['{"a":"ü"}'])
  const [request] = host.requests
  assert.deepEqual(
    [request?.method, request?.url, request?.headers.host, request?.headers['content-type']],
    ['POST', '/tell?key=1', 'hooks.example', 'application/json'],
  )
  assert.deepEqual([request?.headers['content-length'], request?.headers['idempotency-key']], ['10', '"7"'])
})

const taken = [200, 201, 202, 204]
for (const status of taken) {
  test(`${status} is taken for delivered`, async () => {
    host.answer = answer(status)
    assert.equal(await post(url), undefined)
  })
}

for (const status of [301, 307, 400, 404, 410, 429, 500, 503]) {
  test(`${status} is not taken for delivered, and leads nowhere`, async () => {
    host.answer = answer(status, { location: 'https://other.example/' })
    assert.equal(await post(url), `the server answered with status ${status}`)
    assert.equal(host.requests.length, 1)
  })
}

test('a certificate for another name is refused, and nothing is sent', async () => {
  host.present(await authority.issue({ names: ['other.example'] }))
  assert.match((await post(url)) ?? 'taken', /the certificate is not for hooks\.example/)
  assert.equal(host.requests.length, 0)
})

test('a certificate of an unknown authority is refused', async () => {
  const trust = createPkixTrust((await createAuthority('CN=Other')).pem)
  assert.match((await post(url, { trust })) ?? 'taken', /not trusted/)
})

for (const [what, to, resolver] of [
  [
    'a name that leads to the metadata of a cloud',
    'https://hooks.example/',
    'insecure hooks.example. A 169.254.169.254',
  ],
  ['a name that leads home', 'https://hooks.example/', 'insecure hooks.example. A 127.0.0.1'],
  ['an address of a private network', 'http://10.0.0.1/', ''],
  ['loopback over IPv6', 'http://[::1]:8080/', ''],
  ['loopback in another guise', 'http://[::ffff:127.0.0.1]/', ''],
  ['loopback as a number', 'http://2130706433/', ''],
] as const) {
  test(`the gate stops ${what}`, async () => {
    const why = await post(new URL(to), { network: createNetwork(), resolver: fakeResolver(resolver) })
    assert.match(why ?? 'taken', /is a private address$/)
  })
}

test('where private addresses are allowed, a server of the same machine is told in clear', async () => {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const network = createNetwork({ allowPrivate: true })
  assert.equal(await post(new URL(`http://127.0.0.1:${port}/x`), { network }), undefined)
  assert.deepEqual(seen, ['POST /x'])
  await new Promise((resolve) => server.close(resolve))
})

for (const [what, resolver, why] of [
  ['no address', 'insecure example. *', /hooks\.example/],
  ['a server that refuses', 'insecure hooks.example. A 192.0.2.9', /connection refused/],
] as const) {
  test(`it is said why nothing was told to ${what}`, async () => {
    assert.match((await post(url, { resolver: fakeResolver(resolver) })) ?? 'taken', why)
  })
}

test('a second address is tried where the first does not answer', async () => {
  const resolver = fakeResolver('insecure hooks.example. A 192.0.2.9\ninsecure hooks.example. A 192.0.2.1')
  const network = fakeNetwork({ '192.0.2.1:443': host.port })
  const why = await post(url, { resolver, network })
  assert.deepEqual([why, network.dialled], [undefined, ['192.0.2.9:443', '192.0.2.1:443']])
})

test('who stops waiting is not kept', async () => {
  const stop = new AbortController()
  host.answer = () => stop.abort()
  assert.equal(await post(url, { signal: stop.signal }), 'no answer in time')
})
