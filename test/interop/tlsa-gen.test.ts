// `waxseal tlsa gen` beside OpenSSL, GnuTLS's danetool and ldns-dane: of the same files they make the same records. Caddy
// and Postfix show it keys of their own; NSD's and BIND's parsers read what it writes.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startPostfix } from './mail-servers.ts'
import { type KeyPair, makeKeyPairs, startOpensslServer } from './probed-servers.ts'
import { addAddresses, openStage, run, signZone, startNsd } from './servers.ts'
import { type Run, waxseal } from './waxseal.ts'

const stage = openStage()
const owner = 'mx.example.org'
const at = { dns: '192.0.2.61', both: '192.0.2.62', rsa: '192.0.2.63' }

const kinds: [kind: string, options: readonly string[]][] = [
  ['rsa', ['-newkey', 'rsa:2048']],
  ['p256', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']],
  ['p384', ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp384r1']],
  ['ed25519', ['-newkey', 'ed25519']],
  ['rsa-pss', ['-newkey', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048']],
]

const file = (name: string) => join(stage.folder, name)
const pairs = makeKeyPairs(stage, 'mx.example')

before(async () => {
  const authority = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-subj', '/CN=Authority']
  run('openssl', [
    ...['req', '-x509', ...authority, '-nodes', '-days', '3000', '-keyout', file('ca.key'), '-out', file('ca.pem')],
    ...['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', `subjectAltName=DNS:${owner}`],
  ])
  for (const [kind, options] of kinds) issue(kind, options)
  await startDns()
  const chains = [pairs.rsa.key, pairs.rsa.certificate, pairs.ecdsa.key, pairs.ecdsa.certificate]
  const both = { key: chains.slice(0, 3).join(','), chain: pairs.ecdsa.certificate }
  await startPostfix(stage, [{ address: at.both, name: 'mx.example', ...both }], ['example'])
  await startOpensslServer(stage, at.rsa, ['-cert', pairs.rsa.certificate, '-key', pairs.rsa.key])
})

after(() => stage.stop())

/** A key, a request and a certificate of the authority, and the files that OpenSSL writes of them. */
function issue(kind: string, options: readonly string[]): void {
  const name = ['-subj', `/CN=${owner}`, '-addext', `subjectAltName=DNS:${owner}`]
  run('openssl', [
    'req',
    '-new',
    ...options,
    '-nodes',
    ...name,
    '-keyout',
    file(`${kind}.key`),
    '-out',
    file(`${kind}.csr`),
  ])
  run('openssl', [
    ...['x509', '-req', '-in', file(`${kind}.csr`), '-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-days', '365'],
    ...['-copy_extensions', 'copy', '-out', file(`${kind}.pem`)],
  ])
  run('openssl', ['x509', '-in', file(`${kind}.pem`), '-outform', 'DER', '-out', file(`${kind}.der`)])
  run('openssl', ['x509', '-in', file(`${kind}.pem`), '-pubkey', '-noout', '-out', file(`${kind}.pub`)])
  writeFileSync(file(`${kind}.chain`), readFileSync(file('ca.pem'), 'utf8') + readFileSync(file(`${kind}.pem`), 'utf8'))
}

/** A root that has one signed zone below it, as far as a host in it goes. */
async function startDns(): Promise<void> {
  addAddresses(Object.values(at))
  const head = '$TTL 3600\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 300\n'
  const example = signZone(
    stage,
    'example.',
    `$ORIGIN example.\n${head}@ IN NS ns\nns IN A ${at.dns}\n@ IN MX 10 mx\nmx IN A ${at.both}\nmx IN A ${at.rsa}\n`,
    { algorithm: 'ECDSAP256SHA256' },
  )
  const root = signZone(
    stage,
    '.',
    `$ORIGIN .\n${head}@ IN NS ns.example.\nexample. IN NS ns.example.\nns.example. IN A ${at.dns}\n${example.ds}`,
    { algorithm: 'ECDSAP256SHA256' },
  )
  await startNsd(stage, at.dns, { '.': root.file, 'example.': example.file })
  writeFileSync(file('hints'), `. 3600000 NS ns.example.\nns.example. 3600000 A ${at.dns}\n`)
  writeFileSync(file('anchors'), root.ds)
}

const gen = (...args: readonly string[]) => waxseal(['tlsa', 'gen', ...args])
const live = (...args: readonly string[]) =>
  gen(
    ...['--engine', 'iterate', '--root-hints', file('hints'), '--trust-anchor', file('anchors'), '--allow-private'],
    ...args,
  )

/** The data of each record: `3 1 1 …`. */
function records({ status, stdout, stderr }: Run): string[] {
  assert.equal(status, 0, stderr)
  return stdout
    .split('\n')
    .filter((line) => /^_/.test(line))
    .map((line) => line.split(' ').slice(4).join(' '))
}

/** The digest as OpenSSL makes it from what OpenSSL selects. */
function byOpenssl(kind: string, selector: number, algorithm: string): string {
  const selected =
    selector === 0
      ? ['x509', '-in', file(`${kind}.pem`), '-outform', 'DER']
      : ['pkey', '-pubin', '-in', file(`${kind}.pub`), '-outform', 'DER']
  run('openssl', [...selected, '-out', file('selected')])
  return run('openssl', ['dgst', `-${algorithm}`, '-r', file('selected')]).split(' ')[0] ?? ''
}

function byDanetool(certificate: string, selector: number, algorithm: string, isAuthority: boolean): string {
  const options = [...(selector === 0 ? ['--x509'] : []), ...(isAuthority ? ['--ca'] : [])]
  const files = ['--host', owner, '--port', '25', '--hash', algorithm, '--load-certificate', certificate]
  const line = run('danetool', ['--tlsa-rr', ...options, ...files])
  const [, usage, shown, matching, data = ''] = /TLSA \( (\d+) (\d+) (\d+) ([0-9a-f]+) \)/.exec(line) ?? []
  return `${Number(usage)} ${Number(shown)} ${Number(matching)} ${data}`
}

function byLdns(certificate: string, form: string): string {
  const line = run('ldns-dane', ['-c', certificate, 'create', owner, '25', ...form.split(' ')])
  return line.trim().split('\t').at(-1) ?? ''
}

for (const [kind] of kinds) {
  for (const [selector, matching, algorithm] of [
    [1, 1, 'sha256'],
    [0, 1, 'sha256'],
    [1, 2, 'sha512'],
    [0, 2, 'sha512'],
  ] as const) {
    const form = `3 ${selector} ${matching}`
    test(`DANE-89: ${form} of ${kind}: as OpenSSL, danetool and ldns-dane have it`, async () => {
      const expected = `${form} ${byOpenssl(kind, selector, algorithm)}`
      assert.equal(byDanetool(file(`${kind}.pem`), selector, algorithm, false), expected)
      assert.equal(byLdns(file(`${kind}.pem`), form), expected)
      // Of every kind of file the usual record, and of one the others.
      const usual = [`${kind}.pem`, `${kind}.der`, `${kind}.chain`, `${kind}.key`, `${kind}.pub`, `${kind}.csr`]
      for (const name of form === '3 1 1' ? usual : [`${kind}.chain`]) {
        assert.deepEqual(records(await gen('--owner', owner, '--form', form, file(name))), [expected], name)
      }
    })
  }
}

for (const form of ['2 1 1', '2 0 1', '2 0 2']) {
  test(`DANE-89: ${form} of the authority: as danetool and ldns-dane have it`, async () => {
    const [, selector, matching] = form.split(' ')
    const expected = byLdns(file('ca.pem'), form)
    assert.equal(byDanetool(file('ca.pem'), Number(selector), matching === '1' ? 'sha256' : 'sha512', true), expected)
    assert.deepEqual(records(await gen('--owner', owner, '--form', form, file('rsa.chain'))), [expected])
  })
}

test('of a certificate whose key has its curve written out, the octets are taken as they stand, with a warning', async () => {
  const options = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-pkeyopt', 'ec_param_enc:explicit']
  issue('written', options)
  const ended = await gen('--owner', owner, file('written.pem'), file('written.key'))
  assert.deepEqual(records(ended), [`3 1 1 ${byOpenssl('written', 1, 'sha256')}`])
  assert.match(ended.stderr, /has its curve written out instead of named: peers refuse it/)
  const alone = await gen('--owner', owner, file('written.key'))
  assert.equal(alone.status, 65)
})

test('what Caddy keeps is recognised, and its records are of its certificate', async () => {
  const storage = file('caddy')
  mkdirSync(storage)
  const settings = `{\n storage file_system ${storage}\n admin off\n skip_install_trust\n auto_https disable_redirects\n https_port 8443\n}\nmx.example.org {\n tls internal\n}\n`
  writeFileSync(file('Caddyfile'), settings)
  stage.start('caddy', ['run', '--config', file('Caddyfile'), '--adapter', 'caddyfile'])
  const directory = join(storage, 'certificates', 'local', owner)
  const certificate = join(directory, `${owner}.crt`)
  // Caddy says nothing when it is done; what it writes last is its note of the certificate.
  for (let tries = 0; !existsSync(join(directory, `${owner}.json`)); tries++) {
    assert.ok(tries < 200, `no ${directory}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const ended = await gen('--owner', owner, directory)
  assert.deepEqual(records(ended), [byLdns(certificate, '3 1 1')])
  assert.match(
    ended.stderr,
    /^waxseal: Caddy \(\S+\): it makes a new key at each renewal unless its configuration says reuse_private_keys/,
  )
})

function digestOf({ certificate }: KeyPair): string {
  run('openssl', ['x509', '-in', certificate, '-pubkey', '-noout', '-out', file('pub')])
  run('openssl', ['pkey', '-pubin', '-in', file('pub'), '-outform', 'DER', '-out', file('spki')])
  return createHash('sha256')
    .update(readFileSync(file('spki')))
    .digest('hex')
}

test('a live host: RSA and ECDSA of Postfix at one address, RSA alone of OpenSSL at the other', async () => {
  for (const args of [
    ['--host', 'mx.example'],
    ['--domain', 'example'],
  ]) {
    const ended = await live(...args)
    const made = records(ended)
    assert.deepEqual(new Set(made), new Set([`3 1 1 ${digestOf(pairs.rsa)}`, `3 1 1 ${digestOf(pairs.ecdsa)}`]))
    assert.match(ended.stdout, /^; key \(RSA 2048\) .* shown now by 192\.0\.2\.62 \(RSA\), 192\.0\.2\.63 \(RSA\)$/m)
    assert.match(ended.stdout, /^; key \(P-256\) .* shown now by 192\.0\.2\.62 \(ECDSA\)$/m)
  }
})

test('DANE-81: a file that covers one kind of key of a live host leaves the other uncovered, which is told', async () => {
  const ended = await live('--host', 'mx.example', pairs.rsa.certificate)
  assert.deepEqual(records(ended), [`3 1 1 ${digestOf(pairs.rsa)}`])
  assert.match(
    ended.stderr,
    /mx\.example \[192\.0\.2\.62\] shows a certificate \(ECDSA\) that is without a record here/,
  )
})

test('name servers read the lines and the generic form alike', async () => {
  const head =
    '$TTL 3600\n@ IN SOA ns.example.org. hostmaster.example.org. 1 3600 600 86400 300\n@ IN NS ns\nns IN A 192.0.2.1\n'
  const args = ['--owner', owner, '--next', file('p384.key'), '--form', '3 1 1', '--form', '2 0 1', file('rsa.chain')]
  const zones: string[] = []
  for (const form of ['zone', 'rfc3597']) {
    const { stdout, status } = await gen('--format', form, ...args)
    assert.equal(status, 0)
    writeFileSync(file(form), head + stdout)
    run('nsd-checkzone', ['example.org', file(form)])
    zones.push(run('named-checkzone', ['-D', '-o', '-', '-q', 'example.org', file(form)]))
  }
  assert.equal(zones[0], zones[1])
  assert.equal(zones[0]?.match(/\bTLSA\b/g)?.length, 3)
})
