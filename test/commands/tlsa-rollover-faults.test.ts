// What `waxseal tlsa plan`, `apply` and `gate` refuse, and what they make of a state that cannot be read.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, beforeEach, test } from 'node:test'
import { openRolloverBed } from '../support/rollover-bed.ts'

const bed = await openRolloverBed()
const { commands, files, state, written, inLab, plan, apply, gate } = bed
beforeEach(() => bed.reset())
after(() => bed.close())

const refused: [why: string, args: () => string[], status: number, says: RegExp][] = [
  [
    'a next key that is the current one',
    () => ['--next', files['ecdsa-1.key'] ?? ''],
    65,
    /the next key is the key in use/,
  ],
  [
    'a key said to be in use that is not',
    () => ['--key', files['ecdsa-2.key'] ?? ''],
    65,
    /does not present the key named with --key/,
  ],
  [
    'a key that is not there',
    () => ['--next', '/nowhere.pem'],
    78,
    /cannot use the key in "\/nowhere\.pem": no such file/,
  ],
  [
    'a key known to others as the next one',
    () => ['--compromised', files['ecdsa-2.key'] ?? '', '--next', files['ecdsa-2.key'] ?? ''],
    65,
    /one that somebody else has/,
  ],
  [
    'a compromised key that is nobody’s',
    () => ['--compromised', 'abcdef0123456789'],
    65,
    /none of those that are published/,
  ],
  ['records of whole certificates', () => ['--form', '3 0 1'], 64, /break with each renewal/],
  ['usage 2 without an authority', () => ['--form', '2 1 1'], 65, /name its\s+certificate with --authority/],
]

for (const [why, args, status, says] of refused) {
  test(`apply refuses ${why}, and writes nothing`, async () => {
    const { status: ended, stdout, stderr } = await apply(...args())
    assert.equal(ended, status, stderr)
    assert.match(stdout + stderr, says)
    assert.equal(existsSync(written), false)
    // Nor does the next run remember what was refused.
    assert.match((await plan()).stdout, /^mx\.example\.org: make the next key/)
  })
}

const unusable: [why: string, text: string, says: RegExp][] = [
  ['is cut short', '{"schema":"waxseal.rollover/1","host"', /it is damaged/],
  ['another version wrote', '{"schema":"waxseal.rollover/2"}', /another version of waxseal wrote it/],
  ['is something else', '{"name":"left-pad"}', /something else than the state of a rollover/],
  ['lacks a field', '{"schema":"waxseal.rollover/1","host":"mx.example.org","port":25}', /it is damaged/],
]

for (const [why, text, says] of unusable) {
  test(`a state that ${why} is an error for all three, and stays as it is`, async () => {
    writeFileSync(state, text)
    for (const { status, stderr } of [await plan(), await apply(), await gate('ecdsa-1.key')]) {
      assert.equal(status, 78)
      assert.match(stderr, says)
    }
    assert.equal(readFileSync(state, 'utf8'), text)
    assert.equal(existsSync(written), false)
  })
}

test('a state of another host is refused', async () => {
  await gate('ecdsa-1.key')
  const other = await commands.run(['tlsa', 'plan', ...inLab(), 'in.plain.example'])
  assert.equal(other.status, 78)
  assert.match(other.stderr, /the state is of mx\.example\.org port 25/)
})

test('a zone that is not signed is refused by all three', async () => {
  const options = ['--state', state, ...commands.iterate]
  for (const args of [['plan'], ['apply'], ['gate', '--key', files['ecdsa-1.key'] ?? '']]) {
    const { status, stdout, stderr } = await commands.run(['tlsa', ...args, ...options, 'in.plain.example'])
    assert.equal(status, 65, args[0])
    assert.match(stdout + stderr, /zone is not signed/)
    rmSync(state, { force: true })
  }
})
