import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addressFailed,
  type FactsOptions,
  factsOf,
  failed,
  hostOf,
  insecureMx,
  noAddress,
  now,
  stsOf,
} from '../../../test/support/decision-facts.ts'
import { override, type RuleName, rules } from '../../../test/support/override-facts.ts'
import { decide } from './decide.ts'
import { type ConnectDecision, type DecisionOptions, type DomainDecision, defaultOptions } from './decision.ts'
import { judgeSession, type PeerFinding, type SessionFinding } from './judge.ts'
import { describeOverride, describeRule, type Override } from './override.ts'
import { createOverrides } from './overrides.ts'

const mx = 'mx.example.org'

interface Given extends FactsOptions {
  readonly options?: Partial<DecisionOptions>
  readonly requireTls?: boolean
  readonly waived?: boolean
}

function decideWith(overrides: readonly Override[], given: Given = {}, at = now): DomainDecision {
  const { options, requireTls = false, waived = false, ...facts } = given
  return decide(factsOf(facts), {
    ...{ now: at, overrides: createOverrides(overrides), demand: { requireTls, waived } },
    options: { ...defaultOptions, ...options },
  })
}

/** `deliver mx.example.org=may`, `defer mx.example.org!tlsa-lookup-failed` */
function brief({ action, hosts, isLeftAlone }: DomainDecision): string {
  const words = hosts.map((host) =>
    host.action === 'connect' ? `${host.host}=${host.tls}` : `${host.host}!${host.reason}`,
  )
  return [action, ...words, ...(isLeftAlone === true ? ['left-alone'] : [])].join(' ')
}

const dane: Given = { hosts: [hostOf(mx, { tlsa: 'H5' })] }
const daneInsecure: Given = { ...dane, mx: insecureMx }
const unusable: Given = { hosts: [hostOf(mx, { tlsa: 'H6' })] }
const tlsaFailed: Given = { hosts: [hostOf(mx, { tlsa: 'H8' })] }
const enforce: Given = { sts: stsOf('enforce', [mx]) }
const unlisted: Given = { sts: stsOf('enforce', ['other.example.org']) }
const noHost: Given = { hosts: [hostOf(mx, { tlsa: 'H3', addresses: noAddress })] }
const unreachable: Given = { hosts: [hostOf(mx, { tlsa: 'H2', addresses: addressFailed })] }
const mxFailed: Given = { mx: { row: 'M1', resolution: failed('bogus') }, hosts: [] }
const deferred: Given = { sts: { ...stsOf(), row: 'S3', record: failed() }, options: { deferOnTxtError: true } }

const rungs: [found: string, given: Given, rule: RuleName, expected: string][] = [
  ['nothing', {}, 'encrypt', `deliver ${mx}=encrypt`],
  ['nothing', {}, 'pkix', `deliver ${mx}=pkix`],
  ['nothing', {}, 'dane', `defer ${mx}!dane-required`],
  ['nothing', {}, 'relaxMay', `deliver ${mx}=may`],
  ['nothing', {}, 'relaxEncrypt', `deliver ${mx}=may`],
  ['nothing', {}, 'skip', `deliver ${mx}=may left-alone`],
  ['unusable records', unusable, 'encrypt', `deliver ${mx}=encrypt`],
  ['unusable records', unusable, 'pkix', `deliver ${mx}=pkix`],
  ['unusable records', unusable, 'dane', `defer ${mx}!dane-required`],
  ['unusable records', unusable, 'relaxMay', `deliver ${mx}=may`],
  ['unusable records', unusable, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['a policy', enforce, 'encrypt', `deliver ${mx}=pkix`],
  ['a policy', enforce, 'pkix', `deliver ${mx}=pkix`],
  ['a policy', enforce, 'dane', `defer ${mx}!dane-required`],
  ['a policy', enforce, 'relaxMay', `deliver ${mx}=may`],
  ['a policy', enforce, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['a policy', enforce, 'skip', `deliver ${mx}=may left-alone`],
  ['a policy that does not list the host', unlisted, 'encrypt', `defer ${mx}!mx-not-in-policy`],
  ['a policy that does not list the host', unlisted, 'pkix', `defer ${mx}!mx-not-in-policy`],
  ['a policy that does not list the host', unlisted, 'relaxMay', `deliver ${mx}=may`],
  ['a policy that does not list the host', unlisted, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['DANE', dane, 'encrypt', `deliver ${mx}=dane`],
  ['DANE', dane, 'pkix', `deliver ${mx}=dane`],
  ['DANE', dane, 'dane', `deliver ${mx}=dane`],
  ['DANE', dane, 'relaxMay', `deliver ${mx}=may`],
  ['DANE', dane, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['DANE behind unsigned MX records', daneInsecure, 'pkix', `deliver ${mx}=dane`],
  ['a failed TLSA lookup', tlsaFailed, 'encrypt', `defer ${mx}!tlsa-lookup-failed`],
  ['a failed TLSA lookup', tlsaFailed, 'dane', `defer ${mx}!tlsa-lookup-failed`],
  ['a failed TLSA lookup', tlsaFailed, 'relaxMay', `deliver ${mx}=may`],
  ['a failed TLSA lookup', tlsaFailed, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['a failed TLSA lookup', tlsaFailed, 'skip', `deliver ${mx}=may left-alone`],
  ['no address', noHost, 'relaxMay', `defer ${mx}!no-address`],
  ['no address', noHost, 'skip', `defer ${mx}!no-address left-alone`],
  ['a failed address lookup', unreachable, 'relaxMay', `defer ${mx}!address-lookup-failed`],
  ['a bogus MX lookup', mxFailed, 'relaxMay', 'defer'],
  ['a bogus MX lookup', mxFailed, 'encrypt', 'defer'],
  ['a bogus MX lookup', mxFailed, 'skip', 'defer left-alone'],
  ['a policy that cannot be told', deferred, 'relaxMay', `deliver ${mx}=may`],
  ['a policy that cannot be told', deferred, 'relaxEncrypt', `deliver ${mx}=encrypt`],
  ['a policy that cannot be told', deferred, 'encrypt', 'defer'],
]

for (const [found, given, rule, expected] of rungs) {
  test(`rows 1d/34, 1d/35: ${describeRule(rules[rule])} where ${found} was found: ${expected}`, () => {
    assert.equal(brief(decideWith([override(rule)], given)), expected)
  })
}

test('an override is shown wherever it counts, with its author, its end and its reason', () => {
  for (const [found, given, rule] of rungs) {
    const decision = decideWith([override(rule)], given)
    const words = describeOverride(override(rule))
    const plain = decideWith([], given)
    if (brief(decision) === brief(plain) && decision.overrides === undefined) continue
    assert.ok(decision.text.endsWith(words), `${found}: ${decision.text}`)
    for (const host of decision.hosts) if (host.override !== undefined) assert.ok(host.text.includes(words), host.text)
  }
  const [host] = decideWith([override('relaxMay')], enforce).hosts
  assert.equal(
    host?.text,
    'TLS if it is offered, by override of alice until 2027-02-14 08:00 UTC: why relaxMay (in the place of: MTA-STS)',
  )
  assert.equal(
    describeOverride(override('skip', undefined, { expiresAt: Date.UTC(2026, 11, 1) })),
    'by override of alice until 2026-12-01: why skip',
  )
})

const host2 = 'mx2.example.org'
const two: Given = { hosts: [hostOf(mx), hostOf(host2)] }
const twoEnforce: Given = { ...two, sts: stsOf('enforce', [mx, host2]) }

const choices: [why: string, overrides: readonly Override[], given: Given, expected: string][] = [
  ['another domain is not meant', [override('relaxMay', 'example.net')], enforce, `deliver ${mx}=pkix`],
  ['a name below is not meant', [override('relaxMay', 'a.example.org')], enforce, `deliver ${mx}=pkix`],
  ['a name above is not meant alone', [override('relaxMay', 'org')], enforce, `deliver ${mx}=pkix`],
  ['a name above is meant with all below it', [override('encrypt', '.org')], {}, `deliver ${mx}=encrypt`],
  ['the name itself is meant with all below it', [override('encrypt', '.example.org')], {}, `deliver ${mx}=encrypt`],
  ['no part of a label is meant', [override('encrypt', '.ample.org')], {}, `deliver ${mx}=may`],
  ['the nearest counts', [override('dane', '.org'), override('encrypt', '.example.org')], {}, `deliver ${mx}=encrypt`],
  [
    'the name itself is nearer than all below it',
    [override('dane', '.example.org'), override('encrypt')],
    {},
    `deliver ${mx}=encrypt`,
  ],
  ['a host alone is meant', [override('encrypt', `via ${mx}`)], two, `deliver ${mx}=encrypt ${host2}=may`],
  ['a host alone is passed over', [override('skip', `via ${mx}`)], two, `deliver ${mx}!override ${host2}=may`],
  ['hosts below a name', [override('skip', 'via .example.org')], two, `defer ${mx}!override ${host2}!override`],
  [
    'the stricter of domain and host counts: the host’s',
    [override('relaxMay'), override('encrypt', `via ${mx}`)],
    twoEnforce,
    `deliver ${mx}=pkix ${host2}=may`,
  ],
  [
    'the stricter of domain and host counts: the domain’s',
    [override('pkix'), override('encrypt', `via ${mx}`)],
    two,
    `deliver ${mx}=pkix ${host2}=pkix`,
  ],
  [
    'a host is never used, whatever the domain is left to',
    [override('skip'), override('skip', `via ${mx}`)],
    two,
    `deliver ${mx}!override ${host2}=may`,
  ],
  [
    'what names both counts before what names one',
    [override('dane'), override('skip', `via ${mx}`), override('relaxMay', `example.org via ${mx}`)],
    { hosts: [hostOf(mx), hostOf(host2, { tlsa: 'H5' })] },
    `deliver ${mx}=may ${host2}=dane`,
  ],
  [
    'what is left alone is not where a host has a requirement',
    [override('skip'), override('encrypt', `via ${mx}`)],
    two,
    `deliver ${mx}=encrypt ${host2}=may`,
  ],
  [
    'nor where nobody knows the hosts, and some host has one',
    [override('skip'), override('encrypt', 'via mx.example.com')],
    mxFailed,
    'defer',
  ],
  [
    'a policy that cannot be told holds mail while one host is not relaxed',
    [override('relaxMay', `example.org via ${mx}`)],
    { ...deferred, ...two },
    'defer',
  ],
  ['REQUIRETLS is not relaxed', [override('relaxMay')], { ...enforce, requireTls: true }, `deliver ${mx}=pkix`],
  ['REQUIRETLS is not left alone', [override('skip')], { ...enforce, requireTls: true }, `deliver ${mx}=pkix`],
  [
    'DANE that the sender asks for is not relaxed',
    [override('relaxMay')],
    { ...dane, options: { daneMandatory: true } },
    `deliver ${mx}=dane`,
  ],
  [
    'TLS that the sender asks for is not relaxed',
    [override('relaxMay')],
    { ...enforce, options: { tlsMandatory: true } },
    `deliver ${mx}=encrypt`,
  ],
  ['a message waives no requirement', [override('encrypt')], { ...dane, waived: true }, `deliver ${mx}=encrypt`],
  ['a message waives no DANE', [override('dane')], { ...dane, waived: true }, `deliver ${mx}=dane`],
  ['audit mode waives no DANE', [override('dane')], { ...dane, options: { audit: true } }, `deliver ${mx}=dane`],
]

for (const [why, overrides, given, expected] of choices) {
  test(`which override counts: ${why}`, () => assert.equal(brief(decideWith(overrides, given)), expected))
}

test('an override ends by the clock that is given, and with it the decision', () => {
  const relaxed = override('relaxMay', undefined, { expiresAt: now + 1000 })
  assert.equal(decideWith([relaxed], enforce).validUntil, now + 1000)
  assert.equal(brief(decideWith([relaxed], enforce, now + 999)), `deliver ${mx}=may`)
  assert.equal(brief(decideWith([relaxed], enforce, now + 1000)), `deliver ${mx}=pkix`)
  assert.equal(decideWith([override('relaxMay')], tlsaFailed).validUntil, undefined, 'the lookup may succeed')
})

test('where overrides cannot be read mail waits, and who takes no mail still takes none', () => {
  const overrides = createOverrides([], 'the disk is gone')
  const decision = decide(factsOf(enforce), { now, overrides })
  assert.equal(brief(decision), 'defer')
  assert.equal(decision.text, 'which overrides are in force cannot be told: the disk is gone')
  const none = { ...factsOf({ hosts: [] }), mx: { row: 'M3', resolution: failed() } as never }
  assert.equal(decide(none, { now, overrides }).action, 'bounce')
})

test('no override of another domain lowers anything, whatever hosts the two share', () => {
  const rule = fc.constantFrom<RuleName>('relaxMay', 'relaxEncrypt', 'skip')
  const target = fc.constantFrom('example.net', '.example.net', `example.net via ${mx}`, 'example.net via .example.org')
  const given = fc.constantFrom(dane, daneInsecure, unusable, tlsaFailed, enforce, unlisted, mxFailed, deferred, {})
  fc.assert(
    fc.property(fc.array(fc.tuple(rule, target)), given, (list, facts) => {
      const overrides = list.map(([name, where]) => override(name, where))
      assert.deepEqual(decideWith(overrides, facts), decideWith([], facts))
    }),
  )
})

const tls = (peer: Partial<PeerFinding> = {}): SessionFinding => ({
  kind: 'tls',
  peer: { dane: undefined, pkixFault: undefined, ...peer },
})
const noTls: SessionFinding = { kind: 'no-starttls', reason: 'the server does not offer STARTTLS' }
const noHandshake: SessionFinding = { kind: 'no-handshake', reason: 'the TLS handshake failed' }
const fault = { resultType: 'certificate-host-mismatch', reason: 'the certificate is not of this host' } as const
const wrong = tls({ pkixFault: fault, overrideFault: fault })

const sessions: [rule: RuleName, given: Given, found: SessionFinding, expected: string][] = [
  ['relaxMay', enforce, noTls, '34 deliver none'],
  ['relaxMay', enforce, noHandshake, '34 retry-in-clear none'],
  ['relaxMay', enforce, wrong, '34 deliver encrypted'],
  ['relaxMay', enforce, tls(), '34 deliver verified'],
  ['relaxMay', tlsaFailed, noTls, '34 deliver none'],
  ['relaxEncrypt', enforce, noTls, '34 skip none'],
  ['relaxEncrypt', tlsaFailed, noTls, '34 skip none'],
  ['relaxEncrypt', tlsaFailed, noHandshake, '34 skip none'],
  ['relaxEncrypt', enforce, wrong, '34 deliver encrypted'],
  ['relaxMay', { ...enforce, options: { tlsMandatory: true } }, noTls, '34 skip none'],
  ['skip', dane, noTls, '34 deliver none'],
  ['encrypt', {}, noTls, '35 skip none'],
  ['encrypt', {}, noHandshake, '35 skip none'],
  ['encrypt', {}, wrong, '27 deliver encrypted'],
  ['encrypt', { waived: true }, noTls, '35 skip none'],
  ['encrypt', { ...enforce, options: { audit: true } }, noTls, '35 skip none'],
  ['encrypt', enforce, wrong, '20 skip none'],
  ['pkix', {}, noTls, '35 skip none'],
  ['pkix', {}, wrong, '35 skip none'],
  ['pkix', {}, tls(), '35 deliver verified'],
  ['pkix', { waived: true }, wrong, '35 skip none'],
  ['pkix', dane, tls({ dane: { kind: 'matched' }, overrideFault: fault }), '8 deliver verified'],
  ['pkix', daneInsecure, tls({ dane: { kind: 'matched' }, overrideFault: fault }), '35 skip none'],
  ['pkix', daneInsecure, tls({ dane: { kind: 'matched' } }), '35 deliver verified'],
  ['dane', { ...dane, waived: true }, tls({ dane: { kind: 'failed', row: '4', fault } }), '4 skip none'],
  ['dane', { ...dane, options: { audit: true } }, tls({ dane: { kind: 'failed', row: '4', fault } }), '4 skip none'],
  ['dane', dane, tls({ dane: { kind: 'matched' } }), '8 deliver verified'],
  ['relaxMay', enforce, { kind: 'no-session', reason: 'nobody there' }, '30 skip none'],
]

for (const [rule, given, found, expected] of sessions) {
  test(`rows 1d/34, 1d/35: ${describeRule(rules[rule])}, and the session shows ${JSON.stringify(found)}: ${expected}`, () => {
    const [host] = decideWith([override(rule)], given).hosts
    const { row, action, protection, text } = judgeSession(host as ConnectDecision, found)
    assert.equal(`${row} ${action} ${protection}`, expected)
    if (row === '34' || row === '35') assert.match(text, /by override of alice until .*: why /)
  })
}

test('TLSRPT counts what an override lets pass as what it was (RFC 8460 §4.3)', () => {
  const [host] = decideWith([override('relaxMay')], tlsaFailed).hosts
  const { reports } = judgeSession(host as ConnectDecision, noTls)
  assert.deepEqual(
    reports.map(({ policyType, resultType }) => [policyType, resultType]),
    [['tlsa', 'dnssec-invalid']],
  )
})
