import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressFailed,
  factsOf,
  failed,
  hostOf,
  insecureMx,
  noAddress,
  now,
  policyOf,
  secureMx,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { decide } from '../decision/decide.ts'
import { type DecisionOptions, defaultOptions } from '../decision/decision.ts'
import type { Facts, StsFinding } from '../decision/facts.ts'
import { type Dialect, readPolicyData } from './policy-grammar.ts'
import { defaultPostfixOptions, type PostfixOptions, replyWith } from './policy-reply.ts'
import { formatSocketmapReply } from './socketmap.ts'

interface Case {
  readonly facts: Facts
  readonly postfix?: Partial<PostfixOptions>
  readonly decision?: Partial<DecisionOptions>
}

function reply({ facts, postfix, decision: given }: Case, dialect: Dialect = 'base'): string {
  const decision = decide(facts, { now, options: { ...defaultOptions, ...given } })
  return formatSocketmapReply(replyWith(facts, decision, { ...defaultPostfixOptions, dialect, ...postfix }))
}

const mx1 = 'mx1.mail.test'
const mx2 = 'mx2.mail.test'
const enforce = (...mx: string[]) => stsOf('enforce', mx)

const cases: [name: string, given: Case, expected: string | RegExp][] = [
  ['STS-131: nothing protects it', { facts: factsOf() }, 'NOTFOUND '],
  [
    'STS-131: every host has usable TLSA records behind signed MX records',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2, { tlsa: 'H5' })] }) },
    'OK dane-only',
  ],
  [
    'STS-131: one host of two has',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2)] }) },
    'OK dane',
  ],
  [
    'STS-131: the MX records are not signed',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1, { tlsa: 'H5' })] }) },
    'OK dane',
  ],
  [
    'insecure MX records by option not followed to TLSA records',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1, { tlsa: 'H1' })] }) },
    'NOTFOUND ',
  ],
  [
    'no TLSA record can be used: Postfix asks for TLS without a name by itself',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H6' })] }) },
    'OK dane',
  ],
  [
    'a host without addresses counts for nothing',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2, { addresses: noAddress, tlsa: 'H3' })] }) },
    'OK dane-only',
  ],
  [
    'STS-131: the TLSA lookup of the only host fails',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' })] }) },
    'TEMP no MX host may be used now: mx1.mail.test: its TLSA lookup failed: the lookup: servfail',
  ],
  [
    'the TLSA lookup of one host fails, and nothing protects the other: Postfix looks again, and passes it over',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' }), hostOf(mx2)] }) },
    'OK dane',
  ],
  [
    'the address lookup of one host fails behind signed MX records: it may have TLSA records',
    { facts: factsOf({ hosts: [hostOf(mx1, { addresses: addressFailed, tlsa: 'H2' }), hostOf(mx2)] }) },
    'OK dane',
  ],
  [
    'row M1: the MX lookup fails',
    { facts: factsOf({ mx: { row: 'M1', resolution: failed('bogus') }, hosts: [] }) },
    'TEMP the MX lookup is bogus: the lookup: bogus',
  ],
  ['row M2: no such domain', { facts: factsOf({ mx: { row: 'M2', resolution: failed() }, hosts: [] }) }, 'NOTFOUND '],
  ['row M3: null MX', { facts: factsOf({ mx: { row: 'M3', resolution: failed() }, hosts: [] }) }, 'NOTFOUND '],
  [
    'row M7: no host has an address, and nothing protects them',
    { facts: factsOf({ hosts: [hostOf(mx1, { addresses: noAddress, tlsa: 'H3' })] }) },
    'NOTFOUND ',
  ],
  [
    'row M7: no host has an address, and a policy is in force',
    { facts: factsOf({ hosts: [hostOf(mx1, { addresses: noAddress, tlsa: 'H3' })], sts: enforce(mx1) }) },
    /^TEMP no MX host has an address/,
  ],
  [
    'STS-130: MTA-STS in mode enforce',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1)], sts: enforce(mx1) }) },
    'OK secure match=mx1.mail.test servername=hostname',
  ],
  [
    'STS-130: of what the policy lists, the MX hosts that there are',
    {
      facts: factsOf({
        mx: insecureMx,
        hosts: [hostOf(mx1), hostOf('a.pool.test'), hostOf('evil.test')],
        sts: enforce(mx1, mx2, '*.pool.test'),
      }),
    },
    'OK secure match=mx1.mail.test:a.pool.test servername=hostname',
  ],
  [
    'STS-91: no MX host is listed',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf('evil.test')], sts: enforce(mx1) }) },
    /^TEMP no MX host may be used now: evil.test: the MTA-STS policy of id id1 does not list it/,
  ],
  [
    'STS-95: some hosts with TLSA records, a policy in force, signed MX records: DANE is never overridden',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2)], sts: enforce(mx1, mx2) }) },
    'OK dane-only',
  ],
  [
    'the same by option: every host is used',
    {
      facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2)], sts: enforce(mx1, mx2) }),
      postfix: { mixed: 'secure' },
    },
    'OK secure match=mx1.mail.test:mx2.mail.test servername=hostname',
  ],
  [
    'all hosts with TLSA records and a policy in force, unsigned MX records: only the policy vouches for the names',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1, { tlsa: 'H5' })], sts: enforce(mx1) }) },
    'OK secure match=mx1.mail.test servername=hostname',
  ],
  [
    'STS-95: a host whose TLSA lookup fails does not pass by its certificate',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' }), hostOf(mx2)], sts: enforce(mx1, mx2) }) },
    'OK secure match=mx2.mail.test servername=hostname',
  ],
  [
    'unusable TLSA records and a policy in force',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H6' })], sts: enforce(mx1) }) },
    'OK secure match=mx1.mail.test servername=hostname',
  ],
  ['STS-131: mode testing', { facts: factsOf({ sts: stsOf('testing', ['mx.example.org']) }) }, 'NOTFOUND '],
  ['STS-131: mode none', { facts: factsOf({ sts: stsOf('none') }) }, 'NOTFOUND '],
  [
    'audit: what would be held back is not',
    { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' })], sts: enforce(mx1) }), decision: { audit: true } },
    'NOTFOUND ',
  ],
  ['TLS mandatory by option', { facts: factsOf(), decision: { tlsMandatory: true } }, 'OK encrypt'],
  [
    'DANE mandatory by option',
    { facts: factsOf(), decision: { daneMandatory: true } },
    /^TEMP no MX host may be used now: .*DANE is required/,
  ],
  [
    'STS-132: a relay with TLSA records at its port',
    {
      facts: factsOf({
        mx: { row: 'M8', resolution: undefined },
        hosts: [hostOf('relay.example', { tlsa: 'H5' })],
        nextHop: { kind: 'relay', host: domain('relay.example') },
      }),
    },
    'OK dane-only',
  ],
]

for (const [name, given, expected] of cases) {
  test(name, () => {
    const text = reply(given)
    if (typeof expected === 'string') assert.equal(text, expected)
    else assert.match(text, expected)
  })
}

/** As field notes show it of Postfix 3.10. */
const policy = ['version: STSv1', 'mode: enforce', `mx: ${mx1}`, 'mx: *.pool.test', 'max_age: 86400']
const strings = policy.map((line) => `{ policy_string = ${line} }`).join(' ')

const reported: [name: string, given: Case, expected: string][] = [
  [
    'STS-130: the whole policy goes along for reports',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1)], sts: enforce(mx1, '*.pool.test') }) },
    `OK secure match=mx1.mail.test servername=hostname policy_type=sts policy_domain=example.org mx_host_pattern=mx1.mail.test mx_host_pattern=*.pool.test ${strings}`,
  ],
  [
    'a host in doubt is not named by a pattern either',
    {
      facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' }), hostOf('a.pool.test')], sts: enforce(mx1, '*.pool.test') }),
    },
    `OK secure match=a.pool.test servername=hostname policy_type=sts policy_domain=example.org mx_host_pattern=a.pool.test ${strings}`,
  ],
  [
    'no MX host is listed: Postfix finds that by itself, and reports it',
    { facts: factsOf({ mx: insecureMx, hosts: [hostOf('evil.test')], sts: enforce(mx1, '*.pool.test') }) },
    `OK secure match=mx1.mail.test:.pool.test servername=hostname policy_type=sts policy_domain=example.org mx_host_pattern=mx1.mail.test mx_host_pattern=*.pool.test ${strings}`,
  ],
  ['mode testing by default', { facts: factsOf({ sts: stsOf('testing', [mx1]) }) }, 'NOTFOUND '],
  [
    'mode testing with a level for it',
    { facts: factsOf({ sts: stsOf('testing', [mx1]) }), postfix: { testingLevel: 'may' } },
    `OK may policy_type=sts policy_domain=example.org mx_host_pattern=mx1.mail.test { policy_string = version: STSv1 } { policy_string = mode: testing } { policy_string = mx: ${mx1} } { policy_string = max_age: 86400 }`,
  ],
  ['DANE needs no words', { facts: factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' })] }) }, 'OK dane-only'],
]

for (const [name, given, expected] of reported) {
  test(`for Postfix 3.10: ${name}`, () => {
    assert.equal(reply(given, 'tlsrpt'), expected)
  })
}

test('a refresh that failed is named, so that a failure in the session is reported under it', () => {
  const failure = { resultType: 'sts-policy-fetch-error', reason: 'no answer' } as const
  const facts = factsOf({ mx: insecureMx, hosts: [hostOf(mx1)], sts: { ...enforce(mx1), failure } })
  assert.match(reply({ facts }, 'tlsrpt'), / policy_failure=sts-policy-fetch-error /)
})

test('a policy whose lines hold braces or more than there is room for still makes a reply that Postfix understands', () => {
  const long = Array.from({ length: 900 }, (_, at) => `note${at}: ${'x'.repeat(60)}`)
  const body = ['version: STSv1', 'mode: enforce', 'mx: mx1.mail.test', 'max_age: 86400', 'a: }{', ...long].join('\n')
  const sts: StsFinding = { ...enforce(mx1), policy: { ...policyOf('enforce', [mx1]), body } }
  const text = reply({ facts: factsOf({ mx: insecureMx, hosts: [hostOf(mx1)], sts }) }, 'tlsrpt')
  assert.match(text, /^OK secure match=mx1\.mail\.test .*\{ policy_string = max_age: 86400 \} \{ policy_string = note0/)
  assert.ok(text.length < 100_000)
  assert.ok(!text.includes('}{'))
})

test('no decision makes a reply that Postfix would refuse, and none with a policy in force is weaker than it', () => {
  const rows = ['H1', 'H4', 'H5', 'H6', 'H7', 'H8'] as const
  const host = fc.record({
    name: fc.constantFrom(mx1, mx2, 'a.pool.test', 'evil.test'),
    tlsa: fc.constantFrom(...rows),
  })
  const world = fc.record({
    hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 4, selector: ({ name }) => name }),
    isSigned: fc.boolean(),
    mode: fc.constantFrom(undefined, 'none', 'testing', 'enforce'),
    dialect: fc.constantFrom<Dialect>('base', 'tlsrpt'),
    mixed: fc.constantFrom('dane-only', 'secure'),
    testingLevel: fc.constantFrom(undefined, 'may', 'encrypt'),
  })
  fc.assert(
    fc.property(world, ({ hosts, isSigned, mode, dialect, mixed, testingLevel }) => {
      const facts = factsOf({
        mx: isSigned ? secureMx : insecureMx,
        hosts: hosts.map(({ name, tlsa }) => hostOf(name, { tlsa })),
        sts: stsOf(mode, mode === undefined || mode === 'none' ? [] : [mx1, '*.pool.test']),
      })
      const text = reply({ facts, postfix: { mixed, testingLevel } }, dialect)
      if (text.startsWith('OK ')) assert.ok(typeof readPolicyData(text.slice(3), dialect) === 'object', text)
      if (mode === 'enforce') assert.match(text, /^TEMP |^OK (?:secure|dane-only)\b/)
      assert.ok(!text.includes('cannot be put in words'), text)
      const usesDane = hosts.some(({ tlsa }) => tlsa === 'H5' || tlsa === 'H8')
      if (usesDane) assert.ok(!text.startsWith('NOTFOUND') && !/^OK (?:may|encrypt)/.test(text), text)
    }),
    { numRuns: 1000 },
  )
})
