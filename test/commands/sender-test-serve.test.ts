// `waxseal sender-test serve` as a process, on loopback addresses and ports that anybody may have.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { namesToCertify } from '../../src/programs/sender-test/serve/allot.ts'
import { readTestWorld } from '../../src/programs/sender-test/test-world.ts'

const root = join(import.meta.dirname, '..', '..')
const main = join(root, 'src', 'programs', 'cli', 'main.ts')
const environment = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', LANG: 'C.UTF-8' }
const base = 'tests.example.org'
const folder = mkdtempSync(join(tmpdir(), 'waxseal-sender-test-'))
let child: ChildProcess
let ports: { readonly smtp: number; readonly https: number }
let results: string
let ca: string

/** A port that nobody has on any loopback address now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  await new Promise((resolve) => server.close(resolve))
  return address.port
}

function serveArguments(): string[] {
  const addresses = Array.from({ length: 14 }, (_, at) => ['--address', `192.0.2.${at + 1}=127.0.1.${at + 1}`])
  return [
    ...[
      'sender-test',
      'serve',
      '--state',
      join(folder, 'state'),
      '--name-server',
      'ns.example.net',
      ...addresses.flat(),
    ],
    ...['--certificate', join(folder, 'chain'), '--key', join(folder, 'key'), '--http', '127.0.0.1:0'],
    ...['--smtp-port', String(ports.smtp), '--https-port', String(ports.https)],
  ]
}

before(async () => {
  const mint = await openMint()
  ca = mint.root
  const names = namesToCertify(readTestWorld(base))
  const usual = { issuer: 'public', validity: 'good', sends: 'chain', key: 'p256', generation: 1 } as const
  const { chain, key } = await mint.issue({ ...usual, names, commonName: base })
  writeFileSync(join(folder, 'chain'), chain)
  writeFileSync(join(folder, 'key'), key)
  ports = { smtp: await freePort(), https: await freePort() }
  child = spawn(process.execPath, [main, ...serveArguments(), base], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  results = await new Promise<string>((resolve, reject) => {
    const take = (octets: Buffer) => {
      said += octets.toString()
      const found = /results at (http:\S+)\//.exec(said)
      if (found?.[1] !== undefined) resolve(found[1])
    }
    child.stdout?.on('data', take)
    child.stderr?.on('data', take)
    child.once('close', () => reject(new Error(said)))
  })
})

after(async () => {
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const [status] = await closed
  rmSync(folder, { recursive: true })
  assert.equal(status, 0)
})

interface Begun {
  readonly token: string
  readonly from: string
  readonly tests: readonly { readonly address: string }[]
}

/** The local address of a host, as the zones have its public one. */
function addressOf(name: string): string {
  const zone = readFileSync(join(folder, 'state', 'zones', `${base}.zone`), 'utf8')
  const [, last] = new RegExp(`^${name.replaceAll('.', '\\.')}\\. 300 IN A 192\\.0\\.2\\.(\\d+)$`, 'm').exec(zone) ?? []
  assert.notEqual(last, undefined, name)
  return `127.0.1.${last}`
}

async function begin(): Promise<Begun> {
  return (await (await fetch(`${results}/rounds`, { method: 'POST' })).json()) as Begun // our own
}

async function findingsOf(token: string) {
  const json = (await (await fetch(`${results}/rounds/${token}.json`)).json()) as {
    tests: { address: string; outcome: string; verdict: string; arrivals: { host: string; tls: unknown }[] }[]
  }
  return new Map(json.tests.map((one) => [one.address, one]))
}

/** Says commands one after the other, each after the reply to the one before. */
async function converse(socket: Socket, commands: readonly string[]): Promise<string[]> {
  const replies: string[] = []
  let text = ''
  for await (const chunk of socket) {
    text += String(chunk)
    if (!/(?:^|\n)\d{3} [^\n]*\n$/.test(text)) continue
    replies.push(text.trim())
    text = ''
    const next = commands[replies.length - 1]
    if (next === undefined) break
    socket.write(`${next}\r\n`)
  }
  return replies
}

const messageTo = (address: string) => [
  'EHLO me',
  'MAIL FROM:<me@example>',
  `RCPT TO:<${address}>`,
  'DATA',
  'Subject: x\r\n\r\nx\r\n.',
  'QUIT',
]

test('a message that comes is noted with how it came, at the host that the recipient’s domain has there', async () => {
  const { token } = await begin()
  const [mismatch, second] = ['dane-mismatch', 'dane-second'].map((name) => `${token}@${name}.${base}`)
  assert.ok(mismatch !== undefined && second !== undefined)
  await converse(connect(ports.smtp, addressOf(`mx.dane-mismatch.${base}`)), messageTo(mismatch))
  const plain = connect(ports.smtp, addressOf(`mx2.dane-second.${base}`))
  await new Promise<void>((resolve) => {
    plain.once('data', () => plain.write('STARTTLS\r\n', () => plain.once('data', () => resolve())))
  })
  const secured = connectTls({ socket: plain, rejectUnauthorized: false, servername: `mx2.dane-second.${base}` })
  await once(secured, 'secureConnect')
  secured.write(messageTo(second).slice(0, 1).join('\r\n').concat('\r\n'))
  const replies = await converse(secured, messageTo(second).slice(1))
  assert.match(replies.join('\n'), /250 2\.0\.0 taken/)
  const found = await findingsOf(token)
  assert.deepEqual(
    [mismatch, second].map((address) => {
      const { verdict, arrivals } = found.get(address) ?? { verdict: '', arrivals: [] }
      return [verdict, arrivals.map(({ host, tls }) => [host, tls !== null])]
    }),
    [
      ['leaked', [[`mx.dane-mismatch.${base}`, false]]],
      ['delivered', [[`mx2.dane-second.${base}`, true]]],
    ],
  )
})

test('mail to anybody else is refused', async () => {
  const host = addressOf(`mx.plain.${base}`)
  for (const address of [`me@plain.${base}`, 'you@elsewhere.example', 'postmaster']) {
    const replies = await converse(connect(ports.smtp, host), [
      'MAIL FROM:<me@example>',
      `RCPT TO:<${address}>`,
      'QUIT',
    ])
    assert.match(replies[2] ?? '', /^550 5\.1\.1 /, address)
  }
})

/** Status and body of a policy, and whether its certificate holds. */
function fetchPolicy(domain: string, path = '/.well-known/mta-sts.txt'): Promise<[status: number, body: string]> {
  const name = `mta-sts.${domain}`
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.1.1', port: ports.https, servername: name, headers: { host: name }, path, ca }
    request(options, (response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      response.on('end', () => resolve([response.statusCode ?? 0, body]))
    })
      .on('error', reject)
      .end()
  })
}

test('policies are served by name, those to be spoilt as they are to be', async () => {
  const [status, body] = await fetchPolicy(`sts.${base}`)
  assert.equal(status, 200)
  assert.match(body, new RegExp(`^version: STSv1\\r\\nmode: enforce\\r\\nmx: mx\\.sts\\.${base}\\r\\n`))
  assert.match((await fetchPolicy(`sts-none.${base}`))[1], /^mode: none\r$/m)
  assert.equal((await fetchPolicy(`sts-redirect.${base}`))[0], 301)
  await assert.rejects(fetchPolicy(`sts-untrusted.${base}`), /self-signed/)
  assert.equal((await fetchPolicy(`sts.${base}`, '/'))[0], 404)
})

test('what is asked over HTTP that is not there is said so', async () => {
  for (const [method, path, status] of [
    ['GET', '/', 200],
    ['GET', '/rounds', 405],
    ['GET', '/rounds/t00', 404],
    ['POST', '/', 405],
    ['GET', '/rounds/T00', 404],
    ['GET', '/<script>', 404],
  ] as const) {
    const response = await fetch(`${results}${path}`, { method })
    assert.equal(response.status, status, path)
    assert.equal(response.headers.get('content-security-policy'), "default-src 'none'")
    assert.doesNotMatch(await response.text(), /script/)
  }
})

test('what it began with stays: keys and with them the TLSA records', () => {
  const zones = join(folder, 'state', 'zones')
  const records = () =>
    readdirSync(zones).flatMap((file) =>
      readFileSync(join(zones, file), 'utf8')
        .split('\n')
        .filter((line) => !/ SOA /.test(line)),
    )
  const first = records()
  const again = spawnSync(process.execPath, [main, ...serveArguments(), '--only-zones', base], {
    env: environment,
    encoding: 'utf8',
  })
  assert.equal(again.status, 0, again.stderr)
  assert.doesNotMatch(again.stdout, /Left out/)
  assert.deepEqual(records(), first)
})

for (const [what, args, status, said] of [
  ['no base', ['--state', 'x'], 64, /missing BASE/],
  ['no addresses', ['--state', 'x', '--name-server', 'a.b', base], 64, /--address ADDRESS is needed/],
  ['no address', ['--state', 'x', '--address', 'here', '--name-server', 'a.b', base], 64, /not an address: "here"/],
  ['half a certificate', ['--state', 'x', '--certificate', 'y', '--address', '192.0.2.1', base], 64, /go together/],
  ['no folder', ['--address', '192.0.2.1', '--name-server', 'a.b', base], 64, /--state FOLDER is needed/],
] as const) {
  test(`sender-test serve refuses ${what}`, () => {
    const ended = spawnSync(process.execPath, [main, 'sender-test', 'serve', ...args], {
      env: environment,
      encoding: 'utf8',
      cwd: folder,
    })
    assert.equal(ended.status, status)
    assert.match(ended.stderr, said)
  })
}
