// `waxseal sender-test lab` as it is typed, with our own `send` as the server under test.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
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

test('a command that sends nothing shows nothing, and its end is told', { skip: cannot }, () => {
  const { status, stdout, stderr } = senderTest(['--wait', '0', '--', 'sh', '-c', 'echo "$WAXSEAL_TEST_FROM"; exit 3'])
  assert.equal(status, 75)
  assert.match(stderr, /^t[0-9a-f]{20}@return\.sender-test\.example\nwaxseal: the command ended with 3\n$/)
  assert.match(stdout, /^domain +mail must +and it +verdict\n/)
  assert.match(stdout, /^dane-mismatch +be held back +did not arrive +held back rightly$/m)
  assert.match(stdout, /\n\nNo message arrived at all: nothing can be said of this server\.\n$/)
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line)
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
