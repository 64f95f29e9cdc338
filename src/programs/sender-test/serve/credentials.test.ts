import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError } from '../../../core/config-error.ts'
import { openMint } from '../../lab/certificates/mint.ts'
import type { CertificateDeclaration } from '../../lab/world/world.ts'
import { openCredentials, readCredential } from './credentials.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-credentials-'))
after(() => rmSync(folder, { recursive: true }))

const declaration: CertificateDeclaration = {
  names: ['mx.kept.example'],
  commonName: 'mx.kept.example',
  issuer: 'private',
  validity: 'good',
  sends: 'all',
  key: 'p256',
  generation: 1,
}

test('a certificate is made once, and its key is for its owner alone', async () => {
  const keys = join(folder, 'keys')
  const made = await openCredentials(keys).issue(declaration)
  const again = await openCredentials(keys).issue(declaration)
  assert.deepEqual(again, made)
  assert.ok(made.chain.includes('BEGIN CERTIFICATE') && made.leaf.length > 100)
  const [file = '', ...others] = readdirSync(keys)
  assert.deepEqual(others, [])
  assert.equal(statSync(join(keys, file)).mode & 0o777, 0o600)
  assert.notDeepEqual((await openCredentials(keys).issue({ ...declaration, names: ['b.example'] })).leaf, made.leaf)
})

test('a folder that cannot be is the operator’s to mend', () => {
  writeFileSync(join(folder, 'a-file'), '')
  assert.throws(() => openCredentials(join(folder, 'a-file', 'keys')), ConfigError)
})

test('the operator’s certificate is read with its chain, and refused with another’s key', async () => {
  const mint = await openMint()
  const good = await mint.issue({ ...declaration, issuer: 'public', sends: 'chain' })
  const other = await mint.issue({ ...declaration, names: ['other.example'] })
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const [chain, key, wrong] = [write('chain', good.chain), write('key', good.key), write('wrong', other.key)]
  const read = readCredential(chain, key)
  assert.deepEqual([read.leaf, read.issuer], [good.leaf, good.issuer])
  for (const [cert, by] of [
    [chain, wrong],
    [key, key],
    [write('empty', ''), key],
    [join(folder, 'none'), key],
  ] as const) {
    assert.throws(() => readCredential(cert, by), ConfigError)
  }
})
