import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { parsePrefix } from '../../core/address/prefix.ts'
import { clientOf } from './client.ts'

const proxies = ['127.0.0.1', '10.0.0.0/8', '::1'].map(parsePrefix)

const cases: [claim: string, peer: string | undefined, forwarded: string | undefined, client: string][] = [
  ['a stranger counts by its own address', '198.51.100.7', undefined, '198.51.100.7'],
  ['a stranger cannot say to be another', '198.51.100.7', '192.0.2.1', '198.51.100.7'],
  ['a stranger over IPv6 counts by its /64', '2001:db8:1:2:3::4', undefined, '20010db800010002::/64'],
  ['IPv4 in IPv6 is IPv4', '::ffff:198.51.100.7', undefined, '198.51.100.7'],
  ['a proxy says who asks', '127.0.0.1', '192.0.2.1', '192.0.2.1'],
  ['a proxy on a socket for both families says so too', '::ffff:10.1.2.3', '192.0.2.1', '192.0.2.1'],
  ['what a stranger told the proxy does not count', '127.0.0.1', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
  ['proxies behind proxies are passed over', '127.0.0.1', '203.0.113.9, 192.0.2.1, 10.9.9.9', '192.0.2.1'],
  ['a port behind the address is left out', '127.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
  ['brackets are left out', '127.0.0.1', '[2001:db8::1]:4711', '20010db800000000::/64'],
  ['a proxy that says nothing counts itself', '127.0.0.1', undefined, '127.0.0.1'],
  ['a Unix socket is that of a proxy', undefined, '192.0.2.1', '192.0.2.1'],
  ['a Unix socket without a word counts as one client', undefined, undefined, 'unix'],
]

for (const [claim, remoteAddress, forwarded, client] of cases) {
  test(claim, () => {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
    const request = { socket: { remoteAddress }, headers } as unknown as IncomingMessage
    assert.equal(clientOf(request, proxies), client)
  })
}
