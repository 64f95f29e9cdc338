import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  addressFailed,
  factsOf,
  type HostOptions,
  hostOf,
  insecureMx,
  noAddress,
  now,
  secureMx,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { decide } from './decide.ts'
import {
  type DaneUse,
  type DecisionOptions,
  defaultOptions,
  type HostDecision,
  type SessionReport,
  type SkipDecision,
  type TlsDemand,
} from './decision.ts'
import type { MxFinding, StsFinding } from './facts.ts'

/** What was found out about the domain and its one host, and what is wished for. */
interface Case extends HostOptions, Partial<DecisionOptions> {
  readonly mx?: MxFinding
  readonly sts?: StsFinding
  readonly requireTls?: boolean
  readonly waived?: boolean
}

const mx = 'mx.example.org'
const other = ['other.example.org']

/** What is decided about mx.example.org. */
function decideHost({ tlsa, addresses, mx: records = secureMx, sts, ...wish }: Case): HostDecision {
  const { requireTls = false, waived = false, ...options } = wish
  const host = hostOf(mx, { ...(tlsa && { tlsa }), ...(addresses && { addresses }) })
  const facts = factsOf({ mx: records, hosts: [host], sts: sts ?? stsOf() })
  const wishes = { options: { ...defaultOptions, ...options }, demand: { requireTls, waived } }
  const [decided] = decide(facts, { now, ...wishes }).hosts
  assert.ok(decided !== undefined)
  return decided
}

function report(policyType: 'tlsa' | 'sts', resultType: SessionReport['resultType'], reason?: string): SessionReport {
  return { policyType, resultType, reason }
}

const mismatch = report('sts', 'validation-failure', 'sts-mx-mismatch')
const unusable = report('tlsa', 'tlsa-invalid', 'all-records-unusable')
const bogus = report('tlsa', 'dnssec-invalid', 'the lookup: servfail')

const states: [name: string, host: Case, state: DaneUse['state']][] = [
  ['row 1b/H1: insecure MX records, by option', { tlsa: 'H1', mx: insecureMx }, 'none'],
  ['row 1b/H4: insecure addresses', { tlsa: 'H4' }, 'none'],
  ['row 1b/H4: insecure addresses behind insecure MX records', { tlsa: 'H4', mx: insecureMx }, 'none'],
  ['row 1b/H5: usable records', { tlsa: 'H5' }, 'ok'],
  ['row 1b/H5: usable records behind insecure MX records', { tlsa: 'H5', mx: insecureMx }, 'ok'],
  ['row 1b/H6: none usable', { tlsa: 'H6' }, 'unusable'],
  ['row 1b/H7: all candidates denied or insecure', { tlsa: 'H7' }, 'none'],
]

for (const [name, host, state] of states) {
  test(name, () => {
    const decided = decideHost(host)
    assert.ok(decided.action === 'connect')
    assert.deepEqual([decided.dane.state, decided.daneRow], [state, host.tlsa])
  })
}

type Skip = readonly [row: SkipDecision['row'], reason: SkipDecision['reason'], reports: readonly SessionReport[]]
const skips: [name: string, host: Case, skip: Skip][] = [
  [
    'row 1b/H2: an address lookup fails behind secure MX records, which is row 1d/1',
    { tlsa: 'H2', addresses: addressFailed },
    ['1', 'address-lookup-failed', [bogus]],
  ],
  [
    'row 1b/H2: behind insecure MX records nobody claimed DANE',
    { tlsa: 'H2', addresses: addressFailed, mx: insecureMx },
    ['H2', 'address-lookup-failed', []],
  ],
  [
    'row 1b/H2: there is nobody to connect to, even for a message that waives TLS',
    { tlsa: 'H2', addresses: addressFailed, waived: true },
    ['1', 'address-lookup-failed', [bogus]],
  ],
  [
    'row 1b/H3: no address',
    { tlsa: 'H3', addresses: noAddress, sts: stsOf('enforce', other) },
    ['H3', 'no-address', []],
  ],
  ['row 1b/H8: a failed TLSA lookup', { tlsa: 'H8' }, ['1', 'tlsa-lookup-failed', [bogus]]],
  ['row 1d/1: DANE ERR', { tlsa: 'H8' }, ['1', 'tlsa-lookup-failed', [bogus]]],
  [
    'row 1d/1: DANE ERR behind insecure MX records (DANE-33)',
    { tlsa: 'H8', mx: insecureMx },
    ['1', 'tlsa-lookup-failed', [bogus]],
  ],
  [
    'row 1d/1: MTA-STS must not rescue it (STS-95)',
    { tlsa: 'H8', sts: stsOf('enforce', [mx]) },
    ['1', 'tlsa-lookup-failed', [bogus]],
  ],
  [
    'row 1d/1: nor does mode testing, nor audit mode',
    { tlsa: 'H8', sts: stsOf('testing', [mx]), audit: true },
    ['1', 'tlsa-lookup-failed', [bogus]],
  ],
  [
    'row 1d/11: requireBoth, and the host is not listed',
    { tlsa: 'H5', sts: stsOf('enforce', other), requireBoth: true },
    ['11', 'mx-not-in-policy', [mismatch]],
  ],
  [
    'row 1d/12: insecure MX records, and the host is not listed',
    { tlsa: 'H5', mx: insecureMx, sts: stsOf('enforce', other) },
    ['12', 'mx-not-in-policy', [mismatch]],
  ],
  [
    'row 1d/12: audit mode does not reach it',
    { tlsa: 'H5', mx: insecureMx, sts: stsOf('enforce', other), audit: true },
    ['12', 'mx-not-in-policy', [mismatch]],
  ],
  [
    'row 1d/16: unusable records, and the host is not listed',
    { tlsa: 'H6', sts: stsOf('enforce', other) },
    ['16', 'mx-not-in-policy', [mismatch, unusable]],
  ],
  [
    'row 1d/17: the host is not listed',
    { tlsa: 'H7', sts: stsOf('enforce', other) },
    ['17', 'mx-not-in-policy', [mismatch]],
  ],
  [
    'row 1d/28: mandatory DANE, and no TLSA records',
    { tlsa: 'H7', sts: stsOf('enforce', [mx]), daneMandatory: true },
    ['28', 'dane-required', [report('tlsa', 'dane-required')]],
  ],
  [
    'row 1d/28: mandatory DANE, and insecure addresses, in audit mode as well',
    { tlsa: 'H4', daneMandatory: true, audit: true },
    ['28', 'dane-required', [report('tlsa', 'dane-required')]],
  ],
  [
    'row 1d/28: mandatory DANE, and no record can be used',
    { tlsa: 'H6', daneMandatory: true },
    ['28', 'dane-required', [unusable]],
  ],
  [
    'row 1d/33: REQUIRETLS, and nothing authenticates the host',
    { tlsa: 'H7', requireTls: true },
    ['33', 'requiretls-unprotected', []],
  ],
  [
    'row 1d/33: REQUIRETLS, and a policy in mode testing counts for nothing',
    { tlsa: 'H6', sts: stsOf('testing', [mx]), requireTls: true },
    ['33', 'requiretls-unprotected', []],
  ],
  [
    'row 1d/33: REQUIRETLS, and DANE proves a host that nothing proves to be the domain’s (DLV-51)',
    { tlsa: 'H5', mx: insecureMx, requireTls: true },
    ['33', 'requiretls-unprotected', []],
  ],
  [
    'row 1d/17: REQUIRETLS is stronger than audit mode',
    { tlsa: 'H7', sts: stsOf('enforce', other), requireTls: true, audit: true },
    ['17', 'mx-not-in-policy', [mismatch]],
  ],
]

for (const [name, host, [row, reason, reports]] of skips) {
  test(name, () => {
    const decided = decideHost(host)
    assert.ok(decided.action === 'skip', `${decided.action}s`)
    assert.deepEqual([decided.row, decided.reason, decided.reports], [row, reason, reports])
    assert.equal(decided.daneRow, host.tlsa)
  })
}

const connects: [name: string, host: Case, tls: TlsDemand, text: string][] = [
  ['row 1d/8: DANE asks for DANE', { tlsa: 'H5' }, 'dane', 'DANE'],
  [
    'row 1d/11: DANE suffices on secure MX records, listed or not',
    { tlsa: 'H5', sts: stsOf('enforce', other) },
    'dane',
    'DANE, and MTA-STS in mode enforce',
  ],
  [
    'row 1d/10: mode testing asks for nothing more',
    { tlsa: 'H5', sts: stsOf('testing', other) },
    'dane',
    'DANE, and MTA-STS in mode testing',
  ],
  ['row 1d/14: unusable records ask for TLS', { tlsa: 'H6' }, 'encrypt', 'TLS; no TLSA record can be used'],
  [
    'row 1d/15: unusable records and a policy ask for the policy',
    { tlsa: 'H6', sts: stsOf('enforce', [mx]) },
    'pkix',
    'MTA-STS; no TLSA record can be used',
  ],
  ['row 1d/21: a policy asks for itself', { sts: stsOf('enforce', [mx]) }, 'pkix', 'MTA-STS'],
  ['row 1d/24: mode testing asks for nothing', { sts: stsOf('testing', [mx]) }, 'may', testingText()],
  ['row 1d/22: not even of hosts it does not list', { sts: stsOf('testing', other) }, 'may', testingText()],
  ['row 1d/27: nobody asks for anything', {}, 'may', 'TLS if it is offered'],
  ['row 1d/27: mode none is no policy', { sts: stsOf('none') }, 'may', 'TLS if it is offered'],
  ['row 1d/29: mandatory TLS', { tlsMandatory: true }, 'encrypt', 'TLS, as its sender wants it'],
  ['row 1d/31: DANE in audit mode', { tlsa: 'H5', audit: true }, 'may', 'DANE, in audit mode'],
  [
    'row 1d/31: a policy in audit mode, which need not list the host',
    { sts: stsOf('enforce', other), audit: true },
    'may',
    'MTA-STS, in audit mode',
  ],
  ['row 1d/31: there is nothing to audit', { audit: true }, 'may', 'TLS if it is offered'],
  [
    'row 1d/31: audit mode leaves what unusable records ask for',
    { tlsa: 'H6', sts: stsOf('enforce', other), audit: true },
    'encrypt',
    'TLS; no TLSA record can be used',
  ],
  [
    'row 1d/31: audit mode leaves mandatory TLS',
    { tlsa: 'H5', audit: true, tlsMandatory: true },
    'encrypt',
    'TLS, as its sender wants it',
  ],
  [
    'row 1d/33: REQUIRETLS is stronger than audit mode, with DANE',
    { tlsa: 'H5', audit: true, requireTls: true },
    'dane',
    'DANE',
  ],
  [
    'row 1d/33: REQUIRETLS with a policy in force',
    { sts: stsOf('enforce', [mx]), requireTls: true },
    'pkix',
    'MTA-STS',
  ],
  ['row 1d/32: waived with DANE', { tlsa: 'H5', waived: true }, 'may', waivedText()],
  ['row 1d/32: waived with a failed TLSA lookup', { tlsa: 'H8', waived: true }, 'may', waivedText()],
  [
    'row 1d/32: waived with a policy that does not list the host, and mandatory DANE and TLS',
    { sts: stsOf('enforce', other), waived: true, daneMandatory: true, tlsMandatory: true },
    'may',
    waivedText(),
  ],
]

function testingText(): string {
  return 'MTA-STS in mode testing'
}

function waivedText(): string {
  return 'the message waives TLS'
}

for (const [name, host, tls, text] of connects) {
  test(name, () => {
    const decided = decideHost(host)
    assert.ok(decided.action === 'connect', `skipped by row ${decided.action === 'skip' ? decided.row : ''}`)
    assert.deepEqual([decided.tls, decided.text], [tls, text])
  })
}

test('row 1d/32: what would have been asked for stays in sight, to be counted as usual', () => {
  const decided = decideHost({ tlsa: 'H5', sts: stsOf('enforce', other), waived: true })
  assert.ok(decided.action === 'connect')
  assert.equal(decided.dane.state, 'ok')
  assert.deepEqual(decided.sts, { mode: 'enforce', listed: false })
})

const serverNames: [claim: string, tlsa: 'H5' | 'H6' | 'H7', sts: ReturnType<typeof stsOf>, name: string][] = [
  ['the base domain with DANE (DANE-50)', 'H5', stsOf(), 'back.example.net'],
  ['the base domain with DANE and a policy (TLS-21)', 'H5', stsOf('enforce', [mx]), 'back.example.net'],
  ['the base domain where no TLSA record can be used (TLS-20)', 'H6', stsOf(), 'back.example.net'],
  ['the same beside a policy of mode none', 'H6', stsOf('none'), 'back.example.net'],
  ['the MX host where a policy alone tells of the certificate (STS-83)', 'H6', stsOf('enforce', [mx]), mx],
  ['the same in mode testing, which judges alike', 'H6', stsOf('testing', [mx]), mx],
  ['the MX host without TLSA records (STS-83)', 'H7', stsOf('enforce', [mx]), mx],
  ['the MX host where nobody asks for anything', 'H7', stsOf(), mx],
]
for (const [claim, tlsa, sts, name] of serverNames) {
  test(`TLS-20: SNI is ${claim}`, () => {
    const elsewhere = { ...hostOf('back.example.net', { tlsa }), host: mx }
    const [host] = decide(factsOf({ hosts: [elsewhere], sts }), { now }).hosts
    assert.equal(host?.action === 'connect' && host.serverName, name)
  })
}

test('who is connected to has its addresses, and who is not listed hears under which id', () => {
  const decided = decideHost({ tlsa: 'H5' })
  assert.deepEqual(decided.action === 'connect' && decided.addresses, ['192.0.2.1'])
  const skipped = decideHost({ sts: stsOf('enforce', other) })
  assert.equal(skipped.text, 'the MTA-STS policy of id id1 does not list it')
})
