import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Case,
  connectTo,
  differs,
  expired,
  handshake,
  insecure,
  invalid,
  leafDiffers,
  listed,
  matched,
  noMatch,
  notOffered,
  other,
  type Row,
  reportsOf,
  stsExpired,
  testVerdicts,
  unlisted,
  untrusted,
  up,
} from '../../../test/support/verdicts.ts'
import { type ConnectDecision, defaultOptions } from './decision.ts'
import { judgeSession } from './judge.ts'

testVerdicts([
  [
    'row 1d/29: mandatory TLS, and STARTTLS is not offered',
    { tlsMandatory: true },
    notOffered,
    ['29', 'skip', 'none', 'starttls', 'no-policy-found starttls-not-supported (starttls-not-offered)'],
  ],
  [
    'row 1d/29: mandatory TLS, mode testing, and the handshake fails',
    { tlsMandatory: true, sts: ['testing', listed] },
    handshake,
    ['29', 'skip', 'none', 'starttls', 'sts validation-failure (alert-40)'],
  ],
  [
    'row 1d/29: with a policy in force it is row 18',
    { tlsMandatory: true, sts: ['enforce', listed] },
    notOffered,
    ['18', 'skip', 'none', 'starttls', 'sts starttls-not-supported (starttls-not-offered)'],
  ],
  [
    'row 1d/29: mandatory TLS is content with any certificate',
    { tlsMandatory: true },
    up(undefined, untrusted),
    ['27', 'deliver', 'encrypted', 'starttls', 'no-policy-found S+'],
  ],
  ...[{}, { dane: 'OK' }, { sts: ['enforce', listed] }, { waived: true }, { audit: true }].map(
    (host): Row => [
      `row 1d/30: nobody there counts for nothing (${JSON.stringify(host)})`,
      host as Case,
      { kind: 'no-session', reason: 'refused' },
      ['30', 'skip', 'none', 'smtp'],
    ],
  ),
  [
    'row 1d/31: as row 2, in the clear',
    { audit: true, dane: 'OK' },
    notOffered,
    ['31', 'deliver', 'none', 'starttls', 'tlsa starttls-not-supported (starttls-not-offered)'],
  ],
  [
    'row 1d/31: as row 3, after a new connection',
    { audit: true, dane: 'OK' },
    handshake,
    ['31', 'retry-in-clear', 'none', 'dane', 'tlsa validation-failure (alert-40)'],
  ],
  ...(['4', '5', '6', '7'] as const).map(
    (row): Row => [
      `row 1d/31: as row ${row}`,
      { audit: true, dane: 'OK' },
      up(differs(row, 'certificate-not-trusted', 'x')),
      ['31', 'deliver', 'encrypted', 'dane', 'tlsa certificate-not-trusted (x)'],
    ],
  ),
  [
    'row 1d/31: as row 16',
    { audit: true, dane: 'UNUSABLE', sts: ['enforce', other] },
    up(),
    ['31', 'deliver', 'encrypted', 'mta-sts', unlisted, invalid],
  ],
  [
    'row 1d/31: as row 17',
    { audit: true, sts: ['enforce', other] },
    up(),
    ['31', 'deliver', 'encrypted', 'mta-sts', unlisted],
  ],
  [
    'row 1d/31: as row 17, in the clear',
    { audit: true, sts: ['enforce', other] },
    notOffered,
    ['31', 'deliver', 'none', 'mta-sts', unlisted],
  ],
  [
    'row 1d/31: as row 18',
    { audit: true, sts: ['enforce', listed] },
    notOffered,
    ['31', 'deliver', 'none', 'starttls', 'sts starttls-not-supported (starttls-not-offered)'],
  ],
  [
    'row 1d/31: as row 19',
    { audit: true, sts: ['enforce', listed] },
    handshake,
    ['31', 'retry-in-clear', 'none', 'mta-sts', 'sts validation-failure (alert-40)'],
  ],
  [
    'row 1d/31: as row 20',
    { audit: true, sts: ['enforce', listed] },
    up(undefined, expired),
    ['31', 'deliver', 'encrypted', 'mta-sts', stsExpired],
  ],
  [
    'row 1d/31: what needs no audit is as ever',
    { audit: true, dane: 'OK' },
    up(matched),
    ['8', 'deliver', 'verified', 'dane', 'tlsa S+'],
  ],
  [
    'row 1d/31: rows 12 and 13 are not audited',
    { audit: true, dane: 'OK', mx: insecure, sts: ['enforce', listed] },
    up(matched, expired),
    ['12', 'skip', 'none', 'mta-sts', 'tlsa S+', stsExpired],
  ],
  [
    'row 1d/31: nor is row 13',
    { audit: true, dane: 'UNUSABLE' },
    notOffered,
    ['13', 'skip', 'none', 'starttls', 'tlsa starttls-not-supported (starttls-not-offered)', invalid],
  ],
  [
    'row 1d/31: nor mandatory TLS, row 29',
    { audit: true, tlsMandatory: true, dane: 'OK' },
    handshake,
    ['3', 'skip', 'none', 'dane', 'tlsa validation-failure (alert-40)'],
  ],
  [
    'row 1d/32: waived, as row 2',
    { waived: true, dane: 'OK' },
    notOffered,
    ['32', 'deliver', 'none', 'starttls', 'tlsa starttls-not-supported (starttls-not-offered)'],
  ],
  [
    'row 1d/32: waived, as row 3',
    { waived: true, dane: 'OK' },
    handshake,
    ['32', 'retry-in-clear', 'none', 'dane', 'tlsa validation-failure (alert-40)'],
  ],
  [
    'row 1d/32: waived, as row 4',
    { waived: true, dane: 'OK' },
    up(leafDiffers),
    ['32', 'deliver', 'encrypted', 'dane', noMatch],
  ],
  [
    'row 1d/32: waived, as row 8, which it stays',
    { waived: true, dane: 'OK' },
    up(matched),
    ['32', 'deliver', 'verified', 'dane', 'tlsa S+'],
  ],
  [
    'row 1d/32: waived, as row 1',
    { waived: true, dane: 'ERR' },
    up(undefined, untrusted),
    ['32', 'deliver', 'encrypted', 'starttls', 'tlsa dnssec-invalid (tlsa-lookup-failed)'],
  ],
  [
    'row 1d/32: waived, as row 13',
    { waived: true, dane: 'UNUSABLE' },
    notOffered,
    ['32', 'deliver', 'none', 'starttls', 'tlsa starttls-not-supported (starttls-not-offered)', invalid],
  ],
  [
    'row 1d/32: waived, as row 17',
    { waived: true, sts: ['enforce', other], daneMandatory: true },
    up(),
    ['32', 'deliver', 'encrypted', 'mta-sts', unlisted],
  ],
  [
    'row 1d/32: waived, as row 29',
    { waived: true, tlsMandatory: true },
    handshake,
    ['32', 'retry-in-clear', 'none', 'starttls', 'no-policy-found validation-failure (alert-40)'],
  ],
  [
    'row 1d/33: REQUIRETLS, with DANE on secure MX records',
    { requireTls: true, dane: 'OK' },
    up(matched),
    ['8', 'deliver', 'verified', 'dane', 'tlsa S+'],
  ],
  [
    'row 1d/33: REQUIRETLS, with a policy that holds',
    { requireTls: true, sts: ['enforce', listed] },
    up(),
    ['21', 'deliver', 'verified', 'mta-sts', 'sts S+'],
  ],
  [
    'row 1d/33: REQUIRETLS, with DANE on insecure MX records and a policy that holds',
    { requireTls: true, dane: 'OK', mx: insecure, sts: ['enforce', listed] },
    up(matched),
    ['9', 'deliver', 'verified', 'dane', 'tlsa S+', 'sts S+'],
  ],
  [
    'row 1d/33: REQUIRETLS, with unusable records and a policy that holds',
    { requireTls: true, dane: 'UNUSABLE', sts: ['enforce', listed] },
    up(),
    ['15', 'deliver', 'verified', 'mta-sts', 'sts S+', invalid],
  ],
  [
    'row 1d/33: REQUIRETLS, and the server does not pass it on, counted as evaluated',
    { requireTls: true, dane: 'OK' },
    { kind: 'no-requiretls', peer: { dane: matched, pkixFault: undefined } },
    ['33', 'skip', 'none', 'requiretls', 'tlsa S+'],
  ],
  [
    'row 1d/33: REQUIRETLS, and nothing is known of the peer',
    { requireTls: true, dane: 'OK' },
    { kind: 'no-requiretls' },
    ['33', 'skip', 'none', 'requiretls'],
  ],
  [
    'row 1d/33: REQUIRETLS in audit mode, as row 2',
    { requireTls: true, audit: true, dane: 'OK' },
    notOffered,
    ['2', 'skip', 'none', 'starttls', 'tlsa starttls-not-supported (starttls-not-offered)'],
  ],
])

test('row 1d/31: the text says that it was delivered all the same, and what would have held it back', () => {
  const { text } = judgeSession(connectTo({ audit: true, dane: 'OK' }), up(leafDiffers))
  assert.equal(text, 'delivered in audit mode, although dane-no-match')
})

test('row 1d/17: a host that is not listed is turned away by any session too', () => {
  const host: ConnectDecision = { ...connectTo({ audit: true, sts: ['enforce', other] }), options: defaultOptions }
  for (const found of [notOffered, handshake, up()]) {
    const verdict = judgeSession(host, found)
    assert.deepEqual([verdict.row, verdict.action, ...reportsOf(verdict)], ['17', 'skip', unlisted])
  }
})

test('row 1d/33: a host that only DANE behind insecure MX records proves is none for REQUIRETLS', () => {
  const demand = { requireTls: true, waived: false }
  const host: ConnectDecision = { ...connectTo({ dane: 'OK', mx: insecure }), demand }
  const verdict = judgeSession(host, up(matched))
  assert.deepEqual([verdict.row, verdict.action, ...reportsOf(verdict)], ['33', 'skip', 'tlsa S+'])
})

test('row 1d/33: a policy in mode testing is none for REQUIRETLS, although it holds', () => {
  const demand = { requireTls: true, waived: false }
  const host: ConnectDecision = { ...connectTo({ sts: ['testing', listed] }), demand }
  const verdict = judgeSession(host, up())
  assert.deepEqual(
    [verdict.row, verdict.action, verdict.cause, ...reportsOf(verdict)],
    ['33', 'skip', 'requiretls', 'sts S+'],
  )
})
