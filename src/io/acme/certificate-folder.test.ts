import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder, obtain, openAcmeWorld, policyHost } from '../../../test/support/acme/client.ts'
import { ConfigError } from '../../core/config-error.ts'
import { isAcmeFailure } from './acme-failure.ts'
import { openCertificateFolder } from './certificate-folder.ts'
import { makeKey, pemOfKey } from './keys.ts'

test('what is saved is read again, and nobody else may read it', async (context) => {
  const world = await openAcmeWorld(context)
  const issued = await obtain(world.client())
  assert.ok(!isAcmeFailure(issued))
  const folder = await openCertificateFolder(world.folder)
  const key = await makeKey('rsa')
  const window = { start: 1, end: 2, explanation: undefined }
  const plan = { failures: 3, retryAt: 4, reason: 'why', window }
  assert.equal(await folder.saveCertificate(policyHost, issued), undefined)
  assert.equal(await folder.saveOrder(policyHost, { url: 'https://acme.test/1', key, begunAt: 5 }), undefined)
  assert.equal(await folder.savePlan(policyHost, plan), undefined)
  assert.equal(await folder.saveSpent([{ minute: 6, count: 7 }]), undefined)
  assert.equal(await folder.saveQueue(new Map([[policyHost, 8]])), undefined)

  const again = await openCertificateFolder(world.folder)
  const { key: storedKey, ...stored } = again.certificate(policyHost) ?? { key: undefined }
  const { key: issuedKey, ...expected } = issued
  assert.deepEqual(stored, expected)
  assert.equal(storedKey && pemOfKey(storedKey), pemOfKey(issuedKey))
  const order = again.order(policyHost)
  assert.deepEqual(
    [order?.url, order?.begunAt, order && pemOfKey(order.key)],
    ['https://acme.test/1', 5, pemOfKey(key)],
  )
  assert.deepEqual(again.plan(policyHost), plan)
  assert.deepEqual(again.spent(), [{ minute: 6, count: 7 }])
  assert.deepEqual(again.queue(), new Map([[policyHost, 8]]))
  assert.deepEqual(await again.names(), [policyHost])
  const own = join(world.folder, 'names', policyHost)
  assert.equal(statSync(own).mode & 0o777, 0o700)
  for (const file of readdirSync(own)) assert.equal(statSync(join(own, file)).mode & 0o777, 0o600, file)

  await again.dropOrder(policyHost)
  assert.equal(again.order(policyHost), undefined)
  await again.remove(policyHost)
  assert.deepEqual(await again.names(), [])
})

const damages: [why: string, text: string][] = [
  ['nothing', ''],
  ['a few octets', '\0\0\0\0'],
  ['JSON of another kind', '[1]'],
  ['half of a file', '-----BEGIN PRIVATE KEY-----\nMIG'],
]
for (const [why, text] of damages) {
  test(`a folder whose files hold ${why} has nothing, and forgets no budget`, async (context) => {
    const path = makeFolder(context)
    const folder = await openCertificateFolder(path)
    const own = join(path, 'names', policyHost)
    mkdirSync(own)
    for (const file of ['certificate.pem', 'order.json', 'plan.json']) writeFileSync(join(own, file), text)
    for (const file of ['budget.json', 'queue.json']) writeFileSync(join(path, file), text)
    assert.equal(folder.certificate(policyHost), undefined)
    assert.equal(folder.order(policyHost), undefined)
    assert.equal(folder.plan(policyHost), undefined)
    assert.equal(folder.spent(), undefined)
    assert.deepEqual(folder.queue(), new Map())
  })
}

test('a key with the certificate of another is no certificate', async (context) => {
  const world = await openAcmeWorld(context)
  const issued = await obtain(world.client())
  assert.ok(!isAcmeFailure(issued))
  const folder = await openCertificateFolder(world.folder)
  await folder.saveCertificate(policyHost, { ...issued, key: await makeKey('p256') })
  assert.equal(folder.certificate(policyHost), undefined)
})

test('drafts of a writer that was killed are cleared away, and nothing else', async (context) => {
  const path = makeFolder(context)
  const folder = await openCertificateFolder(path)
  const own = join(path, 'names', policyHost)
  mkdirSync(own)
  mkdirSync(join(path, 'names', 'Not A Name'))
  for (const file of ['plan.json.0b5d0f5e-6b62-4b0e-9f0e-2f3a3c6b8a11', 'notes.txt']) writeFileSync(join(own, file), '')
  assert.deepEqual(await folder.names(), [policyHost])
  assert.deepEqual(readdirSync(own), ['notes.txt'])
})

test('a folder that others may use, or that cannot be made, is refused', async (context) => {
  const path = makeFolder(context)
  chmodSync(path, 0o755)
  await assert.rejects(openCertificateFolder(path), ConfigError)
  writeFileSync(join(path, 'file'), '')
  await assert.rejects(openCertificateFolder(join(path, 'file', 'folder')), ConfigError)
})

test('what cannot be written is told, escaped', async (context) => {
  const path = makeFolder(context)
  const folder = await openCertificateFolder(path)
  writeFileSync(join(path, 'names', policyHost), '')
  const failure = await folder.savePlan(policyHost, { failures: 0, retryAt: 0, reason: undefined, window: undefined })
  assert.equal(failure?.fault, 'storage')
})
