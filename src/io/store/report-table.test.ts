import assert from 'node:assert/strict'
import { test } from 'node:test'
import { domain } from '../../../test/support/domain.ts'
import { openDatabase } from './database.ts'
import { createGroupCommit } from './group-commit.ts'
import { openStore } from './open-store.ts'
import { createReportTable } from './report-table.ts'
import type { KeptReport, StoreWarning } from './store.ts'

const report = (id: string, more: Partial<KeptReport> = {}): KeptReport => ({
  ...{ id, domain: domain('friends.example'), isPrivate: false, checkedAt: 1000, verdict: 'protected', content: '{}' },
  ...more,
})

function tableOf(bounds: { rows?: number; octets?: number } = {}) {
  const database = openDatabase(':memory:')
  const commit = createGroupCommit(database)
  const warnings: StoreWarning[] = []
  const options = { rows: 100, octets: 1e6, ...bounds, onWarning: (warning: StoreWarning) => warnings.push(warning) }
  return { table: createReportTable(database, commit, options), database, commit, warnings }
}

test('a report is found by its id until it is too old', async () => {
  const { table } = tableOf()
  assert.equal(await table.put(report('one')), 'durable')
  assert.deepEqual(await table.find('one', 1000), report('one'))
  assert.equal(await table.find('one', 1001), undefined)
  assert.equal(await table.find('two', 0), undefined)
})

test('lists and the latest of a domain have public reports alone, each domain once', async () => {
  const { table } = tableOf()
  await table.put(report('old', { checkedAt: 1 }))
  await table.put(report('new', { checkedAt: 3, verdict: 'broken' }))
  await table.put(report('secret', { checkedAt: 4, isPrivate: true }))
  await table.put(report('other', { checkedAt: 2, domain: domain('bank.example') }))
  const listed = (await table.list(10, 0)).map(({ id, verdict }) => [id, verdict])
  assert.deepEqual(listed, [
    ['new', 'broken'],
    ['other', 'protected'],
  ])
  assert.equal((await table.list(1, 0)).length, 1)
  assert.equal((await table.latest(domain('friends.example'), 0))?.id, 'new')
  assert.equal(await table.latest(domain('friends.example'), 4), undefined)
  assert.equal((await table.find('secret', 0))?.isPrivate, true)
})

test('the oldest reports go when there are too many, or too many octets of them', async () => {
  const many = tableOf({ rows: 3 })
  for (const id of ['1', '2', '3', '4', '5']) await many.table.put(report(id, { checkedAt: Number(id) }))
  const left = await Promise.all(['1', '2', '3', '4', '5'].map(async (id) => (await many.table.find(id, 0))?.id))
  assert.deepEqual(left, [undefined, undefined, '3', '4', '5'])
  const large = tableOf({ octets: 25 })
  for (const id of ['1', '2', '3']) {
    await large.table.put(report(id, { checkedAt: Number(id), content: 'x'.repeat(10) }))
  }
  assert.equal(await large.table.find('1', 0), undefined)
  assert.notEqual(await large.table.find('2', 0), undefined)
})

test('what is too old, or what a domain does not want to be known, is taken away', async () => {
  const { table } = tableOf()
  await table.put(report('1', { checkedAt: 1 }))
  await table.put(report('2', { checkedAt: 2 }))
  await table.put(report('3', { checkedAt: 3, domain: domain('bank.example') }))
  await table.removeBefore(2)
  assert.equal(await table.find('1', 0), undefined)
  assert.notEqual(await table.find('2', 0), undefined)
  await table.removeDomain(domain('friends.example'))
  assert.equal(await table.find('2', 0), undefined)
  assert.notEqual(await table.find('3', 0), undefined)
})

test('a table that cannot be read is told of, and is no empty table', async () => {
  const { table, database, warnings } = tableOf()
  database.exec('DROP TABLE reports')
  await assert.rejects(table.find('one', 0), { name: 'StoreError' })
  assert.equal(await table.put(report('one')), 'lost')
  assert.deepEqual(
    warnings.map(({ kind, table: name }) => [kind, name]),
    [
      ['read-failed', 'reports'],
      ['write-failed', 'reports'],
    ],
  )
})

test('the store has the table', async () => {
  const store = openStore(':memory:')
  await store.reports.put(report('one'))
  assert.equal((await store.reports.find('one', 0))?.id, 'one')
  await store.close()
})
