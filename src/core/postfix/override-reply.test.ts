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
  secureMx,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { decide } from '../decision/decide.ts'
import type { Facts } from '../decision/facts.ts'
import type { Override, OverrideRule } from '../decision/override.ts'
import { createOverrides } from '../decision/overrides.ts'
import { type Dialect, readPolicyData } from './policy-grammar.ts'
import { defaultPostfixOptions, type PostfixOptions, replyWith } from './policy-reply.ts'
import { formatSocketmapReply } from './socketmap.ts'

const mx1 = 'mx1.mail.test'
const mx2 = 'mx2.mail.test'
const mail = domain('mail.test')

function override(
  rule: OverrideRule,
  { to = 'example.org', via }: { to?: string | null; via?: string } = {},
): Override {
  const pattern = (text: string | null | undefined) => (text ? { name: domain(text), below: false } : undefined)
  return {
    target: { domain: pattern(to), host: pattern(via) },
    ...{ rule, reason: 'why', author: 'alice', createdAt: now - 1, expiresAt: now + 86_400_000 },
  }
}

const encrypt: OverrideRule = { kind: 'require', level: 'encrypt' }
const dane: OverrideRule = { kind: 'require', level: 'dane' }
const pkix: OverrideRule = { kind: 'require', level: 'pkix', names: [mail] }
const pkixHost: OverrideRule = { kind: 'require', level: 'pkix', names: [] }
const may: OverrideRule = { kind: 'relax', level: 'may' }
const relaxed: OverrideRule = { kind: 'relax', level: 'encrypt' }
const skip: OverrideRule = { kind: 'skip' }

function reply(
  facts: Facts,
  overrides: readonly Override[],
  { dialect = 'base', ...options }: Partial<PostfixOptions> = {},
): string {
  const decision = decide(facts, { now, overrides: createOverrides(overrides) })
  return formatSocketmapReply(replyWith(facts, decision, { ...defaultPostfixOptions, dialect, ...options }))
}

const plain = factsOf({ hosts: [hostOf(mx1), hostOf(mx2)] })
const oneDane = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2)] })
const allDane = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2, { tlsa: 'H5' })] })
const doubtful = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' }), hostOf(mx2)] })
const unusable = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H6' }), hostOf(mx2)] })
const policy = factsOf({ hosts: [hostOf(mx1), hostOf(mx2)], sts: stsOf('enforce', [mx1, mx2]) })
const partial = factsOf({ hosts: [hostOf(mx1), hostOf(mx2)], sts: stsOf('enforce', [mx1]) })
const testing = factsOf({ hosts: [hostOf(mx1)], sts: stsOf('testing', [mx1]) })
const insecureDane = factsOf({ mx: insecureMx, hosts: [hostOf(mx1, { tlsa: 'H5' })] })
const bogus = factsOf({ mx: { row: 'M1', resolution: failed('bogus') }, hosts: [] })
const gone = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H3', addresses: noAddress })] })
const half = factsOf({ hosts: [hostOf(mx1), hostOf(mx2, { tlsa: 'H2', addresses: addressFailed })] })

const secureBoth = `OK secure match=${mx1}:${mx2} servername=hostname`
const cases: [name: string, facts: Facts, overrides: readonly Override[], expected: string | RegExp][] = [
  ['a domain that is relaxed', allDane, [override(may)], 'OK may'],
  ['a domain that is relaxed to TLS', policy, [override(relaxed)], 'OK encrypt'],
  ['a domain that is relaxed, and has no policy', plain, [override(may)], 'OK may'],
  ['a domain that is relaxed while TLSA lookups fail', doubtful, [override(may)], 'OK may'],
  ['a domain that is relaxed while an address lookup fails', half, [override(may)], 'OK may'],
  ['a domain that is relaxed while its MX lookup is bogus', bogus, [override(may)], /^TEMP /],
  ['a domain that is left alone', allDane, [override(skip)], 'NOTFOUND '],
  ['a domain that is left alone while its MX lookup is bogus', bogus, [override(skip)], 'NOTFOUND '],
  ['a domain that is left alone and has no host', gone, [override(skip)], 'NOTFOUND '],
  [
    'a domain that is left alone, but for a host',
    policy,
    [override(skip), override(encrypt, { to: null, via: mx1 })],
    secureBoth,
  ],
  ['one host relaxed of two, which cannot be said', policy, [override(may, { via: mx1 })], secureBoth],
  ['one host relaxed of two with DANE', oneDane, [override(may, { via: mx1 })], 'OK dane'],
  [
    'one host relaxed, whose lookup failed, and the other barred by its policy',
    partial,
    [override(may, { via: mx2 })],
    `OK secure match=${mx1} servername=hostname`,
  ],
  ['TLS required, and nothing found', plain, [override(encrypt)], 'OK encrypt'],
  ['TLS required of one host', plain, [override(encrypt, { to: null, via: mx1 })], 'OK encrypt'],
  ['TLS required, and DANE at some hosts', oneDane, [override(encrypt)], 'OK dane-only'],
  ['TLS required, and DANE at all hosts', allDane, [override(encrypt)], 'OK dane-only'],
  ['TLS required, and a TLSA lookup fails', doubtful, [override(encrypt)], 'OK dane-only'],
  ['TLS required, and unusable records', unusable, [override(encrypt)], 'OK encrypt'],
  ['TLS required, and a policy', policy, [override(encrypt)], secureBoth],
  ['TLS required, and DANE behind unsigned MX records', insecureDane, [override(encrypt)], 'OK dane-only'],
  ['DANE required, and found', allDane, [override(dane)], 'OK dane-only'],
  ['DANE required, and found at one host', oneDane, [override(dane)], 'OK dane-only'],
  ['DANE required, and not found', policy, [override(dane)], /^TEMP no MX host may be used now; by override of alice/],
  ['names required', plain, [override(pkix)], 'OK secure match=mail.test servername=hostname'],
  ['names required beside a policy', policy, [override(pkix)], 'OK secure match=mail.test servername=hostname'],
  [
    'names required of one host: the other must bear its own',
    plain,
    [override(pkix, { to: null, via: mx1 })],
    `OK secure match=mail.test:${mx2} servername=hostname`,
  ],
  ['names required, and DANE at all hosts', allDane, [override(pkix)], 'OK dane-only'],
  ['names required, and DANE at some hosts', oneDane, [override(pkix)], 'OK dane-only'],
  [
    'names required, and DANE behind unsigned MX records',
    insecureDane,
    [override(pkix)],
    'OK secure match=mail.test servername=hostname',
  ],
  ['names required, and a TLSA lookup fails', doubtful, [override(pkix)], /^TEMP Postfix cannot be told that mx1/],
  ['names required, and a host not listed', partial, [override(pkix)], /^TEMP Postfix cannot be told that mx2/],
  [
    'a host barred, and the others held to a policy',
    policy,
    [override(skip, { to: null, via: mx1 })],
    `OK secure match=${mx2} servername=hostname`,
  ],
  [
    'a host barred, and the other required to bear its name',
    plain,
    [override(skip, { to: null, via: mx1 }), override(pkixHost, { to: null, via: mx2 })],
    `OK secure match=${mx2} servername=hostname`,
  ],
  ['a host barred, and nothing found', plain, [override(skip, { to: null, via: mx1 })], /^TEMP Postfix cannot .* mx1/],
  ['a host barred that DANE leaves out', oneDane, [override(skip, { to: null, via: mx2 })], 'OK dane-only'],
  ['a host barred that DANE lets in', allDane, [override(skip, { to: null, via: mx2 })], /^TEMP Postfix cannot .* mx2/],
  ['all hosts barred', plain, [override(skip, { via: mx1 }), override(skip, { via: mx2 })], /^TEMP no MX host may/],
]

for (const [name, facts, overrides, expected] of cases) {
  test(`what Postfix is told by override: ${name}`, () => {
    const text = reply(facts, overrides)
    if (typeof expected === 'string') assert.equal(text, expected)
    else assert.match(text, expected)
  })
}

test('Postfix 3.10 and later report by a policy as before, and hold MX names to no host that is barred', () => {
  const text = reply(policy, [override(skip, { to: null, via: mx1 })], { dialect: 'tlsrpt' })
  assert.match(text, new RegExp(`^OK secure match=${mx2} servername=hostname policy_type=sts `))
  assert.match(text, new RegExp(`mx_host_pattern=${mx2} `))
  assert.ok(!text.includes(`mx_host_pattern=${mx1}`))
  const tested = reply(testing, [override(encrypt)], { dialect: 'tlsrpt', testingLevel: 'may' })
  assert.match(tested, /^OK encrypt policy_type=sts /)
})

/** How much each level lets pass, from the strictest. */
const order = ['TEMP', 'dane-only', 'secure', 'encrypt', 'dane', 'may', 'NOTFOUND']

test('no requirement makes an answer weaker, and every answer is one that Postfix understands', () => {
  const rows = ['H4', 'H5', 'H6', 'H7', 'H8'] as const
  const host = fc.record({ name: fc.constantFrom(mx1, mx2, 'a.pool.test'), tlsa: fc.constantFrom(...rows) })
  const world = fc.record({
    hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
    isSigned: fc.boolean(),
    mode: fc.constantFrom(undefined, 'testing', 'enforce'),
    dialect: fc.constantFrom<Dialect>('base', 'tlsrpt'),
    rule: fc.constantFrom(encrypt, pkix, pkixHost, dane, skip, may, relaxed),
    via: fc.constantFrom(undefined, mx1, mx2),
    to: fc.constantFrom(null, 'example.org'),
  })
  fc.assert(
    fc.property(world, ({ hosts, isSigned, mode, dialect, rule, via, to }) => {
      if (via === undefined && to === null) return
      const facts = factsOf({
        mx: isSigned ? secureMx : insecureMx,
        hosts: hosts.map(({ name, tlsa }) => hostOf(name, { tlsa })),
        sts: stsOf(mode, mode === undefined ? [] : [mx1, '*.pool.test']),
      })
      const found = override(rule, { to, ...(via !== undefined && { via }) })
      const [before, after] = [reply(facts, [], { dialect }), reply(facts, [found], { dialect })]
      for (const text of [before, after]) {
        if (text.startsWith('OK ')) assert.ok(typeof readPolicyData(text.slice(3), dialect) === 'object', text)
        assert.ok(!text.includes('cannot be put in words'), text)
      }
      const rank = (text: string) => order.indexOf(text.replace('OK ', '').split(' ')[0] ?? '')
      const isRaised = rule.kind === 'require' || (rule.kind === 'skip' && via !== undefined)
      // `secure` by names and `dane-only` are no weaker than each other where each is what was asked for.
      const least = (text: string) => Math.max(rank(text), 2)
      if (isRaised) assert.ok(least(after) <= least(before), `${before} became ${after}`)
      if (isRaised && before.startsWith('TEMP')) assert.ok(after.startsWith('TEMP'), after)
      if (before === 'OK dane-only' && rule.kind === 'require') assert.match(after, /^TEMP |^OK dane-only/)
    }),
    { numRuns: 2000 },
  )
})
