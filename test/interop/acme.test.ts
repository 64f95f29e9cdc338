// Certificates of a real ACME server, which looks at the ports of our policy server for its challenges.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, test } from 'node:test'
import { connect } from 'node:tls'
import type { DomainName } from '../../src/core/name/domain.ts'
import { type AcmeSource, type AcmeSourceOptions, openAcmeSource } from '../../src/io/acme/acme-source.ts'
import { openCertificateFolder } from '../../src/io/acme/certificate-folder.ts'
import { makeKey } from '../../src/io/acme/keys.ts'
import { createPkixTrust } from '../../src/io/https/pkix-trust.ts'
import { createPolicyListener } from '../../src/io/publish/policy-listener.ts'
import { createChallengeAnswers } from '../../src/programs/publish/host/answer.ts'
import { eventQueue, plenty } from '../support/acme/source.ts'
import { fakeNetwork } from '../support/fake-network.ts'
import { fakeResolver } from '../support/fake-resolver.ts'
import type { MovedClock } from '../support/moved-clock.ts'
import { type Pebble, type PebbleOptions, pebblePorts, startPebble } from './pebble.ts'
import { openStage, type Stage } from './servers.ts'

const host = 'mta-sts.example.org' as DomainName
const other = 'mta-sts.other.example' as DomainName
const day = 86_400

let stage: Stage
let closing: (() => Promise<void> | void)[] = []
let served: AcmeSource | undefined

/** The ports of our policy server, whichever source there is. */
const answers = createChallengeAnswers(() => served?.challenges)
const onPort80 = createPolicyListener({
  handle: answers,
  isClientBounded: false,
  onEnd: () => {},
  onError: assert.fail,
})
const overTls = createPolicyListener({
  handle: (_, response) => void response.end('policy'),
  tls: {
    serves: (name) => name === host || name === other,
    certificates: () => served ?? assert.fail('no source'),
  },
  ...{ isClientBounded: false, onEnd: () => {}, onError: assert.fail },
})
for (const [listener, port] of [
  [onPort80, pebblePorts.http],
  [overTls, pebblePorts.tls],
] as const) {
  const server = listener.create().listen(port, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.close()
    listener.destroy()
  })
}

afterEach(async () => {
  for (const close of closing.reverse()) await close()
  closing = []
  served = undefined
})

async function start(options: PebbleOptions = {}): Promise<{ pebble: Pebble; folder: string }> {
  stage = openStage()
  closing.push(() => stage.stop())
  return { pebble: await startPebble(stage, options), folder: mkdtempSync(join(stage.folder, 'state-')) }
}

/** The machine's clock, by which both pebble and OpenSSL go, as far ahead as a test moves it. */
function shiftedClock(): MovedClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    move: (seconds) => {
      ahead += seconds * 1000
    },
  }
}

async function open(pebble: Pebble, folder: string, change: Partial<AcmeSourceOptions> = {}) {
  const clock = shiftedClock()
  const events = eventQueue()
  const source = await openAcmeSource({
    ...{ folder, directory: pebble.directory, contact: [], agreesToTerms: true, clock },
    resolver: fakeResolver('secure acme.test A 192.0.2.80'),
    network: fakeNetwork({ [`192.0.2.80:${pebblePorts.acme}`]: pebblePorts.acme }),
    trust: createPkixTrust(pebble.serverRoot),
    roots: createPkixTrust(pebble.root),
    ...{ budget: plenty, challenges: ['http-01'], mayIssue: () => true, onEvent: events.tell },
    ...change,
  })
  served = source
  closing.push(() => source.close())
  return { source, clock, next: events.next, events: events.events }
}

/** Serial number and type of key of the certificate that our server shows a client who trusts this root. */
async function shownBy(pebble: Pebble, servername = host): Promise<{ serial: string; bits: number | undefined }> {
  const client = connect({ host: '127.0.0.1', port: pebblePorts.tls, servername, ca: pebble.root })
  await once(client, 'secureConnect')
  const { serialNumber, bits } = client.getPeerCertificate()
  client.destroy()
  return { serial: serialNumber, bits }
}

for (const type of ['http-01', 'tls-alpn-01'] as const) {
  test(`pebble issues by ${type}, though it refuses many nonces, and clients trust what our server shows`, async () => {
    const { pebble, folder } = await start({ environment: { PEBBLE_WFE_NONCEREJECT: '30' } })
    const { source, next } = await open(pebble, folder, {
      challenges: [type],
      keyKind: type === 'http-01' ? 'p256' : 'rsa',
    })
    source.serve(new Set([host, other]))
    for (const _ of [host, other]) {
      const event = await next('issued')
      assert.equal(event.isRenewal, false)
    }
    assert.equal((await shownBy(pebble)).bits, type === 'http-01' ? 256 : 2048)
    await shownBy(pebble, other)
  })
}

test('validation that fails is told with the words of the authority, and the other challenge is tried next', async () => {
  const { pebble, folder } = await start()
  const world = await open(pebble, folder, { challenges: ['http-01', 'tls-alpn-01'] })
  const source = world.source
  // As when port 80 leads elsewhere.
  served = {
    ...source,
    challenges: { http01: () => undefined, tlsAlpn01: (name) => source.challenges.tlsAlpn01(name) },
  }
  source.serve(new Set([host]))
  const failed = await world.next('failed')
  assert.equal(failed.failure.fault, 'validation')
  assert.match(failed.failure.reason, /^the authorization by http-01 is invalid: \w+: /)
  world.clock.move((failed.retryAt - world.clock.now()) / 1000)
  source.contextFor(other) // wakes it
  let issued = await world.next('issued')
  while (issued.name !== host) issued = await world.next('issued')
  await shownBy(pebble)
})

test('renewal: the certificate before is shown until the new one is there, and the account is the same after a restart', async () => {
  const { pebble, folder } = await start({ config: { certificateValidityPeriod: 7 * day } })
  const first = await open(pebble, folder)
  first.source.serve(new Set([host]))
  const issued = await first.next('issued')
  assert.ok(issued.notAfter - first.clock.now() <= 7 * day * 1000)
  const before = await shownBy(pebble)
  await first.source.close()
  const [account] = accountIn(folder)

  // Authority away: renewal fails, and the server goes on with what it has.
  const away = await open(pebble, folder, { network: fakeNetwork({}) })
  away.clock.move(5 * day)
  away.source.serve(new Set([host]))
  const failed = await away.next('failed')
  assert.equal(failed.failure.fault, 'unreachable')
  assert.equal(failed.notAfter, issued.notAfter)
  assert.deepEqual(await shownBy(pebble), before)
  await away.source.close()

  const second = await open(pebble, folder)
  second.clock.move(5 * day + 600)
  second.source.serve(new Set([host]))
  const renewed = await second.next('issued')
  assert.equal(renewed.isRenewal, true)
  assert.notEqual((await shownBy(pebble)).serial, before.serial)
  assert.deepEqual(accountIn(folder), [account])
})

function accountIn(folder: string): [url: string] {
  const file = readFileSync(accountFile(folder), 'utf8')
  return [JSON.parse(file).account]
}

function accountFile(folder: string): string {
  return join(folder, readdirSync(folder).find((name) => name.startsWith('account-')) ?? 'none')
}

test('pebble that has forgotten the account, and an order of before, gets both anew', async () => {
  const { pebble, folder } = await start()
  const first = await open(pebble, folder)
  first.source.serve(new Set([other]))
  await first.next('issued')
  await first.source.close()
  // An account and an order that it does not know.
  const stored = JSON.parse(readFileSync(accountFile(folder), 'utf8'))
  writeFileSync(accountFile(folder), JSON.stringify({ ...stored, account: `${stored.account}ff` }))
  const kept = await openCertificateFolder(folder)
  const url = `${pebble.directory.replace('/dir', '')}/my-order/gone`
  await kept.saveOrder(host, { url, key: await makeKey('p256'), begunAt: Date.now() })

  const second = await open(pebble, folder)
  second.source.serve(new Set([other, host]))
  const failed = await second.next('failed')
  assert.equal(failed.failure.fault, 'account')
  second.clock.move((failed.retryAt - second.clock.now()) / 1000)
  second.source.contextFor(other)
  second.source.serve(new Set([other, host]))
  const issued = await second.next('issued')
  assert.equal(issued.name, host)
  assert.deepEqual(accountIn(folder), [stored.account])
})

test('an authority for customers alone takes the account that is bound to one', async () => {
  const macKey = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W'
  const config = { externalAccountBindingRequired: true, externalAccountMACKeys: { 'kid-1': macKey } }
  const { pebble, folder } = await start({ config })
  const wrong = await open(pebble, folder, {
    externalAccount: { keyId: 'kid-1', macKey: Buffer.from('another key of the same length!!') },
  })
  wrong.source.serve(new Set([host]))
  const failed = await wrong.next('failed')
  assert.equal(failed.failure.fault, 'account')
  await wrong.source.close()
  const right = await open(pebble, folder, {
    externalAccount: { keyId: 'kid-1', macKey: Buffer.from(macKey, 'base64url') },
  })
  right.clock.move(600)
  right.source.serve(new Set([host]))
  await right.next('issued')
  await shownBy(pebble)
})

test('what pebble issues is not put to use where its root is not trusted', async () => {
  const { pebble, folder } = await start()
  const { source, next } = await open(pebble, folder, { roots: createPkixTrust() })
  source.serve(new Set([host]))
  const failed = await next('failed')
  assert.equal(failed.failure.fault, 'certificate')
  assert.match(failed.failure.reason, /the certificate is not trusted/)
  assert.equal(source.contextFor(host), undefined)
})
