import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groups } from '../tls/groups.ts'
import { judgementBy, type Level, tlsProfiles } from './tls-judgement.ts'

const rfc = judgementBy('rfc9325')
const ncsc = judgementBy('ncsc-nl')

const suites: [name: string, byRfc: Level, byNcsc: Level][] = [
  ['TLS_AES_256_GCM_SHA384', 'good', 'good'],
  ['TLS_CHACHA20_POLY1305_SHA256', 'good', 'good'],
  ['TLS_AES_128_GCM_SHA256', 'good', 'sufficient'],
  ['TLS_AES_128_CCM_SHA256', 'good', 'sufficient'],
  ['TLS_AES_128_CCM_8_SHA256', 'sufficient', 'insufficient'],
  ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'good', 'sufficient'],
  ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'good', 'sufficient'],
  ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'phase-out', 'phase-out'],
  ['TLS_ECDHE_RSA_WITH_CAMELLIA_256_CBC_SHA384', 'phase-out', 'phase-out'],
  ['TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'phase-out', 'phase-out'],
  ['TLS_RSA_WITH_AES_256_GCM_SHA384', 'phase-out', 'insufficient'],
  ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 'insufficient', 'insufficient'],
  ['TLS_ECDHE_RSA_WITH_RC4_128_SHA', 'insufficient', 'insufficient'],
  ['TLS_RSA_WITH_NULL_SHA256', 'insufficient', 'insufficient'],
  ['TLS_DH_anon_WITH_AES_128_GCM_SHA256', 'insufficient', 'insufficient'],
  ['TLS_RSA_EXPORT_WITH_DES40_CBC_SHA', 'insufficient', 'insufficient'],
  ['0x1301', 'insufficient', 'insufficient'],
]
for (const [name, byRfc, byNcsc] of suites) {
  test(`RFC 9325 §4.2: ${name} is ${byRfc}, and by the NCSC ${byNcsc}`, () => {
    assert.deepEqual([rfc.suite(name), ncsc.suite(name)], [byRfc, byNcsc])
  })
}

const named: [name: string, byRfc: Level, byNcsc: Level][] = [
  ['X25519MLKEM768', 'good', 'good'],
  ['x25519', 'good', 'sufficient'],
  ['secp384r1', 'good', 'sufficient'],
  ['brainpoolP256r1tls13', 'good', 'sufficient'],
  ['secp224r1', 'phase-out', 'phase-out'],
  ['ffdhe2048', 'sufficient', 'insufficient'],
  ['ffdhe3072', 'sufficient', 'phase-out'],
  ['secp192r1', 'insufficient', 'insufficient'],
]
for (const [name, byRfc, byNcsc] of named) {
  test(`the group ${name} is ${byRfc}, and by the NCSC ${byNcsc}`, () => {
    assert.ok(
      groups.some((group) => group.name === name),
      'known to the prober by this name',
    )
    assert.deepEqual([rfc.group(name), ncsc.group(name)], [byRfc, byNcsc])
  })
}

const keys: [what: string, Parameters<typeof rfc.key>, byRfc: Level, byNcsc: Level][] = [
  ['RSA of 1024 bits', ['rsa', 1024, undefined], 'insufficient', 'insufficient'],
  ['RSA of 2048 bits', ['rsa', 2048, undefined], 'sufficient', 'phase-out'],
  ['RSA of 3072 bits', ['rsa', 3072, undefined], 'sufficient', 'sufficient'],
  ['P-256', ['ec', undefined, 'prime256v1'], 'sufficient', 'sufficient'],
  ['P-224', ['ec', undefined, 'secp224r1'], 'phase-out', 'phase-out'],
  ['P-192', ['ec', undefined, 'prime192v1'], 'insufficient', 'insufficient'],
  ['Ed25519', ['ed25519', undefined, undefined], 'sufficient', 'sufficient'],
  ['DSA', ['dsa', 2048, undefined], 'insufficient', 'insufficient'],
]
for (const [what, key, byRfc, byNcsc] of keys) {
  test(`RFC 9325 §4.5: a key of ${what} is ${byRfc}, and by the NCSC ${byNcsc}`, () => {
    assert.deepEqual([rfc.key(...key), ncsc.key(...key)], [byRfc, byNcsc])
  })
}

for (const [algorithm, level] of [
  ['ecdsa-with-SHA1', 'insufficient'],
  ['sha1WithRSAEncryption', 'insufficient'],
  ['md5WithRSAEncryption', 'insufficient'],
  ['sha224WithRSAEncryption', 'phase-out'],
  ['sha256WithRSAEncryption', 'sufficient'],
  ['ecdsa-with-SHA384', 'sufficient'],
  ['ED25519', 'sufficient'],
] as const) {
  test(`a certificate signed by ${algorithm} is ${level}`, () => assert.equal(rfc.signature(algorithm), level))
}

test('finite fields: a home-made group is nothing for the NCSC, and on its way out by RFC 9325', () => {
  assert.deepEqual([rfc.finiteField(2048, undefined), ncsc.finiteField(4096, undefined)], ['phase-out', 'insufficient'])
  assert.deepEqual(
    [rfc.finiteField(1024, 'modp1024'), ncsc.finiteField(3072, 'ffdhe3072')],
    ['insufficient', 'phase-out'],
  )
})

test('RFC 8996 §4, §5: versions before TLS 1.2 are insufficient by all', () => {
  for (const profile of tlsProfiles) {
    const by = judgementBy(profile)
    assert.deepEqual(
      (['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1', 'SSLv3'] as const).map((version) => by.version(version)),
      ['good', 'sufficient', 'insufficient', 'insufficient', 'insufficient'],
    )
  }
})
