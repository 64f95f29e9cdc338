import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Dialect, readPolicyData } from './policy-grammar.ts'

const good: [dialect: Dialect, data: string, attributes: number][] = [
  ['base', 'dane-only', 0],
  ['base', 'dane', 0],
  ['base', 'may', 0],
  ['base', 'secure match=mx1.mail.test:.pool.test servername=hostname', 2],
  ['base', 'secure, match=nexthop, match=dot-nexthop', 2],
  ['base', 'fingerprint match=aa:bb|cc:dd', 1],
  ['base', 'encrypt protocols=>=TLSv1.2 ciphers=high', 2],
  ['tlsrpt', 'secure match=mx.test policy_type=sts policy_domain=mail.test mx_host_pattern=*.pool.test', 4],
  ['tlsrpt', 'secure match=mx.test policy_type=sts { policy_string = version: STSv1 }', 3],
  ['tlsrpt', 'secure match=mx.test policy_type=sts { policy_string = a, {b} c }', 3],
  ['tlsrpt', 'may policy_type=no-policy-found', 1],
]

for (const [dialect, data, attributes] of good) {
  test(`Postfix understands (${dialect}): ${data}`, () => {
    const read = readPolicyData(data, dialect)
    assert.ok(typeof read === 'object', String(read))
    assert.equal(read.attributes.length, attributes)
  })
}

const bad: [dialect: Dialect, data: string, why: RegExp][] = [
  ['base', '', /no level/],
  ['base', ' ', /no level/],
  ['base', 'halfdane', /no level: "halfdane"/],
  ['base', 'DANE', /no level/],
  ['base', 'secure match=', /no value/],
  ['base', 'secure match=mx1::mx2', /no name: ""/],
  ['base', 'secure match=192.0.2.1', /no name/],
  ['base', 'secure match=*.pool.test', /no name/],
  ['base', 'may match=mx.test', /at this level/],
  ['base', 'dane match=mx.test', /at this level/],
  ['base', 'secure match=mx.test servername=hostname servername=hostname', /twice/],
  ['base', 'secure match=mx.test servername=a..b', /servername/],
  ['base', 'secure match', /no "name=value"/],
  ['base', 'secure match=mx.test policy_type=sts', /unknown attribute "policy_type"/],
  ['base', 'secure { match = mx.test }', /braces/],
  ['base', 'secure match=mx.test colour=red', /unknown attribute "colour"/],
  ['tlsrpt', 'secure match=mx.test mx_host_pattern=mx.test', /without "policy_type"/],
  ['tlsrpt', 'secure match=mx.test policy_type=dane', /policy_type/],
  ['tlsrpt', 'secure match=mx.test policy_type=sts policy_type=sts', /twice/],
  ['tlsrpt', 'secure match=mx.test policy_type=sts policy_ttl=1d', /policy_ttl/],
  ['tlsrpt', 'secure match=mx.test policy_type=sts policy_failure=oops', /policy_failure/],
  ['tlsrpt', 'secure match=mx.test policy_type=sts { policy_string = version', /not closed/],
  ['tlsrpt', 'secure match=mx.test policy_type=sts policy_string=mode: enforce', /no "name=value"/],
]

for (const [dialect, data, why] of bad) {
  test(`Postfix would refuse (${dialect}): ${data}`, () => {
    const read = readPolicyData(data, dialect)
    assert.ok(typeof read === 'string', 'it was taken')
    assert.match(read, why)
  })
}

test('any text is read to its end', () => {
  const unit = fc.constantFrom('{', '}', '=', ' ', ',', 'secure', 'match', 'mx.test', 'policy_type', 'sts', '\n')
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 40 }), fc.constantFrom<Dialect>('base', 'tlsrpt'), (data, dialect) => {
      readPolicyData(data, dialect)
    }),
  )
})
