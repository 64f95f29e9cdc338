// The store under what ends processes, fills disks and flips bits: nothing acknowledged is lost, and nothing is made up.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ConfigError } from '../../core/config-error.ts'
import { noOverrides } from '../../core/decision/overrides.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { migrations } from './migrations.ts'
import { openStore } from './open-store.ts'
import { type StoredPolicy, StoreError, type StoreWarning } from './store.ts'

const support = (file: string) => fileURLToPath(new URL(`../../../test/support/${file}`, import.meta.url))
const writer = support('write-store.ts')
const oldest = fileURLToPath(new URL('../../../test/vectors/store/schema-1.db', import.meta.url))

function directory(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'waxseal-crash-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** The same numbers from the same seed, from 0 up to 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

function startWriter(context: TestContext, path: string, round: number): ChildProcess {
  const child = spawn(process.execPath, [writer, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  return child
}

/** What it said until it was killed, once it had said so many lines. */
async function killAfter(child: ChildProcess, count: number): Promise<string[]> {
  assert.ok(child.stdout)
  const exited = once(child, 'exit')
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (lines.length === count) child.kill('SIGKILL')
  }
  assert.equal((await exited)[1], 'SIGKILL')
  return lines
}

/** Every row acknowledged is there, in a round no earlier, and everything about the file is in order. */
async function assertWhole(path: string, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const warnings: StoreWarning[] = []
  const { policies, overrides, close } = openStore(path, { onWarning: (warning) => warnings.push(warning) })
  const required = new Map((await overrides.list()).map(({ target, reason }) => [target.domain?.name, Number(reason)]))
  for (const [line, round] of acknowledged) {
    const [kind, name = ''] = line.split(' ')
    const domain = name as DomainName // such a name
    const found = kind === 'policy' ? Number((await policies.find(domain))?.id) : required.get(domain)
    assert.ok(found !== undefined && found >= round, `${line} in round ${round}: ${found}`)
  }
  for (let before: number | undefined; ; ) {
    const entries = await overrides.audit(1000, before)
    assert.ok(entries.every(({ isIntact }) => isIntact))
    before = entries.at(-1)?.id
    if (before === undefined) break
  }
  assert.equal(await overrides.isAuditCut(), false)
  assert.deepEqual(warnings, [])
  await close()
  const database = new DatabaseSync(path)
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  database.close()
}

for (const seed of [1, 2, 3]) {
  test(`killed at any moment while it writes, the store has all that was acknowledged (seed ${seed})`, async (context) => {
    const path = join(directory(context), 'store.db')
    // From the file of the first release on, so that a migration may be what is cut off.
    copyFileSync(oldest, path)
    const random = randomFrom(seed)
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < 5; round++) {
      const lines = await killAfter(startWriter(context, path, round), 1 + Math.floor(random() ** 3 * 600))
      for (const line of lines) if (line !== 'opening') acknowledged.set(line, round)
      await assertWhole(path, acknowledged)
    }
    assert.ok(acknowledged.size > 0)
  })
}

test('two that write at once lose nothing of each other when one of them is killed', async (context) => {
  const path = join(directory(context), 'store.db')
  await openStore(path).close()
  const first = startWriter(context, path, 0)
  const second = startWriter(context, path, 1)
  const [, lines] = await Promise.all([killAfter(first, 40), killAfter(second, 120)])
  await assertWhole(
    path,
    new Map(
      lines
        .slice(1)
        .filter((line) => line !== 'lost')
        .map((line) => [line, 0]),
    ),
  )
})

test('a full disk loses no policy that was acknowledged, and what is written once there is room is durable', async (context) => {
  const isPossible = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0
  if (!isPossible) return context.skip('unshare -rm with a tmpfs does not work here')
  const folder = directory(context)
  const script = [
    `mount -t tmpfs -o size=1m tmpfs ${folder}`,
    `head -c 300000 /dev/zero >${folder}/filler`,
    `exec "${process.execPath}" "${support('fill-disk.ts')}" "${folder}" "${oldest}"`,
  ].join(' && ')
  const child = spawn('unshare', ['-rm', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit')
  let said = ''
  for await (const text of child.stdout) said += text
  assert.deepEqual(await exited, [0, null])
  const told = JSON.parse(said) as Record<string, number | boolean | string>
  assert.ok(Number(told.durableBefore) > 0, said)
  assert.ok(Number(told.lost) > 0, said)
  const isRefused = /^cannot open the store: .*(?:full|I\/O error); then all there$/.test(String(told.migration))
  assert.deepEqual(
    [told.missingWhileFull, told.durableAfter, told.missingAfter, told.integrity, isRefused],
    [0, true, 0, 'ok', true],
  )
})

/** What the first release wrote, and the test's writer of the file knew. */
async function assertOldest(path: string): Promise<void> {
  const warnings: StoreWarning[] = []
  const { policies, anchors, overrides, close } = openStore(path, { onWarning: (warning) => warnings.push(warning) })
  const found = await policies.list(10)
  assert.deepEqual(
    found.map(({ domain, id, mode, maxAge, fetchedAt }) => [domain, id, mode, maxAge, fetchedAt]),
    [
      ['d0.example', 'id0', 'enforce', 86_400, 1_800_000_000_000],
      ['d1.example', 'id1', 'testing', 172_800, 1_800_000_000_001],
      ['d2.example', 'id2', 'none', 259_200, 1_800_000_000_002],
      ['d3.example', 'id3', 'enforce', 345_600, 1_800_000_000_003],
    ],
  )
  assert.match(
    (await policies.find(found[0]?.domain as DomainName))?.body ?? '',
    /^version: STSv1\r\nmode: enforce\r\n/,
  )
  assert.equal((await policies.findFailure('failed.example' as DomainName, '1'))?.failure, 'http-status 500')
  assert.equal((await anchors.find('mx.example' as DomainName)).length, 1)
  assert.deepEqual([await overrides.list(), noOverrides.isEmpty, warnings], [[], true, []])
  await close()
}

function schemaOf(path: string): unknown[] {
  const database = new DatabaseSync(path)
  const objects = database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all()
  const version = database.prepare('PRAGMA user_version').get()?.user_version
  database.close()
  return [version, ...objects.map((object) => ({ ...object }))]
}

test('a file of the first release is taken over with all that it holds, and then is as one made now', async (context) => {
  const folder = directory(context)
  const path = join(folder, 'store.db')
  copyFileSync(oldest, path)
  await assertOldest(path)
  await assertOldest(path)
  await openStore(join(folder, 'new.db')).close()
  assert.deepEqual(schemaOf(path), schemaOf(join(folder, 'new.db')))
  assert.equal(schemaOf(path)[0], migrations.length)
})

test('every schema on the way leads to the same one', async (context) => {
  const folder = directory(context)
  await openStore(join(folder, 'new.db')).close()
  for (let version = 1; version < migrations.length; version++) {
    const path = join(folder, `store-${version}.db`)
    copyFileSync(oldest, path)
    const database = new DatabaseSync(path)
    for (const migration of migrations.slice(1, version)) database.exec(migration)
    database.exec(`PRAGMA user_version = ${version}`)
    database.close()
    await assertOldest(path)
    assert.deepEqual(schemaOf(path), schemaOf(join(folder, 'new.db')))
  }
})

test('two that open a file of the first release at once both have it', async (context) => {
  const path = join(directory(context), 'store.db')
  copyFileSync(oldest, path)
  const opened = await Promise.all(
    [0, 1, 2].map(async (round) => (await killAfter(startWriter(context, path, round), 3)).length),
  )
  assert.ok(opened.every((lines) => lines >= 3))
  assert.equal(schemaOf(path)[0], migrations.length)
})

test('a file of a newer release is refused by name, and stays as it is', async (context) => {
  const path = join(directory(context), 'store.db')
  copyFileSync(oldest, path)
  const database = new DatabaseSync(path)
  database.exec(`PRAGMA user_version = ${migrations.length + 1}; PRAGMA journal_mode = DELETE`)
  database.close()
  const before = readFileSync(path)
  const message = `the store "${path}" was written by a newer release (schema ${migrations.length + 1})`
  assert.throws(() => openStore(path), { name: 'ConfigError', message })
  assert.ok(readFileSync(path).equals(before))
  assert.deepEqual(readdirSync(join(path, '..')), ['store.db'])
})

test('flipped bits anywhere never make another policy, nor another override, nor silence', async (context) => {
  const folder = directory(context)
  const path = join(folder, 'store.db')
  const policies = Array.from({ length: 60 }, (_, at): StoredPolicy => {
    const domain = `d${at}.example` as DomainName // such a name
    const body = `version: STSv1\nmode: enforce\nmx: mail.${domain}\nmax_age: 86400\n`
    return { domain, id: '1', body, mode: 'enforce', maxAge: 86_400, fetchedAt: 1, refreshAt: 2 }
  })
  const store = openStore(path)
  await Promise.all(policies.map((policy) => store.policies.put(policy)))
  const target = { domain: { name: 'd0.example' as DomainName, below: false }, host: undefined }
  const rule = { kind: 'require', level: 'dane' } as const
  const override = { target, rule, reason: 'r', author: 'a', createdAt: 1, expiresAt: undefined }
  await store.overrides.put(override)
  await store.close()
  const good = readFileSync(path)
  const random = randomFrom(7)
  const outcomes = { same: 0, refused: 0, told: 0 }
  const silent: string[] = []
  for (let round = 0; round < 400; round++) {
    const damaged = Buffer.from(good)
    const at = Math.floor(random() * damaged.length)
    damaged.writeUInt8((damaged[at] ?? 0) ^ (1 << Math.floor(random() * 8)), at)
    const copy = join(folder, `copy-${round}.db`)
    writeFileSync(copy, damaged)
    const outcome = await judge(copy, policies, override)
    if (outcome === 'silent') silent.push(String(at))
    else outcomes[outcome]++
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${copy}${suffix}`, { force: true })
  }
  assert.deepEqual(silent, [])
  assert.ok(outcomes.same > 0 && outcomes.refused > 0 && outcomes.told > 0, JSON.stringify(outcomes))
})

/** What a damaged copy shows: the same, a refusal to open it, an error or a warning; `silent` where something is gone. */
async function judge(path: string, policies: readonly StoredPolicy[], override: unknown) {
  let told = 0
  let isSilent = false
  try {
    const store = openStore(path, { onWarning: () => told++ })
    await store.policies.scrub(100)
    const isScrubbed = told > 0
    for (const policy of policies) {
      const before = told
      const found = await store.policies.find(policy.domain).catch((error: unknown) => error)
      if (found instanceof StoreError) continue
      if (found === undefined) isSilent ||= told === before && !isScrubbed
      else assert.deepEqual({ ...found, refreshAt: 2 }, policy)
    }
    const list = await store.overrides.list().catch((error: unknown) => error)
    if (list instanceof StoreError) told++
    else if (Array.isArray(list) && list.length === 0) isSilent = true
    else assert.deepEqual(list, [override])
    await store.close().catch(() => undefined)
  } catch (error) {
    if (error instanceof ConfigError) return 'refused'
    throw error
  }
  if (isSilent) return 'silent'
  return told > 0 ? 'told' : 'same'
}

test('a policy that its damaged index hides is found again once the store has looked through itself', async (context) => {
  const path = join(directory(context), 'store.db')
  const names = Array.from({ length: 50 }, (_, at) => `d${at}.example` as DomainName) // such names
  const before = openStore(path)
  const rest = { id: '1', body: 'b', mode: 'enforce', maxAge: 86_400, fetchedAt: 1, refreshAt: 2 } as const
  await Promise.all(names.map((domain) => before.policies.put({ domain, ...rest })))
  await before.close()
  const file = readFileSync(path)
  const [hidden] = [names[7] ?? assert.fail()]
  let found = 0
  for (let at = file.indexOf(hidden); at >= 0; at = file.indexOf(hidden, at + 1)) {
    const damaged = Buffer.from(file)
    damaged.write('e', at)
    writeFileSync(path, damaged)
    const warnings: StoreWarning[] = []
    const { policies, close } = openStore(path, { onWarning: (warning) => warnings.push(warning) })
    const isHidden = (await policies.find(hidden)) === undefined && warnings.length === 0
    for (let step = 0; step < 10; step++) await policies.scrub(7)
    if (isHidden) {
      assert.equal((await policies.find(hidden))?.domain, hidden)
      assert.deepEqual(
        warnings.map(({ key, reason }) => [key, reason]),
        [[hidden, 'the index of policies is damaged, and is made anew']],
      )
      found++
    }
    await close()
  }
  assert.equal(found, 1)
})
