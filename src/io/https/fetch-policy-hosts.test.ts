import assert from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { after, beforeEach, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { type CertificateRequest, createAuthority } from '../../../test/support/certificates.ts'
import { domain } from '../../../test/support/domain.ts'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { movedClock } from '../../../test/support/moved-clock.ts'
import { assertFailed, body, dns, listen, openPolicyFetchBed, today } from '../../../test/support/policy-fetch.ts'
import { servePolicy, startPolicyHost } from '../../../test/support/policy-host.ts'
import type { FetchFault } from '../../core/mtasts/fetch-fault.ts'
import { createNetwork } from '../network-node.ts'
import { fetchPolicyAt } from './fetch-policy.ts'
import { createPkixTrust } from './pkix-trust.ts'

const bed = await openPolicyFetchBed()
const { authority, fetchIt, host } = bed
beforeEach(() => bed.reset())
after(() => bed.host.close())

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
