import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createAuthority } from '../../../test/support/certificates.ts'
import { createPkixTrust, readPkixTrust } from './pkix-trust.ts'

test('the certificates of Node are trusted without a file', () => {
  assert.ok(createPkixTrust().context)
})

test('a file may hold several certificates, and text around them', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-trust-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'ca.pem')
  const roots = await Promise.all([createAuthority('CN=One'), createAuthority('CN=Two')])
  writeFileSync(path, roots.map(({ pem }, index) => `# root ${index}\n${pem}\n`).join('\n'))
  assert.ok(readPkixTrust(path).context)
})

test('a file that cannot be used is a mistake of the operator', (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'waxseal-trust-'))
  context.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'ca.pem')
  const refused: [what: string, content: string, message: RegExp][] = [
    ['nothing', '', /no certificate in PEM form found/],
    ['a key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', /no certificate/],
    ['no DER', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /certificate 1 cannot be read/],
  ]
  for (const [what, content, message] of refused) {
    writeFileSync(path, content)
    assert.throws(() => readPkixTrust(path), { name: 'ConfigError', message }, what)
  }
  assert.throws(() => readPkixTrust(join(directory, 'missing')), { name: 'ConfigError', message: /ENOENT/ })
})
