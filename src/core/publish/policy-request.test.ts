import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domain } from '../../../test/support/domain.ts'
import { judgePolicyRequest, type PolicyRequest, policyPath, type RequestRefusal } from './policy-request.ts'

const host = domain('mta-sts.example.org')
const usual: PolicyRequest = { method: 'GET', target: policyPath, hosts: [host], servername: host }

const taken: [what: string, request: Partial<PolicyRequest>][] = [
  ['the one path (STS-20)', {}],
  ['HEAD', { method: 'HEAD' }],
  ['a Host in capitals', { hosts: ['MTA-STS.Example.ORG'] }],
  ['a Host with its port', { hosts: [`${host}:443`] }],
  ['a Host with a colon and no port (RFC 9110 §4.2.1)', { hosts: [`${host}:`] }],
  ['a Host with the port of a proxy', { hosts: [`${host}:8443`], servername: undefined }],
  ['a Host with the final dot', { hosts: [`${host}.`] }],
  ['the absolute form (RFC 9112 §3.2.2)', { target: `https://${host}${policyPath}` }],
  ['the absolute form in capitals', { target: `HTTPS://MTA-STS.EXAMPLE.ORG:443${policyPath}` }],
  ['the absolute form before Host (RFC 9112 §3.2.2)', { target: `https://${host}${policyPath}`, hosts: ['b.example'] }],
  ['a connection that a proxy had', { servername: undefined }],
]
for (const [what, request] of taken) {
  test(`judgePolicyRequest takes ${what}`, () => {
    assert.deepEqual(judgePolicyRequest({ ...usual, ...request }), { kind: 'policy', host })
  })
}

const elsewhere = [
  '/',
  '',
  '*',
  '/.well-known/mta-sts.txt?',
  '/.well-known/mta-sts.txt?a=b',
  '/.well-known/mta-sts.txt#',
  '/.well-known/mta-sts.txt/',
  '/.well-known/mta-sts.txt%00',
  '/.well-known/mta-sts%2etxt',
  '/%2ewell-known/mta-sts.txt',
  '/.well-known%2fmta-sts.txt',
  '/.Well-Known/mta-sts.txt',
  '/.well-known/MTA-STS.txt',
  '//.well-known/mta-sts.txt',
  '/.well-known//mta-sts.txt',
  '/./.well-known/mta-sts.txt',
  '/a/../.well-known/mta-sts.txt',
  '/.well-known/../../etc/passwd',
  '/.well-known/mta-sts.txt ',
  '.well-known/mta-sts.txt',
  '\\.well-known\\mta-sts.txt',
  'http://mta-sts.example.org/.well-known/mta-sts.txt',
  'https://mta-sts.example.org',
  'https://mta-sts.example.org/.well-known/mta-sts.txt?a',
  'https://user@mta-sts.example.org/.well-known/mta-sts.txt',
  'https:///mta-sts.example.org/.well-known/mta-sts.txt',
  'mta-sts.example.org:443',
]

const refused: [what: string, request: Partial<PolicyRequest>, why: RequestRefusal][] = [
  ...elsewhere.map((target): [string, Partial<PolicyRequest>, RequestRefusal] => [
    `the target "${target}"`,
    { target },
    'no-such-path',
  ]),
  ...['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get'].map(
    (method): [string, Partial<PolicyRequest>, RequestRefusal] => [`the method ${method}`, { method }, 'no-such-path'],
  ),
  ['no Host (RFC 9112 §3.2)', { hosts: [] }, 'bad-host'],
  ['two of them', { hosts: [host, host] }, 'bad-host'],
  ['an empty one', { hosts: [''] }, 'bad-host'],
  ['an address', { hosts: ['192.0.2.1'] }, 'bad-host'],
  ['an address of IPv6', { hosts: ['[2001:db8::1]'] }, 'bad-host'],
  ['a name with a path', { hosts: [`${host}/x`] }, 'bad-host'],
  ['a name with a user', { hosts: [`user@${host}`] }, 'bad-host'],
  ['two names', { hosts: [`${host}, b.example`] }, 'bad-host'],
  ['a port that is none', { hosts: [`${host}:https`] }, 'bad-host'],
  ['a name of no bad path', { hosts: ['a b'], target: '/' }, 'bad-host'],
  ['an absolute target without a host', { target: `https://${policyPath}` }, 'bad-host'],
  ['another Host than the certificate was for', { hosts: ['mta-sts.b.example'] }, 'misdirected'],
  ['another host in the absolute form', { target: `https://mta-sts.b.example${policyPath}` }, 'misdirected'],
]
for (const [what, request, why] of refused) {
  test(`judgePolicyRequest refuses ${what}`, () => {
    assert.deepEqual(judgePolicyRequest({ ...usual, ...request }), { kind: 'refused', why })
  })
}

test('judgePolicyRequest never answers for another host than the one that the connection is for', () => {
  const texts = fc.oneof(fc.string(), fc.constantFrom(policyPath, host, `https://${host}${policyPath}`, ...elsewhere))
  const requests = fc.record({ method: fc.constantFrom('GET', 'HEAD', 'POST'), target: texts, hosts: fc.array(texts) })
  fc.assert(
    fc.property(requests, (request) => {
      const judged = judgePolicyRequest({ ...request, servername: host })
      assert.ok(judged.kind === 'refused' || judged.host === host)
    }),
  )
})
