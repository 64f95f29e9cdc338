import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const main = join(import.meta.dirname, 'main.ts')
const bin = join(import.meta.dirname, '../../../bin/waxseal.cjs')
let folder = ''

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-main-'))
  writeFileSync(join(folder, 'good.toml'), 'timeout = 30\nserver = "127.0.0.1:1"\n')
  writeFileSync(join(folder, 'bad.toml'), 'timeout = 30\nengin = "auto"\n')
  writeFileSync(join(folder, 'empty.pem'), '')
  mkdirSync(join(folder, 'waxseal'))
  writeFileSync(join(folder, 'waxseal', 'waxseal.toml'), '') // so that the machine's own does not count
})

after(() => rmSync(folder, { recursive: true }))

interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a script in the test's own folder, with nothing of the machine's configuration. */
function run(script: string, args: readonly string[]): Promise<Ended> {
  const env = { XDG_CONFIG_HOME: folder, XDG_STATE_HOME: join(folder, 'state'), LC_ALL: 'C.UTF-8' }
  const child = spawn(process.execPath, [script, ...args], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, stdout, stderr }))
  })
}

const complaints: [args: string[], status: number, stderr: string | RegExp][] = [
  [[], 64, 'waxseal: no command given; "waxseal --help" lists them\n'],
  [['explin'], 64, 'waxseal: unknown command "explin", did you mean "explain"\n'],
  [['\x1b[31m'], 64, 'waxseal: unknown command "\\x1b[31m"\n'],
  [['--json'], 64, 'waxseal: unknown option "--json" before the command\n'],
  [['config'], 64, 'waxseal: "config" needs a second word: there is "waxseal config check", "waxseal config import"\n'],
  [
    ['config', 'chek'],
    64,
    'waxseal: "config" needs a second word: "chek" is none, there is "waxseal config check", "waxseal config import"\n',
  ],
  [['explain'], 64, 'waxseal: missing DOMAIN (usage: waxseal explain [--json] [--trace] DOMAIN)\n'],
  [['explain', 'a..b'], 64, 'waxseal: not a domain name: "a..b" (empty label)\n'],
  [['explain', '--file', 'x', 'a.example'], 64, 'waxseal: give either DOMAIN or --file, not both\n'],
  [['explain', '--file', 'x', '--jobs', '0'], 64, 'waxseal: option --jobs: "0" is no whole number from 1 to 256\n'],
  [['explain', '--file', 'missing'], 66, 'waxseal: cannot read "missing": no such file\n'],
  [['explain', '--file', '.'], 66, 'waxseal: cannot read ".": it is a directory\n'],
  [['dns', 'a.example', 'MXX'], 64, 'waxseal: unknown record type "MXX", did you mean "MX"\n'],
  [['dns', 'a.example', 'ANY'], 64, 'waxseal: ANY is no type of records that can be looked up\n'],
  [['dns', '--file', 'x', 'a.example'], 64, 'waxseal: give either NAME or --file, not both\n'],
  [['dns', '--file', 'x', '--all-servers'], 64, 'waxseal: --all-servers is for one NAME, not for --file\n'],
  [
    ['dns', '--all-servers', '--engine', 'trust-ad', '@127.0.0.1', 'a.example'],
    64,
    'waxseal: --all-servers validates what it is told, which engine trust-ad does not\n',
  ],
  [['dns', '--file', 'x', '--chain-svg', 'y'], 64, 'waxseal: --chain-svg is for one NAME, not for --file\n'],
  [
    ['dns', '--all-servers', '--chain-svg', 'y', 'a.example'],
    64,
    'waxseal: give either --chain-svg or --all-servers, not both\n',
  ],
  [['dns', '--file', 'x', '-j', '257'], 64, 'waxseal: option --jobs: "257" is no whole number from 1 to 256\n'],
  [['dns', '--file', 'missing'], 66, 'waxseal: cannot read "missing": no such file\n'],
  [['dns', '@192.0.2.53'], 64, 'waxseal: missing NAME (usage: waxseal dns [@SERVER] NAME [TYPE])\n'],
  [['dns', '@dns.example', 'a.example'], 64, 'waxseal: "@dns.example" is no address, or address and port\n'],
  [['dns', 'a.example', 'MX', 'IN'], 64, 'waxseal: unexpected argument "IN"\n'],
  [
    ['dns', '@192.0.2.53', '--server', '192.0.2.54', 'a.example'],
    64,
    'waxseal: give either @SERVER or --server, not both\n',
  ],
  [
    ['dns', '--engine', 'iterate', '@192.0.2.53', 'a.example'],
    64,
    'waxseal: engine iterate asks no resolver, and so not "@192.0.2.53"\n',
  ],
  [['dns', '192.0.2.1'], 64, 'waxseal: "192.0.2.1" is an address, and not a name\n'],
  [
    ['dns', 'a.example', '--engine', 'foward'],
    64,
    'waxseal: option --engine: "foward" is none of auto, forward, iterate, trust-ad, did you mean "forward"\n',
  ],
  [['dns', 'a.example', '--config', 'none.toml'], 78, 'waxseal: cannot read "none.toml": no such file\n'],
  [
    ['dns', 'a.example', '--config', 'bad.toml'],
    78,
    'waxseal: bad.toml:2: unknown key "engin", did you mean "engine"\n',
  ],
  [['dns', 'a.example', '--root-hints', 'none'], 78, 'waxseal: cannot read "none": no such file\n'],
  [['dns', 'a.example', '--trust-anchor', 'empty.pem'], 78, /^waxseal: .*"empty\.pem".*\n$/],
  [
    ['explain', 'a.example', '--ca-file', 'empty.pem'],
    78,
    'waxseal: cannot use the certificates in "empty.pem": no certificate in PEM form found\n',
  ],
  [['explain', 'a.example', '--ca-file', 'none.pem'], 78, 'waxseal: cannot read "none.pem": no such file\n'],
  [['dns', 'a.example', '--trust-anchor', '/dev/zero'], 78, 'waxseal: "/dev/zero" is longer than 1048576 octets\n'],
  [
    ['explain', 'a.example', '--store', 'none/store.sqlite'],
    78,
    /^waxseal: cannot open the store "none\/store\.sqlite".*\n$/,
  ],
  [['config', 'check', 'bad.toml'], 78, 'waxseal: bad.toml:2: unknown key "engin", did you mean "engine"\n'],
  [
    ['config', 'check', '--config', 'bad.toml'],
    78,
    'waxseal: bad.toml:2: unknown key "engin", did you mean "engine"\n',
  ],
  [['config', 'check', '--config', 'good.toml', 'bad.toml'], 64, 'waxseal: give either FILE or --config\n'],
]
for (const [args, status, stderr] of complaints) {
  test(`"waxseal ${args.join(' ').replace('\x1b', 'ESC')}" ends with ${status} and one line`, async () => {
    const ended = await run(main, args)
    assert.equal(ended.stdout, '')
    if (typeof stderr === 'string') assert.equal(ended.stderr, stderr)
    else assert.match(ended.stderr, stderr)
    assert.equal(ended.status, status)
  })
}

test('--version is answered by the launcher, --help by every command', async () => {
  assert.match((await run(bin, ['--version'])).stdout, /^waxseal \d+\.\d+\.\d+\n$/)
  assert.deepEqual(await run(bin, ['--version']), await run(main, ['--version']))
  const overview = await run(main, ['--help'])
  assert.equal(overview.status, 0)
  assert.match(overview.stdout, /\n {2}explain {2,}/)
  const help = await run(main, ['explain', '--json', '--help'])
  assert.equal(help.status, 0)
  assert.deepEqual(await run(main, ['help', 'explain']), help)
})

test('config check shows every value with its origin', async () => {
  const { status, stdout } = await run(main, ['config', 'check', 'good.toml'])
  assert.equal(status, 0)
  assert.match(stdout, /^good\.toml can be used\.\n\n/)
  assert.match(stdout, /\n {2}timeout +30 +good\.toml:1\n/)
  assert.match(stdout, /\n {2}server +127\.0\.0\.1:1 +good\.toml:2\n/)
  assert.match(stdout, /\n {2}engine +auto +default\n/)
})

test('config check --json says the same', async () => {
  const { stdout } = await run(main, ['config', 'check', '--json', 'good.toml'])
  const { schema, file, settings } = JSON.parse(stdout)
  assert.equal(schema, 'waxseal.config/1')
  assert.equal(file, 'good.toml')
  assert.deepEqual(settings.server, { value: ['127.0.0.1:1'], origin: { from: 'file', path: 'good.toml', line: 2 } })
  assert.deepEqual(settings['ca-file'], { value: null, origin: { from: 'default' } })
})

test('a lookup that nobody answers ends with 75, and shows its queries', async () => {
  const args = ['dns', '--trace', '--engine', 'forward', '--server', '127.0.0.1:1', '--timeout', '5', 'a.example', 'MX']
  const { status, stdout, stderr } = await run(main, args)
  assert.equal(status, 75)
  assert.match(stdout, /^a\.example\. MX: no answer/)
  assert.match(stderr, /^> 127\.0\.0\.1#1 (udp|tcp) a\.example\. MX \(rd cd do\)$/m)
})

test('a reader that goes away ends the program quietly', async () => {
  const child = spawn(process.execPath, [main, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(stderr, '')
  assert.equal(status, 141)
})

const unwritable: [what: string, script: () => string, args: string[]][] = [
  ['the version', () => main, ['--version']],
  ['the version from the launcher', () => bin, ['--version']],
  ['help', () => main, ['--help']],
]
for (const [what, script, args] of unwritable) {
  test(`${what} that cannot be written ends with 73 and one line`, { skip: !existsSync('/dev/full') }, async () => {
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, [script(), ...args], { stdio: ['ignore', full, 'pipe'] })
    closeSync(full)
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text) => {
      stderr += text
    })
    const status = await new Promise((resolve) => child.on('close', resolve))
    assert.match(stderr, /^waxseal: cannot write the output: .*no space left on device.*\n$/)
    assert.equal(status, 73)
  })
}

test('a list on standard input that is a directory ends with 66 and one line', async () => {
  const directory = openSync(folder, 'r')
  const args = [main, 'explain', '--file', '-', '--store', ':memory:']
  const env = { XDG_CONFIG_HOME: folder }
  const child = spawn(process.execPath, args, { env, stdio: [directory, 'pipe', 'pipe'] })
  closeSync(directory)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const status = await new Promise((resolve) => child.on('close', resolve))
  assert.equal(stderr, 'waxseal: cannot read standard input: it is a directory\n')
  assert.equal(status, 66)
})

test('an interrupt ends a lookup that hangs with 130', async () => {
  const { createSocket } = await import('node:dgram')
  const silent = createSocket('udp4')
  await new Promise<void>((resolve) => silent.bind(0, '127.0.0.1', resolve))
  try {
    const server = `127.0.0.1:${silent.address().port}`
    const child = spawn(process.execPath, [main, 'dns', '--engine', 'forward', '--server', server, 'a.example'], {
      env: {},
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => child.on('close', resolve))
    await new Promise((resolve) => silent.once('message', resolve))
    child.kill('SIGINT')
    assert.equal(await ended, 130)
  } finally {
    silent.close()
  }
})
