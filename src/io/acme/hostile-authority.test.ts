import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { test } from 'node:test'
import * as x509 from '@peculiar/x509'
import { makeIssuer, problem, type StubAnswer, type StubAuthority } from '../../../test/support/acme/authority.ts'
import { type AcmeWorld, obtain, openAcmeWorld, policyHost } from '../../../test/support/acme/client.ts'
import { limits } from '../../core/limits.ts'
import { type AcmeFault, isAcmeFailure } from './acme-failure.ts'
import { makeKey } from './keys.ts'

type Tamper = StubAuthority['tamper']

/** Changes the answers at one path. */
const at =
  (prefix: string, change: (answer: StubAnswer) => StubAnswer | undefined): Tamper =>
  (path, answer) =>
    path.startsWith(prefix) ? change(answer) : answer
const withBody = (change: (value: Record<string, unknown>) => void) => (answer: StubAnswer) => {
  const value = JSON.parse(String(answer.body))
  change(value)
  return { ...answer, body: JSON.stringify(value) }
}
const redirect = (answer: StubAnswer) => ({ ...answer, status: 307, headers: { location: 'https://evil.example/' } })
const huge = (answer: StubAnswer) => ({ ...answer, body: Buffer.alloc(limits.acme.bodyOctets + 1, 0x20) })

const hostile: [why: string, tamper: Tamper, fault: AcmeFault, reason: RegExp][] = [
  ['sends a directory without end', at('directory', huge), 'protocol', /over 262144 octets/],
  ['sends an order without end', at('order', huge), 'protocol', /over 262144 octets/],
  ['sends a certificate without end', at('certificate/', huge), 'protocol', /over 262144 octets/],
  [
    'sends a head without end',
    at('order', (answer) => ({ ...answer, headers: { ...answer.headers, 'x-long': 'x'.repeat(20_000) } })),
    ...(['unreachable', /no HTTP that can be read/] as const),
  ],
  ['redirects the directory', at('directory', redirect), 'protocol', /status 307, a redirect/],
  ['redirects an order', at('order', redirect), 'protocol', /status 307, a redirect/],
  ['closes instead of answering', at('order', () => undefined), 'unreachable', /acme\.test:\d+: /],
  ['gives no nonce', at('nonce', (answer) => ({ ...answer, headers: { 'replay-nonce': '' } })), 'protocol', /no nonce/],
  [
    'gives a nonce that is none',
    at('nonce', (answer) => ({ ...answer, headers: { 'replay-nonce': 'a"b' } })),
    ...(['protocol', /no nonce/] as const),
  ],
  [
    'gives a nonce without end',
    at('nonce', (answer) => ({ ...answer, headers: { 'replay-nonce': 'a'.repeat(257) } })),
    ...(['protocol', /no nonce/] as const),
  ],
  [
    'sends new orders to another host',
    at(
      'directory',
      withBody((value) => void Object.assign(value, { newOrder: 'https://evil.example/order' })),
    ),
    ...(['protocol', /the directory has no usable newOrder/] as const),
  ],
  [
    'calls our account by a URL of another host',
    at('account', (answer) => ({ ...answer, headers: { ...answer.headers, location: 'https://evil.example/1' } })),
    ...(['protocol', /a new account without a usable URL/] as const),
  ],
  [
    'has an account that is revoked',
    at(
      'account',
      withBody((value) => void Object.assign(value, { status: 'revoked\u001b' })),
    ),
    ...(['account', /the account is revoked\\x1b/] as const),
  ],
  [
    'keeps orders at another host',
    at('order', (answer) => ({ ...answer, headers: { ...answer.headers, location: 'https://evil.example/1' } })),
    ...(['protocol', /a new order without a usable URL/] as const),
  ],
  [
    'orders another name',
    at(
      'order',
      withBody((value) => void Object.assign(value, { identifiers: [{ type: 'dns', value: 'evil.example' }] })),
    ),
    ...(['protocol', /an order without usable identifiers/] as const),
  ],
  [
    'authorizes another name',
    at(
      'authorization',
      withBody((value) => void Object.assign(value, { identifier: { type: 'dns', value: 'evil.example' } })),
    ),
    ...(['protocol', /an authorization without usable identifier/] as const),
  ],
  [
    'offers no challenge that we can meet',
    at(
      'authorization',
      withBody((value) => void Object.assign(value, { challenges: [] })),
    ),
    ...(['refused', /offers none of the challenges http-01/] as const),
  ],
  [
    'never ends an authorization',
    at(
      'authorization',
      withBody((value) => void Object.assign(value, { status: 'pending' })),
    ),
    ...(['endless', /the authorization is still pending after 60 questions/] as const),
  ],
  [
    'never readies an order',
    at(
      'order/',
      withBody((value) => void Object.assign(value, { status: 'pending' })),
    ),
    ...(['endless', /the order is still pending after 60 questions/] as const),
  ],
  [
    'never ends processing',
    at(
      'order/',
      withBody((value) => void Object.assign(value, { status: 'processing' })),
    ),
    ...(['endless', /the order is still processing after 60 questions/] as const),
  ],
  [
    'takes back an authorization',
    at(
      'authorization',
      withBody((value) => void Object.assign(value, { status: 'deactivated' })),
    ),
    ...(['validation', /the authorization is deactivated/] as const),
  ],
  [
    'finds fault with an order in the end',
    at(
      'finalize',
      withBody(
        (value) =>
          void Object.assign(value, {
            status: 'invalid',
            error: { type: 'urn:ietf:params:acme:error:caa', detail: 'n\u202eo' },
          }),
      ),
    ),
    ...(['refused', /^caa: n\\u202eo$/] as const),
  ],
  [
    'has the certificate at another host',
    at(
      'finalize',
      withBody((value) => void Object.assign(value, { certificate: 'https://evil.example/' })),
    ),
    ...(['protocol', /an order without usable certificate/] as const),
  ],
  [
    'sends a page for a certificate',
    at('certificate/', (answer) => ({ ...answer, headers: { 'content-type': 'text/html' } })),
    ...(['protocol', /a media type that was not asked for/] as const),
  ],
  [
    'sends no certificate',
    at('certificate/', (answer) => ({ ...answer, body: '' })),
    'certificate',
    /gave no certificate/,
  ],
  [
    'sends text between certificates',
    at('certificate/', (answer) => ({ ...answer, body: `Hello\n${answer.body}` })),
    ...(['certificate', /no chain of certificates/] as const),
  ],
  [
    'sends a chain without end',
    at('certificate/', (answer) => ({ ...answer, body: String(answer.body).repeat(6) })),
    ...(['certificate', /a chain of over 10 certificates/] as const),
  ],
  [
    'sends the chain upside down',
    at('certificate/', (answer) => ({
      ...answer,
      body: String(answer.body)
        .split(/(?<=-----END CERTIFICATE-----\n)/)
        .reverse()
        .join(''),
    })),
    ...(['certificate', /a certificate for another key/] as const),
  ],
  [
    'leaves the intermediate certificate out',
    at('certificate/', (answer) => ({
      ...answer,
      body: String(answer.body).split(/(?<=-----END CERTIFICATE-----\n)/)[0] ?? '',
    })),
    ...(['certificate', /the certificate is not trusted/] as const),
  ],
  [
    'refuses with controls',
    at('order', () => problem('rejectedIdentifier', 'a\u0000b\nc', 403)),
    'refused',
    /^rejectedIdentifier: a\\x00b\\x0ac$/,
  ],
  [
    'does not know our account',
    at('order', () => problem('unauthorized', 'deactivated', 401)),
    'account',
    /deactivated/,
  ],
  ['is in trouble', at('order', () => problem('serverInternal', 'x', 500)), 'unreachable', /serverInternal: x/],
  [
    'sends a page of a proxy',
    at('order', (answer) => ({ ...answer, status: 403, body: '<html>' })),
    'unreachable',
    /status 403/,
  ],
]
for (const [why, tamper, fault, reason] of hostile) {
  test(`an authority that ${why} gets nowhere, and the reason is told`, async (context) => {
    const world = await openAcmeWorld(context)
    world.stub.tamper = tamper
    const failed = await obtain(world.client())
    assert.ok(isAcmeFailure(failed), JSON.stringify(failed))
    assert.equal(failed.fault, fault, failed.reason)
    assert.match(failed.reason, reason)
    assert.doesNotMatch(failed.reason, /[\p{Cc}\p{Cf}]/u)
  })
}

test('rate limits say for how long, by seconds or by a date', async (context) => {
  const world = await openAcmeWorld(context)
  world.clock.move(-(world.clock.now() % 1000) / 1000)
  const date = new Date(world.clock.now() + 7_200_000).toUTCString()
  for (const [retryAfter, retryAfterMs] of [
    ['3600', 3_600_000],
    [date, 7_200_000],
    ['soon', undefined],
  ] as const) {
    world.stub.tamper = at('order', () => {
      const answer = problem('rateLimited', 'too many', 429)
      return { ...answer, headers: { ...answer.headers, 'retry-after': retryAfter } }
    })
    const failed = await obtain(world.client())
    assert.ok(isAcmeFailure(failed))
    assert.equal(failed.fault, 'rate-limited')
    assert.equal(failed.retryAfterMs, retryAfterMs)
  }
})

test('an authority that asks for pauses gets them, within bounds', async (context) => {
  const world = await openAcmeWorld(context)
  let asked = 0
  const waits = ['0', '7', '86400', 'soon']
  world.stub.tamper = at('authorization', (answer) => {
    const value = JSON.parse(String(answer.body))
    const retryAfter = waits[asked++ - 1]
    if (retryAfter === undefined) return answer
    return {
      ...answer,
      headers: { ...answer.headers, 'retry-after': retryAfter },
      body: JSON.stringify({ ...value, status: 'pending' }),
    }
  })
  assert.ok(!isAcmeFailure(await obtain(world.client())))
  assert.deepEqual(world.pauses.slice(0, 4), [500, 500, 7000, 30_000])
  assert.ok((world.pauses[4] ?? 0) < 30_000)
})

test('an authority whose own certificate is not good is told nothing', async (context) => {
  const world = await openAcmeWorld(context)
  const { createPkixTrust } = await import('../https/pkix-trust.ts')
  const failed = await obtain(world.client({ trust: createPkixTrust(world.stub.root) }))
  assert.ok(isAcmeFailure(failed))
  assert.match(failed.reason, /not trusted/)
  assert.deepEqual(world.stub.requests, [])
})

test('an authority that never answers is given up by whoever waits', async (context) => {
  const world = await openAcmeWorld(context)
  const stop = new AbortController()
  world.stub.tamper = (path, answer, request) => {
    if (path !== 'order') return answer
    stop.abort()
    request.socket.pause()
    return undefined
  }
  const failed = await obtain(world.client(), { signal: stop.signal })
  assert.ok(isAcmeFailure(failed))
  assert.ok(failed.fault === 'aborted' || failed.fault === 'unreachable')
  assert.ok(!world.stub.requests.some((each) => each.startsWith('POST authorization')))
})

type Minting = {
  readonly names?: string[]
  readonly notBefore?: number
  readonly notAfter?: number
  readonly otherKey?: boolean
}

/** Answers with a certificate of a root that the client trusts, but not the one that was asked for. */
async function mintInstead(world: AcmeWorld, { names = [policyHost], notBefore, notAfter, otherKey = false }: Minting) {
  const key = await makeKey('p256')
  const spki = createPublicKey(otherKey ? await makeKey('p256') : key).export({ type: 'spki', format: 'der' })
  const issuer = await makeIssuer()
  const now = world.clock.now()
  const lifetime = { notBefore: notBefore ?? now - 1000, notAfter: notAfter ?? now + 86_400_000 }
  const chain = await issuer.issue({ name: names.join(), names, publicKey: new x509.PublicKey(spki), ...lifetime })
  const { createJudgeChain } = await import('./judge-certificate.ts')
  const { createPkixTrust } = await import('../https/pkix-trust.ts')
  world.stub.tamper = at('certificate/', (answer) => ({ ...answer, body: chain }))
  return obtain(world.client({ judgeChain: createJudgeChain(createPkixTrust(issuer.pem), world.clock) }), { key })
}

test('the certificate that tests put in the place of another is good but for what they change', async (context) => {
  const issued = await mintInstead(await openAcmeWorld(context), {})
  assert.ok(!isAcmeFailure(issued), JSON.stringify(issued))
})

const year = 365 * 86_400_000
const wrong: [why: string, minting: (now: number) => Minting, reason: RegExp][] = [
  ['for another name', () => ({ names: ['evil.example'] }), /a certificate for DNS:evil\.example, not mta-sts/],
  [
    'for a second name',
    () => ({ names: [policyHost, 'evil.example'] }),
    /a certificate for DNS:mta-sts\.example\.org, DNS:evil/,
  ],
  ['for a wildcard', () => ({ names: ['*.example.org'] }), /a certificate for DNS:\*\.example\.org/],
  ['for no name', () => ({ names: [] }), /a certificate for no name/],
  ['for another key', () => ({ otherKey: true }), /a certificate for another key/],
  ['that has ended', (now) => ({ notBefore: now - year, notAfter: now - 1000 }), /ended at/],
  ['of the future', (now) => ({ notBefore: now + 2000, notAfter: now + year }), /not valid before/],
]
for (const [why, minting, reason] of wrong) {
  test(`a certificate ${why} is not put to use`, async (context) => {
    const world = await openAcmeWorld(context)
    const failed = await mintInstead(world, minting(world.clock.now()))
    assert.ok(isAcmeFailure(failed))
    assert.equal(failed.fault, 'certificate')
    assert.match(failed.reason, reason)
  })
}
