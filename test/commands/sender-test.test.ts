// `waxseal sender-test lab` as it is typed, with our own `send` as the server under test.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { labBase, readTestWorld } from '../../src/programs/sender-test/test-world.ts'

const root = join(import.meta.dirname, '..', '..')
const main = join(root, 'src', 'programs', 'cli', 'main.ts')
const environment = { PATH: process.env.PATH, HOME: '/nonexistent', NO_COLOR: '1', LANG: 'C.UTF-8' }
const cannot = spawnSync('unshare', ['-rn', 'ip', 'link']).status !== 0 && 'unshare -rn or ip does not work here'

function senderTest(args: readonly string[]) {
  return spawnSync(process.execPath, [main, 'sender-test', 'lab', ...args], {
    ...{ encoding: 'utf8', env: environment, timeout: 280_000, cwd: root },
  })
}

/** Sends for the addresses that these cases match, by `waxseal send`; for others it says that it will try later. */
function sendTo(cases: string): string[] {
  const files = '--root-hints "$WAXSEAL_TEST_ROOT_HINTS" --trust-anchor "$WAXSEAL_TEST_TRUST_ANCHORS"'
  const send = `"$2" "$3" send --engine iterate ${files} --ca-file "$WAXSEAL_TEST_CA_FILE" --allow-private --store :memory:`
  const script = `case "$1" in ${cases}) exec ${send} -f "$WAXSEAL_TEST_FROM" "$1" >/dev/null;; *) exit 75;; esac`
  return ['sh', '-c', script, 'sh', '{}', process.execPath, main]
}

/** Keys of a table of docs/json.md. */
function documentedKeys(heading: string): string[] {
  const text = readFileSync(join(root, 'docs', 'json.md'), 'utf8')
  const section = text.slice(text.indexOf(`\n${heading}\n`) + heading.length + 2).split(/\n##/, 1)[0] ?? ''
  return [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, keys = '']) =>
    [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => key),
  )
}

interface Report {
  readonly summary: string
  readonly leaked: readonly string[]
  readonly refused: readonly string[]
  readonly tests: readonly { readonly domain: string; readonly outcome: string; readonly verdict: string }[]
}

test('sender-test lab has a command write to every test domain, and judges what came', { skip: cannot }, () => {
  const { status, stdout, stderr } = senderTest([
    '--json',
    '--wait',
    '0',
    '--',
    ...sendTo('*@dane-[et]*|*@sts.*|*@null*'),
  ])
  assert.equal(status, 1, stderr)
  const report = JSON.parse(stdout) as Report // our own output
  assert.deepEqual(Object.keys(report).sort(), documentedKeys('## `waxseal.sender-test/1`').sort())
  const [first] = report.tests
  assert.deepEqual(Object.keys(first ?? {}).sort(), documentedKeys('### A test domain').sort())
  assert.deepEqual(
    report.tests.map(({ domain }) => domain),
    readTestWorld().tests.map(({ domain }) => domain),
  )
  const outcomes = new Map(report.tests.map(({ domain, outcome }) => [domain.replace(`.${labBase}`, ''), outcome]))
  for (const name of ['dane-ee', 'dane-ta', 'dane-ee-lax', 'sts']) assert.equal(outcomes.get(name), 'arrived', name)
  for (const name of ['dane-ta-name', 'dane-tls10', 'plain']) assert.equal(outcomes.get(name), 'held', name)
  assert.equal(outcomes.get('null-mx'), 'returned')
  assert.deepEqual(report.leaked, [])
  assert.ok(report.refused.includes(`plain.${labBase}`))
  assert.match(report.summary, /DANE: yes; MTA-STS: yes\. It does not deliver what it should at /)
})

/** Says what of the lab it does not find where programs look for it. */
const looks = `
echo "$WAXSEAL_TEST_FROM"
grep -q "^nameserver $WAXSEAL_TEST_RESOLVER$" /etc/resolv.conf || echo no resolver
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  [ ! -e $bundle ] || grep -qF "$(sed -n 2p "$WAXSEAL_TEST_CA_FILE")" $bundle || echo no authority in $bundle
done
exit 3`

test('a command that sends nothing shows nothing, and its end is told', { skip: cannot }, () => {
  const { status, stdout, stderr } = senderTest(['--wait', '0', '--', 'sh', '-c', looks])
  assert.equal(status, 75)
  assert.match(stderr, /^t[0-9a-f]{20}@return\.sender-test\.example\nwaxseal: the command ended with 3\n$/)
  assert.match(stdout, /^domain +mail must +and it +verdict\n/)
  assert.match(stdout, /^dane-mismatch +be held back +did not arrive +held back rightly$/m)
  assert.match(stdout, /\n\nNo message arrived at all: nothing can be said of this server\.\n$/)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
})

/** Starts it without a command, and waits until it says what to do. */
async function startByHand(): Promise<{ child: ChildProcess; said: () => string; pid: number; address: string }> {
  const child = spawn(process.execPath, [main, 'sender-test', 'lab', '--json'], {
    ...{ env: environment, stdio: ['ignore', 'pipe', 'pipe'] },
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (octets: Buffer) => {
    stdout += octets.toString()
  })
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (octets: Buffer) => {
      stderr += octets.toString()
      if (/@null-mx\.sender-test\.example$/m.test(stderr)) resolve()
    })
    child.once('close', () => reject(new Error(stderr)))
  })
  const [, pid] =
    /^ {2}nsenter --target (\d+) (?:--user --preserve-credentials )?--net --mount -- COMMAND$/m.exec(stderr) ?? []
  const [, address] = /^ {2}(\S+@clear\.sender-test\.example)$/m.exec(stderr) ?? []
  assert.ok(pid !== undefined && address !== undefined, stderr)
  return { child, said: () => stdout, pid: Number(pid), address }
}

/** What a mail server of another terminal does, in as few words as there may be. */
const clearHost = `
  const { connect } = require('node:net')
  const { Resolver } = require('node:dns').promises
  const { readFileSync } = require('node:fs')
  const stub = new Resolver()
  stub.setServers([/nameserver (\\S+)/.exec(readFileSync('/etc/resolv.conf', 'utf8'))[1]])
  stub.resolve4('mx.clear.sender-test.example').then(([address]) => {
    const socket = connect(25, address)
    const to = process.argv[1]
    const lines = ['EHLO me', 'MAIL FROM:<>', 'RCPT TO:<' + to + '>', 'DATA', 'Subject: x\\r\\n\\r\\nx\\r\\n.', 'QUIT']
    socket.on('data', (octets) => { if (/^\\d{3} /m.test(octets)) socket.write((lines.shift() || '') + '\\r\\n') })
  })`

test('without a command it waits for what others send, until it is told to end, and leaves nothing behind', {
  skip: cannot,
}, async () => {
  const { child, said, pid, address } = await startByHand()
  const user = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials']
  const inside = [
    '--target',
    String(pid),
    ...user,
    '--net',
    '--mount',
    '--',
    process.execPath,
    '-e',
    clearHost,
    address,
  ]
  const sent = spawnSync('nsenter', inside, { encoding: 'utf8', env: environment, timeout: 60_000 })
  assert.equal(sent.status, 0, sent.stderr)
  const closed = once(child, 'close')
  child.kill('SIGTERM')
  const [status] = await closed
  assert.equal(status, 130)
  const report = JSON.parse(said()) as Report // our own output
  const arrived = report.tests.filter(({ outcome }) => outcome === 'arrived').map(({ domain }) => domain)
  assert.deepEqual(arrived, [`clear.${labBase}`])
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
})

test('a command that is not there is told', { skip: cannot }, () => {
  const { status, stderr } = senderTest(['--wait', '0', '--', '/nonexistent/sender'])
  assert.equal(status, 75)
  assert.match(stderr, /^waxseal: the command did not run to its end: .*\n$/)
})

for (const [what, args, said] of [
  ['a wait that is no number', ['--wait', 'long'], /--wait needs seconds/],
  ['a wait of weeks', ['--wait', '900000'], /--wait needs seconds/],
] as const) {
  test(`sender-test lab refuses ${what}`, () => {
    const { status, stderr } = senderTest(args)
    assert.equal(status, 64)
    assert.match(stderr, said)
  })
}

test('it does not stand its domains up in the network that it was started from', () => {
  const here = spawnSync('readlink', ['/proc/self/ns/net'], { encoding: 'utf8' }).stdout.trim()
  const { status, stderr } = senderTest(['--inside', here])
  assert.equal(status, 78)
  assert.match(stderr, /no network of its own/)
})
