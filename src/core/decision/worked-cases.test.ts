import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answered,
  type FactsOptions,
  factsOf,
  hostOf,
  insecureMx,
  now,
  policyOf,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { domain } from '../../../test/support/domain.ts'
import { expired, matched, notOffered, untrusted, up } from '../../../test/support/verdicts.ts'
import { decide } from './decide.ts'
import type { DomainDecision } from './decision.ts'
import type { StsFinding } from './facts.ts'
import { judgeSession, type SessionFinding } from './judge.ts'

const a = 'a.example.org'
const b = 'b.example.org'
const down: SessionFinding = { kind: 'no-session', reason: 'no connection: refused' }

interface Case {
  readonly facts: FactsOptions
  /** What a session with each host comes to; undefined where there must be none. */
  readonly sessions: readonly (SessionFinding | undefined)[]
  /** For each host the row, and what is done. */
  readonly expected: readonly string[]
  readonly action?: DomainDecision['action']
}

const both = (one: 'H5' | 'H8', other: 'H5' | 'H7') => [
  hostOf(a, { tlsa: one, preference: 10 }),
  hostOf(b, { tlsa: other, preference: 20 }),
]

const expiring: StsFinding = {
  ...{ row: 'S11', lapsed: false, record: answered(), id: undefined, policy: policyOf('enforce', [a]) },
  failure: { resultType: 'sts-policy-fetch-error', reason: 'the TXT record is gone' },
}

const redirected: StsFinding = {
  ...{ row: 'S5', lapsed: false, record: answered(), id: 'id1', policy: undefined },
  failure: { resultType: 'sts-policy-fetch-error', reason: 'HTTP status 301' },
}

const cases: [name: string, worked: Case][] = [
  [
    'row 1e/1: the host with DANE is down, the other has none: whoever blocks one reaches the other',
    { facts: { hosts: both('H5', 'H7') }, sessions: [down, notOffered], expected: ['30 skip', '25 deliver'] },
  ],
  [
    'row 1e/2: a TLSA lookup fails, and the next host proves itself',
    {
      facts: { hosts: both('H8', 'H5') },
      sessions: [undefined, up(matched)],
      expected: ['1 skip', '8 deliver verified'],
    },
  ],
  [
    'row 1e/3: MTA-STS must not rescue the only host',
    {
      facts: { hosts: [hostOf(a, { tlsa: 'H8' })], sts: stsOf('enforce', [a]) },
      ...{ sessions: [undefined], expected: ['1 skip'], action: 'defer' },
    },
  ],
  [
    'row 1e/4: an unsigned domain whose hosted MX has TLSA records',
    {
      facts: { mx: insecureMx, hosts: [hostOf(a, { tlsa: 'H5' })] },
      ...{ sessions: [up(matched, untrusted)], expected: ['8 deliver host-verified'] },
    },
  ],
  [
    'row 1e/5: the same, and a policy that lists another MX host',
    {
      facts: { mx: insecureMx, hosts: [hostOf(a, { tlsa: 'H5' })], sts: stsOf('enforce', [b]) },
      ...{ sessions: [undefined], expected: ['12 skip'], action: 'defer' },
    },
  ],
  [
    'row 1e/6: TLSA 1 1 1 alone, and a self-signed certificate',
    {
      facts: { hosts: [hostOf(a, { tlsa: 'H6' })] },
      ...{ sessions: [up(undefined, untrusted)], expected: ['14 deliver encrypted'] },
    },
  ],
  [
    'row 1e/7: a policy in force, its TXT record gone, and an expired certificate',
    {
      facts: { hosts: [hostOf(a)], sts: expiring },
      ...{ sessions: [up(undefined, expired)], expected: ['20 skip'] },
    },
  ],
  [
    'row 1e/8: first contact, and the policy host redirects',
    {
      facts: { hosts: [hostOf(a)], sts: redirected },
      ...{ sessions: [notOffered], expected: ['25 deliver'] },
    },
  ],
  [
    'row 1e/9: mode none is fetched after failures in mode enforce',
    {
      facts: { hosts: [hostOf(a)], sts: { ...stsOf('none'), row: 'S9' } },
      ...{ sessions: [up(undefined, expired)], expected: ['27 deliver encrypted'] },
    },
  ],
  [
    'row 1e/10: an implicit MX that the policy does not list',
    {
      facts: {
        mx: { row: 'M4', resolution: answered('insecure'), status: 'insecure', expanded: undefined },
        hosts: [hostOf('example.com', { tlsa: 'H4', preference: 0 })],
        sts: stsOf('enforce', ['mail.example.com']),
        nextHop: { kind: 'domain', domain: domain('example.com') },
      },
      ...{ sessions: [undefined], expected: ['17 skip'], action: 'defer' },
    },
  ],
]

for (const [name, { facts, sessions, expected, action = 'deliver' }] of cases) {
  test(name, () => {
    const decision = decide(factsOf(facts), { now })
    assert.equal(decision.action, action)
    const done = decision.hosts.map((host, place) => {
      if (host.action === 'skip') return `${host.row} skip`
      const verdict = judgeSession(host, sessions[place] ?? assert.fail(`${host.host} must not be connected to`))
      return `${verdict.row} ${verdict.action}${verdict.protection === 'none' ? '' : ` ${verdict.protection}`}`
    })
    assert.deepEqual(done, expected)
  })
}

test('row 1e/8: the redirect is reported', () => {
  const { reports } = decide(factsOf({ sts: redirected }), { now })
  assert.deepEqual(reports, [{ policyType: 'sts', resultType: 'sts-policy-fetch-error', reason: 'HTTP status 301' }])
})
