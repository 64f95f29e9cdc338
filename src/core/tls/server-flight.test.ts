import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { createServer, type TlsOptions } from 'node:tls'
import fc from 'fast-check'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { limits } from '../limits.ts'
import { type HelloOffer, writeClientHello } from './client-hello.ts'
import { bitsOfPrime, nameOfPrime } from './finite-field-groups.ts'
import { groupName } from './groups.ts'
import { createFlightReader, type ServerFlight } from './server-flight.ts'
import { schemeName, soundSchemes } from './signature-schemes.ts'
import { suiteByName, suiteName, suitesOf } from './suites.ts'
import { versionNumbers } from './versions.ts'

const mint = await openMint()
const rsa = await mint.issue(describeCertificate('mx.test', { key: 'rsa' }))
const ecdsa = await mint.issue(describeCertificate('mx.test', {}))

const entropy = { random: new Uint8Array(32).fill(7), sessionId: new Uint8Array(32).fill(9) }

function offerOf(version: HelloOffer['version'], more: Partial<HelloOffer> = {}): HelloOffer {
  const suites = suitesOf(version).map(({ id }) => id)
  const schemes = soundSchemes.map(({ id }) => id)
  return { version, suites, groups: [0x001d, 0x0017], schemes, serverName: 'mx.test', ...more }
}

/** What OpenSSL answers, in the pieces in which it comes. */
async function ask(options: TlsOptions, offer: HelloOffer): Promise<{ flight: ServerFlight; pieces: Buffer[] }> {
  const server = createServer(options).on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(writeClientHello(offer, entropy))
  const reader = createFlightReader()
  const pieces: Buffer[] = []
  socket.on('data', (piece: Buffer) => {
    pieces.push(piece)
    reader.push(piece)
    if (reader.flight().isOver) socket.end()
  })
  await once(socket, 'close')
  server.close()
  return { flight: reader.flight(), pieces }
}

const weak = { ciphers: 'ALL:COMPLEMENTOFALL:@SECLEVEL=0', minVersion: 'TLSv1' } as const
const both = { key: [rsa.key, ecdsa.key], cert: [rsa.chain, ecdsa.chain] }

test('OpenSSL takes our hello of TLS 1.3, and its retry names version, suite and group', async () => {
  const suites = ['TLS_AES_256_GCM_SHA384'].map((name) => suiteByName(name)?.id ?? 0)
  const { flight } = await ask(both, offerOf('TLSv1.3', { suites, groups: [0x0018] }))
  assert.equal(flight.hello?.version, versionNumbers['TLSv1.3'])
  assert.equal(flight.hello?.isRetry, true)
  assert.equal(suiteName(flight.hello?.suite ?? 0), 'TLS_AES_256_GCM_SHA384')
  assert.equal(groupName(flight.hello?.group ?? 0), 'secp384r1')
  assert.equal(flight.isOver, true)
})

test('TLS 1.2: suite, chain as sent, curve and signature are read', async () => {
  const suites = [suiteByName('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')?.id ?? 0]
  const { flight } = await ask(both, offerOf('TLSv1.2', { suites, schemes: [0x0501] }))
  assert.equal(suiteName(flight.hello?.suite ?? 0), 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256')
  assert.deepEqual(flight.certificates?.[0], Buffer.from(rsa.leaf))
  assert.equal(flight.certificates?.length, 2)
  assert.ok(flight.keyExchange?.kind === 'curve')
  assert.equal(groupName(flight.keyExchange.group), 'x25519')
  assert.equal(schemeName(flight.keyExchange.scheme ?? 0), 'rsa_pkcs1_sha384')
  assert.equal(flight.hello?.compression, 0)
  assert.ok(flight.hello?.extensions.includes(0xff01)) // RFC 5746
  assert.ok(flight.hello?.extensions.includes(23)) // RFC 7627
})

test('DHE: the size of the prime and its name', async () => {
  const suites = [suiteByName('TLS_DHE_RSA_WITH_AES_128_GCM_SHA256')?.id ?? 0]
  const server = { ...both, ...weak, dhparam: 'auto' } as const
  const { flight } = await ask(server, offerOf('TLSv1.2', { suites, groups: [] }))
  assert.ok(flight.keyExchange?.kind === 'finite-field')
  assert.equal(bitsOfPrime(flight.keyExchange.prime), 2048)
  assert.equal(nameOfPrime(flight.keyExchange.prime), 'modp2048')
})

test('anonymous suites bring a key exchange without certificate and signature', async () => {
  const suites = [suiteByName('TLS_DH_anon_WITH_AES_128_CBC_SHA256')?.id ?? 0]
  const { flight } = await ask({ ...weak, dhparam: 'auto' }, offerOf('TLSv1.2', { suites, groups: [] }))
  assert.equal(flight.certificates, undefined)
  assert.ok(flight.keyExchange?.kind === 'finite-field')
  assert.equal(flight.keyExchange.scheme, undefined)
})

for (const version of ['TLSv1.1', 'TLSv1'] as const) {
  test(`${version} is taken by who has it, and refused by an alert by who has not`, async () => {
    const taken = await ask({ ...both, ...weak }, offerOf(version, { schemes: [] }))
    assert.equal(taken.flight.hello?.version, versionNumbers[version])
    assert.ok(taken.flight.certificates)
    const refused = await ask(both, offerOf(version))
    assert.equal(refused.flight.hello, undefined)
    assert.equal(refused.flight.alert, 70)
  })
}

test('SSLv3 is asked for without extensions', () => {
  const hello = writeClientHello(offerOf('SSLv3'), entropy)
  const suites = suitesOf('SSLv3').length + 1
  assert.equal(hello.length, 5 + 4 + 2 + 32 + 1 + 2 + 2 * suites + 3)
  assert.deepEqual([...hello.subarray(0, 3)], [22, 3, 0])
})

test('no suite in common is alert 40', async () => {
  const suites = [suiteByName('TLS_RSA_WITH_RC4_128_MD5')?.id ?? 0]
  const { flight } = await ask(both, offerOf('TLSv1.2', { suites }))
  assert.equal(flight.alert, 40)
  assert.equal(flight.isOver, true)
})

const record = (type: number, ...content: number[]) => [
  type,
  3,
  3,
  content.length >> 8,
  content.length & 255,
  ...content,
]

const hostile: readonly [why: string, octets: readonly number[], expected: Partial<ServerFlight>][] = [
  ['SMTP in the place of TLS', [...Buffer.from('500 no\r\n')], { fault: 'not-tls' }],
  ['a record that is too long', [22, 3, 3, 0xff, 0xff], { fault: 'malformed' }],
  ['an empty record', [22, 3, 3, 0, 0], { fault: 'malformed' }],
  ['a certificate before any hello', record(22, 11, 0, 0, 3, 0, 0, 0), { fault: 'malformed' }],
  ['a message of sixteen mebioctets', record(22, 2, 0xff, 0xff, 0xff), { fault: 'too-long' }],
  ['a hello that ends early', record(22, 2, 0, 0, 4, 3, 3, 0, 0), { fault: 'malformed' }],
  ['a warning alone', record(21, 1, 112), { alert: undefined, isOver: false }],
  ['a warning that closes', record(21, 1, 0), { alert: undefined, isOver: true }],
  ['half an alert', record(21, 2), { fault: 'malformed' }],
  ['a fatal alert behind a warning', [...record(21, 1, 112), ...record(21, 2, 40)], { alert: 40, isOver: true }],
]
for (const [why, octets, expected] of hostile) {
  test(`the reader bears ${why}`, () => {
    const reader = createFlightReader()
    reader.push(Uint8Array.from(octets))
    for (const [key, value] of Object.entries(expected)) assert.equal(reader.flight()[key as keyof ServerFlight], value)
  })
}

test('a flight without end is cut off', () => {
  const reader = createFlightReader()
  const piece = Uint8Array.from(record(22, ...new Array<number>(16_000).fill(0)))
  let pushed = 0
  for (; !reader.flight().isOver && pushed < 100; pushed++)
    reader.push(pushed === 0 ? Uint8Array.from(record(22, 2, 3, 0xff, 0xff)) : piece)
  assert.equal(reader.flight().fault, 'too-long')
  assert.ok(pushed * 16_000 < limits.probe.flightOctets + 64_000)
})

/** A real flight, for mutation. */
const { pieces } = await ask({ ...both, ...weak, dhparam: 'auto' }, offerOf('TLSv1.2'))
const real = Buffer.concat(pieces)

function readIn(size: number, octets: Uint8Array): ServerFlight {
  const reader = createFlightReader()
  for (let at = 0; at < octets.length; at += size) reader.push(octets.subarray(at, at + size))
  return reader.flight()
}

test('however a flight is cut into pieces, it says the same', () => {
  const whole = readIn(real.length, real)
  assert.ok(whole.hello && whole.certificates && whole.keyExchange && whole.isOver)
  for (const size of [1, 2, 3, 7, 100, 1000]) assert.deepEqual(readIn(size, real), whole)
})

test('the reader never throws, whatever comes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (octets, size) => {
      readIn(size, octets)
    }),
  )
  const change = fc.tuple(fc.nat({ max: real.length - 1 }), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.array(change, { maxLength: 8 }), fc.nat({ max: real.length }), (changes, length) => {
      const octets = Uint8Array.from(real)
      for (const [place, octet] of changes) octets[place] = octet
      const cut = octets.subarray(0, length)
      assert.deepEqual(readIn(13, cut), readIn(cut.length || 1, cut))
    }),
    { numRuns: 500 },
  )
})
