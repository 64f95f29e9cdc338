// What the set-up page has people paste, read by the programs that it is for.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import type { Setup } from '../../src/core/check/setup.ts'
import {
  daneText,
  dnssecText,
  outgoingText,
  policyServers,
  starttlsServers,
  zoneFile,
} from '../../src/core/publish/setup/server-texts.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-setup-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const host = 'mx.shop.example'
const policyHost = 'mta-sts.shop.example'
const policy = 'version: STSv1\nmode: testing\nmx: mx.shop.example\nmax_age: 604800'

function textFor(name: string): string {
  const all = [...starttlsServers(host), ...policyServers(policyHost), dnssecText('shop.example'), daneText('x')]
  const text = all.find((one) => one.name === name)?.text ?? assert.fail(name)
  // Other controls, tabs among them, stand escaped on a page.
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u, name)
  return text
}

function put(name: string, text: string): string {
  const path = join(folder, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  return path
}

function run(program: string, args: readonly string[]): { readonly status: number | null; readonly text: string } {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  if (error !== undefined) throw error
  return { status, text: stdout + stderr }
}

/** A certificate in the place of Let's Encrypt's. */
function certified(text: string): string {
  const place = join(folder, 'live')
  if (!existsSync(join(place, 'fullchain.pem'))) {
    mkdirSync(place)
    const files = ['-keyout', join(place, 'privkey.pem'), '-out', join(place, 'fullchain.pem')]
    const made = run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${host}`, ...files])
    assert.equal(made.status, 0, made.text)
  }
  return text.replaceAll(/\/etc\/letsencrypt\/live\/[a-z.-]+/g, place)
}

test('nginx takes its part', () => {
  const http = `pid ${folder}/pid; error_log stderr; events {} http { access_log off;\n${certified(textFor('nginx'))}\n}`
  const checked = run('nginx', ['-t', '-p', folder, '-c', put('nginx.conf', http)])
  assert.equal(checked.status, 0, checked.text)
  assert.doesNotMatch(checked.text, /\[warn\]/)
})

test('Caddy takes its part, and serves one file as text', () => {
  const { status, text } = run('caddy', [
    'adapt',
    '--adapter',
    'caddyfile',
    '--config',
    put('Caddyfile', `${textFor('Caddy')}\n`),
  ])
  assert.equal(status, 0, text)
  const { apps } = JSON.parse(text.split('\n').find((line) => line.startsWith('{"apps"')) ?? '{}') as { apps?: object }
  const json = JSON.stringify(apps)
  for (const words of [policyHost, 'file_server', '"status_code":404', 'text/plain'])
    assert.ok(json.includes(words), words)
})

test('Postfix takes its part, and knows every name in it', () => {
  const config = put('postfix/main.cf', `${certified(textFor('Postfix'))}\n`)
  put('postfix/master.cf', '')
  const { status, text } = run('postconf', ['-c', dirname(config), '-n'])
  assert.equal(status, 0, text)
  assert.doesNotMatch(text, /warning|unused/)
  assert.match(text, /^smtpd_tls_chain_files = (?:\S+privkey\.pem, \S+fullchain\.pem(?:, |$)){2}/m)
  assert.match(text, /^smtpd_tls_security_level = may$/m)
})

test('Postfix takes what has it ask us, and knows every name in it', () => {
  const config = put('asking/main.cf', `${outgoingText('postfix').text}\n`)
  put('asking/master.cf', '')
  const { status, text } = run('postconf', ['-c', dirname(config), '-n'])
  assert.equal(status, 0, text)
  assert.doesNotMatch(text, /warning|unused/)
  assert.match(text, /^smtp_tls_policy_maps = socketmap:inet:127\.0\.0\.1:8461:QUERY$/m)
})

test('Exim takes its part', () => {
  const other = '/usr/local/lib/waxseal-interop/exim/usr/sbin/exim4'
  const exim = existsSync(other) ? other : '/usr/sbin/exim4'
  // Debian's Exim wants its user and group to be there before anything else.
  const passwd = put(
    'passwd',
    `${readFileSync('/etc/passwd', 'utf8')}Debian-exim:x:64999:64999::/nonexistent:/bin/false\n`,
  )
  const group = put('group', `${readFileSync('/etc/group', 'utf8')}Debian-exim:x:64999:\n`)
  const config = put('exim.conf', `${certified(textFor('Exim'))}\n`)
  const script =
    'mount --bind "$1" /etc/passwd && mount --bind "$2" /etc/group && exec "$3" -C "$4" -bP tls_advertise_hosts'
  const { status, text } = run('unshare', ['--mount', 'sh', '-c', script, 'sh', passwd, group, exim, config])
  assert.equal(status, 0, text)
  assert.match(text, /tls_advertise_hosts = \*/)
})

test('BIND takes its part, and the records in one zone', () => {
  const setup: Setup = {
    ...{ domain: 'shop.example', takesMail: true, isSigned: true },
    hosts: [
      {
        ...{ host, isYours: true, operator: null, hasTls: true, isSigned: true, owner: `_25._tcp.${host}` },
        ...{ records: [`_25._tcp.${host}. IN TLSA 3 1 1 ${'ab'.repeat(32)}`], tlsa: 'none' },
      },
    ],
    sts: {
      ...{ mode: 'missing', policyHost, record: '_mta-sts.shop.example. IN TXT "v=STSv1; id=20261126000000;"' },
      ...{ file: policy, fileMode: 'testing' },
    },
    tlsrpt: { record: '_smtp._tls.shop.example. IN TXT "v=TLSRPTv1; rua=mailto:tls@shop.example"', isThere: false },
  }
  const base =
    '$TTL 3600\n@ IN SOA ns hostmaster 1 3600 900 604800 300\n@ IN NS ns\nns IN A 192.0.2.1\nmx IN A 192.0.2.2\n@ IN MX 10 mx\n'
  const zone = put('shop.example.zone', `${base}${zoneFile(setup)}\n`)
  const checked = run('named-checkzone', ['shop.example', zone])
  assert.equal(checked.status, 0, checked.text)
  const conf = put('named.conf', textFor('BIND').replace(/file "[^"]*"/, `file "${zone}"`))
  const read = run('named-checkconf', ['-z', conf])
  assert.equal(read.status, 0, read.text)
})

test('the line for the next key makes the record that TLSA has', () => {
  certified('')
  const command = daneText('_25._tcp.mx.shop.example').text.replace('next-key.pem', join(folder, 'live', 'privkey.pem'))
  const { status, text } = run('sh', ['-c', command])
  assert.equal(status, 0, text)
  const certificate = join(folder, 'live', 'fullchain.pem')
  const known = run('sh', [
    '-c',
    `openssl x509 -in ${certificate} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum`,
  ])
  assert.equal(text.trim(), `_25._tcp.mx.shop.example. IN TLSA 3 1 1 ${known.text.slice(0, 64)}`)
})
