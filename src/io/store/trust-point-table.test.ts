import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { limits } from '../../core/limits.ts'
import { openStore } from './open-store.ts'
import type { StoreWarning } from './store.ts'

function pathIn(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-trust-points-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'store.db')
}

test('DNSSEC-08 RES-48: what is known of keys is there again after a restart', async (context) => {
  const path = pathIn(context)
  const store = openStore(path)
  assert.equal(await store.trustPoints.find('.'), undefined)
  assert.equal(await store.trustPoints.update('.', (before) => `${before} one`), 'durable')
  assert.equal(await store.trustPoints.update('example.', () => 'other'), 'durable')
  await store.close()
  const again = openStore(path)
  assert.equal(await again.trustPoints.find('.'), 'undefined one')
  await again.close()
})

test('DNSSEC-08 several processes change what is known one after the other, each from what the other left', async (context) => {
  const path = pathIn(context)
  const [one, other] = [openStore(path), openStore(path)]
  for (const [store, word] of [
    [one, 'a'],
    [other, 'b'],
    [one, 'c'],
  ] as const) {
    await store.trustPoints.update('.', (before = '') => before + word)
  }
  assert.equal(await other.trustPoints.find('.'), 'abc')
  await Promise.all([one.close(), other.close()])
})

test('RES-48: what is damaged is as absent, and warned of, and can be written anew', async (context) => {
  const path = pathIn(context)
  const first = openStore(path)
  await first.trustPoints.update('.', () => 'good')
  await first.close()
  const database = new DatabaseSync(path)
  database.exec(`UPDATE trust_points SET state = 'evil'`)
  database.close()
  const warnings: StoreWarning[] = []
  const store = openStore(path, { onWarning: (warning) => warnings.push(warning) })
  assert.equal(await store.trustPoints.find('.'), undefined)
  assert.deepEqual(
    warnings.map(({ kind, table, key }) => [kind, table, key]),
    [['damaged-row', 'trust_points', '.']],
  )
  assert.equal(await store.trustPoints.update('.', (before) => `${before} new`), 'durable')
  assert.equal(await store.trustPoints.find('.'), 'undefined new')
  await store.close()
})

test('a store of the release before gets the new table, and keeps what it has', async (context) => {
  const path = pathIn(context)
  await openStore(path).close()
  const database = new DatabaseSync(path)
  database.exec(
    'DROP TABLE trust_points; DROP TABLE overrides; DROP TABLE override_audit; DROP TABLE reports; PRAGMA user_version = 1',
  )
  database.close()
  const store = openStore(path)
  assert.equal(await store.trustPoints.update('.', () => 'new'), 'durable')
  await store.close()
})

test('RES-48: what nobody wrote for longest makes room', async () => {
  const store = openStore(':memory:')
  const { trustPoints } = limits.store
  const names = Array.from({ length: trustPoints }, (_, at) => `zone${at}.`)
  const written = ['kept.', ...names.slice(0, -1), 'kept.', ...names.slice(-1)]
  await Promise.all(written.map((name) => store.trustPoints.update(name, (before) => (before ? 'again' : 'there'))))
  const found = async (owner: string) => (await store.trustPoints.find(owner)) ?? 'gone'
  assert.deepEqual(
    [await found('kept.'), await found('zone0.'), await found(`zone${trustPoints - 1}.`)],
    ['again', 'gone', 'there'],
  )
  await store.close()
})
