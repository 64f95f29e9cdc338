import assert from 'node:assert/strict'
import { constants } from 'node:crypto'
import { test } from 'node:test'
import type { SecureContextOptions } from 'node:tls'
import { fakeNetwork } from '../../../test/support/fake-network.ts'
import { address, type Probed, probeScript, probingIo, requestTo, talkOf } from '../../../test/support/probing.ts'
import { type SmtpScript, startSmtpServer } from '../../../test/support/smtp-server.ts'
import type { TlsParameters, Told } from '../../core/check/tls-parameters.ts'
import { limits } from '../../core/limits.ts'
import { refuse } from '../../core/result.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { probeAddress } from './probe-address.ts'

const mint = await openMint()
const rsa = await mint.issue(describeCertificate('mx.test', { key: 'rsa' }))
const ecdsa = await mint.issue(describeCertificate('mx.test', {}))
const selfSigned = await mint.issue(describeCertificate('mx.test', { certificate: 'self-signed' }))
const keys = { key: [rsa.key, ecdsa.key], cert: [rsa.chain, ecdsa.chain] }

/** Made by OpenSSL for this test. */
const ownGroup = `-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEAodTF4MmwbT+a51JIkGqwhtp18FmOABQ8n5srRSLoG8abQOOACIB+
5ebpYGJDsU83PBqokMGAmQGIUlGZKJxlGLTs9Z3qGqtR656de9Ssy4OJixlpvyh0
/qCDMCWJ8SeTCiNZchTvcmgALJ+lqcu/GT3Xy6ENNqW2eEy4sL7aQlg9tyhU+NqH
pq4sP6Z45eOSfkqB+ubg5+e46yMlu63Zbo8uJvHXSzTJFxCaB5+z4hi89oEERo8f
1LBfVzIvtYdsEhvqUUO5vHq3yLk8qDSvYoVcRAx1vwNkQFIpQDZZVeFDXXIf9Qeg
7j+Z1eUfwGp05VOkgZxHcy7IWnon8Y5R7wIBAg==
-----END DH PARAMETERS-----`

async function probeFully(
  tls: SecureContextOptions,
  script: SmtpScript = {},
): Promise<Probed & { found: TlsParameters }> {
  const probed = await probeScript({ credential: ecdsa, tls, ...script }, 'full')
  const { parameters } = talkOf(probed.probe)
  assert.ok(parameters !== undefined)
  return { ...probed, found: parameters }
}

function told<Value>(what: Told<Value>): Value {
  assert.ok(what.kind === 'told', JSON.stringify(what))
  return what.value
}

const versionsOf = ({ versions }: TlsParameters) =>
  versions.map(({ version, finding }) => `${version} ${finding.kind === 'told' ? finding.value.kind : finding.why}`)
const namesOf = (what: TlsParameters['groups']['tls13']) => told(what).items.map(({ name }) => name)
const suitesOf = ({ suites }: TlsParameters, version: string) => suites.find((list) => list.version === version)?.suites

test('a server of today: everything that it takes, and nothing that it does not', async () => {
  const ciphers = ['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-GCM-SHA384', 'TLS_AES_256_GCM_SHA384']
  const { found, probe } = await probeFully({
    ...keys,
    ciphers: ciphers.join(':'),
    ecdhCurve: 'X25519:P-256',
    honorCipherOrder: true,
  })
  assert.deepEqual(versionsOf(found), [
    'TLSv1.3 taken',
    'TLSv1.2 taken',
    'TLSv1.1 refused',
    'TLSv1 refused',
    'SSLv3 refused',
  ])
  assert.deepEqual(suitesOf(found, 'TLSv1.3'), { items: ['TLS_AES_256_GCM_SHA384'], isComplete: true })
  assert.deepEqual(suitesOf(found, 'TLSv1.2'), {
    items: ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    isComplete: true,
  })
  assert.deepEqual(told(found.order), {
    ...{ kind: 'server', version: 'TLSv1.2' },
    ...{ chosen: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', over: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384' },
  })
  assert.deepEqual(namesOf(found.groups.tls13), ['x25519', 'secp256r1'])
  assert.deepEqual(namesOf(found.groups.older).toSorted(), ['secp256r1', 'x25519'])
  assert.equal(told(found.finiteField), undefined)
  assert.deepEqual([found.compression, found.secureRenegotiation, found.extendedMasterSecret].map(told), [
    false,
    true,
    true,
  ])
  assert.deepEqual(found.encryptThenMac, { kind: 'untold', why: 'meaningless' }) // no CBC
  assert.deepEqual(told(found.commandInjection), { kind: 'dropped' })
  assert.equal(told(found.earlyData), 0)
  assert.equal(talkOf(probe).withoutName.kind, 'presented')
  assert.ok(probe.sessions.length < 35, `${probe.sessions.length} connections`)
})

test('a server of old', async () => {
  const ciphers = 'ECDHE-RSA-AES128-SHA:DHE-RSA-AES256-SHA:AES128-SHA:ADH-AES128-SHA:@SECLEVEL=0'
  const { found } = await probeFully({
    ...{ key: rsa.key, cert: rsa.chain, ciphers, minVersion: 'TLSv1', maxVersion: 'TLSv1.2', dhparam: 'auto' },
  })
  assert.deepEqual(versionsOf(found), [
    'TLSv1.3 refused',
    'TLSv1.2 taken',
    'TLSv1.1 taken',
    'TLSv1 taken',
    'SSLv3 refused',
  ])
  const names = ['TLS_DH_anon_WITH_AES_128_CBC_SHA', 'TLS_RSA_WITH_AES_128_CBC_SHA']
  const more = ['TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 'TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA']
  for (const version of ['TLSv1.2', 'TLSv1.1', 'TLSv1'])
    assert.deepEqual(suitesOf(found, version), { items: [...names, ...more], isComplete: true })
  assert.equal(told(found.order).kind, 'client')
  const finiteField = told(found.finiteField)
  assert.deepEqual([finiteField?.bits, finiteField?.name], [2048, 'modp2048'])
  assert.equal(told(told(found.exchangeSignature).sha1), 'rsa_pkcs1_sha1')
  assert.equal(told(found.encryptThenMac), true)
  assert.equal(found.groups.tls13.kind, 'untold')
  assert.deepEqual(found.earlyData, { kind: 'untold', why: 'meaningless' })
})

test('a server of TLS 1.0 alone is no server without TLS', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' } as const
  const { found, probe } = await probeFully({ key: rsa.key, cert: rsa.chain, ...old })
  assert.equal(talkOf(probe).keys.rsa.kind, 'failed')
  assert.deepEqual(
    versionsOf(found).filter((text) => text.endsWith('taken')),
    ['TLSv1 taken'],
  )
  assert.equal(found.commandInjection.kind, 'untold')
})

test('a DH group of its own has no name', async () => {
  const { found } = await probeFully({
    key: rsa.key,
    cert: rsa.chain,
    ciphers: 'DHE:@SECLEVEL=0',
    maxVersion: 'TLSv1.2',
    dhparam: ownGroup,
  })
  const finiteField = told(found.finiteField)
  assert.deepEqual([finiteField?.bits, finiteField?.name], [2048, undefined])
})

test('a hybrid group is found by hellos, though sessions do without', async () => {
  const { found, probe } = await probeFully({ ...keys, ecdhCurve: 'X25519MLKEM768:X25519' })
  assert.deepEqual(namesOf(found.groups.tls13).toSorted(), ['X25519MLKEM768', 'x25519'])
  const { ecdsa: key } = talkOf(probe).keys
  assert.equal(key.kind === 'presented' && key.handshake.group, 'X25519')
})

test('a server with a group for finite fields alone', async () => {
  const { found } = await probeFully({ ...keys, ecdhCurve: 'ffdhe2048' })
  assert.deepEqual(namesOf(found.groups.tls13), ['ffdhe2048'])
})

test('curves are found though an ECDSA certificate needs its own', async () => {
  const { found } = await probeFully({
    key: ecdsa.key,
    cert: ecdsa.chain,
    ecdhCurve: 'X25519:P-384:P-256',
    maxVersion: 'TLSv1.2',
  })
  assert.deepEqual(namesOf(found.groups.older).toSorted(), ['secp256r1', 'secp384r1', 'x25519'])
})

test('renegotiation: refused, or granted as often as we ask', async () => {
  const tls = { ...keys, maxVersion: 'TLSv1.2' } as const
  assert.deepEqual(
    told((await probeFully({ ...tls, secureOptions: constants.SSL_OP_NO_RENEGOTIATION })).found.clientRenegotiation),
    {
      ...{ count: 0, isBound: false },
    },
  )
  const { count } = told((await probeFully(tls)).found.clientRenegotiation)
  assert.ok(count > 1 && count <= limits.probe.renegotiations)
})

test('STARTTLS command injection: dropped, answered inside TLS, answered before, refused', async () => {
  const injectionOf = async (script: SmtpScript) => told((await probeFully(keys, script)).found.commandInjection)
  assert.deepEqual(await injectionOf({}), { kind: 'dropped' })
  const inside = await injectionOf({ behindStartTls: 'inside' })
  assert.ok(inside.kind === 'answered-inside')
  assert.equal(inside.reply.code, 250)
  const clear = await injectionOf({ behindStartTls: 'clear' })
  assert.ok(clear.kind === 'answered-before' || clear.kind === 'cut', clear.kind)
})

test('a certificate that depends on SNI is noticed', async () => {
  const insteadOfTls = (hello: Buffer) =>
    hello.includes('mx.test') ? undefined : Buffer.from([0x15, 3, 3, 0, 2, 2, 112])
  const { probe } = await probeScript({ credential: selfSigned, insteadOfTls }, 'full')
  const { withoutName } = talkOf(probe)
  assert.ok(withoutName.kind === 'failed')
  assert.equal(withoutName.failure.alert, 112)
})

test('in full depth a missing offer is looked for a second time', async () => {
  let sessions = 0
  const answer: SmtpScript['answer'] = (verb) => {
    if (verb === 'EHLO') sessions++
    return verb === 'EHLO' && sessions === 1 ? '250 mx.test' : verb === 'STARTTLS' ? '502 no' : undefined
  }
  const { probe } = await probeScript({ answer }, 'full')
  assert.deepEqual(talkOf(probe).offers, ['absent', 'offered'])
})

test('a server that gets tired of us: what was found is kept, the rest is untold and not refused', async () => {
  let connections = 0
  const answer: SmtpScript['answer'] = (verb, _, inside) =>
    verb === 'EHLO' && !inside && ++connections > 12 ? '421 4.7.0 too many' : undefined
  const { found, probe } = await probeFully(keys, { answer })
  assert.equal(found.versions.length, 5)
  assert.deepEqual(found.order, { kind: 'untold', why: 'busy' })
  assert.ok(probe.sessions.length <= 14)
})

test('a server that shuts us out without a word is left alone, and what it does not tell is not refused', async () => {
  const server = await startSmtpServer({ offers: ['STARTTLS'], credential: ecdsa, tls: keys })
  const network = fakeNetwork({ [`${address}:25`]: server.port })
  const dial = network.connectTcp
  let dialled = 0
  network.connectTcp = async (endpoint, options) => (++dialled > 10 ? refuse('refused') : await dial(endpoint, options))
  const { outcome } = await probeAddress(requestTo('full'), probingIo(network).io)
  await server.close()
  assert.ok(outcome.kind === 'talked' && outcome.parameters !== undefined)
  assert.equal(told(outcome.parameters.compression), false)
  assert.deepEqual(outcome.parameters.order, { kind: 'untold', why: 'lost' })
  assert.equal(dialled, 10 + limits.probe.fruitless)
})

test('a connection that is lost is made again, and a list goes on', async () => {
  const server = await startSmtpServer({ offers: ['STARTTLS'], credential: ecdsa, tls: keys })
  const network = fakeNetwork({ [`${address}:25`]: server.port })
  const dial = network.connectTcp
  let dialled = 0
  network.connectTcp = async (endpoint, options) =>
    ++dialled % 5 === 0 ? refuse('timeout') : await dial(endpoint, options)
  const { outcome } = await probeAddress(requestTo('full'), probingIo(network).io)
  await server.close()
  assert.ok(outcome.kind === 'talked' && outcome.parameters !== undefined)
  assert.equal(told(outcome.parameters.groups.tls13).isComplete, true)
  assert.equal(suitesOf(outcome.parameters, 'TLSv1.2')?.isComplete, true)
})
