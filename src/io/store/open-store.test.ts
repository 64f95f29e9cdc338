import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../core/config-error.ts'
import { limits } from '../../core/limits.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { openStore } from './open-store.ts'
import type { StoredPolicy, StoreWarning } from './store.ts'

const now = 1_700_000_000_000
const hour = 3_600_000

function domain(text: string): DomainName {
  return text as DomainName // the texts of these tests are such names
}

function policy(name: string, changes: Partial<StoredPolicy> = {}): StoredPolicy {
  return {
    domain: domain(name),
    id: '1',
    body: 'version: STSv1\nmode: enforce\nmx: mail.example.com\nmax_age: 86400\n',
    mode: 'enforce',
    maxAge: 86_400,
    fetchedAt: now,
    refreshAt: now + 12 * hour,
    ...changes,
  }
}

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'waxseal-store-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('a policy put is found again, and another process finds it too', async (context) => {
  const path = join(directory(context), 'store.db')
  const store = openStore(path)
  const stored = policy('example.com')
  assert.equal(await store.policies.put(stored), 'durable')
  const reader = openStore(path)
  assert.deepEqual(await store.policies.find(stored.domain), stored)
  assert.deepEqual(await reader.policies.find(stored.domain), stored)
  assert.equal(await store.policies.find(domain('example.net')), undefined)
  await Promise.all([store.close(), reader.close()])
})

test('a policy put later replaces the one before, and removing leaves none', async () => {
  const { policies, close } = openStore(':memory:')
  await policies.put(policy('example.com'))
  await policies.put(policy('example.com', { id: '2', mode: 'none' }))
  assert.equal((await policies.find(domain('example.com')))?.id, '2')
  await policies.remove(domain('example.com'))
  assert.equal(await policies.find(domain('example.com')), undefined)
  await close()
})

test('a write is seen by the writer before it is committed, and many share one commit', async () => {
  const { policies, close } = openStore(':memory:')
  const writes = Array.from({ length: 200 }, (_, index) => policies.put(policy(`d${index}.example`)))
  assert.equal((await policies.find(domain('d199.example')))?.id, '1')
  assert.deepEqual(new Set(await Promise.all(writes)), new Set(['durable']))
  await close()
})

test('due lists what is alive and overdue, the most overdue first', async () => {
  const { policies, close } = openStore(':memory:')
  await policies.put(policy('late.example', { refreshAt: now - 1 }))
  await policies.put(policy('later.example', { refreshAt: now - 2 }))
  await policies.put(policy('lapsed.example', { refreshAt: now - 3, maxAge: 1, fetchedAt: now - 1001 }))
  await policies.put(policy('fresh.example'))
  const due = await policies.due(now, 10)
  assert.deepEqual(
    due.map((found) => found.domain),
    ['later.example', 'late.example'],
  )
  await policies.postpone(domain('later.example'), now + hour)
  assert.equal((await policies.due(now, 10)).length, 1)
  await close()
})

test('policies are counted, those that were replaced or removed no more', async () => {
  const { policies, close } = openStore(':memory:')
  assert.equal(await policies.count?.(), 0)
  for (const name of ['a.example', 'b.example', 'c.example', 'a.example']) await policies.put(policy(name))
  await policies.remove(domain('b.example'))
  assert.equal(await policies.count?.(), 2)
  await close()
})

test('list goes through all policies by name', async () => {
  const { policies, close } = openStore(':memory:')
  for (const name of ['b.example', 'a.example', 'c.example']) await policies.put(policy(name))
  const first = await policies.list(2)
  const rest = await policies.list(2, first.at(-1)?.domain)
  assert.deepEqual(
    [...first, ...rest].map((found) => found.domain),
    ['a.example', 'b.example', 'c.example'],
  )
  await close()
})

test('STS-65: the table is bounded; policies that demand nothing go first, then those soonest to lapse', async () => {
  const { policies, close } = openStore(':memory:', { policies: 2 })
  await policies.put(policy('long.example', { maxAge: 900_000 }))
  await policies.put(policy('none.example', { mode: 'none', maxAge: 900_000 }))
  await policies.put(policy('short.example', { maxAge: 100 }))
  assert.equal(await policies.find(domain('none.example')), undefined)
  await policies.put(policy('longer.example', { maxAge: 900_001 }))
  assert.equal(await policies.find(domain('short.example')), undefined)
  assert.equal((await policies.list(10)).length, 2)
  await close()
})

test('STS-65: the table is bounded for commands that put one policy and end, too', async (context) => {
  const path = join(directory(context), 'store.db')
  for (let number = 0; number < 5; number++) {
    const { policies, close } = openStore(path, { policies: 300 })
    const puts = number === 0 ? 302 : 1
    await Promise.all(Array.from({ length: puts }, (_, index) => policies.put(policy(`d${number}-${index}.example`))))
    await close()
  }
  const { policies, close } = openStore(path)
  assert.equal((await policies.list(1000)).length, 300)
  await close()
})

test('STS-27: a failed fetch is remembered for its id alone, until a policy comes or a day has gone', async () => {
  const { policies, close } = openStore(':memory:')
  const failed = { domain: domain('example.com'), id: '1', at: now, failure: 'http-status 500' }
  await policies.putFailure(failed)
  assert.deepEqual(await policies.findFailure(failed.domain, '1'), failed)
  assert.equal(await policies.findFailure(failed.domain, '2'), undefined)
  await policies.put(policy('example.com'))
  assert.equal(await policies.findFailure(failed.domain, '1'), undefined)
  await policies.putFailure(failed)
  await policies.putFailure({ ...failed, domain: domain('example.net'), at: now + limits.store.failuresKeptMs + 1 })
  assert.equal(await policies.findFailure(failed.domain, '1'), undefined)
  await close()
})

test('anchors are found by host, most recently used first, and bounded per host and in all', async () => {
  const { anchors, close } = openStore(':memory:', { anchors: 5 })
  const anchor = (host: string, number: number) => {
    const certificate = Uint8Array.of(0x30, number)
    const digest = createHash('sha256').update(certificate).digest('hex')
    return { host: domain(host), digest, certificate, usedAt: now + number }
  }
  for (let number = 1; number <= 6; number++) await anchors.put(anchor('a.example', number))
  const kept = await anchors.find(domain('a.example'))
  assert.deepEqual(
    kept.map(({ usedAt }) => usedAt - now),
    [6, 5, 4, 3],
  )
  assert.deepEqual(kept[0]?.certificate, Uint8Array.of(0x30, 6))
  for (let number = 7; number <= 9; number++) await anchors.put(anchor('b.example', number))
  assert.equal((await anchors.find(domain('a.example'))).length, 2)
  await close()
})

const damages: [what: string, statement: string][] = [
  ['a body', "UPDATE policies SET body = replace(body, 'enforce', 'testing')"],
  ['a mode', "UPDATE policies SET mode = 'none'"],
  ['an id', "UPDATE policies SET id = '2'"],
  ['a lifetime', 'UPDATE policies SET max_age = 31557600'],
  ['a fetch time', 'UPDATE policies SET fetched_at = fetched_at + 1'],
]
for (const [what, statement] of damages) {
  test(`STS-65: a row with ${what} that we did not write is absent, and warned of`, async (context) => {
    const path = join(directory(context), 'store.db')
    const before = openStore(path)
    await before.policies.put(policy('example.com'))
    await before.close()
    const database = new DatabaseSync(path)
    database.exec(statement)
    database.close()
    const warnings: StoreWarning[] = []
    const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
    assert.equal(await store.policies.find(domain('example.com')), undefined)
    assert.deepEqual(
      warnings.map(({ kind, key }) => [kind, key]),
      [['damaged-row', 'example.com']],
    )
    await store.close()
  })
}

test('a damaged anchor is absent, and warned of', async (context) => {
  const path = join(directory(context), 'store.db')
  const warnings: StoreWarning[] = []
  const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
  const host = domain('mx.example')
  await store.anchors.put({ host, digest: '00', certificate: Uint8Array.of(1), usedAt: now })
  assert.deepEqual(await store.anchors.find(host), [])
  assert.equal(warnings[0]?.kind, 'damaged-row')
  await store.close()
})

test('a store that cannot be read says so, and never that there is no policy', async (context) => {
  const path = join(directory(context), 'store.db')
  const before = openStore(path)
  await Promise.all(Array.from({ length: 500 }, (_, index) => before.policies.put(policy(`d${index}.example`))))
  await before.close()
  const file = readFileSync(path)
  writeFileSync(path, file.fill(0x5a, 8192))
  const warnings: StoreWarning[] = []
  const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
  await assert.rejects(store.policies.find(domain('d0.example')), { name: 'StoreError', message: /malformed/ })
  assert.deepEqual(await store.policies.due(now + 24 * hour, 10), [])
  assert.deepEqual(
    warnings.map(({ kind, key }) => `${kind} ${key}`),
    ['read-failed d0.example', 'read-failed '],
  )
  await store.close()
})

test('a write that cannot be made is lost, not thrown, and warned of', async () => {
  const warnings: StoreWarning[] = []
  const store = openStore(':memory:', { onWarning: (warning) => warnings.push(warning) })
  const impossible = { ...policy('example.com'), id: null as unknown as string } // what no caller may pass
  assert.equal(await store.policies.put(impossible), 'lost')
  assert.equal(warnings[0]?.kind, 'write-failed')
  assert.equal(await store.policies.put(policy('example.com')), 'durable')
  await store.close()
})

test('a store that cannot be opened is a mistake of the operator, and stays as it is', async (context) => {
  const path = directory(context)
  writeFileSync(join(path, 'text'), 'not a database, but long enough to be looked at as if it were one'.repeat(20))
  const foreign = new DatabaseSync(join(path, 'foreign'))
  foreign.exec('CREATE TABLE mail (body TEXT)')
  foreign.close()
  await openStore(join(path, 'newer')).close()
  const raised = new DatabaseSync(join(path, 'newer'))
  raised.exec('PRAGMA user_version = 1000')
  raised.close()
  const whole = openStore(join(path, 'cut'))
  await whole.policies.put(policy('example.com'))
  await whole.close()
  truncateSync(join(path, 'cut'), statSync(join(path, 'cut')).size / 2)
  const refused: [string, RegExp][] = [
    [join(path, 'missing', 'store.db'), /cannot open the store ".*": unable to open/],
    [path, /cannot open the store/],
    [join(path, 'text'), /not a database/],
    [join(path, 'foreign'), /a database of something else/],
    [join(path, 'newer'), /newer release/],
    [join(path, 'cut'), /cannot open the store ".*": database disk image is malformed$/],
  ]
  const contents = () => readdirSync(path).map((file) => [file, readFileSync(join(path, file)).toString('latin1')])
  const before = contents()
  for (const [file, message] of refused) {
    assert.throws(() => openStore(file), { name: 'ConfigError', message })
    assert.throws(() => openStore(file), ConfigError)
  }
  assert.deepEqual(contents(), before)
})

test('every policy acknowledged is there after writers were killed in the middle, from the opening on', async (context) => {
  const path = join(directory(context), 'store.db')
  const acknowledged = new Map<string, number>()
  // Each writes the same domains anew, so that policies in force are what is being replaced when it dies.
  for (const [round, lines] of [1, 1, 2, 40, 700, 300].entries()) {
    const [, ...domains] = await killAfter(startWriter(context, path, round), lines)
    for (const name of domains) acknowledged.set(name, round)
    const warnings: StoreWarning[] = []
    const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
    for (const [name, id] of acknowledged) {
      const found = await store.policies.find(domain(name))
      assert.ok(found !== undefined && Number(found.id) >= id, `${name} in round ${round}: ${found?.id}, not ${id}`)
    }
    assert.deepEqual(warnings, [])
    assert.equal(await store.policies.put(policy('after.example')), 'durable')
    await store.close()
  }
  assert.ok(acknowledged.size >= 500)
})

const writer = fileURLToPath(new URL('../../../test/support/write-policies.ts', import.meta.url))

function startWriter(context: TestContext, path: string, round: number): ChildProcess {
  const child = spawn(process.execPath, [writer, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  return child
}

/** Reads what the writer says until it is killed, which it is once it has said so many lines. */
async function killAfter(child: ChildProcess, count: number): Promise<string[]> {
  assert.ok(child.stdout)
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === count) child.kill('SIGKILL')
  }
  assert.deepEqual((await exited)[1], 'SIGKILL')
  assert.ok(lines.length >= count)
  return lines
}
