import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { openMint } from '../../programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../programs/lab/world/certificates.ts'
import { makeKey } from './make-key.ts'
import { readAuthorityFile, readKeyFile } from './rollover-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-keys-'))
after(() => rmSync(folder, { recursive: true }))

const mint = await openMint()
const { key, chain, leaf, issuer } = await mint.issue(describeCertificate('mx.example.org', {}))
const other = await mint.issue(describeCertificate('mx.example.org', { generation: 2 }))
const spki = new X509Certificate(leaf).publicKey.export({ type: 'spki', format: 'der' })
const publicPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }) as string

let count = 0
function file(text: string | Uint8Array): string {
  const path = join(folder, `key-${count++}`)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

function request(): string {
  const path = file(key)
  return execFileSync('openssl', ['req', '-new', '-key', path, '-subj', '/CN=mx.example.org'], { encoding: 'utf8' })
}

const read: [what: string, text: string, certificates: number][] = [
  ['a private key', key, 0],
  ['a public key', publicPem, 0],
  ['a chain of certificates', chain, 2],
  ['a key with its chain', `${key}\n${chain}`, 2],
  ['a certificate request', request(), 0],
]

for (const [what, text, certificates] of read) {
  test(`the key of ${what} is read`, () => {
    const found = readKeyFile(file(text))
    assert.deepEqual(Buffer.from(found.spki), spki)
    assert.deepEqual([found.kind, found.chain.length], ['ecdsa', certificates])
  })
}

const encrypted = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
}).privateKey

const refused: [what: string, text: string, says: RegExp][] = [
  ['nothing', '', /it is empty/],
  ['text without a key', 'hello\n', /no certificate, public or private key/],
  ['a key beside the certificate of another', `${other.key}\n${chain}`, /not all of one key/],
  ['an encrypted key', encrypted, /encrypted; its public half will do/],
]

for (const [what, text, says] of refused) {
  test(`a file with ${what} is refused`, () =>
    assert.throws(() => readKeyFile(file(text)), { name: 'ConfigError', message: says }))
}

test('an authority must be one', () => {
  assert.deepEqual(readAuthorityFile(file(new X509Certificate(issuer).toString())).raw, Buffer.from(issuer))
  assert.throws(() => readAuthorityFile(file(chain)), /not the certificate of an authority/)
})

const kinds = [
  ['rsa', generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey],
  ['ecdsa', generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey],
  ['ecdsa', generateKeyPairSync('ed25519').publicKey],
] as const

for (const [kind, model] of kinds) {
  test(`a key is made like the ${model.asymmetricKeyType} key before, once, for its owner alone`, async () => {
    const before = { kind, octets: model.export({ type: 'spki', format: 'der' }) }
    const options = { host: domain('mx.example.org'), folder }
    const made = await makeKey(options, before, [])
    const like = createPublicKey(readFileSync(made.file))
    assert.equal(like.asymmetricKeyType, model.asymmetricKeyType)
    assert.deepEqual(like.asymmetricKeyDetails, model.asymmetricKeyDetails)
    assert.equal(statSync(made.file).mode & 0o777, 0o600)
    // The run after one that was ended before it remembered the key finds it.
    assert.deepEqual(await makeKey(options, before, []), made)
    // One that is or was in use is no next one.
    assert.notEqual((await makeKey(options, before, [made])).file, made.file)
  })
}
