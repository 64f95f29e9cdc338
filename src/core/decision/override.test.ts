import assert from 'node:assert/strict'
import { test } from 'node:test'
import { now } from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { day, override, rules } from '../../../test/support/override-facts.ts'
import { limits } from '../limits.ts'
import {
  checkOverride,
  describeRule,
  describeTarget,
  formatNamePattern,
  type Override,
  type OverrideFault,
  parseNamePattern,
} from './override.ts'

const mx = 'mx.example.org'

const faults: [why: string, changes: Partial<Override> | Override, fault: OverrideFault | undefined][] = [
  ['one that is whole', {}, undefined],
  ['one without a target', { target: { domain: undefined, host: undefined } }, 'no-target'],
  ['relaxing of a host for all domains', override('relaxMay', `via ${mx}`), 'relax-without-domain'],
  ['relaxing of a host for a domain', override('relaxMay', `example.org via ${mx}`), undefined],
  ['relaxing of a top-level domain', override('relaxMay', '.org'), 'too-wide'],
  ['skipping of a top-level domain', override('skip', '.org'), 'too-wide'],
  ['requiring of a top-level domain', override('encrypt', '.org'), undefined],
  ['pkix of a domain without names', override('pkixHost'), 'names-missing'],
  ['pkix of a host without names', override('pkixHost', `via ${mx}`), undefined],
  [
    'more names than the limit',
    { rule: { kind: 'require', level: 'pkix', names: Array(limits.overrides.names + 1).fill(domain(mx)) } },
    'too-many-names',
  ],
  ['no reason', { reason: '' }, 'reason'],
  ['a reason of blanks', { reason: ' ' }, 'reason'],
  ['a reason of two lines', { reason: 'a\nb' }, 'reason'],
  ['a reason that turns the line around', { reason: 'a\u202eb' }, 'reason'],
  ['a reason too long', { reason: 'x'.repeat(limits.overrides.reasonCharacters + 1) }, 'reason'],
  ['no author', { author: '' }, 'author'],
  ['an author too long', { author: 'x'.repeat(limits.overrides.authorCharacters + 1) }, 'author'],
  ['relaxing without end', override('relaxMay', undefined, { expiresAt: undefined }), 'expiry-missing'],
  ['skipping without end', override('skip', undefined, { expiresAt: undefined }), 'expiry-missing'],
  ['skipping of a host without end', override('skip', `via ${mx}`, { expiresAt: undefined }), 'expiry-missing'],
  ['requiring without end', override('dane', undefined, { expiresAt: undefined }), undefined],
  ['an end before the beginning', { expiresAt: now - 2 * day }, 'expiry-past'],
  ['an end that is none', { expiresAt: Number.NaN }, 'expiry-past'],
  [
    'relaxing for longer than the limit',
    override('relaxMay', undefined, { expiresAt: now - day + limits.overrides.relaxMs + 1 }),
    'expiry-too-far',
  ],
  [
    'requiring for as long',
    override('dane', undefined, { expiresAt: now - day + limits.overrides.relaxMs + 1 }),
    undefined,
  ],
  [
    'requiring for longer than the limit',
    override('dane', undefined, { expiresAt: now + limits.overrides.requireMs }),
    'expiry-too-far',
  ],
]

for (const [why, changes, expected] of faults) {
  test(`checkOverride ${expected === undefined ? 'takes' : 'refuses'} ${why}`, () => {
    const checked = checkOverride({ ...override('dane'), ...changes })
    assert.equal(checked.ok ? undefined : checked.fault, expected)
  })
}

test('names are read as they are shown', () => {
  for (const text of ['example.org', '.example.org', 'org']) {
    const parsed = parseNamePattern(text, 'domain')
    assert.equal(parsed.ok && formatNamePattern(parsed.value), text)
  }
  assert.ok(!parseNamePattern('..org', 'domain').ok)
  assert.ok(!parseNamePattern('*.org', 'domain').ok)
  assert.ok(!parseNamePattern('_mx.org', 'domain').ok)
  assert.ok(parseNamePattern('_mx.org', 'host').ok)
  assert.equal(describeTarget(override('dane', '.a.org via mx.b').target), 'mail to .a.org by way of mx.b')
  assert.equal(describeRule(rules.pkix), 'require pkix (mail.example.org)')
})
