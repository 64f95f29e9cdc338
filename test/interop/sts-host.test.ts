// `waxseal sts host` among others: behind nginx, its export on nginx and Caddy, its metrics before Prometheus, its sockets from systemd.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { startLab } from '../../src/programs/lab/lab.ts'
import { type HostingRun, host } from '../support/hosting.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'
import { alertOf, ask } from '../support/policy-clients.ts'
import { openAuthority } from './certificates.ts'
import { openStage, run } from './servers.ts'

const root = join(import.meta.dirname, '..', '..')
const stage = openStage()
const names = ['mta-sts.a.example', 'mta-sts.b.example']
const policy = 'version: STSv1\r\nmode: enforce\r\nmx: mx.example.org\r\nmax_age: 1209600\r\n'

let commands: LabCommands
let file: string

before(async () => {
  const lab = await startLab('zone a.example\n')
  stage.onStop(() => lab.close())
  commands = commandsIn(lab)
  stage.onStop(() => commands.close())
  const authority = openAuthority(stage)
  const entries = names.map((name) => {
    const { chain, key } = authority.issue(name)
    return `[[certificate]]\nchain = "${chain}"\nkey = "${key}"\n`
  })
  file = join(stage.folder, 'host.toml')
  const listen = 'https = "127.0.0.1:0"\nplain = "127.0.0.1:0"\nproxy = "127.0.0.1"\nmetrics = "127.0.0.1:0"\n'
  const profile =
    '[profile.all]\nmode = "enforce"\nmx = "mx.example.org"\nmax-age = 1209600\ndomains = ["a.example", "b.example"]\n'
  writeFileSync(file, `${listen}${entries.join('')}${profile}`)
})

after(() => stage.stop())

async function serving(use: (served: HostingRun) => Promise<void>): Promise<void> {
  const served = await host(commands, file)
  try {
    await use(served)
  } finally {
    await served.stop()
  }
}

const request = (name: string, path = '/.well-known/mta-sts.txt') =>
  `GET ${path} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`

/** nginx with this inside `http { }`; resolves once it listens on the port. */
async function startNginx(name: string, http: string, port: number): Promise<void> {
  const folder = join(stage.folder, name)
  mkdirSync(folder)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  const config = `user root; daemon off; master_process off; pid ${folder}/pid; error_log stderr; events {}
    http { access_log off; ${temporary.join(' ')} ${http} }`
  writeFileSync(join(folder, 'nginx.conf'), config)
  const nginx = stage.start('/usr/sbin/nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')])
  for (;;) {
    const open = readFileSync('/proc/net/tcp', 'utf8').includes(
      `:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`,
    )
    if (open) return
    assert.equal(nginx.exitCode, null, 'nginx ended')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('what is exported is served by nginx as it is by us, and Caddy reads it', async () => {
  const folder = join(stage.folder, 'export')
  const { status, stderr } = await commands.run(['sts', 'host', '--export', folder, file])
  assert.equal(status, 0, stderr)
  for (const path of ['', ...names.flatMap((name) => [name, `${name}/.well-known`])])
    chmodSync(join(folder, path), 0o755)
  await startNginx('static', `include ${folder}/nginx.conf;`, 443)
  for (const name of names) {
    const answer = await ask(443, name, request(name))
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Type: text\/plain\r\n/)
    assert.ok(answer.endsWith(`\r\n\r\n${policy}`))
    for (const path of ['/', '/.well-known/', '/.well-known/mta-sts.txt/', '/index.html', '/.WELL-KNOWN/mta-sts.txt']) {
      const other = await ask(443, name, request(name, path))
      assert.match(other, /^HTTP\/1\.1 404 /, path)
      assert.doesNotMatch(other, /^location:/im)
    }
  }
  const adapted = run('caddy', ['adapt', '--adapter', 'caddyfile', '--config', join(folder, 'Caddyfile')])
  for (const words of [...names, 'file_server', '"status_code":404', 'text/plain', `${folder}/{http.request.host}`])
    assert.ok(adapted.includes(words), words)
})

test('behind nginx, set up as docs/sts-host.md says', async () => {
  const text = readFileSync(join(root, 'docs', 'sts-host.md'), 'utf8')
  const [, block = assert.fail('there is none')] = /```nginx\n([\s\S]*?)```/.exec(text) ?? []
  const authority = join(stage.folder, 'ca', names[0] ?? '')
  const certificate = `ssl_certificate ${authority}.pem; ssl_certificate_key ${authority}.key;`
  const http = (port: number) =>
    block
      .replace('server_name', `${certificate} server_name`)
      .replaceAll('443', '8443')
      .replace('http://unix:/run/waxseal-sts-host/plain', `http://127.0.0.1:${port}`)
  await serving(async (served) => {
    await startNginx('proxy', http(served.port('a reverse proxy')), 8443)
    const [name = ''] = names
    assert.ok((await ask(8443, name, request(name))).endsWith(policy))
    assert.match(await ask(8443, name, request(name, '/x')), / 404 /)
    const spoofed = request(name).replace(
      'Connection',
      'X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: http\r\nConnection',
    )
    assert.ok((await ask(8443, name, spoofed)).endsWith(policy), 'nginx says these itself')
    const { networks } = JSON.parse(await served.ask('/networks'))
    assert.deepEqual(
      networks.map(({ network }: { network: string }) => network),
      ['127.0.0.0/24'],
    )
  })
})

test('promtool check metrics finds nothing to say, before and after there was work', async () => {
  await serving(async (served) => {
    const check = async () => {
      // It warns on standard error and exits 3; the output of both must be empty.
      assert.equal(run('sh', ['-c', 'promtool check metrics 2>&1'], { input: await served.ask('/metrics') }), '')
    }
    await check()
    for (const name of names) await ask(served.port('senders'), name, request(name))
    await alertOf(served.port('senders'), { servername: 'mta-sts.c.example' })
    await check()
  })
})

/** Beside us, who serve it; its standard input is empty. */
async function runBeside(program: string, args: readonly string[]): Promise<string> {
  const running = promisify(execFile)(program, [...args], { timeout: 10_000 })
  running.child.stdin?.end()
  return (await running).stdout
}

test('OpenSSL and curl, which look at certificates, are content', async () => {
  await serving(async (served) => {
    const [name = ''] = names
    const ca = join(stage.folder, 'ca', 'ca.pem')
    const port = String(served.port('senders'))
    const url = `https://${name}:${port}/.well-known/mta-sts.txt`
    const resolve = ['--resolve', `${name}:${port}:127.0.0.1`, '--noproxy', '*']
    assert.equal(await runBeside('curl', ['--silent', '--fail', '--cacert', ca, ...resolve, '--http2', url]), policy)
    const verified = ['-CAfile', ca, '-verify_hostname', name]
    const shown = await runBeside('openssl', [
      's_client',
      '-connect',
      `127.0.0.1:${port}`,
      '-servername',
      name,
      ...verified,
    ])
    assert.match(shown, /Verify return code: 0 \(ok\)/)
  })
})

test('a socket of systemd takes the place of the setting', async () => {
  const main = join(root, 'src', 'programs', 'cli', 'main.ts')
  const environment = ['-E', `PATH=${process.env.PATH ?? ''}`, '-E', `HOME=${stage.folder}`]
  const activated = ['--listen', '127.0.0.1:9443', '--fdname=https', ...environment, process.execPath, main]
  // Were the settings of any account, it could not have these.
  const other = join(stage.folder, 'sockets.toml')
  const settings = readFileSync(file, 'utf8').replace('https = "127.0.0.1:0"', 'https = "192.0.2.1:443"')
  writeFileSync(other, settings)
  stage.start('systemd-socket-activate', [...activated, 'sts', 'host', other])
  const [name = ''] = names
  while (!readFileSync('/proc/net/tcp', 'utf8').includes(':24E3 00000000:0000 0A'))
    await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok((await ask(9443, name, request(name))).endsWith(policy), 'it waited until the service was there')
})
