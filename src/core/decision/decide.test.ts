import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressFailed,
  answered,
  type FactsOptions,
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
import { nameOfText } from '../../../test/support/records.ts'
import { decide } from './decide.ts'
import { type DecisionOptions, type DomainDecision, defaultOptions, type SessionReport } from './decision.ts'
import type { MxFinding, StsFinding } from './facts.ts'

interface Wish {
  readonly options?: Partial<DecisionOptions>
  readonly requireTls?: boolean
  readonly waived?: boolean
}

function decideOn(facts: FactsOptions, { options, requireTls = false, waived = false }: Wish = {}): DomainDecision {
  return decide(factsOf(facts), { now, options: { ...defaultOptions, ...options }, demand: { requireTls, waived } })
}

const daneMandatory: Wish = { options: { daneMandatory: true } }
const m1: MxFinding = { row: 'M1', resolution: failed() }
const literal: FactsOptions = {
  nextHop: { kind: 'literal', address: '192.0.2.1' },
  mx: { row: 'M8', resolution: undefined },
  hosts: [
    {
      ...{ host: '[192.0.2.1]', preference: 0, tlsa: { row: 'H4', lookups: [] } },
      addresses: { kind: 'found', addresses: ['192.0.2.1'], lookups: [] },
    },
  ],
  sts: undefined,
}
const m4: MxFinding = { row: 'M4', resolution: answered(), status: 'secure', expanded: undefined }
const m4Insecure: MxFinding = { ...m4, status: 'insecure', expanded: domain('mx.example.org') }

type Outcome = readonly [action: DomainDecision['action'], row: DomainDecision['row'], reason: DomainDecision['reason']]

const domainRows: [name: string, facts: FactsOptions, wish: Wish, outcome: Outcome][] = [
  ['row 1a/M1: a failed MX lookup', { mx: m1, hosts: [] }, {}, ['defer', 'M1', 'mx-lookup-failed']],
  [
    'row 1a/M1: a bogus MX lookup, in audit mode and waived as well',
    { mx: { row: 'M1', resolution: failed('bogus') }, hosts: [] },
    { options: { audit: true }, waived: true },
    ['defer', 'M1', 'mx-lookup-failed'],
  ],
  [
    'row 1a/M2: secure NXDOMAIN',
    { mx: { row: 'M2', resolution: answered('secure', { kind: 'nxdomain' }) }, hosts: [] },
    {},
    ['bounce', 'M2', 'no-such-domain'],
  ],
  [
    'row 1a/M2: insecure NXDOMAIN',
    { mx: { row: 'M2', resolution: answered('insecure', { kind: 'nxdomain' }) }, hosts: [] },
    {},
    ['bounce', 'M2', 'no-such-domain'],
  ],
  ['row 1a/M3: null MX', { mx: { row: 'M3', resolution: answered() }, hosts: [] }, {}, ['bounce', 'M3', 'null-mx']],
  ['row 1a/M4: implicit MX', { mx: m4, hosts: [hostOf('example.org')] }, {}, ['deliver', 'M4', 'hosts']],
  ['row 1a/M5: secure MX records', {}, {}, ['deliver', 'M5', 'hosts']],
  ['row 1a/M6: insecure MX records', { mx: insecureMx }, {}, ['deliver', 'M6', 'hosts']],
  ['row 1a/M6: mandatory DANE', { mx: insecureMx }, daneMandatory, ['defer', 'M6', 'dane-required']],
  [
    'row 1a/M6: mandatory DANE, although the host has TLSA records (DANE-70)',
    { mx: insecureMx, hosts: [hostOf('mx.example.org', { tlsa: 'H5' })] },
    daneMandatory,
    ['defer', 'M6', 'dane-required'],
  ],
  [
    'row 1a/M4: mandatory DANE behind an insecure alias (DANE-70)',
    { mx: m4Insecure, hosts: [hostOf('mx.example.org', { tlsa: 'H5' })] },
    daneMandatory,
    ['defer', 'M4', 'dane-required'],
  ],
  [
    'row 1a/M7: no target is a host name',
    { mx: { row: 'M7', resolution: answered() }, hosts: [] },
    {},
    ['defer', 'M7', 'no-usable-host'],
  ],
  [
    'row 1a/M7: no target has an address',
    { hosts: [hostOf('mx.example.org', { tlsa: 'H3', addresses: noAddress })] },
    {},
    ['defer', 'M7', 'no-usable-host'],
  ],
  ['row 1a/M8: an address literal', literal, {}, ['deliver', 'M8', 'hosts']],
  [
    'row 1a/M8: a relay',
    { mx: { row: 'M8', resolution: undefined }, nextHop: { kind: 'relay', host: domain('mx.example.org') } },
    {},
    ['deliver', 'M8', 'hosts'],
  ],
  [
    'row 1c/S3: a failed TXT lookup does not matter',
    { sts: { ...stsOf(), row: 'S3' } },
    {},
    ['deliver', 'M5', 'hosts'],
  ],
  [
    'row 1c/S3: a failed TXT lookup, by option (STS-8)',
    { sts: { ...stsOf(), row: 'S3' } },
    { options: { deferOnTxtError: true } },
    ['defer', 'M5', 'policy-lookup-failed'],
  ],
  [
    'row 1c/S3: by option, but the message waives TLS',
    { sts: { ...stsOf(), row: 'S3' } },
    { options: { deferOnTxtError: true }, waived: true },
    ['deliver', 'M5', 'hosts'],
  ],
]

for (const [name, facts, wish, outcome] of domainRows) {
  test(name, () => {
    const { action, row, reason } = decideOn(facts, wish)
    assert.deepEqual([action, row, reason], outcome)
  })
}

test('mail waits while nobody can tell whether a policy is in force, and nothing of that is reported', () => {
  const failure = { resultType: 'sts-policy-fetch-error', reason: 'the store cannot be read: x' } as const
  const sts = { ...stsOf(), row: 'S3', failure, unreadable: true } as const
  const { action, reason, text, reports, validUntil: until } = decideOn({ sts })
  assert.deepEqual([action, reason, reports, until], ['defer', 'policy-lookup-failed', [], undefined])
  assert.match(text, /the store cannot be read: x$/)
  assert.equal(decideOn({ sts }, { waived: true }).action, 'deliver')
})

test('row 1a/M1: the reason says what failed, and may be reported', () => {
  const bogus = decideOn({ mx: { row: 'M1', resolution: failed('bogus') }, hosts: [] })
  assert.equal(bogus.text, 'the MX lookup is bogus: the lookup: bogus')
  assert.deepEqual(bogus.reports, [report('no-policy-found', 'validation-failure', 'mx-lookup-bogus')])
  assert.equal(decideOn({ mx: m1, hosts: [] }).text, 'the MX lookup failed: the lookup: servfail')
})

test('row 1a/M6: mandatory DANE is reported', () => {
  assert.deepEqual(decideOn({ mx: insecureMx }, daneMandatory).reports, [report('tlsa', 'dane-required')])
  assert.deepEqual(decideOn({ mx: insecureMx }).reports, [])
})

test('row 1a/M6: a message that waives TLS waives mandatory DANE as well (row 1d/32)', () => {
  assert.equal(decideOn({ mx: insecureMx }, { ...daneMandatory, waived: true }).action, 'deliver')
})

test('row 1a/M8: a literal has no SNI, and nothing but its sender asks for TLS', () => {
  const [plain] = decideOn(literal).hosts
  assert.ok(plain?.action === 'connect')
  assert.deepEqual([plain.tls, plain.serverName, plain.dane.state, plain.sts.mode], ['may', undefined, 'none', 'none'])
  const [mandated] = decideOn(literal, { options: { tlsMandatory: true } }).hosts
  assert.ok(mandated?.action === 'connect')
  assert.equal(mandated.tls, 'encrypt')
})

test('row 1a/M8: a relay behind an alias may show its own name as well (DANE-60)', () => {
  const hosts = [{ ...hostOf('back.example.net', { tlsa: 'H5' }), host: 'relay.example.org' }]
  const nextHop = { kind: 'relay', host: domain('relay.example.org') } as const
  const [host] = decideOn({ mx: { row: 'M8', resolution: undefined }, nextHop, hosts }).hosts
  assert.ok(host?.action === 'connect' && host.dane.state === 'ok')
  assert.deepEqual(host.dane.names, ['back.example.net', 'relay.example.org'])
  assert.deepEqual([host.serverName, host.mxIsSecure], ['back.example.net', true])
})

test('row 1a/M8: the policy of a relay counts, and must list it (STS-30, STLS-52)', () => {
  const mx: MxFinding = { row: 'M8', resolution: undefined }
  const nextHop = { kind: 'relay', host: domain('relay.example.org') } as const
  const hosts = [hostOf('relay.example.org', { tlsa: 'H7' })]
  const [listed] = decideOn({ mx, nextHop, hosts, sts: stsOf('enforce', ['relay.example.org']) }).hosts
  assert.ok(listed?.action === 'connect')
  assert.equal(listed.tls, 'pkix')
  const [other] = decideOn({ mx, nextHop, hosts, sts: stsOf('enforce', ['*.relay.example.org']) }).hosts
  assert.deepEqual([other?.action, other?.action === 'skip' && other.row], ['skip', '17'])
})

test('hosts stand in the order of the facts, whatever protects them (DANE-30, STS-94)', () => {
  const hosts = [
    hostOf('a.example.org', { preference: 10, tlsa: 'H7' }),
    hostOf('b.example.org', { preference: 10, tlsa: 'H8' }),
    hostOf('c.example.org', { preference: 20, tlsa: 'H5' }),
    hostOf('d.example.org', { preference: 30, tlsa: 'H3', addresses: noAddress }),
    hostOf('e.example.org', { preference: 40, tlsa: 'H6' }),
  ]
  const { hosts: decided } = decideOn({ hosts, sts: stsOf('enforce', ['e.example.org']) })
  assert.deepEqual(
    decided.map(({ host, preference }) => [host, preference]),
    hosts.map(({ host, preference }) => [host, preference]),
  )
})

test('validUntil is the end of the first lookup or policy to end', () => {
  const short = answered('secure', { ttl: 60 })
  assert.equal(decideOn({}).validUntil, now + 3_600_000)
  assert.equal(decideOn({ mx: { ...secureMx, resolution: short } as MxFinding }).validUntil, now + 60_000)
  assert.equal(decideOn({ sts: { ...stsOf(), record: short } }).validUntil, now + 60_000)
  const ending = { ...stsOf('enforce', ['*.example.org']), policy: { ...policyOf('enforce', ['*.example.org']) } }
  const policy = { ...ending.policy, expiresAt: now + 5 }
  assert.equal(decideOn({ sts: { ...ending, policy } }).validUntil, now + 5)
  const host = hostOf('mx.example.org')
  const tlsa = { row: 'H7', lookups: [answered(), short] } as const
  assert.equal(decideOn({ hosts: [{ ...host, tlsa }] }).validUntil, now + 60_000)
  for (const lookups of [
    [answered(), short],
    [short, answered()],
  ]) {
    const addresses = { kind: 'found', addresses: ['192.0.2.1'], lookups } as const
    assert.equal(decideOn({ hosts: [host, { ...host, addresses }] }).validUntil, now + 60_000)
  }
})

test('DNSSEC-10: validUntil is the end of a negative trust anchor, where that comes first', () => {
  const negative = { name: nameOfText('example.org.'), until: now + 7000, reason: 'broken' }
  const plain = answered('insecure')
  const record = { ...plain, evidence: { ...plain.evidence, negativeAnchors: [negative] } }
  assert.equal(decideOn({ sts: { ...stsOf(), record } }).validUntil, now + 7000)
})

test('validUntil is undefined when anything failed, or nothing was looked up', () => {
  assert.equal(decideOn({ mx: m1, hosts: [] }).validUntil, undefined)
  assert.equal(decideOn({ hosts: [hostOf('mx.example.org', { tlsa: 'H8' })] }).validUntil, undefined)
  assert.equal(decideOn({ sts: { ...stsOf(), row: 'S3', record: failed() } }).validUntil, undefined)
  assert.equal(decideOn({ sts: policyFailure('S5') }).validUntil, undefined, 'a fetch may go well next time')
  assert.equal(decideOn(literal).validUntil, undefined)
})

function policyFailure(row: StsFinding['row'], policy?: StsFinding['policy']): StsFinding {
  const failure = { resultType: 'sts-policy-fetch-error', reason: 'no answer' } as const
  return { ...stsOf(), row, policy, failure, id: 'id2' }
}

const fetchError = report('sts', 'sts-policy-fetch-error', 'no answer')
const policyRows: [name: string, sts: StsFinding | undefined, reports: SessionReport[]][] = [
  ['row 1c/S1: no policy gives nothing to report', stsOf(), []],
  ['row 1c/S2: an invalid record gives nothing to report', policyFailure('S2'), []],
  ['row 1c/S3: a failed TXT lookup is reported', policyFailure('S3'), [{ ...fetchError, reason: 'txt-lookup' }]],
  ['row 1c/S5: a failed fetch is reported', policyFailure('S5'), [fetchError]],
  ['row 1c/S8: a policy in force gives nothing to report by itself', stsOf('enforce', ['*.example.org']), []],
  ['row 1c/S8: but a refresh that failed is reported (STS-98)', policyFailure('S8', testing()), [fetchError]],
  ['row 1c/S10: a failed fetch beside a policy is reported', policyFailure('S10', testing()), [fetchError]],
  ['row 1c/S10: but not beside mode none', policyFailure('S10', policyOf('none')), []],
  ['row 1c/S11: a vanished record beside a policy is reported', policyFailure('S11', testing()), [fetchError]],
  ['row 1c/S11: but not beside mode none', policyFailure('S11', policyOf('none')), []],
  ['no policy can apply', undefined, []],
]

for (const [name, sts, reports] of policyRows) {
  test(name, () => assert.deepEqual(decideOn({ sts }).reports, reports))
}

function testing(): StsFinding['policy'] {
  return policyOf('testing', ['*.example.org'])
}

function report(
  policyType: SessionReport['policyType'],
  resultType: SessionReport['resultType'],
  reason?: string,
): SessionReport {
  return { policyType, resultType, reason }
}

test('REQUIRETLS makes the header field that waives TLS count for nothing (DLV-54)', () => {
  const { action, hosts } = decideOn({}, { requireTls: true, waived: true })
  assert.equal(action, 'bounce')
  assert.equal(hosts[0]?.action === 'skip' && hosts[0].row, '33')
})

test('only hosts that REQUIRETLS rules out make a bounce; one that may mend makes the message wait (DLV-53)', () => {
  const open = hostOf('a.example.org')
  const broken = hostOf('b.example.org', { tlsa: 'H8' })
  const unknown = hostOf('c.example.org', { tlsa: 'H2', addresses: addressFailed })
  assert.equal(decideOn({ hosts: [open, open] }, { requireTls: true }).action, 'bounce')
  assert.equal(decideOn({ hosts: [open, broken] }, { requireTls: true }).action, 'defer')
  assert.equal(decideOn({ hosts: [open, unknown] }, { requireTls: true }).action, 'defer')
})

test('a name that came by an insecure alias counts as insecure MX records do (DANE-60)', () => {
  const hosts = [hostOf('mx.example.org', { tlsa: 'H5' })]
  const [host] = decideOn({ mx: m4Insecure, hosts }).hosts
  assert.ok(host?.action === 'connect' && host.dane.state === 'ok')
  assert.deepEqual([host.mxIsSecure, host.dane.names], [false, ['mx.example.org']])
})

test('row 1a/M7 is for when no host has an address: one without an address, and one that is skipped, are no M7', () => {
  const hosts = [hostOf('a.example.org', { tlsa: 'H3', addresses: noAddress }), hostOf('b.example.org', { tlsa: 'H8' })]
  const { action, row, reason } = decideOn({ hosts })
  assert.deepEqual([action, row, reason], ['defer', 'M5', 'all-hosts-skipped'])
})
