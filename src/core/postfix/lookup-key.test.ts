import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type LookupKey, parseLookupKey } from './lookup-key.ts'

const cases: [key: string, expected: string][] = [
  ['example.com', 'domain example.com 25'],
  ['EXAMPLE.com', 'domain example.com 25'],
  ['example.com.', 'domain example.com 25'],
  ['bücher.example', 'domain xn--bcher-kva.example 25'],
  ['xn--bcher-kva.example', 'domain xn--bcher-kva.example 25'],
  ['example.com:submission', 'domain example.com 587'],
  ['example.com:2525', 'domain example.com 2525'],
  ['example.com:SMTP', 'domain example.com 25'],
  ['[relay.example.net]', 'relay relay.example.net 25'],
  ['[Relay.Example.net]:587', 'relay relay.example.net 587'],
  ['[relay.example.net]:submissions', 'relay relay.example.net 465'],
  ['[mail_relay.example.net]', 'relay mail_relay.example.net 25'],
  ['.example.com', 'none parent'],
  ['.com', 'none parent'],
  ['.', 'none parent'],
  ['[192.0.2.7]', 'none literal'],
  ['[192.0.2.7]:25', 'none literal'],
  ['[IPv6:2001:db8::1]', 'none literal'],
  ['[2001:db8::1]', 'none literal'],
  ['192.0.2.7', 'none literal'],
  ['2001:db8::1', 'none literal'],
  ['/var/run/dovecot/lmtp', 'none path'],
  ['unix:/var/run/lmtp', 'none path'],
  ['', 'none no-name'],
  ['[', 'none no-name'],
  ['[]', 'none no-name'],
  ['[relay.example.net', 'none no-name'],
  ['[relay.example.net]x', 'none no-name'],
  ['exa mple.com', 'none no-name'],
  ['a@example.com', 'none no-name'],
  ['example.com:', 'none no-port'],
  ['example.com:0', 'none no-port'],
  ['example.com:65536', 'none no-port'],
  ['example.com:nntp', 'none no-port'],
  ['[relay.example.net]:', 'none no-port'],
]

function show(key: LookupKey): string {
  if (key.kind === 'none') return `none ${key.why}`
  return `${key.kind} ${key.kind === 'domain' ? key.domain : key.host} ${key.port}`
}

for (const [key, expected] of cases) {
  test(`a key of Postfix: "${key}" is ${expected}`, () => {
    assert.equal(show(parseLookupKey(key)), expected)
  })
}

test('any text is some key', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      assert.match(show(parseLookupKey(text)), /^(?:domain|relay) [a-z0-9._-]+ \d+$|^none /)
    }),
  )
})
