// `waxseal tlsa plan`, `apply` and `gate` in a lab: what they print, write and remember.
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, test } from 'node:test'
import { openMint } from '../../src/programs/lab/certificates/mint.ts'
import { describeCertificate } from '../../src/programs/lab/world/certificates.ts'
import { host, hour, openRolloverBed } from '../support/rollover-bed.ts'

const bed = await openRolloverBed()
const { commands, files, state, written, inLab, plan, apply, gate, move, present, publish, recordOf, followProgram } =
  bed
beforeEach(() => bed.reset())
after(() => bed.close())

test('DANE-81: a key is published beside the others, waits, is let through, is seen everywhere, and the old one goes', async () => {
  const next = ['--next', files['ecdsa-2.key'] ?? '']
  const record = await recordOf('ecdsa-2')
  const first = await apply(...next)
  assert.equal(first.stderr, '')
  assert.match(
    first.stdout,
    /^mx\.example\.org: publish the record for ECDSA key [0-9a-f]{16} \(.*ecdsa-2\.key\): done by/,
  )
  assert.equal(first.status, 0)
  const { add, remove } = await followProgram()
  assert.deepEqual([add.map(({ data }) => data), remove], [[record], []])

  const early = await gate('ecdsa-2.key')
  assert.equal(early.status, 75)
  assert.match(early.stderr, /not before 2026-06-01 14:00 UTC: every name server has the key/)
  const waiting = await apply()
  assert.match(waiting.stdout, /^mx\.example\.org: wait until 2026-06-01 14:00 UTC/)
  assert.equal(existsSync(written), false)
  move(2 * hour - 1000)
  assert.equal((await gate('ecdsa-2.key')).status, 75)
  move(1000)
  const open = await gate('ecdsa-2.key')
  assert.deepEqual([open.status, open.stderr], [0, ''])
  assert.equal(
    open.stdout,
    'mx.example.org: the key may be deployed: 1 of 1 server addresses have it, and every cache\n',
  )

  await present(2)
  const seen = await apply()
  assert.match(seen.stdout, /^mx\.example\.org: wait until 2026-06-01 16:00 UTC, then the records of ECDSA key/)
  move(2 * hour)
  const retired = await apply()
  assert.match(retired.stdout, /^mx\.example\.org: take out the record of ECDSA key/)
  assert.deepEqual(
    (await followProgram()).remove.map(({ data }) => data),
    [await recordOf('ecdsa-1')],
  )
  const last = await apply()
  assert.match(last.stdout, /^mx\.example\.org: make the next key: RSA and ECDSA\n/)
  assert.equal((await gate('ecdsa-1.key')).status, 1)
})

test('the gate works without any state, counts from when it saw the key first, and changes nothing else', async () => {
  const first = await gate('ecdsa-1.key', '--json')
  assert.equal(first.status, 75)
  const { schema, verdict, until } = JSON.parse(first.stdout)
  assert.deepEqual([schema, verdict, until], ['waxseal.gate/1', 'wait', '2026-06-01T14:00:00.000Z'])
  assert.deepEqual(JSON.parse(readFileSync(state, 'utf8')).keys, [])
  move(2 * hour)
  const second = await gate('ecdsa-1.key', '--json')
  assert.deepEqual([second.status, JSON.parse(second.stdout).verdict], [0, 'open'])
})

test('a record that was away for a moment waits again', async () => {
  await gate('ecdsa-1.key')
  move(3 * hour)
  await publish([await recordOf('rsa-1')])
  assert.equal((await gate('ecdsa-1.key')).status, 1)
  await publish([await recordOf('ecdsa-1'), await recordOf('rsa-1')])
  const again = await gate('ecdsa-1.key', '--json')
  assert.equal(JSON.parse(again.stdout).until, '2026-06-01T17:00:00.000Z')
})

test('the larger TTL that the records had before is what the wait is of', async () => {
  await publish([await recordOf('ecdsa-1'), await recordOf('rsa-1')], 86_400)
  await gate('ecdsa-2.key')
  await publish([await recordOf('ecdsa-1'), await recordOf('rsa-1'), await recordOf('ecdsa-2')], 300)
  const gated = await gate('ecdsa-2.key', '--json')
  assert.equal(JSON.parse(gated.stdout).until, '2026-06-03T12:00:00.000Z')
})

test('DANE-81: a key that is in one form of record and not in another is not let through', async () => {
  const digest = (await recordOf('ecdsa-1')).slice(6)
  await publish([`3 1 1 ${digest}`, await recordOf('rsa-1'), `3 1 2 ${'ab'.repeat(64)}`])
  const gated = await gate('ecdsa-1.key')
  assert.equal(gated.status, 1)
  assert.match(gated.stderr, /no record 3 1 2 is of it/)
})

test('plan changes and remembers nothing, and dates every step', async () => {
  const planned = await plan('--next', files['ecdsa-2.key'] ?? '')
  assert.deepEqual([planned.status, planned.stderr], [0, ''])
  assert.match(planned.stdout, /^mx\.example\.org: publish the record for ECDSA key/)
  assert.match(planned.stdout, /^ {2}now {19}publish the record for ECDSA key/m)
  assert.match(planned.stdout, /^ {2}2026-06-01 14:00 UTC {2}ECDSA key [0-9a-f]{16}/m)
  assert.match(planned.stdout, /^ {2}2026-06-01 16:00 UTC {2}take out the record of ECDSA key/m)
  assert.match(planned.stdout, /^ {2}2026-06-01 16:00 UTC {2}make the next ECDSA key/m)
  assert.equal(existsSync(state), false)
  const { schema, calendar } = JSON.parse((await plan('--json', '--next', files['ecdsa-2.key'] ?? '')).stdout)
  assert.equal(schema, 'waxseal.rollover-plan/1')
  assert.deepEqual(
    calendar.map(({ at, what }: { at: string; what: string }) => `${at.slice(0, 16)} ${what}`).slice(0, 4),
    ['2026-06-01T12:00 publish', '2026-06-01T14:00 deploy', '2026-06-01T16:00 retire', '2026-06-01T16:00 make-key'],
  )
})

test('a renewal with the same key needs nothing', async () => {
  await apply()
  const same = await apply('--renewed', files['ecdsa-1.key'] ?? '')
  assert.equal(same.status, 0)
  assert.equal(existsSync(written), false)
})

test('a key that is in no record is never published because the host shows it, only because a file names it', async () => {
  await present(2)
  const refused = await apply()
  assert.equal(refused.status, 65)
  assert.match(refused.stdout, /senders who check hold mail back until the records are changed/)
  assert.match(refused.stdout, /presents a key \(ECDSA\) that is in no record/)
  assert.equal(existsSync(written), false)
  const named = await apply('--key', files['ecdsa-2.pem'] ?? '')
  assert.match(named.stdout, /^mx\.example\.org: publish at once the record for ECDSA key/)
  await followProgram()
})

test('first records need the keys of all that the host presents', async () => {
  await publish([])
  const some = await apply('--key', files['ecdsa-1.pem'] ?? '')
  assert.equal(some.status, 65)
  assert.match(some.stdout, /presents a key \(RSA\) that is in no record/)
  const all = await apply('--key', files['ecdsa-1.pem'] ?? '', '--key', files['rsa-1.key'] ?? '', '--ttl', '30m')
  assert.equal(all.status, 0, all.stderr)
  const { add } = JSON.parse(readFileSync(written, 'utf8'))
  assert.deepEqual(
    add.map(({ ttl }: { ttl: number }) => ttl),
    [1800, 1800],
  )
})

test('DANE-82: from keys to an authority and back, each form holds by itself at every step', async () => {
  const mint = await openMint()
  const { issuer } = await mint.issue(describeCertificate(host, {}))
  const authority = join(commands.folder, 'authority.pem')
  writeFileSync(authority, new X509Certificate(issuer).toString())
  const over = await apply('--form', '2 1 1', '--authority', authority)
  assert.equal(over.status, 0, over.stderr + over.stdout)
  const { add } = await followProgram()
  assert.match(add[0]?.data ?? '', /^2 1 1 /)
  assert.match((await apply()).stdout, /wait until 2026-06-01 14:00 UTC/)
  move(2 * hour)
  assert.match((await apply()).stdout, /take out 2 records of a kind that is not wanted/)
  const gone = await followProgram()
  assert.equal(gone.remove.length, 2)
  assert.match((await apply()).stdout, /^mx\.example\.org: nothing to do/)
  // Under the authority a new key needs no record.
  move(2 * hour)
  const gated = await commands.run(['tlsa', 'gate', ...inLab(), '--certificate', files['ecdsa-2.pem'] ?? '', host])
  assert.equal(gated.status, 0, gated.stderr)
  const alone = await gate('ecdsa-2.key')
  assert.equal(alone.status, 1)
  assert.match(alone.stderr, /records 2 1 1 need the certificate with its chain/)
  const back = await apply('--form', '3 1 1')
  assert.equal(back.status, 0, back.stdout + back.stderr)
  assert.equal((await followProgram()).add.length, 2)
  await apply()
  move(2 * hour)
  assert.match((await apply()).stdout, /take out the record of a kind that is not wanted/)
})

test('in an emergency the choices are said with their times, and the old record goes as soon as nobody presents its key', async () => {
  const old = files['ecdsa-1.key'] ?? ''
  const without = await plan('--compromised', old)
  assert.match(
    without.stdout.replace(/\s+/g, ' '),
    /who has it can pose as this host .* up to 60 min after it is taken out\. There is no next key/,
  )
  await apply('--compromised', old, '--next', files['ecdsa-2.key'] ?? '')
  await followProgram()
  const choices = (await apply()).stdout.replace(/\s+/g, ' ')
  assert.match(choices, /First choice: wait .* until it is known everywhere, 2026-06-01 14:00 UTC\. No mail waits/)
  assert.match(choices, /Second choice: deploy it at once\./)
  move(2 * hour)
  assert.equal((await gate('ecdsa-2.key')).status, 0)
  assert.equal((await gate('ecdsa-1.key')).status, 65)
  await present(2)
  assert.match((await apply()).stdout, /take out the record of ECDSA key/)
  await followProgram()
  // It never comes back, be it asked for.
  assert.equal((await apply('--next', old)).status, 65)
  assert.equal((await gate('ecdsa-1.key')).status, 65)
})

test('--make-keys makes a next key of each kind in use, and publishes both', async () => {
  const made = await apply('--make-keys', commands.folder)
  assert.equal(made.status, 0, made.stderr)
  assert.match(made.stdout, /^Made RSA key .*\nMade ECDSA key .*\nmx\.example\.org: publish 2 records/)
  const { add } = await followProgram()
  assert.equal(add.length, 2)
  const again = await apply('--make-keys', commands.folder)
  assert.doesNotMatch(again.stdout, /Made/)
})

test('the JSON of plan, apply and gate has the keys of docs/json.md', async () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'json.md'), 'utf8')
  const rowsOf = (heading: string) => {
    const [, part = ''] = text.split(`## \`${heading}\`\n`)
    const [table = ''] = part.split('\n## ')
    return [...table.matchAll(/^\| `(.+?)` +\| (.*?) *\|$/gm)].map(([, keys = '', means = '']) => ({
      keys: keys.split('`, `'),
      parts: /`\{([^}]+)\}`/.exec(means)?.[1]?.split(', '),
    }))
  }
  const holds = (found: Record<string, unknown>, rows: ReturnType<typeof rowsOf>) => {
    assert.deepEqual(Object.keys(found).toSorted(), rows.flatMap(({ keys }) => keys).toSorted())
    for (const { keys, parts } of rows) {
      for (const one of keys.flatMap((key) => found[key] ?? [])) {
        if (parts !== undefined) assert.deepEqual(Object.keys(one as object).toSorted(), parts.toSorted(), keys[0])
      }
    }
  }
  const next = ['--next', files['ecdsa-2.key'] ?? '']
  for (const { stdout } of [
    await plan('--json', ...next),
    await plan('--json', '--form', '2 1 1'),
    await apply('--json', ...next),
  ]) {
    holds(JSON.parse(stdout), rowsOf('waxseal.rollover-plan/1'))
  }
  holds(JSON.parse((await gate('ecdsa-2.key', '--json')).stdout), rowsOf('waxseal.gate/1'))
})
