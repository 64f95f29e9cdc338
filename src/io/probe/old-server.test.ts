// What no OpenSSL of today shows any more, said by a server that is made of octets.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { probeScript, talkOf } from '../../../test/support/probing.ts'
import { alertRecord } from '../../../test/support/smtp-server.ts'
import type { TlsParameters, Told } from '../../core/check/tls-parameters.ts'

const message = (type: number, ...body: number[]) => [type, 0, body.length >> 8, body.length & 255, ...body]
const random = new Array<number>(32).fill(7)

interface Flight {
  /** On the wire: 0x0300 is SSLv3. */
  readonly version: number
  readonly suite: number
  readonly compression?: number
  readonly extensions?: readonly number[]
  readonly keyExchange?: readonly number[]
}

function flightOf({ version, suite, compression = 0, extensions = [], keyExchange }: Flight): Uint8Array {
  const more = extensions.length === 0 ? [] : [extensions.length >> 8, extensions.length & 255, ...extensions]
  const chosen = [suite >> 8, suite & 255, compression]
  const content = [
    ...message(2, version >> 8, version & 255, ...random, 0, ...chosen, ...more),
    ...message(11, 0, 0, 5, 0, 0, 2, 0x30, 0),
    ...(keyExchange === undefined ? [] : message(12, ...keyExchange)),
    ...message(14),
  ]
  return Uint8Array.from([22, version >> 8, version & 255, content.length >> 8, content.length & 255, ...content])
}

/** The version that a hello asks for, and the suites that it offers. */
function readHello(hello: Buffer): { readonly version: number; readonly suites: readonly number[] } {
  const version = hello.readUInt16BE(9)
  const at = 11 + 32 + 1 + hello.readUInt8(43)
  const count = hello.readUInt16BE(at) / 2
  return { version, suites: Array.from({ length: count }, (_, place) => hello.readUInt16BE(at + 2 + 2 * place)) }
}

/** A server that answers the first suite of these that is offered, in this version alone. */
async function parametersOf(version: number, flights: readonly Omit<Flight, 'version'>[]): Promise<TlsParameters> {
  const insteadOfTls = (octets: Buffer) => {
    const hello = readHello(octets)
    const flight = flights.find(({ suite }) => hello.suites.includes(suite))
    const isWanted = hello.version === version && flight !== undefined
    return isWanted ? flightOf({ ...flight, version }) : alertRecord(hello.version === version ? 40 : 70)
  }
  const { probe } = await probeScript({ insteadOfTls }, 'full')
  const { parameters } = talkOf(probe)
  assert.ok(parameters !== undefined)
  return parameters
}

function told<Value>(what: Told<Value>): Value {
  assert.ok(what.kind === 'told', JSON.stringify(what))
  return what.value
}

const taken = ({ versions }: TlsParameters) =>
  versions.flatMap(({ version, finding }) => (told(finding).kind === 'taken' ? [version] : []))

test('SSLv3 is found', async () => {
  const found = await parametersOf(0x0300, [{ suite: 0x0005 }])
  assert.deepEqual(taken(found), ['SSLv3'])
  assert.deepEqual(found.suites, [
    { version: 'SSLv3', suites: { items: ['TLS_RSA_WITH_RC4_128_SHA'], isComplete: true } },
  ])
  assert.deepEqual(told(found.order), { kind: 'none', version: 'SSLv3' })
  assert.equal(told(found.secureRenegotiation), false)
})

test('TLS 1.2 with compression, and without what came after it', async () => {
  const found = await parametersOf(0x0303, [{ suite: 0x002f, compression: 1 }])
  assert.deepEqual(taken(found), ['TLSv1.2'])
  assert.equal(told(found.compression), true)
  assert.equal(told(found.secureRenegotiation), false)
  assert.equal(told(found.extendedMasterSecret), false)
  assert.equal(told(found.encryptThenMac), false)
})

test('what came after it is seen when it is there', async () => {
  const extensions = [0xff, 1, 0, 1, 0, 0, 23, 0, 0, 0, 22, 0, 0]
  const found = await parametersOf(0x0303, [{ suite: 0x002f, extensions }])
  assert.equal(told(found.secureRenegotiation), true)
  assert.equal(told(found.extendedMasterSecret), true)
  assert.equal(told(found.encryptThenMac), true)
})

test('a prime of 512 bits is measured', async () => {
  const prime = [0xb5, ...new Array<number>(63).fill(3)]
  // Leading zeros count for nothing.
  const keyExchange = [0, 66, 0, 0, ...prime, 0, 1, 2, 0, 1, 9, 1, 1, 0, 1, 5]
  const found = await parametersOf(0x0301, [{ suite: 0x0033, keyExchange }])
  const group = told(found.finiteField)
  assert.deepEqual([group?.bits, group?.name, group?.prime.length], [512, undefined, 128])
})

test('a signature of MD5 over the key exchange is found', async () => {
  const keyExchange = [3, 0, 23, 1, 4, 1, 1, 0, 1, 5]
  const found = await parametersOf(0x0303, [{ suite: 0xc013, keyExchange }])
  assert.equal(told(found.exchangeSignature).usual, 'rsa_pkcs1_md5')
  assert.deepEqual(told(found.groups.older).items, [{ id: 23, name: 'secp256r1' }])
})

test('a curve that the server describes by itself ends the list of curves', async () => {
  const found = await parametersOf(0x0303, [{ suite: 0xc013, keyExchange: [1, 1, 2, 3] }])
  assert.deepEqual(told(found.groups.older), { items: [], isComplete: false })
})

test('an older version than was asked for is not the one that was asked for', async () => {
  const insteadOfTls = (octets: Buffer) =>
    readHello(octets).version >= 0x0301 ? flightOf({ version: 0x0301, suite: 0x002f }) : alertRecord(70)
  const { probe } = await probeScript({ insteadOfTls }, 'full')
  const { parameters } = talkOf(probe)
  assert.ok(parameters !== undefined)
  assert.deepEqual(taken(parameters), ['TLSv1'])
})
