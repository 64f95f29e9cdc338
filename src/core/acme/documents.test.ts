import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { limits } from '../limits.ts'
import type { DomainName } from '../name/domain.ts'
import { parseAuthorization } from './authorization.ts'
import { parseDirectory } from './directory.ts'
import { parseOrder } from './order.ts'
import { parseRenewalInformation } from './renewal-information.ts'

const origins = new Set(['https://acme.example', 'https://other.example:14000'])
const name = 'mta-sts.example.org' as DomainName
const octets = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const at = (path: string) => `https://acme.example/${path}`

const directory = { newNonce: at('nonce'), newAccount: at('account'), newOrder: at('order'), revokeCert: 7 }
const order = {
  status: 'pending',
  identifiers: [{ type: 'dns', value: 'mta-sts.example.org' }],
  authorizations: [at('authz/1')],
  finalize: at('finalize/1'),
}
const token = 'a'.repeat(22)
const challenge = { type: 'http-01', url: at('challenge/1'), token, status: 'pending' }
const authorization = { identifier: order.identifiers[0], status: 'pending', challenges: [challenge] }

test('parseDirectory reads what a directory must have, and knows nothing of what may be absent', () => {
  assert.deepEqual(parseDirectory(octets(directory), origins), {
    ok: true,
    value: {
      newNonce: at('nonce'),
      newAccount: at('account'),
      newOrder: at('order'),
      renewalInfo: undefined,
      termsOfService: undefined,
      externalAccountRequired: false,
      profiles: [],
    },
  })
})

test('parseDirectory reads renewal information, terms, external accounts and profiles', () => {
  const meta = {
    termsOfService: 'https://a/terms',
    externalAccountRequired: true,
    profiles: { classic: 'x', short: 'y' },
  }
  const read = parseDirectory(octets({ ...directory, renewalInfo: 'https://other.example:14000/ari', meta }), origins)
  assert.ok(read.ok)
  assert.equal(read.value.renewalInfo, 'https://other.example:14000/ari')
  assert.equal(read.value.termsOfService, 'https://a/terms')
  assert.equal(read.value.externalAccountRequired, true)
  assert.deepEqual(read.value.profiles, ['classic', 'short'])
})

const badUrls: [why: string, url: unknown][] = [
  ['of another host', 'https://evil.example/order'],
  ['of another port', 'https://acme.example:8443/order'],
  ['without TLS', 'http://acme.example/order'],
  ['with a password', 'https://user:pass@acme.example/order'],
  ['with a fragment', 'https://acme.example/order#part'],
  ['with a line break', 'https://acme.example/\r\norder'],
  ['that is no text', { href: 'https://acme.example/order' }],
  ['that is too long', at('x'.repeat(limits.acme.urlCharacters))],
  ['that is relative', '/order'],
  ['that hides its host behind a backslash', 'https:\\\\evil.example/order'],
]
for (const [why, url] of badUrls) {
  test(`a URL ${why} is refused wherever it stands`, () => {
    assert.deepEqual(parseDirectory(octets({ ...directory, newOrder: url }), origins), {
      ...{ ok: false, fault: 'newOrder', at: 0 },
    })
    const fault = (value: object) => parseOrder(octets({ ...order, ...value }), name, origins)
    assert.equal(faultOf(fault({ finalize: url })), 'finalize')
    assert.equal(faultOf(fault({ authorizations: [at('authz/1'), url] })), 'authorizations')
    assert.equal(faultOf(fault({ status: 'valid', certificate: url })), 'certificate')
    const challenges = [{ ...challenge, url }]
    assert.equal(faultOf(parseAuthorization(octets({ ...authorization, challenges }), name, origins)), 'challenges')
  })
}

function faultOf(result: { readonly ok: boolean; readonly fault?: string }): string | undefined {
  return result.ok ? undefined : result.fault
}

const badDirectories: [why: string, body: unknown, fault: string][] = [
  ['nothing', '', 'json'],
  ['a list', [], 'json'],
  ['null', null, 'json'],
  ['no newNonce', { ...directory, newNonce: undefined }, 'newNonce'],
  ['no newAccount', { ...directory, newAccount: undefined }, 'newAccount'],
  ['members that every object has', { toString: 1 }, 'newNonce'],
  ['renewal information elsewhere', { ...directory, renewalInfo: 'https://evil.example/' }, 'renewalInfo'],
  ['meta that is no object', { ...directory, meta: [] }, 'meta'],
  [
    'an external account that is neither asked for nor not',
    { ...directory, meta: { externalAccountRequired: 'no' } },
    'meta',
  ],
  ['profiles that are a list', { ...directory, meta: { profiles: ['classic'] } }, 'meta'],
]
for (const [why, body, fault] of badDirectories) {
  test(`parseDirectory refuses ${why}`, () => assert.equal(faultOf(parseDirectory(octets(body), origins)), fault))
}

test('parseDirectory refuses octets that are no UTF-8', () => {
  const body = Buffer.concat([Buffer.from('{"newNonce":"'), Buffer.from([0xff]), Buffer.from('"}')])
  assert.equal(faultOf(parseDirectory(body, origins)), 'json')
})

test('parseOrder reads each status, and a certificate or an error where they belong', () => {
  const read = (value: object) => parseOrder(octets({ ...order, ...value }), name, origins)
  const common = { authorizations: [at('authz/1')], finalize: at('finalize/1') }
  for (const status of ['pending', 'ready', 'processing'] as const) {
    assert.deepEqual(read({ status, certificate: at('early') }), { ok: true, value: { status, ...common } })
  }
  const certificate = at('certificate/1')
  assert.deepEqual(read({ status: 'valid', certificate }), {
    ok: true,
    value: { status: 'valid', certificate, ...common },
  })
  const error = { type: 'urn:ietf:params:acme:error:caa', detail: 'no' }
  const invalid = read({ status: 'invalid', error })
  assert.ok(invalid.ok && invalid.value.status === 'invalid')
  assert.deepEqual(invalid.value.error, { type: 'caa', detail: 'no', subproblems: [] })
})

const badOrders: [why: string, change: object, fault: string][] = [
  ['another name', { identifiers: [{ type: 'dns', value: 'evil.example' }] }, 'identifiers'],
  ['a second name', { identifiers: [...order.identifiers, { type: 'dns', value: 'evil.example' }] }, 'identifiers'],
  ['an address', { identifiers: [{ type: 'ip', value: 'mta-sts.example.org' }] }, 'identifiers'],
  ['no name', { identifiers: [] }, 'identifiers'],
  ['an unknown status', { status: 'revoked' }, 'status'],
  [
    'too many authorizations',
    { authorizations: Array(limits.acme.authorizations + 1).fill(at('a')) },
    'authorizations',
  ],
  ['a valid one without certificate', { status: 'valid' }, 'certificate'],
]
for (const [why, change, fault] of badOrders) {
  test(`parseOrder refuses ${why}`, () => {
    assert.equal(faultOf(parseOrder(octets({ ...order, ...change }), name, origins)), fault)
  })
}

test('parseOrder takes its own name in capitals', () => {
  const identifiers = [{ type: 'dns', value: 'MTA-STS.Example.ORG' }]
  assert.ok(parseOrder(octets({ ...order, identifiers }), name, origins).ok)
})

test('parseAuthorization keeps the challenges that we can meet, and what became of them', () => {
  const challenges = [
    { type: 'dns-01', url: 'https://evil.example/', token: '' },
    { ...challenge, error: { type: 'urn:ietf:params:acme:error:connection', detail: 'refused' } },
    { ...challenge, type: 'tls-alpn-01' },
  ]
  const read = parseAuthorization(octets({ ...authorization, status: 'invalid', challenges }), name, origins)
  assert.ok(read.ok)
  assert.equal(read.value.status, 'invalid')
  assert.deepEqual(
    read.value.challenges.map(({ type, error }) => [type, error?.type]),
    [
      ['http-01', 'connection'],
      ['tls-alpn-01', undefined],
    ],
  )
})

const badAuthorizations: [why: string, change: object, fault: string][] = [
  ['another name', { identifier: { type: 'dns', value: 'evil.example' } }, 'identifier'],
  ['an unknown status', { status: 'ready' }, 'status'],
  ['too many challenges', { challenges: Array(limits.acme.challenges + 1).fill(challenge) }, 'challenges'],
  ['a challenge that is text', { challenges: ['http-01'] }, 'challenges'],
  ['a token that is a path', { challenges: [{ ...challenge, token: `../${token}` }] }, 'challenges'],
  ['a token that can be guessed', { challenges: [{ ...challenge, token: 'abc' }] }, 'challenges'],
  ['a token without end', { challenges: [{ ...challenge, token: 'a'.repeat(257) }] }, 'challenges'],
  ['a token with a line break', { challenges: [{ ...challenge, token: `${token}\n` }] }, 'challenges'],
]
for (const [why, change, fault] of badAuthorizations) {
  test(`parseAuthorization refuses ${why}`, () => {
    assert.equal(faultOf(parseAuthorization(octets({ ...authorization, ...change }), name, origins)), fault)
  })
}

const window = { start: '2026-01-02T04:00:00Z', end: '2026-01-03T04:00:00.5+01:00' }
test('parseRenewalInformation reads the window and the page that explains it', () => {
  const read = parseRenewalInformation(octets({ suggestedWindow: window, explanationURL: 'https://a/why' }))
  assert.deepEqual(read, {
    ok: true,
    value: { start: Date.UTC(2026, 0, 2, 4), end: Date.UTC(2026, 0, 3, 3, 0, 0, 500), explanation: 'https://a/why' },
  })
})

const badWindows: [why: string, suggestedWindow: unknown][] = [
  ['no window', undefined],
  ['a window that ends before it starts', { start: window.end, end: window.start }],
  ['a window of no time', { start: window.start, end: window.start }],
  ['a date without zone', { ...window, start: '2026-01-02T04:00:00' }],
  ['a date that is none', { ...window, start: '2026-13-02T04:00:00Z' }],
  ['a number for a date', { ...window, start: 1767326400 }],
]
for (const [why, suggestedWindow] of badWindows) {
  test(`parseRenewalInformation refuses ${why}`, () => {
    assert.equal(faultOf(parseRenewalInformation(octets({ suggestedWindow }))), 'suggestedWindow')
  })
}

test('whatever an authority sends, the parsers answer, and every URL that they give out is of its origins', () => {
  const url = fc.constantFrom(at('x'), 'https://evil.example/', '//evil.example/', 'https://acme.example.evil.example/')
  const value = fc.oneof({ depthSize: 'small' }, url, fc.jsonValue())
  const change = fc.dictionary(
    fc.constantFrom(
      'status',
      'identifiers',
      'authorizations',
      'finalize',
      'certificate',
      'challenges',
      'meta',
      'newOrder',
    ),
    value,
  )
  fc.assert(
    fc.property(change, fc.constantFrom('valid', 'pending', 'invalid'), fc.uint8Array(), (changes, status, noise) => {
      const one = parseOrder(octets({ ...order, status, certificate: at('c'), ...changes }), name, origins)
      if (one.ok) {
        const urls = [one.value.finalize, ...one.value.authorizations]
        if (one.value.status === 'valid') urls.push(one.value.certificate)
        for (const each of urls) assert.ok(origins.has(new URL(each).origin), each)
      }
      const two = parseAuthorization(octets({ ...authorization, ...changes }), name, origins)
      if (two.ok) for (const each of two.value.challenges) assert.ok(origins.has(new URL(each.url).origin))
      const three = parseDirectory(octets({ ...directory, ...changes }), origins)
      if (three.ok) assert.ok(origins.has(new URL(three.value.newOrder).origin))
      for (const parse of [parseOrder, parseAuthorization]) assert.ok(!parse(noise, name, origins).ok)
      assert.ok(!parseDirectory(noise, origins).ok && !parseRenewalInformation(noise).ok)
    }),
    { numRuns: 500 },
  )
})
