import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { test } from 'node:test'
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509'
import fc from 'fast-check'
import { createAuthority } from '../../../test/support/certificates.ts'
import { spkiOf } from './certificate.ts'
import { type FoundKey, hasWrittenCurve, holdsPrivateKey, type MaterialFault, readKeyMaterial } from './key-material.ts'
import { spkiOfRequest } from './request.ts'

const authority = await createAuthority()
const { cert, key } = await authority.issue({ names: ['mx.example.org'] })

const pairs = {
  RSA: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-PSS': generateKeyPairSync('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha256',
    mgf1HashAlgorithm: 'sha256',
  }),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  Ed25519: generateKeyPairSync('ed25519'),
}

const spki = (publicKey: KeyObject) => publicKey.export({ format: 'der', type: 'spki' })
const text = (pem: string | Buffer) => Buffer.from(pem.toString())

function keyIn(octets: Uint8Array): FoundKey {
  const read = readKeyMaterial(octets)
  assert.ok(read.ok, JSON.stringify(read))
  const [found, surplus] = read.value.keys
  assert.ok(found !== undefined && surplus === undefined && read.value.certificates.length === 0)
  return found
}

for (const [kind, { publicKey, privateKey }] of Object.entries(pairs)) {
  test(`DANE-89: an ${kind} key is the same key from every kind of file`, () => {
    const expected = spki(publicKey)
    const files: [Buffer, FoundKey['from']][] = [
      [text(publicKey.export({ format: 'pem', type: 'spki' })), 'public-key'],
      [expected, 'public-key'],
      [text(privateKey.export({ format: 'pem', type: 'pkcs8' })), 'private-key'],
    ]
    if (kind === 'RSA') {
      files.push([text(publicKey.export({ format: 'pem', type: 'pkcs1' })), 'public-key'])
      files.push([text(privateKey.export({ format: 'pem', type: 'pkcs1' })), 'private-key'])
    }
    if (kind.startsWith('P-')) files.push([text(privateKey.export({ format: 'pem', type: 'sec1' })), 'private-key'])
    for (const [file, from] of files) {
      const found = keyIn(file)
      assert.deepEqual([found.from, Buffer.from(found.spki)], [from, expected])
      assert.equal(hasWrittenCurve(found.spki), false)
    }
  })
}

const curve = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const requestKeys = await crypto.subtle.generateKey(curve, true, ['sign', 'verify'])
const request = await Pkcs10CertificateRequestGenerator.create({
  ...{ name: 'CN=mx.example.org', keys: requestKeys, signingAlgorithm: curve },
})
const requestSpki = Buffer.from(await crypto.subtle.exportKey('spki', requestKeys.publicKey))

test('DANE-89: a certificate request has a key, in PEM and in DER', () => {
  const pem = request.toString('pem')
  const old = pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')
  for (const file of [text(pem), text(old), Buffer.from(request.rawData)]) {
    const found = keyIn(file)
    assert.deepEqual([found.from, Buffer.from(found.spki)], ['request', requestSpki])
  }
})

test('a certificate is no request, and a request no certificate', () => {
  const read = readKeyMaterial(text(cert))
  assert.ok(read.ok)
  const [certificate] = read.value.certificates
  assert.ok(certificate !== undefined)
  assert.equal(spkiOfRequest(certificate.raw), undefined)
  assert.deepEqual(readKeyMaterial(text(request.toString('pem').replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE'))), {
    ...{ ok: false, fault: 'certificate', at: 1 },
  })
})

test('certificates and keys stand in one file in any order, with text, CRLF and a byte order mark', () => {
  const file = `\ufeffsubject=/CN=x\n${key}\n${cert}\n${authority.pem}`.replaceAll('\n', '\r\n')
  const read = readKeyMaterial(Buffer.from(file))
  assert.ok(read.ok, JSON.stringify(read))
  assert.equal(read.value.certificates.length, 2)
  const [leaf] = read.value.certificates
  assert.deepEqual(Buffer.from(spkiOf(leaf?.raw ?? Buffer.alloc(0)) ?? []), Buffer.from(read.value.keys[0]?.spki ?? []))
})

test('a certificate in DER is the one in PEM', () => {
  const pem = readKeyMaterial(text(cert))
  assert.ok(pem.ok && pem.value.certificates[0] !== undefined)
  const { raw } = pem.value.certificates[0]
  const der = readKeyMaterial(raw)
  assert.ok(der.ok)
  assert.deepEqual(der.value.certificates[0]?.raw, raw)
})

test('parameters, revocation lists and what OpenSSL trusts a certificate for are passed over', () => {
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n'
  const sec1 = pairs['P-256'].privateKey.export({ format: 'pem', type: 'sec1' })
  assert.deepEqual(Buffer.from(keyIn(text(`${parameters}${sec1}`)).spki), spki(pairs['P-256'].publicKey))
  const read = readKeyMaterial(text(cert))
  assert.ok(read.ok && read.value.certificates[0] !== undefined)
  const trusted = Buffer.concat([read.value.certificates[0].raw, Buffer.of(0x30, 0x02, 0x0c, 0x00)]).toString('base64')
  const again = readKeyMaterial(
    text(`-----BEGIN TRUSTED CERTIFICATE-----\n${trusted}\n-----END TRUSTED CERTIFICATE-----`),
  )
  assert.deepEqual(again.ok && again.value.certificates[0]?.raw, read.value.certificates[0].raw)
})

const sealed = { format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' } as const
const agreement = generateKeyPairSync('x25519')
const refused: [what: string, file: Buffer, fault: MaterialFault, line: number][] = [
  ['an empty file', Buffer.alloc(0), 'empty', 0],
  ['a file of white space', text('\n\n'), 'nothing', 0],
  ['text', text('3 1 1 00'), 'nothing', 0],
  ['octets that begin like DER', Buffer.of(0x30, 0x82, 0x01), 'nothing', 0],
  [
    'parameters alone',
    text('-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----'),
    'nothing',
    0,
  ],
  ['a certificate that is cut short', text(cert.replace(/\n[^\n]+\n-----END/, '\n-----END')), 'certificate', 1],
  ['an end that is missing', text(cert.replace(/-----END.*/, '')), 'unfinished', 1],
  ['a certificate of no octets', text('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----'), 'certificate', 1],
  ['a public key of no octets', text('-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----'), 'key', 1],
  ['a key under another label', text(key.replaceAll('PRIVATE KEY', 'PUBLIC KEY')), 'key', 1],
  ['a certificate called a key', text(cert.replaceAll('CERTIFICATE', 'PUBLIC KEY')), 'key', 1],
  [
    'a request of no octets',
    text('-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----'),
    'request',
    1,
  ],
  ['a key that is encrypted', text(pairs['P-256'].privateKey.export({ ...sealed, type: 'pkcs8' })), 'encrypted-key', 1],
  [
    'a key that is encrypted in the old way',
    text(pairs.RSA.privateKey.export({ ...sealed, type: 'pkcs1' })),
    'encrypted-key',
    1,
  ],
  ['a key that signs nothing', text(agreement.publicKey.export({ format: 'pem', type: 'spki' })), 'key-kind', 1],
  [
    'a private key that signs nothing',
    text(agreement.privateKey.export({ format: 'pem', type: 'pkcs8' })),
    'key-kind',
    1,
  ],
  ['a private key in DER', pairs['P-384'].privateKey.export({ format: 'der', type: 'pkcs8' }), 'private-der', 0],
  ['PKCS#7', text(`${cert}\n-----BEGIN PKCS7-----\nAQID\n-----END PKCS7-----`), 'label', cert.split('\n').length + 1],
]
for (const [what, file, fault, line] of refused) {
  test(`readKeyMaterial refuses ${what}`, () => {
    assert.deepEqual(readKeyMaterial(file), { ok: false, fault, at: line })
  })
}

test('a curve that is written out instead of named is told from one that is named', () => {
  const written = generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })
  assert.equal(hasWrittenCurve(spki(written.publicKey)), true)
  const found = keyIn(text(written.privateKey.export({ format: 'pem', type: 'pkcs8' })))
  assert.deepEqual(Buffer.from(found.spki), spki(written.publicKey))
})

test('files with private keys are told from others', () => {
  assert.deepEqual(
    [key, cert, request.toString('pem'), ''].map((file) => holdsPrivateKey(text(file))),
    [...[true, false, false, false]],
  )
  assert.equal(holdsPrivateKey(text(pairs.RSA.privateKey.export({ format: 'pem', type: 'pkcs1' }))), true)
  assert.equal(holdsPrivateKey(text(pairs.RSA.privateKey.export({ ...sealed, type: 'pkcs8' }))), true)
})

test('whatever is in a file, reading it throws nothing, and no key in it is empty', () => {
  const pieces = fc.oneof(
    fc.constantFrom(cert, key, request.toString('pem'), authority.pem, '\r\n', '\ufeff'),
    fc.string({ maxLength: 40 }),
  )
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.uint8Array({ maxLength: 100 }).map((rest) => Buffer.concat([Buffer.of(0x30), rest])),
    fc.array(pieces, { maxLength: 4 }).map((all) => Buffer.from(all.join(''))),
    fc.tuple(fc.nat(), fc.nat(255)).map(([at, octet]) => {
      const changed = Buffer.from(request.rawData)
      changed[at % changed.length] = octet
      return changed
    }),
  )
  const ofNothing = createHash('sha256').update('').digest('hex')
  fc.assert(
    fc.property(octets, (file) => {
      const read = readKeyMaterial(file)
      if (!read.ok) return
      const keys = [...read.value.keys.map((found) => found.spki), ...read.value.certificates.map(({ raw }) => raw)]
      for (const one of keys) assert.notEqual(createHash('sha256').update(one).digest('hex'), ofNothing)
      assert.ok(keys.length > 0)
    }),
    { numRuns: 1000 },
  )
})
