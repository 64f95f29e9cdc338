// The prober, posttls-finger and openssl s_client look at the same servers, and see the same.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { AddressProbe, KeyFinding, KeyType, ProbeDepth } from '../../src/core/check/address-probe.ts'
import type { TlsParameters, Told } from '../../src/core/check/tls-parameters.ts'
import { systemClock } from '../../src/io/clock.ts'
import { createNetwork } from '../../src/io/network-node.ts'
import { createProbes } from '../../src/io/probe/create-probes.ts'
import { pause } from '../../src/io/probe/pause.ts'
import { domain } from '../support/domain.ts'
import { startPostfix } from './mail-servers.ts'
import { type KeyPair, makeKeyPairs, startEximServer, startOpensslServer } from './probed-servers.ts'
import { addAddresses, openStage, run } from './servers.ts'

const stage = openStage()
const addresses = {
  postfix: '192.0.2.101',
  exim: '192.0.2.102',
  old: '192.0.2.103',
  young: '192.0.2.104',
  plain: '192.0.2.105',
}
const pairs = makeKeyPairs(stage, 'mx.example')

before(async () => {
  addAddresses(Object.values(addresses))
  const chains = [pairs.rsa.key, pairs.rsa.certificate, pairs.ecdsa.key, pairs.ecdsa.certificate]
  const both = { key: chains.slice(0, 3).join(','), chain: pairs.ecdsa.certificate }
  await startPostfix(
    stage,
    [
      { address: addresses.postfix, name: 'mx.example', ...both },
      { address: addresses.plain, name: 'mx.example' },
    ],
    ['example'],
  )
  await startEximServer(stage, addresses.exim, [pairs.rsa, pairs.ecdsa])
  const group = join(stage.folder, 'group.pem')
  writeFileSync(group, smallGroup)
  const ofRsa = ['-cert', pairs.rsa.certificate, '-key', pairs.rsa.key]
  const ofEcdsa = ['-cert', pairs.ecdsa.certificate, '-key', pairs.ecdsa.key]
  const old = ['-cipher', 'ALL:COMPLEMENTOFALL:@SECLEVEL=0', '-dhparam', group, '-no_tls1_3', '-client_renegotiation']
  await startOpensslServer(stage, addresses.old, [...ofRsa, ...old])
  const young = ['-tls1_3', '-max_early_data', '4096', '-ciphersuites', 'TLS_AES_256_GCM_SHA384']
  await startOpensslServer(stage, addresses.young, [...ofEcdsa, ...young, '-groups', 'P-384:X25519'])
  mkdirSync(join(stage.folder, 'finger'))
  writeFileSync(join(stage.folder, 'finger', 'main.cf'), 'compatibility_level = 3.6\n')
})

after(() => stage.stop())

/** 1024 bits, by OpenSSL. */
const smallGroup = `-----BEGIN DH PARAMETERS-----
MIGHAoGBAMJIyzfKRvH4o/IucxetMVtF1BgZ+tZ5id5pXS7Ap2InDIGzwMZ5JN6u
RMaMb/8nG4A/rF5q5EpZ5vhSejzNxLF8PnORSpdrvnLgymmdMMKCNBEzI/mm8THN
M/xTr5EO+/9u6IbGEeYg6sygys8nmi2xBM3P6hdWr8/sUm3kIGzHAgEC
-----END DH PARAMETERS-----
`

const host = domain('mx.example')
const probes = createProbes({
  ...{ network: createNetwork({ allowPrivate: true }), clock: systemClock, clientName: 'client.example' },
  // Less than strangers are granted: Exim lets in twenty at once, and takes a moment to see that one has left.
  pause: (milliseconds, signal) => pause(Math.min(milliseconds, 25), signal),
})

function probe(address: string, depth: ProbeDepth = 'full'): Promise<AddressProbe> {
  return probes.probe({ host, endpoint: { address, port: 25 }, depth })
}

async function talkTo(address: string) {
  const { outcome, sessions } = await probe(address)
  assert.ok(outcome.kind === 'talked' && outcome.parameters !== undefined, JSON.stringify(outcome))
  return { ...outcome, parameters: outcome.parameters, sessions }
}

function told<Value>(what: Told<Value>): Value {
  assert.ok(what.kind === 'told', JSON.stringify(what))
  return what.value
}

function leafOf(key: KeyFinding): X509Certificate {
  assert.ok(key.kind === 'presented', JSON.stringify(key))
  return new X509Certificate(key.handshake.chain[0] ?? new Uint8Array())
}

function pemOf({ certificate }: KeyPair): X509Certificate {
  return new X509Certificate(readFileSync(certificate))
}

/** Whether `openssl s_client` gets a handshake with these options, and what it says. */
function askOpenssl(address: string, options: readonly string[]): Promise<{ isTaken: boolean; text: string }> {
  const args = ['s_client', '-starttls', 'smtp', '-name', 'client.example', '-connect', `${address}:25`, ...options]
  return new Promise((resolve) => {
    const child = execFile('openssl', args, { timeout: 20_000 }, (_, stdout, stderr) => {
      const text = stdout + stderr
      resolve({ isTaken: /^New, (?:TLS|SSL)v[\d.]+, Cipher is (?!\(NONE\))/m.test(text), text })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end('QUIT\r\n')
  })
}

async function takenBy(address: string, each: readonly (readonly [name: string, options: readonly string[]])[]) {
  const taken: string[] = []
  const waiting = each.values()
  const worker = async () => {
    for (const [name, options] of waiting) if ((await askOpenssl(address, options)).isTaken) taken.push(name)
  }
  await Promise.all([worker(), worker()])
  return taken.sort()
}

const weak = '@SECLEVEL=0'
const versionOptions = [
  ['TLSv1.3', ['-tls1_3']],
  ['TLSv1.2', ['-tls1_2', '-cipher', `ALL:${weak}`]],
  ['TLSv1.1', ['-tls1_1', '-cipher', `ALL:${weak}`]],
  ['TLSv1', ['-tls1', '-cipher', `ALL:${weak}`]],
] as const

function versionsTaken({ versions }: TlsParameters): string[] {
  const taken = versions.filter(({ finding }) => finding.kind === 'told' && finding.value.kind === 'taken')
  return taken.map(({ version }) => version).sort()
}

/** The suites of TLS 1.2 that this OpenSSL has and can use without a password: IANA's name, and its own. */
function suitesOfOpenssl(): (readonly [string, string])[] {
  const lines = run('openssl', ['ciphers', '-stdname', '-v', '-tls1_2', '-s', `ALL:COMPLEMENTOFALL:${weak}`])
    .trim()
    .split('\n')
  return lines.flatMap((line) => {
    const [iana = '', name = ''] = line.split(/[\s-]+-?\s+|\s+/).filter((word) => word !== '-')
    return /PSK|SRP|DSS/.test(iana) ? [] : [[iana, name] as const]
  })
}

for (const name of ['postfix', 'exim'] as const) {
  test(`${name}: both certificates are those that the server has, as openssl s_client sees them`, async () => {
    const { keys, inside, startTls } = await talkTo(addresses[name])
    assert.equal(startTls.offer.kind, 'offered')
    assert.ok(inside?.kind === 'answered')
    const schemes: Record<KeyType, string> = { rsa: 'RSA-PSS+SHA256:RSA+SHA256', ecdsa: 'ECDSA+SHA256' }
    for (const type of ['rsa', 'ecdsa'] as const) {
      assert.equal(leafOf(keys[type]).fingerprint256, pemOf(pairs[type]).fingerprint256, type)
      const { text } = await askOpenssl(addresses[name], ['-sigalgs', schemes[type]])
      const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(text)?.[0] ?? ''
      assert.equal(new X509Certificate(pem).fingerprint256, leafOf(keys[type]).fingerprint256, type)
    }
  })

  test(`${name}: versions, suites and groups are those that openssl s_client gets`, async () => {
    const { parameters } = await talkTo(addresses[name])
    assert.deepEqual(versionsTaken(parameters), await takenBy(addresses[name], versionOptions))
    const known = suitesOfOpenssl()
    assert.ok(known.length > 60, `${known.length} suites`)
    const tls12 = parameters.suites.find(({ version }) => version === 'TLSv1.2')
    assert.equal(tls12?.suites.isComplete, true)
    const theirs = await takenBy(
      addresses[name],
      known.map(([iana, suite]) => [iana, ['-tls1_2', '-cipher', `${suite}:${weak}`]]),
    )
    const both = new Set(known.map(([iana]) => iana))
    assert.deepEqual(tls12?.suites.items.filter((suite) => both.has(suite)).toSorted(), theirs)
    const groups = ['X25519', 'P-256', 'P-384', 'P-521', 'X448'].map(
      (group) => [group, ['-tls1_3', '-groups', group]] as const,
    )
    const names: Record<string, string> = {
      ...{ x25519: 'X25519', secp256r1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521', x448: 'X448' },
    }
    const ours = told(parameters.groups.tls13).items.flatMap(({ name: group }) => names[group] ?? [])
    assert.deepEqual(ours.sort(), await takenBy(addresses[name], groups))
  })

  test(`${name}: nothing that was said in the clear is believed inside TLS`, async () => {
    const { parameters } = await talkTo(addresses[name])
    assert.ok(['dropped', 'refused', 'cut'].includes(told(parameters.commandInjection).kind))
    assert.equal(told(parameters.compression), false)
    assert.equal(told(parameters.secureRenegotiation), true)
    assert.equal(told(parameters.extendedMasterSecret), true)
  })
}

test('posttls-finger sees the keys that we see', async () => {
  const { keys } = await talkTo(addresses.postfix)
  for (const [type, suites] of [
    ['rsa', 'aRSA'],
    ['ecdsa', 'aECDSA'],
  ] as const) {
    // A level that takes no anonymous suites, and the suites of one kind of key.
    const options = [
      '-c',
      '-l',
      'fingerprint',
      '-d',
      'sha256',
      '-p',
      'TLSv1.2',
      '-o',
      `tls_medium_cipherlist=${suites}`,
    ]
    const said = await finger([...options, `[${addresses.postfix}]:25`])
    const digests = /fingerprint=([\dA-F:]+), pkey_fingerprint=([\dA-F:]+)/.exec(said)
    const leaf = leafOf(keys[type])
    const spki = createHash('sha256')
      .update(leaf.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex')
    assert.equal(digests?.[1], leaf.fingerprint256, said)
    assert.equal(digests?.[2]?.replaceAll(':', '').toLowerCase(), spki)
  }
})

function finger(args: readonly string[]): Promise<string> {
  const env = { ...process.env, MAIL_CONFIG: join(stage.folder, 'finger') }
  return new Promise((resolve) => {
    execFile('posttls-finger', [...args], { env, timeout: 20_000 }, (_, stdout, stderr) => resolve(stdout + stderr))
  })
}

test('a Postfix without TLS offers none and refuses it', async () => {
  const { outcome } = await probe(addresses.plain)
  assert.ok(outcome.kind === 'talked')
  assert.deepEqual([outcome.startTls.offer.kind, outcome.startTls.answer.kind], ['absent', 'refused'])
  assert.deepEqual(outcome.offers, ['absent', 'absent'])
})

test('OpenSSL as it was: old versions, a small group, weak suites, renegotiation', async () => {
  const { parameters, keys } = await talkTo(addresses.old)
  assert.equal(leafOf(keys.rsa).fingerprint256, pemOf(pairs.rsa).fingerprint256)
  assert.equal(keys.ecdsa.kind, 'absent')
  assert.deepEqual(versionsTaken(parameters), await takenBy(addresses.old, versionOptions))
  assert.ok(versionsTaken(parameters).includes('TLSv1'))
  const group = told(parameters.finiteField)
  assert.deepEqual([group?.bits, group?.name], [1024, undefined])
  assert.match(
    (await askOpenssl(addresses.old, ['-tls1_2', '-cipher', `DHE:${weak}`])).text,
    /Server Temp Key: DH, 1024 bits/,
  )
  assert.equal(told(told(parameters.exchangeSignature).sha1), 'rsa_pkcs1_sha1')
  assert.ok(told(parameters.clientRenegotiation).count > 0)
  const suites = parameters.suites.find(({ version }) => version === 'TLSv1.2')?.suites.items ?? []
  assert.ok(suites.includes('TLS_RSA_WITH_NULL_SHA'))
})

test('OpenSSL of TLS 1.3 alone, with early data', async () => {
  const { parameters, keys } = await talkTo(addresses.young)
  assert.equal(leafOf(keys.ecdsa).fingerprint256, pemOf(pairs.ecdsa).fingerprint256)
  assert.deepEqual(versionsTaken(parameters), ['TLSv1.3'])
  assert.equal(told(parameters.earlyData), 4096)
  assert.deepEqual(
    told(parameters.groups.tls13).items.map(({ name }) => name),
    ['secp384r1', 'x25519'],
  )
  assert.deepEqual(parameters.suites, [
    { version: 'TLSv1.3', suites: { items: ['TLS_AES_256_GCM_SHA384'], isComplete: true } },
  ])
  assert.deepEqual(parameters.groups.older, { kind: 'untold', why: 'meaningless' })
})
