import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { connect, type SecureContext, TLSSocket } from 'node:tls'
import { policyHost as host, openAcmeWorld } from '../../../test/support/acme/client.ts'
import { openSource } from '../../../test/support/acme/source.ts'
import { fakeResolver } from '../../../test/support/fake-resolver.ts'
import { ConfigError } from '../../core/config-error.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { createAddressCheck } from './address-check.ts'

/** Serial number that a client is shown, who trusts this root and asks for this host. */
async function serialShownBy(secureContext: SecureContext | undefined, ca: string): Promise<string> {
  assert.ok(secureContext)
  const [ours, theirs] = duplexPair()
  const server = new TLSSocket(ours, { isServer: true, secureContext })
  server.on('error', () => {})
  const client = connect({ socket: theirs, ca, servername: host })
  await new Promise<void>((resolve, reject) => client.on('secureConnect', () => resolve()).on('error', reject))
  const { serialNumber } = client.getPeerCertificate()
  client.destroy()
  server.destroy()
  return serialNumber
}

test('a configured host has a certificate soon after the start, which clients trust, and challenges are answered', async (context) => {
  const world = await openAcmeWorld(context, {
    validate: async ({ name, token }) =>
      source.challenges.http01(name as DomainName, token) ? undefined : 'no answer',
  })
  const { source, next } = await openSource(context, world)
  assert.equal(source.contextFor(host), undefined)
  source.serve(new Set([host]))
  const { notAfter } = await next('issued')
  assert.equal(source.endOf(host), notAfter)
  await serialShownBy(source.contextFor(host), world.stub.root)
  assert.equal(source.contextFor(host), source.contextFor(host))
})

test('a host that is asked for is a wish, taken once, and only if it may have one', async (context) => {
  const world = await openAcmeWorld(context)
  const other = 'mta-sts.other.example' as DomainName
  const { source, next } = await openSource(context, world, { mayIssue: (name) => name === host })
  for (const name of [other, host, host]) assert.equal(source.contextFor(name), undefined)
  await next('issued')
  assert.ok(source.contextFor(host))
  assert.equal(source.contextFor(other), undefined)
  assert.deepEqual(
    world.stub.issued.map(({ name }) => name),
    [host],
  )
})

test('after a restart the certificate is there at once, and nothing is ordered', async (context) => {
  const world = await openAcmeWorld(context)
  const first = await openSource(context, world)
  first.source.serve(new Set([host]))
  await first.next('issued')
  await first.source.close()
  const second = await openSource(context, world)
  second.source.serve(new Set([host]))
  // Before anything was read in the background.
  assert.ok(second.source.contextFor(host))
  second.source.contextFor('mta-sts.late.example' as DomainName)
  await second.next('issued')
  assert.equal(world.stub.issued.filter(({ name }) => name === host).length, 1)
  assert.equal(world.stub.accounts.size, 1)
})

test('the certificate before is shown while renewal fails, and the new one as soon as it is good; none that has ended', async (context) => {
  const world = await openAcmeWorld(context)
  const { source, next } = await openSource(context, world)
  source.serve(new Set([host]))
  const { notAfter } = await next('issued')
  const before = await serialShownBy(source.contextFor(host), world.stub.root)
  world.clock.move(70 * 86_400)
  world.stub.tamper = (path, answer) => (path.startsWith('finalize') ? { ...answer, status: 500, body: '' } : answer)
  source.contextFor('mta-sts.wakes.example' as DomainName)
  let failed = await next('failed')
  while (failed.name !== host) failed = await next('failed')
  assert.equal(failed.notAfter, notAfter)
  assert.equal(await serialShownBy(source.contextFor(host), world.stub.root), before)
  world.clock.move(30 * 86_400)
  assert.equal(source.contextFor(host), undefined)
  assert.equal(source.endOf(host), notAfter)
})

test('a new certificate takes the place of the old, also in contexts that are kept', async (context) => {
  const world = await openAcmeWorld(context)
  // OpenSSL, by the machine's clock, must find the second certificate valid too.
  world.clock.move(-3 * 86_400)
  const { source, next } = await openSource(context, world)
  source.serve(new Set([host]))
  await next('issued')
  const before = source.contextFor(host)
  const serial = await serialShownBy(before, world.stub.root)
  // Told to renew as for a certificate that was revoked. The window counts from the day after it was issued.
  world.stub.window = () => ({ start: world.clock.now() - 2000, end: world.clock.now() - 1000 })
  world.clock.move(2 * 86_400)
  source.contextFor('mta-sts.wakes.example' as DomainName)
  let renewed = await next('issued')
  while (!renewed.isRenewal) renewed = await next('issued')
  assert.notEqual(source.contextFor(host), before)
  const file = readFileSync(join(world.folder, 'names', host, 'certificate.pem'), 'utf8')
  assert.equal(file.match(/BEGIN PRIVATE KEY/g)?.length, 1)
  assert.notEqual(await serialShownBy(source.contextFor(host), world.stub.root), serial)
})

test('contexts are kept up to a number, and made anew from the file past it', async (context) => {
  const world = await openAcmeWorld(context)
  const { source, next } = await openSource(context, world, { most: 1 })
  const other = 'mta-sts.other.example' as DomainName
  source.serve(new Set([host, other]))
  await next('issued')
  await next('issued')
  const first = source.contextFor(host)
  assert.equal(source.contextFor(host), first)
  source.contextFor(other)
  assert.notEqual(source.contextFor(host), first)
})

test('a certificate that damage has spoiled is none, and is ordered anew after the next start', async (context) => {
  const world = await openAcmeWorld(context)
  const first = await openSource(context, world)
  first.source.serve(new Set([host]))
  await first.next('issued')
  await first.source.close()
  writeFileSync(join(world.folder, 'names', host, 'certificate.pem'), 'x')
  const second = await openSource(context, world)
  second.source.serve(new Set([host]))
  assert.equal(second.source.contextFor(host), undefined)
  await second.next('issued')
  assert.ok(second.source.contextFor(host))
})

test('two processes do not share a folder', async (context) => {
  const world = await openAcmeWorld(context)
  const first = await openSource(context, world)
  await assert.rejects(openSource(context, world), ConfigError)
  await first.source.close()
  await openSource(context, world)
})

test('a name that leads elsewhere is found out before an order', async () => {
  const resolver = fakeResolver(`
    secure mta-sts.a.example. A 192.0.2.1
    secure mta-sts.a.example. AAAA 2001:db8::1
    secure mta-sts.b.example. A 192.0.2.1
    secure mta-sts.b.example. AAAA 2001:db8::2
    servfail mta-sts.c.example. A`)
  const check = createAddressCheck(resolver, ['192.0.2.1', '2001:DB8:0:0:0:0:0:1'])
  const { signal } = new AbortController()
  assert.equal(await check('mta-sts.a.example' as DomainName, signal), undefined)
  assert.equal(
    await check('mta-sts.b.example' as DomainName, signal),
    'mta-sts.b.example leads to 2001:db8::2, which is not an address of ours',
  )
  assert.match(
    (await check('mta-sts.c.example' as DomainName, signal)) ?? '',
    /no address of mta-sts\.c\.example found/,
  )
})
