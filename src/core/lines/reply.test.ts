import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { factsOf, hostOf, insecureMx, now, stsOf } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { decide } from '../decision/decide.ts'
import { type DecisionOptions, defaultOptions } from '../decision/decision.ts'
import type { Facts } from '../decision/facts.ts'
import { limits } from '../limits.ts'
import { answerOf, defer, formatHostReply, formatLineReply, nothingToSay } from './reply.ts'

const mx1 = 'mx1.mail.test'
const mx2 = 'mx2.mail.test'

function answer(facts: Facts, given: Partial<DecisionOptions> = {}) {
  return answerOf(decide(facts, { now, options: { ...defaultOptions, ...given } }))
}

const cases: [name: string, facts: Facts, line: string][] = [
  [
    'nothing protects it',
    factsOf({ hosts: [hostOf(mx1)] }),
    'action=deliver hosts="mx1.mail.test" dane="" pkix="" encrypt="" may="mx1.mail.test" reason=""',
  ],
  [
    'hosts of one preference stand beside each other, and others behind a plus sign',
    factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2), hostOf('mx3.mail.test', { preference: 20 })] }),
    `action=deliver hosts="mx1.mail.test:mx2.mail.test:+:mx3.mail.test" dane="mx1.mail.test" pkix="" encrypt="" may="mx2.mail.test:mx3.mail.test" reason="" tlsa="mx1.mail.test/3/1/1/${'00'.repeat(32)}"`,
  ],
  [
    'only hosts that the policy lists, each with what it must show; the others have a reason',
    factsOf({ mx: insecureMx, hosts: [hostOf(mx1), hostOf(mx2)], sts: stsOf('enforce', [mx2]) }),
    'action=deliver hosts="mx2.mail.test" dane="" pkix="mx2.mail.test" encrypt="" may="" reason="mx1.mail.test: the MTA-STS policy of id id1 does not list it"',
  ],
  [
    'TLSA records that cannot be used ask for TLS alone',
    factsOf({ hosts: [hostOf(mx1, { tlsa: 'H6' })] }),
    'action=deliver hosts="mx1.mail.test" dane="" pkix="" encrypt="mx1.mail.test" may="" reason=""',
  ],
  [
    'a host twice stands where it is first',
    factsOf({ hosts: [hostOf(mx1), hostOf(mx1, { preference: 20 })] }),
    'action=deliver hosts="mx1.mail.test" dane="" pkix="" encrypt="" may="mx1.mail.test" reason=""',
  ],
]

for (const [name, facts, line] of cases) {
  test(`an answer of one line: ${name}`, () => assert.equal(formatLineReply(answer(facts)), line))
}

test('TLSA records that find no room are left out, whole', () => {
  const long = `3/0/0/${'ab'.repeat(10_000)}`
  const records = [long, long.replace('ab', 'cd'), '3/1/1/ef']
  const line = formatLineReply({
    ...{ action: 'deliver', reason: '' },
    hosts: [{ host: mx1, preference: 10, tls: 'dane', tlsa: records }],
  })
  assert.equal(/ tlsa="(.*)"$/.exec(line)?.[1], `${mx1}/${long},${mx1}/3/1/1/ef`)
})

test('mail that waits or is returned has no hosts, and says why', () => {
  const failed = formatLineReply(answer(factsOf({ hosts: [hostOf(mx1, { tlsa: 'H8' })] })))
  assert.match(failed, /^action=defer hosts="" dane="" pkix="" encrypt="" may="" reason=".*mx1\.mail\.test: its TLSA/)
  const unlisted = answer(factsOf({ mx: insecureMx, hosts: [hostOf(mx1)], sts: stsOf('enforce', [mx2]) }))
  assert.deepEqual([unlisted.action, unlisted.hosts], ['defer', []])
})

test('in audit mode nothing is asked that could hold mail back', () => {
  const facts = factsOf({ hosts: [hostOf(mx1, { tlsa: 'H5' }), hostOf(mx2)], sts: stsOf('enforce', [mx2]) })
  assert.deepEqual(
    answer(facts, { audit: true }).hosts.map(({ tls }) => tls),
    ['may', 'may'],
  )
})

test('a question about one host is answered for it alone, and skip is the word for all that mail must not reach', () => {
  const facts = factsOf({ mx: insecureMx, hosts: [hostOf(mx1), hostOf(mx2)], sts: stsOf('enforce', [mx2]) })
  const about = (host: string) => formatHostReply(answer(facts), domain(host))
  assert.match(about(mx2), /^action=deliver host="mx2\.mail\.test" tls=pkix reason=/)
  assert.match(about(mx1), /^action=deliver host="mx1\.mail\.test" tls=skip reason="mx1.*does not list it"$/)
  assert.match(about('mx.evil.test'), /^action=deliver host="mx\.evil\.test" tls=skip reason=/)
  assert.match(formatHostReply(defer('no'), domain(mx1)), /^action=defer host="mx1\.mail\.test" tls=skip reason="no"$/)
  assert.match(formatHostReply(nothingToSay, domain(mx1)), /^action=none .* tls=may /)
  const alone = formatHostReply(answer(factsOf({ hosts: [hostOf(mx1)] })), domain('mx.evil.test'))
  assert.match(alone, /tls=skip reason="it is no host that mail to this destination may reach"$/)
})

test('no name that means something in a list is ever in one', () => {
  for (const name of [
    'a:b.test',
    '+',
    '*',
    'mx.test/25',
    '<;',
    '\x24{run{/bin/id}}',
    'a b.test',
    '!mx.test',
    '^.*',
    '',
  ]) {
    const { action, hosts } = answer(factsOf({ hosts: [{ ...hostOf(mx1), host: name }] }))
    assert.deepEqual([action, hosts], ['defer', []], name)
  }
})

test('whatever a stranger writes into a reason, the line stays one line with its pairs', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1000 }), (text) => {
      const line = formatLineReply(defer(text))
      assert.match(line, /^action=defer hosts="" dane="" pkix="" encrypt="" may="" reason="[^"\\$`{}|<>]*"$/)
      assert.match(line, /^[ -~]*$/)
      assert.ok(line.length <= limits.lines.reasonOctets + 70)
    }),
  )
})
