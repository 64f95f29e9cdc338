import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { createAuthority } from '../../../test/support/certificates.ts'
import made from '../../../test/vectors/dane-certificates.json' with { type: 'json' }
import vectors from '../../../test/vectors/dane-keys.json' with { type: 'json' }
import { limits } from '../limits.ts'
import { parseCertificate, parseSpki, spkiOf } from './certificate.ts'

const certificates = vectors.certificates.map(({ name, certificate, key }) => ({
  name,
  der: new Uint8Array(Buffer.from(certificate, 'base64')),
  key: new Uint8Array(Buffer.from(key, 'base64')),
}))
const [{ der: rsa, key: rsaKey } = assert.fail()] = certificates

for (const { name, der, key } of certificates) {
  test(`spkiOf finds the key that OpenSSL exports: ${name}`, () => assert.deepEqual(spkiOf(der), key))

  test(`the octets can be read: ${name}`, () => {
    assert.equal(Buffer.compare(parseCertificate(der)?.raw ?? assert.fail(), der), 0)
    assert.equal(parseSpki(key)?.type, 'public')
  })

  test(`every shorter beginning is refused: ${name}`, () => {
    for (let length = 0; length < der.length; length++) {
      const cut = der.subarray(0, length)
      assert.equal(spkiOf(cut), undefined, `${length} octets`)
      assert.equal(parseCertificate(cut), undefined, `${length} octets`)
    }
    for (let length = 0; length < key.length; length++) {
      assert.equal(parseSpki(key.subarray(0, length)), undefined, `${length} octets`)
    }
  })

  test(`and so is every octet behind: ${name}`, () => {
    const longer = Buffer.concat([der, Buffer.alloc(1)])
    assert.deepEqual([spkiOf(longer), parseCertificate(longer)], [undefined, undefined])
    assert.equal(parseSpki(Buffer.concat([key, Buffer.alloc(1)])), undefined)
  })
}

test('spkiOf takes the key from where it stands in a larger buffer', () => {
  const around = Buffer.concat([Buffer.alloc(7, 0xff), rsa, Buffer.alloc(7, 0xff)])
  assert.deepEqual(new Uint8Array(spkiOf(around.subarray(7, 7 + rsa.length)) ?? []), rsaKey)
})

test('V-TLSA: the key of the published leaf', () => {
  const leaf = Buffer.from(made.certificates.LEAF, 'base64')
  assert.equal(Buffer.from(spkiOf(leaf) ?? []).toString('hex'), made.digests['LEAF SPKI'])
})

test('spkiOf agrees with Node on certificates made now', async () => {
  const { cert } = await (await createAuthority()).issue({ names: ['mx.example.org'] })
  const certificate = new X509Certificate(cert)
  const exported = certificate.publicKey.export({ format: 'der', type: 'spki' })
  assert.deepEqual(Buffer.from(spkiOf(certificate.raw) ?? []), exported)
})

/** DER by hand, with lengths below 128. */
function der(tag: number, ...content: Uint8Array[]): Uint8Array {
  const octets = Buffer.concat(content)
  return Buffer.concat([Uint8Array.of(tag, octets.length), octets])
}

const integer = der(0x02, Uint8Array.of(1))
const sequence = der(0x30)
const version3 = der(0xa0, der(0x02, Uint8Array.of(2)))
const key = der(0x30, integer)
const tail = [sequence, der(0x03, Uint8Array.of(0))]

const shapes: [why: string, certificate: Uint8Array, found: Uint8Array | undefined][] = [
  ['version 3', der(0x30, der(0x30, version3, integer, sequence, sequence, sequence, sequence, key), ...tail), key],
  ['version 1', der(0x30, der(0x30, integer, sequence, sequence, sequence, sequence, key), ...tail), key],
  ['no key', der(0x30, der(0x30, version3, integer, sequence, sequence, sequence, sequence), ...tail), undefined],
  [
    'a key that is no sequence',
    der(0x30, der(0x30, version3, integer, sequence, sequence, sequence, sequence, integer), ...tail),
    undefined,
  ],
  ['nothing to be signed', der(0x30), undefined],
  ['something else to be signed', der(0x30, integer, ...tail), undefined],
  ['no sequence', der(0x31, der(0x30, integer, sequence, sequence, sequence, sequence, key), ...tail), undefined],
  ['a child that does not fit', der(0x30, Uint8Array.of(0x30, 5, 0x30, 9)), undefined],
]

for (const [why, certificate, found] of shapes) {
  test(`spkiOf of ${why}`, () => assert.deepEqual(spkiOf(certificate), found))
}

test('text is no certificate and no key: PEM is for operators, not for DNS', () => {
  const pem = Buffer.from(new X509Certificate(rsa).toString())
  assert.deepEqual([spkiOf(pem), parseCertificate(pem), parseSpki(pem)], [undefined, undefined, undefined])
})

test('a key is no certificate, and a certificate no key', () => {
  assert.equal(parseCertificate(rsaKey), undefined)
  assert.equal(parseSpki(rsa), undefined)
})

test('what is larger than any certificate is not looked at', () => {
  const size = limits.certificates.octets - 3
  const large = (octets: number) =>
    Buffer.concat([Uint8Array.of(0x30, 0x82, octets >> 8, octets & 0xff), Buffer.alloc(octets)])
  assert.equal(large(size).length, limits.certificates.octets + 1)
  for (const read of [spkiOf, parseCertificate, parseSpki]) assert.equal(read(large(size)), undefined)
})

/** Octets, some of which begin as certificates do. */
const octets = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(fc.constantFrom(...certificates), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }))
    .map(([{ der: whole }, changes]) => {
      const changed = Uint8Array.from(whole)
      for (const [at, octet] of changes) changed[at % whole.length] = octet
      return changed
    }),
)

test('nothing throws on any octets, and a key is a part of the certificate', () => {
  fc.assert(
    fc.property(octets, (one) => {
      const found = spkiOf(one)
      if (found !== undefined) assert.ok(Buffer.from(one).includes(Buffer.from(found)))
      parseCertificate(one)
      parseSpki(one)
    }),
    { numRuns: 2000 },
  )
})
