import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cipherSuites, suiteById, suiteByName, suiteName, suitesOf } from './suites.ts'

const read: readonly [name: string, facts: Partial<ReturnType<typeof suiteByName>>][] = [
  ['TLS_AES_128_GCM_SHA256', { id: 0x1301, keyExchange: 'any', authentication: 'any', isAead: true, strength: 128 }],
  [
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    { id: 0xcca9, keyExchange: 'ECDHE', authentication: 'ECDSA', isAead: true, strength: 256 },
  ],
  [
    'TLS_RSA_WITH_3DES_EDE_CBC_SHA',
    { id: 0x000a, keyExchange: 'RSA', authentication: 'RSA', cipher: '3DES_EDE_CBC', isAead: false, strength: 112 },
  ],
  ['TLS_DH_anon_WITH_AES_128_CBC_SHA', { id: 0x0034, keyExchange: 'DH', authentication: 'none', strength: 128 }],
  [
    'TLS_RSA_EXPORT_WITH_RC4_40_MD5',
    { id: 3, keyExchange: 'RSA', authentication: 'RSA', cipher: 'RC4_40', strength: 40 },
  ],
  ['TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA', { keyExchange: 'DHE', authentication: 'RSA', strength: 40 }],
  ['TLS_DHE_RSA_WITH_DES_CBC_SHA', { keyExchange: 'DHE', strength: 56 }],
  ['TLS_ECDHE_RSA_WITH_NULL_SHA', { cipher: 'NULL', strength: 0 }],
  ['TLS_RSA_WITH_AES_256_CCM_8', { cipher: 'AES_256_CCM_8', isAead: true, strength: 256 }],
]
for (const [name, facts] of read) {
  test(`the name ${name} is understood`, () => {
    const suite = suiteByName(name)
    for (const [key, value] of Object.entries(facts ?? {})) assert.equal(suite?.[key as keyof typeof suite], value, key)
  })
}

test('ids and names are unique, and one without a name is shown by its number', () => {
  assert.equal(new Set(cipherSuites.map(({ id }) => id)).size, cipherSuites.length)
  assert.equal(new Set(cipherSuites.map(({ name }) => name)).size, cipherSuites.length)
  for (const { id, name } of cipherSuites) assert.equal(suiteById(id)?.name, name)
  assert.equal(suiteName(0xfafa), '0xfafa')
})

test('the suites of TLS 1.3 are its own, and old versions know nothing of authenticated encryption', () => {
  assert.equal(suitesOf('TLSv1.3').length, 5)
  assert.ok(suitesOf('TLSv1.2').length > 120)
  for (const { name, isAead } of suitesOf('TLSv1')) assert.ok(!isAead && !name.endsWith('SHA256'), name)
})

test('what is worst is offered first, and what is best last', () => {
  const names = suitesOf('TLSv1.2').map(({ name }) => name)
  assert.match(names[0] ?? '', /anon/)
  assert.match(names.at(-1) ?? '', /^TLS_ECDHE_(?:RSA|ECDSA)_WITH_(?:AES_256_GCM|CHACHA20|CAMELLIA|ARIA)/)
})
