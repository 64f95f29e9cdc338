import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAuthority } from '../../../test/support/certificates.ts'
import { createPkixTrust } from './pkix-trust.ts'

test('the certificates of Node are trusted when none are given', () => {
  assert.ok(createPkixTrust().context)
})

test('there may be several certificates, and text around them', async () => {
  const roots = await Promise.all([createAuthority('CN=One'), createAuthority('CN=Two')])
  assert.ok(createPkixTrust(roots.map(({ pem }, index) => `# root ${index}\n${pem}\n`).join('\n')).context)
})

const refused: [what: string, content: string, message: RegExp][] = [
  ['nothing', '', /^no certificate in PEM form found$/],
  ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /^no certificate in PEM form found$/],
  ['no DER', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /^certificate 1 cannot be read$/],
]
for (const [what, content, message] of refused) {
  test(`${what} in the place of certificates is a mistake of the operator`, () => {
    assert.throws(() => createPkixTrust(content), { name: 'ConfigError', message })
  })
}
