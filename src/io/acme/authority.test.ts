import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { connect, type SecureContext, TLSSocket } from 'node:tls'
import { problem } from '../../../test/support/acme/authority.ts'
import { makeFolder, obtain, openAcmeWorld, policyHost } from '../../../test/support/acme/client.ts'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { isAcmeFailure } from './acme-failure.ts'
import { createAcmeAuthority } from './authority.ts'
import { makeKey } from './keys.ts'

const accountFile = (folder: string) => {
  const [file = ''] = readdirSync(folder).filter((each) => each.startsWith('account-'))
  return { path: join(folder, file), value: JSON.parse(readFileSync(join(folder, file), 'utf8')) }
}

for (const kind of ['p256', 'rsa'] as const) {
  test(`a certificate for a key of ${kind} comes by HTTP-01, its token answered while it is asked for and no longer`, async (context) => {
    let seen: string | undefined
    const world = await openAcmeWorld(context, {
      validate: async ({ name, type, token }) => {
        seen = world.pending.http01(name as DomainName, token)
        assert.equal(world.pending.http01('mta-sts.other.example' as DomainName, token), undefined)
        return type === 'http-01' && seen?.startsWith(`${token}.`) ? undefined : 'no answer'
      },
    })
    const key = await makeKey(kind)
    const issued = await obtain(world.client(), { key })
    assert.ok(!isAcmeFailure(issued), JSON.stringify(issued))
    const certificate = new X509Certificate(issued.chain)
    assert.equal(certificate.subjectAltName, `DNS:${policyHost}`)
    assert.ok(certificate.checkPrivateKey(key))
    assert.equal(issued.notAfter, certificate.validToDate.getTime())
    assert.match(issued.renewalId ?? '', /^[\w-]+\.[\w-]+$/)
    assert.equal(issued.chain.match(/BEGIN CERTIFICATE/g)?.length, 2)
    const [, token = ''] = /^(.*)\./.exec(seen ?? '') ?? []
    assert.equal(world.pending.http01(policyHost, token), undefined)
  })
}

/** The certificate that a validating authority is shown, and the protocol that is agreed on. RFC 8737 §3 */
async function shownBy(secureContext: SecureContext): Promise<{ certificate: X509Certificate; protocol: unknown }> {
  const [ours, theirs] = duplexPair()
  const server = new TLSSocket(ours, { isServer: true, secureContext, ALPNProtocols: ['acme-tls/1'] })
  server.on('error', () => {})
  const client = connect({ socket: theirs, rejectUnauthorized: false, ALPNProtocols: ['acme-tls/1'] })
  await new Promise<void>((resolve, reject) => client.on('secureConnect', () => resolve()).on('error', reject))
  const certificate = client.getPeerX509Certificate()
  const protocol = client.alpnProtocol
  client.destroy()
  server.destroy()
  assert.ok(certificate)
  return { certificate, protocol }
}

test('a certificate comes by TLS-ALPN-01: one that signed itself, for the name, with the digest in a critical extension', async (context) => {
  const world = await openAcmeWorld(context, {
    validate: async ({ name, type }) => {
      assert.equal(type, 'tls-alpn-01')
      assert.equal(world.pending.tlsAlpn01('mta-sts.other.example' as DomainName), undefined)
      const secureContext = world.pending.tlsAlpn01(name as DomainName)
      if (secureContext === undefined) return 'no certificate'
      const { certificate, protocol } = await shownBy(secureContext)
      assert.equal(protocol, 'acme-tls/1')
      assert.equal(certificate.subjectAltName, `DNS:${name}`)
      assert.ok(certificate.checkIssued(certificate))
      // OID 1.3.6.1.5.5.7.1.31, critical, an OCTET STRING in an OCTET STRING. RFC 8737 §3
      assert.match(certificate.raw.toString('hex'), /06082b0601050507011f0101ff04220420[0-9a-f]{64}/)
      return undefined
    },
  })
  assert.equal(world.pending.tlsAlpn01(policyHost), undefined)
  const issued = await obtain(world.client(), { challenges: ['tls-alpn-01', 'http-01'] })
  assert.ok(!isAcmeFailure(issued), JSON.stringify(issued))
  assert.equal(world.pending.tlsAlpn01(policyHost), undefined)
})

test('a failed validation tells why, in words of the authority that are escaped, and nothing stays answered', async (context) => {
  const world = await openAcmeWorld(context, { validate: async () => 'got "\u001b[2Jx" from \r\n192.0.2.1' })
  const failed = await obtain(world.client(), { challenges: ['tls-alpn-01'] })
  assert.ok(isAcmeFailure(failed))
  assert.equal(failed.fault, 'validation')
  assert.equal(
    failed.reason,
    'the authorization by tls-alpn-01 is invalid: unauthorized: got "\\x1b[2Jx" from \\x0d\\x0a192.0.2.1',
  )
  assert.equal(world.pending.tlsAlpn01(policyHost), undefined)
})

test('the account is made once, kept in a file of its owner, and used again after a restart', async (context) => {
  const world = await openAcmeWorld(context, { termsOfService: 'https://acme.test/terms' })
  await obtain(world.client())
  const { path, value } = accountFile(world.folder)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.equal(value.account, [...world.stub.accounts.values()][0])
  await obtain(world.client())
  assert.equal(world.stub.accounts.size, 1)
  assert.equal(world.stub.requests.filter((each) => each === 'POST account').length, 1)
})

test('an account that was made and lost in a crash is found again by its key', async (context) => {
  const world = await openAcmeWorld(context)
  await obtain(world.client())
  const { path, value } = accountFile(world.folder)
  writeFileSync(path, JSON.stringify({ ...value, account: undefined }))
  assert.ok(!isAcmeFailure(await obtain(world.client())))
  assert.equal(world.stub.accounts.size, 1)
  assert.equal(accountFile(world.folder).value.account, value.account)
})

test('an account that the authority has lost is made anew, with the same key', async (context) => {
  const world = await openAcmeWorld(context)
  const client = world.client()
  await obtain(client)
  world.stub.accounts.clear()
  const failed = await obtain(client)
  assert.ok(isAcmeFailure(failed))
  assert.equal(failed.fault, 'account')
  assert.ok(!isAcmeFailure(await obtain(client)))
  assert.equal(world.stub.accounts.size, 1)
})

test('two that need the account at once make one', async (context) => {
  const world = await openAcmeWorld(context)
  const client = world.client()
  await Promise.all([obtain(client), obtain(client, { name: 'mta-sts.two.example' as DomainName })])
  assert.equal(world.stub.requests.filter((each) => each === 'POST account').length, 1)
})

test('another contact is told to the authority, once', async (context) => {
  const world = await openAcmeWorld(context)
  await obtain(world.client())
  await obtain(world.client({ contact: ['mailto:new@example.org'] }))
  await obtain(world.client({ contact: ['mailto:new@example.org'] }))
  assert.equal(world.stub.requests.filter((each) => each === 'POST account/0').length, 1)
})

test('terms that nobody agreed to, and an external account that is not there, are said before anything is sent', async (context) => {
  const world = await openAcmeWorld(context, {
    termsOfService: 'https://acme.test/\u001bterms',
    externalAccountRequired: true,
  })
  const disagrees = await obtain(world.client({ agreesToTerms: false }))
  assert.ok(isAcmeFailure(disagrees))
  assert.match(disagrees.reason, /terms of service that must be agreed to: https:\/\/acme\.test\/\\x1bterms/)
  const stranger = await obtain(world.client())
  assert.ok(isAcmeFailure(stranger))
  assert.match(stranger.reason, /external account/)
  assert.ok(!world.stub.requests.includes('POST account'))
  const customer = world.client({ externalAccount: { keyId: 'one', macKey: Buffer.from('secret') } })
  assert.ok(!isAcmeFailure(await obtain(customer)))
})

test('nonces are used once and refused ones are replaced, as often as is bearable', async (context) => {
  const world = await openAcmeWorld(context)
  world.stub.nonceRejects = 5
  assert.ok(!isAcmeFailure(await obtain(world.client())))
  // One was asked for; all others came with answers.
  assert.equal(world.stub.requests.filter((each) => each === 'HEAD nonce').length, 1)
  world.stub.nonceRejects = 1000
  const failed = await obtain(world.client())
  assert.ok(isAcmeFailure(failed))
  assert.deepEqual([failed.fault, failed.problem], ['unreachable', 'badNonce'])
  assert.equal(world.stub.nonceRejects, 1000 - limits.acme.nonceTries)
})

test('an order that was begun before goes on where it stands, and one that came to nothing is begun anew', async (context) => {
  const world = await openAcmeWorld(context)
  const key = await makeKey('p256')
  let url = ''
  const onOrder = async (order: string) => {
    url = order
    return undefined
  }
  world.stub.tamper = (path, answer) => (path.startsWith('certificate/') ? undefined : answer)
  const cut = await obtain(world.client(), { key, onOrder })
  assert.ok(isAcmeFailure(cut) && cut.fault === 'unreachable')
  world.stub.tamper = (_, answer) => answer
  const resumed = await obtain(world.client(), { key, resume: url })
  assert.ok(!isAcmeFailure(resumed))
  assert.equal(world.stub.orders.length, 1)
  for (const [status, count] of [
    ['invalid', 2],
    ['unknown', 3],
  ] as const) {
    const [first] = world.stub.orders
    if (status === 'invalid' && first !== undefined) first.status = 'invalid'
    const again = await obtain(world.client(), { key, resume: status === 'invalid' ? url : url.replace('/0', '/99') })
    assert.ok(!isAcmeFailure(again))
    assert.equal(world.stub.orders.length, count)
  }
  assert.ok(!isAcmeFailure(await obtain(world.client(), { key, resume: 'https://evil.example/order/0' })))
  world.stub.tamper = (path, answer) =>
    path === 'order/99' ? { ...answer, status: 404, headers: {}, body: 'gone' } : answer
  assert.ok(!isAcmeFailure(await obtain(world.client(), { key, resume: url.replace('/0', '/99') })))
})

test('an order that cannot be written down is not gone on with', async (context) => {
  const world = await openAcmeWorld(context)
  const failed = await obtain(world.client(), { onOrder: async () => ({ fault: 'storage', reason: 'disk full' }) })
  assert.deepEqual(failed, { fault: 'storage', reason: 'disk full' })
  assert.ok(!world.stub.requests.some((each) => each.startsWith('POST authorization')))
})

test('a profile is asked for where the authority has it', async (context) => {
  const world = await openAcmeWorld(context, { profiles: { classic: '', shortlived: '' } })
  assert.ok(!isAcmeFailure(await obtain(world.client({ profile: 'shortlived' }))))
  assert.equal(world.stub.orders[0]?.payload.profile, 'shortlived')
  const failed = await obtain(world.client({ profile: 'gold' }))
  assert.deepEqual(failed, { fault: 'account', reason: 'the authority has no profile "gold"' })
})

test('an order names the certificate that it replaces, unless the authority will not hear of it', async (context) => {
  const world = await openAcmeWorld(context)
  await obtain(world.client(), { replaces: 'abc.def' })
  assert.equal(world.stub.orders[0]?.payload.replaces, 'abc.def')
  let refusals = 0
  world.stub.tamper = (path, answer) =>
    path === 'order' && refusals++ === 0 ? problem('alreadyReplaced', 'x', 409) : answer
  assert.ok(!isAcmeFailure(await obtain(world.client(), { replaces: 'abc.def' })))
  assert.equal(world.stub.orders.at(-1)?.payload.replaces, undefined)
})

test('renewal information is a window and how long it holds; an authority without it says nothing', async (context) => {
  const world = await openAcmeWorld(context)
  const { signal } = new AbortController()
  world.stub.window = (id) => (id === 'abc.def' ? { start: 1000, end: 2000 } : undefined)
  assert.deepEqual(await world.client().renewal('abc.def', signal), {
    window: { start: 1000, end: 2000, explanation: undefined },
    keepMs: 86_400_000,
  })
  const unknown = await world.client().renewal('other.id', signal)
  assert.ok(unknown !== undefined && isAcmeFailure(unknown))
  world.stub.tamper = (path, answer) =>
    path === 'directory' ? { ...answer, body: String(answer.body).replace('renewalInfo', 'other') } : answer
  assert.equal(await world.client().renewal('abc.def', signal), undefined)
})

for (const directory of [
  'http://acme.test/directory',
  'acme.test',
  'https://user@acme.test/',
  'https://acme.test/#a',
  '',
]) {
  test(`"${directory}" is no directory`, (context) => {
    const folder = makeFolder(context)
    // Nothing else of the options is looked at.
    const options = { folder, directory } as Parameters<typeof createAcmeAuthority>[0]
    assert.throws(() => createAcmeAuthority(options), ConfigError)
  })
}
