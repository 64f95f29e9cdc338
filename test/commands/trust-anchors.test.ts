// How the commands follow trust anchors, and what they show of them.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { createWaxseal } from '../../src/index.ts'
import { openStore } from '../../src/io/store/open-store.ts'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`world  a domain with DANE
clock  2026-07-01T00:00:00Z
zone   good.example
zone   good.example MX 10 mx.good.example
zone   mx.good.example A 192.0.2.25
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

/** Rows of the store that are about trust anchors. */
function rowsOf(store: string): string[] {
  const database = new DatabaseSync(store)
  const rows = database.prepare('SELECT state FROM trust_points').all()
  database.close()
  return rows.map(({ state }) => String(state))
}

test('DNSSEC-08 dns shows what is thought of the anchors of the root', async () => {
  const { status, stdout, stderr } = await commands.run(['dns', ...commands.iterate, '.', 'DNSKEY'])
  assert.deepEqual([status, stderr], [0, ''])
  assert.match(
    stdout,
    /\nTrust anchors of \.\n {2}key \d+ ECDSAP256SHA256: trusted\n {2}looked at 2026-07-01 00:00 UTC, next from 2026-07-01 01:00 UTC on\n$/,
  )
  const other = await commands.run(['dns', ...commands.iterate, 'good.example', 'DNSKEY'])
  assert.doesNotMatch(other.stdout, /Trust anchors/)
})

test('DNSSEC-08 dns --json has them too, for the names that have any', async () => {
  const run = async (name: string) =>
    JSON.parse((await commands.run(['dns', '--json', ...commands.iterate, name, 'DNSKEY'])).stdout)
  const { trustAnchors } = await run('.')
  assert.deepEqual(Object.keys(trustAnchors), ['anchors', 'lookedAt', 'nextLook'])
  const [anchor] = trustAnchors.anchors
  assert.deepEqual(
    { ...anchor, keyTag: 0 },
    { keyTag: 0, algorithm: 13, state: 'valid', since: '2026-07-01T00:00:00.000Z', trustedFrom: null },
  )
  assert.equal((await run('good.example')).trustAnchors, undefined)
})

test('DNSSEC-08 anchors of a file are followed when asked, in a store that is there', async () => {
  const store = join(commands.folder, 'followed.sqlite')
  const options = [...commands.iterate, '--store', store]
  await commands.run(['dns', ...options, '--update-anchors', 'good.example', 'MX'])
  assert.ok(!existsSync(store), 'dns makes no store')
  await openStore(store).close()
  await commands.run(['dns', ...options, 'good.example', 'MX'])
  assert.deepEqual(rowsOf(store), [])
  for (const command of [
    ['dns', '--update-anchors', 'good.example', 'MX'],
    ['explain', '--update-anchors', 'good.example'],
  ]) {
    const [name = '', ...rest] = command
    const { status, stderr } = await commands.run([name, ...options, ...rest])
    assert.deepEqual([status, stderr], [0, ''])
    const [row = '', ...others] = rowsOf(store)
    assert.equal(others.length, 0)
    assert.equal(JSON.parse(row).anchors[0].state, 'valid')
  }
})

test('DNSSEC-08 dns goes on without a store that it cannot use, and says so', async () => {
  const store = join(commands.folder, 'foreign.sqlite')
  writeFileSync(store, 'no database')
  const { status, stderr } = await commands.run(['dns', ...commands.iterate, '--store', store, 'good.example', 'MX'], {
    columns: 400,
  })
  assert.equal(status, 0)
  assert.match(stderr, /cannot open the store .*foreign\.sqlite.*; what was learnt of trust anchors is not known/)
})

test('DNSSEC-08 the library follows anchors when asked, in its store', async () => {
  const store = join(commands.folder, 'library.sqlite')
  const { network, clock, rootHints, trustAnchors, ca } = lab
  const options = { engine: 'iterate', network, clock, rootHints, trustAnchors, ca, store } as const
  for (const [updateAnchors, rows] of [
    [false, 0],
    [true, 1],
  ] as const) {
    const mail = createWaxseal({ ...options, updateAnchors })
    const found = await mail.resolve('good.example', 'MX')
    assert.ok(found.kind === 'answer' && found.status === 'secure')
    await mail.close()
    assert.equal(rowsOf(store).length, rows)
  }
  const wrong = { ...options, updateAnchors: 'no' } as unknown as typeof options
  assert.throws(() => createWaxseal(wrong), { message: 'option updateAnchors: cannot be "no"' })
})
