import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { certify } from '../../../test/support/key-chains.ts'
import { limits } from '../../core/limits.ts'
import { readAcmeDirectory } from './acme-directory.ts'
import { KeyFileError, readKeyFile } from './key-file.ts'

const root = await certify({ name: 'Root', isAuthority: true })
const middle = await certify({ name: 'Middle', isAuthority: true, by: root })
const names = ['mx.example.org', 'mail.example.org']
const rsa = await certify({ name: 'rsa', names, by: middle, algorithm: 'rsa' })
const ec = await certify({ name: 'ec', names, by: middle })
const other = await certify({ name: 'other', names: ['other.example.org'], by: middle })

const folder = mkdtempSync(join(tmpdir(), 'waxseal-acme-'))
after(() => rmSync(folder, { recursive: true }))

/** Puts files into a place of their own: keys as clients leave them, for their owner alone. */
function place(files: Readonly<Record<string, string>>): string {
  const base = mkdtempSync(join(folder, 'x'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(base, name)), { recursive: true })
    writeFileSync(join(base, name), text, { mode: 0o600 })
  }
  return base
}

const certbotFiles = (params: string) => ({
  'live/mx.example.org/README': 'This directory contains your keys and certificates.',
  'live/mx.example.org/cert.pem': ec.pem,
  'live/mx.example.org/chain.pem': middle.pem,
  'live/mx.example.org/fullchain.pem': ec.pem + middle.pem,
  'live/mx.example.org/privkey.pem': ec.key,
  'renewal/mx.example.org.conf': `version = 2.11.0\n[renewalparams]\nkey_type = ecdsa\n${params}`,
})
const acmeShFiles = (suffix: string, one: typeof ec, line: string) => ({
  [`mx.example.org${suffix}/mx.example.org.conf`]: `Le_Domain='mx.example.org'\n${line}\n`,
  [`mx.example.org${suffix}/mx.example.org.cer`]: one.pem,
  [`mx.example.org${suffix}/ca.cer`]: middle.pem,
  [`mx.example.org${suffix}/fullchain.cer`]: one.pem + middle.pem,
  [`mx.example.org${suffix}/mx.example.org.key`]: one.key,
  [`mx.example.org${suffix}/mx.example.org.csr`]: 'not looked at',
})
const legoFiles = (name: string, one: typeof ec) => ({
  [`certificates/${name}.crt`]: one.pem,
  [`certificates/${name}.issuer.crt`]: middle.pem,
  [`certificates/${name}.key`]: one.key,
  [`certificates/${name}.json`]: JSON.stringify({ domain: name, certUrl: 'https://ca.example/1' }),
})
const caddyFiles = {
  'certificates/ca.example-directory/mx.example.org/mx.example.org.crt': ec.pem + middle.pem,
  'certificates/ca.example-directory/mx.example.org/mx.example.org.key': ec.key,
  'certificates/ca.example-directory/mx.example.org/mx.example.org.json':
    '{"sans":["mx.example.org"],"issuer_data":{}}',
}
const keep = 'reuse_key = True\n'
const change = "Le_ForceNewDomainKey='1'"
const rsaAndEc = { ...acmeShFiles('', rsa, ''), ...acmeShFiles('_ecc', ec, change) }

const found: [
  what: string,
  files: Record<string, string>,
  path: string,
  host: string | undefined,
  expected: readonly string[],
][] = [
  ['certbot', certbotFiles(''), 'live/mx.example.org', undefined, ['certbot new ec +1']],
  ['certbot that keeps the key', certbotFiles(keep), 'live/mx.example.org/', undefined, ['certbot kept ec +1']],
  [
    'certbot that keeps all keys',
    { ...certbotFiles(''), 'cli.ini': 'reuse-key = true\n' },
    ...(['live/mx.example.org', undefined, ['certbot kept ec +1']] as const),
  ],
  [
    'certbot without settings',
    { ...certbotFiles(''), 'renewal/mx.example.org.conf': '' },
    ...(['live/mx.example.org', undefined, ['certbot new ec +1']] as const),
  ],
  ['acme.sh with RSA', acmeShFiles('', rsa, ''), 'mx.example.org', undefined, ['acme.sh kept rsa +1']],
  ['acme.sh with ECDSA', acmeShFiles('_ecc', ec, change), 'mx.example.org_ecc', undefined, ['acme.sh new ec +1']],
  [
    'acme.sh with both, by the one',
    rsaAndEc,
    'mx.example.org',
    undefined,
    ['acme.sh kept rsa +1', 'acme.sh new ec +1'],
  ],
  [
    'acme.sh with both, by the other',
    rsaAndEc,
    'mx.example.org_ecc',
    undefined,
    ['acme.sh kept rsa +1', 'acme.sh new ec +1'],
  ],
  ['lego', legoFiles('mx.example.org', ec), 'certificates', undefined, ['lego unknown ec +1']],
  ['lego, by its whole directory', legoFiles('mx.example.org', ec), '.', undefined, ['lego unknown ec +1']],
  [
    'lego with those of others too',
    { ...legoFiles('mx.example.org', ec), ...legoFiles('other.example.org', other) },
    ...(['certificates', 'mail.example.org', ['lego unknown ec +1']] as const),
  ],
  ['Caddy', caddyFiles, 'certificates/ca.example-directory/mx.example.org', undefined, ['Caddy unknown ec +1']],
]
const shortNames = new Map([rsa, ec, other].map((one, at) => [digest(one.spki), ['rsa', 'ec', 'other'][at]]))

function digest(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex')
}

for (const [what, files, path, host, expected] of found) {
  test(`readAcmeDirectory recognises ${what}: key, chain, and what renewal does`, async () => {
    const directory = join(place(files), path)
    const certificates = await readAcmeDirectory(directory, host === undefined ? undefined : domain(host))
    const shown = certificates.flatMap(({ keys, renewal }) =>
      keys.map(
        ({ spki, issuers }) => `${renewal.client} ${renewal.key} ${shortNames.get(digest(spki))} +${issuers.length}`,
      ),
    )
    assert.deepEqual(shown, expected)
  })
}

const refused: [what: string, files: Record<string, string>, path: string, host: string | undefined, reason: RegExp][] =
  [
    ['a directory that is not there', {}, 'nowhere', undefined, /^cannot read ".*nowhere": no such file$/],
    ['a file', { a: '' }, 'a', undefined, /^cannot read ".*a": no such file$/],
    ['an empty directory', { 'a/b': '' }, 'a', undefined, /^no certificate of certbot .* is in "/],
    [
      'a key that is not of the certificate',
      { ...certbotFiles(''), 'live/mx.example.org/privkey.pem': rsa.key },
      ...([
        'live/mx.example.org',
        undefined,
        /^cannot use ".*fullchain\.pem" and ".*privkey\.pem": the key belongs to none/,
      ] as const),
    ],
    [
      'an empty certificate',
      { ...certbotFiles(''), 'live/mx.example.org/fullchain.pem': '' },
      ...(['live/mx.example.org', undefined, /fullchain\.pem": it is empty$/] as const),
    ],
    [
      'a certificate that acme.sh has not got yet',
      { 'mx.example.org/mx.example.org.conf': "Le_Domain='mx.example.org'\n" },
      ...(['mx.example.org', undefined, /mx\.example\.org\.cer": no such file$/] as const),
    ],
    [
      'several of lego without a host',
      { ...legoFiles('mx.example.org', ec), ...legoFiles('other.example.org', other) },
      ...(['certificates', undefined, /has 2 certificates: say by --owner which one$/] as const),
    ],
    [
      'several of lego, none of them of the host',
      { ...legoFiles('mx.example.org', ec), ...legoFiles('other.example.org', other) },
      ...(['certificates', 'mx.example.net', /has 2 certificates: none of them is for mx\.example\.net$/] as const),
    ],
  ]
for (const [what, files, path, host, reason] of refused) {
  test(`readAcmeDirectory refuses ${what}`, async () => {
    const directory = join(place(files), path)
    await assert.rejects(readAcmeDirectory(directory, host === undefined ? undefined : domain(host)), (error) => {
      assert.ok(error instanceof KeyFileError)
      assert.match(error.message, reason)
      return true
    })
  })
}

test("certbot's links into its archive are followed", async () => {
  const base = place({ 'archive/m/fullchain3.pem': ec.pem + middle.pem, 'archive/m/privkey3.pem': ec.key })
  mkdirSync(join(base, 'live/m'), { recursive: true })
  symlinkSync('../../archive/m/fullchain3.pem', join(base, 'live/m/fullchain.pem'))
  symlinkSync('../../archive/m/privkey3.pem', join(base, 'live/m/privkey.pem'))
  const [certificate] = await readAcmeDirectory(join(base, 'live/m'), undefined)
  assert.equal(certificate?.renewal.key, 'unknown')
  assert.equal(certificate?.renewal.why, 'whether it keeps the key is not known, as renewal/m.conf is not there')
})

const modes: [mode: number, isRead: boolean][] = [
  [0o600, true],
  [0o400, true],
  [0o640, true],
  [0o644, false],
  [0o660, false],
  [0o604, false],
]
for (const [mode, isRead] of modes) {
  test(`a private key of mode ${mode.toString(8)} is ${isRead ? 'read' : 'refused'}, and a certificate is read`, async () => {
    const base = place({ key: ec.key, both: ec.pem + ec.key, certificate: ec.pem })
    for (const name of ['key', 'both', 'certificate']) chmodSync(join(base, name), mode)
    assert.equal((await readKeyFile(join(base, 'certificate'))).certificates.length, 1)
    for (const name of ['key', 'both']) {
      const reading = readKeyFile(join(base, name))
      if (isRead) assert.equal((await reading).keys.length, 1)
      else
        await assert.rejects(
          reading,
          new RegExp(`others may read the private key in .* \\(mode ${mode.toString(8)}\\): chmod 600$`),
        )
    }
  })
}

test('what is longer than any such file is read no further', async () => {
  const base = place({
    long: 'x'.repeat(limits.keyFiles.octets + 1),
    whole: `${ec.pem}${' '.repeat(limits.keyFiles.octets - ec.pem.length)}`,
  })
  await assert.rejects(readKeyFile(join(base, 'long')), /is longer than 1048576 octets$/)
  assert.equal((await readKeyFile(join(base, 'whole'))).certificates.length, 1)
})

test('no message holds anything of a private key', async () => {
  const broken = ec.key.replace(/\n(.{10})/, '\n!!!!$1')
  const base = place({ broken, sealed: ec.key.replaceAll('PRIVATE KEY', 'SECRET KEY') })
  for (const name of ['broken', 'sealed']) {
    await assert.rejects(readKeyFile(join(base, name)), (error) => {
      assert.ok(error instanceof KeyFileError)
      for (const line of ec.key.split('\n').slice(1, 3)) assert.ok(!error.message.includes(line.slice(10, 30)))
      return true
    })
  }
})
