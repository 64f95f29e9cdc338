import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServers, systemServers } from './system-servers.ts'

const files: [why: string, text: string, addresses: string[]][] = [
  ['nothing', '', []],
  ['one line', 'nameserver 192.0.2.1', ['192.0.2.1']],
  [
    'their order',
    'nameserver 192.0.2.2\nnameserver 2001:db8::1\nnameserver 192.0.2.1\n',
    ['192.0.2.2', '2001:db8::1', '192.0.2.1'],
  ],
  [
    'tabs, spaces and comments',
    '# nameserver 192.0.2.3\n; nameserver 192.0.2.4\n\tnameserver\t192.0.2.1  # first\n',
    ['192.0.2.1'],
  ],
  ['lines that end as on Windows', 'nameserver 192.0.2.1\r\nnameserver ::1\r\n', ['192.0.2.1', '::1']],
  [
    'what else stands there',
    'search example.org\noptions trust-ad edns0\ndomain example.org\nnameserver 127.0.0.53\n',
    ['127.0.0.53'],
  ],
  [
    'names, which are no addresses',
    'nameserver dns.example\nnameserver 192.0.2.300\nnameserver 192.0.2.1\n',
    ['192.0.2.1'],
  ],
  [
    'a link-local address, which only counts with its interface',
    'nameserver fe80::1%eth0\nnameserver 192.0.2.1\n',
    ['192.0.2.1'],
  ],
  ['words that begin alike', 'nameservers 192.0.2.1\nxnameserver 192.0.2.2\n', []],
]
for (const [why, text, addresses] of files) {
  test(`RES-15: resolv.conf is read with ${why}`, () => {
    assert.deepEqual(
      parseServers(text),
      addresses.map((address) => ({ address, port: 53 })),
    )
  })
}

test('RES-15: a file that is not there has no servers', () => {
  assert.deepEqual(systemServers('/nonexistent/resolv.conf'), [])
})
