import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWithin, plainOctets, readPrefix, subscriberOf } from './prefix.ts'

const members: [prefix: string, address: string, isMember: boolean][] = [
  ['192.0.2.0/24', '192.0.2.255', true],
  ['192.0.2.0/24', '192.0.3.0', false],
  ['192.0.2.8/29', '192.0.2.15', true],
  ['192.0.2.8/29', '192.0.2.16', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['192.0.2.0/24', '::ffff:192.0.2.7', true],
  ['0.0.0.0/0', '2001:db8::1', false],
  ['::/0', '192.0.2.1', false],
  ['2001:db8::/32', '2001:db8:ffff::1', true],
  ['2001:db8::/32', '2001:db9::1', false],
]
for (const [prefix, address, isMember] of members) {
  test(`${address} is ${isMember ? '' : 'not '}in ${prefix}`, () => {
    const octets = plainOctets(address)
    const read = readPrefix(prefix)
    assert.ok(octets !== undefined && read !== undefined)
    assert.equal(isWithin(octets, read), isMember)
  })
}

for (const text of ['', '/8', '192.0.2.0/33', '::/129', '192.0.2.0/', '192.0.2.0/2x', 'localhost', '1.2.3/8']) {
  test(`"${text}" is no prefix`, () => assert.equal(readPrefix(text), undefined))
}

const subscribers: [address: string, subscriber: string][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '20010db800010002::/64'],
  ['2001:db8:1:2::1', '20010db800010002::/64'],
  ['unix', 'unix'],
]
for (const [address, subscriber] of subscribers) {
  test(`${address} counts as ${subscriber}`, () => assert.equal(subscriberOf(address), subscriber))
}
