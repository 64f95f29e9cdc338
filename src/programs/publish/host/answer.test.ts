import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { domain } from '../../../../test/support/domain.ts'
import { talk } from '../../../../test/support/policy-clients.ts'
import { readPrefix } from '../../../core/address/prefix.ts'
import { limits } from '../../../core/limits.ts'
import { parseStsPolicy } from '../../../core/mtasts/policy.ts'
import { composeHostedPolicy, type HostedPolicy, readHostedPolicy } from '../../../core/publish/hosted-policy.ts'
import type { Challenges } from '../../../io/publish/certificate-source.ts'
import { createPolicyListener, type PolicyListenerOptions } from '../../../io/publish/policy-listener.ts'
import { type AnswerOutcome, createChallengeAnswers, createPolicyAnswers } from './answer.ts'

const host = 'mta-sts.a.example'
const made = composeHostedPolicy({ mode: 'enforce', mx: ['mx.a.example'], maxAge: 86_400 })
assert.ok(made.ok)
const policy = made.value
const foreign = readHostedPolicy('version: STSv1\nmode: none\nmax_age: 1\nnote: grüße\n')
assert.ok(foreign.ok)

async function open(context: TestContext, handle: PolicyListenerOptions['handle']): Promise<number> {
  const listener = createPolicyListener({ handle, isClientBounded: false, onEnd: () => {}, onError: assert.fail })
  const server = listener.create().listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    server.close()
    listener.destroy()
  })
  return (server.address() as AddressInfo).port
}

interface Started {
  readonly outcomes: AnswerOutcome[]
  readonly fetches: (readonly [string, string, string | undefined])[]
  ask(text: string): Promise<string>
}

async function start(context: TestContext, trusts = false): Promise<Started> {
  const outcomes: AnswerOutcome[] = []
  const fetches: [string, string, string | undefined][] = []
  const policies = new Map<string, HostedPolicy>([
    [host, policy],
    ['mta-sts.b.example', foreign.ok ? foreign.value : policy],
  ])
  const loopback = readPrefix('127.0.0.0/8')
  const answer = createPolicyAnswers({
    find: (name) => (name === 'mta-sts.late.example' ? Promise.resolve(policy) : policies.get(name)),
    proxies: () => (trusts && loopback !== undefined ? [loopback] : []),
    onAnswer: (outcome) => outcomes.push(outcome),
    onFetch: (...fetch) => fetches.push(fetch),
  })
  const port = await open(context, answer)
  return { outcomes, fetches, ask: async (text) => (await talk(port, text)).toString('latin1') }
}

const path = '/.well-known/mta-sts.txt'
const request = (more = '', name = host, method = 'GET') =>
  `${method} ${path} HTTP/1.1\r\nHost: ${name}\r\n${more}Connection: close\r\n\r\n`

test('RFC 8461 §3.2: a policy comes as 200, text/plain and CRLF, without cookies or redirects', async (context) => {
  const { ask, outcomes, fetches } = await start(context)
  const [head = '', body] = (await ask(request('User-Agent: x\r\n'))).split('\r\n\r\n')
  const [status, ...fields] = head.split('\r\n')
  assert.equal(status, 'HTTP/1.1 200 OK')
  const names = fields.map((field) => field.split(':')[0]?.toLowerCase())
  assert.deepEqual(names, [
    'content-type',
    'content-length',
    'cache-control',
    'x-content-type-options',
    'date',
    'connection',
  ])
  assert.ok(fields.includes('content-type: text/plain') && fields.includes('cache-control: max-age=60'))
  assert.equal(body, policy.body)
  assert.deepEqual(parseStsPolicy(body ?? ''), { ok: true, value: policy.policy })
  assert.deepEqual([outcomes, fetches], [['policy'], [['a.example', '127.0.0.1', 'x']]])
})

test('HEAD has the same headers and no body', async (context) => {
  const { ask } = await start(context)
  const withoutDate = (text: string) => text.replace(/^date: .*\r\n/im, '')
  const [head] = (await ask(request())).split('\r\n\r\n')
  assert.equal(withoutDate(await ask(request('', host, 'HEAD'))), withoutDate(`${head}\r\n\r\n`))
})

test('characters beyond ASCII are named as what they are, and counted in octets', async (context) => {
  const { ask } = await start(context)
  const text = Buffer.from(await ask(request('', 'mta-sts.b.example')), 'latin1').toString('utf8')
  assert.match(text, /content-type: text\/plain; charset=utf-8\r\n/)
  assert.ok(text.endsWith('note: grüße\r\n'))
})

for (const agent of [
  '',
  'User-Agent: Mozilla/5.0\r\n',
  'User-Agent: sqlmap\r\n',
  'Range: bytes=0-3\r\n',
  'If-None-Match: *\r\n',
]) {
  test(`STS-24: whoever asks has the whole policy (${JSON.stringify(agent)})`, async (context) => {
    const { ask } = await start(context)
    assert.match(await ask(request(agent)), /^HTTP\/1\.1 200 [\s\S]*max_age: 86400\r\n$/)
  })
}

test('a policy that must be looked up first comes when it is there', async (context) => {
  const { ask } = await start(context)
  assert.match(await ask(request('', 'mta-sts.late.example')), / 200 OK/)
})

const refused: [what: string, text: string, status: number, outcome: AnswerOutcome][] = [
  ['another host', request('', 'mta-sts.c.example'), 404, 'unknown-host'],
  ['the domain itself', request('', 'a.example'), 404, 'unknown-host'],
  ['another path', request().replace('mta-sts.txt', 'mta-sts%2etxt'), 404, 'no-such-path'],
  ['another method', request('', host, 'POST'), 404, 'no-such-path'],
  [
    'a path of files',
    `GET /.well-known/../../etc/passwd HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    404,
    'no-such-path',
  ],
  ['an address', request('', '192.0.2.1'), 400, 'bad-host'],
  ['two hosts', request(`hOST: ${host}\r\n`), 400, 'bad-host'],
]
for (const [what, text, status, outcome] of refused) {
  test(`refused with ${status}: ${what}`, async (context) => {
    const { ask, outcomes, fetches } = await start(context)
    const answer = await ask(text)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} [\\s\\S]*cache-control: no-store\r\n`))
    assert.doesNotMatch(answer, /location|set-cookie|STSv1/i)
    assert.deepEqual([outcomes, fetches], [[outcome], []])
  })
}

test('a body ends the connection: nothing in it is taken for a request', async (context) => {
  const { ask, outcomes } = await start(context)
  const smuggled = request()
  const text = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`
  assert.equal((await ask(text)).match(/HTTP\/1\.1/g)?.length, 1)
  assert.deepEqual(outcomes, ['policy'])
})

const forwarded = `X-Forwarded-Host: ${host}\r\nX-Forwarded-For: 198.51.100.9, 127.0.0.1\r\n`

test('a proxy of ours is believed about host and client', async (context) => {
  const { ask, fetches } = await start(context, true)
  assert.match(await ask(request(forwarded, 'backend.internal')), / 200 OK/)
  assert.deepEqual(fetches, [['a.example', '198.51.100.9', undefined]])
})

test('anybody else is not', async (context) => {
  const { ask, fetches } = await start(context)
  assert.match(await ask(request(forwarded, 'backend.internal')), / 404 /)
  assert.match(await ask(request('X-Forwarded-For: 198.51.100.9\r\n')), / 200 OK/)
  assert.deepEqual(fetches, [['a.example', '127.0.0.1', undefined]])
})

test('RFC 8461 §3.3: what a proxy had without TLS is not there', async (context) => {
  const { ask } = await start(context, true)
  assert.match(await ask(request('X-Forwarded-Proto: http\r\n')), / 404 /)
  assert.match(await ask(request('X-Forwarded-Proto: https\r\n')), / 200 OK/)
})

const token = 'abc_DEF-123'
const challenges: Challenges = {
  http01: (name, given) => (name === domain(host) && given === token ? `${token}.thumbprint` : undefined),
  tlsAlpn01: () => undefined,
}
const challenge = (name: string, rest: string, method = 'GET') =>
  `${method} /.well-known/acme-challenge/${rest} HTTP/1.1\r\nHost: ${name}\r\n\r\n`

test('RFC 8555 §8.3: port 80 answers the challenge that is waited for', async (context) => {
  const port = await open(
    context,
    createChallengeAnswers(() => challenges),
  )
  for (const name of [host, `${host}:80`, host.toUpperCase()]) {
    assert.match(
      (await talk(port, challenge(name, token))).toString(),
      /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nabc_DEF-123\.thumbprint$/,
    )
  }
})

const unanswered: [what: string, text: string][] = [
  ['another token', challenge(host, 'x')],
  ['another host', challenge('mta-sts.b.example', token)],
  ['an address', challenge('192.0.2.1', token)],
  ['a path below', challenge(host, `${token}/x`)],
  ['a query', challenge(host, `${token}?x`)],
  ['a folder above', challenge(host, `../acme-challenge/${token}`)],
  ['another method', challenge(host, token, 'POST')],
  ['a token longer than any', challenge(host, 'x'.repeat(limits.policyServer.tokenCharacters + 1))],
  ['the policy itself, which has no place here', request()],
  ['the page of a browser', `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
]
for (const [what, text] of unanswered) {
  test(`port 80 has nothing else, and leads nowhere: ${what}`, async (context) => {
    for (const some of [challenges, undefined]) {
      const port = await open(
        context,
        createChallengeAnswers(() => some),
      )
      const answer = (await talk(port, text)).toString()
      assert.match(answer, /^HTTP\/1\.1 404 /)
      assert.doesNotMatch(answer, /location|STSv1/i)
    }
  })
}
