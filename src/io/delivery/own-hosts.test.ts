import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOwnHost, noOwnHosts, ownHostsOf, readOwnHost } from './own-hosts.ts'

const read: [text: string, meant: string | undefined][] = [
  ['MX.Example.ORG', 'mx.example.org'],
  ['mx.münchen.example', 'mx.xn--mnchen-3ya.example'],
  ['192.0.2.1', '192.0.2.1'],
  ['[192.0.2.1]', '192.0.2.1'],
  ['2001:DB8::1', '2001:db8::1'],
  ['[IPv6:2001:DB8::1]', '2001:db8::1'],
  ['192.0.2.0/24', undefined],
  ['192.0.2.256', undefined],
  ['a b', undefined],
  ['', undefined],
]
for (const [text, meant] of read) {
  test(`DLV-8: "${text}" as a host of ours is ${meant ?? 'refused'}`, () => assert.equal(readOwnHost(text), meant))
}

const own = ownHostsOf(['mx.example.org', '192.0.2.1', '2001:db8::1'])
const hosts: [claim: string, host: string, addresses: string[], isOurs: boolean][] = [
  ['a name of ours', 'mx.example.org', [], true],
  ['a name of ours, wherever it leads', 'mx.example.org', ['192.0.2.9'], true],
  ['another name', 'mx2.example.org', ['192.0.2.9'], false],
  ['another name with an address of ours', 'relay.test', ['192.0.2.9', '192.0.2.1'], true],
  ['an address of ours written otherwise', 'relay.test', ['2001:DB8:0:0::0001'], true],
  ['an address of ours inside IPv6', 'relay.test', ['::ffff:192.0.2.1'], true],
  ['an address of ours as the next hop itself', '192.0.2.1', ['192.0.2.1'], true],
  ['a name that only looks like one of ours', 'mx.example.org.test', [], false],
]
for (const [claim, host, addresses, isOurs] of hosts) {
  test(`DLV-8: ${claim} is ${isOurs ? 'us' : 'not us'}`, () => {
    assert.equal(isOwnHost(own, host, addresses), isOurs)
    assert.equal(isOwnHost(noOwnHosts, host, addresses), false)
  })
}
