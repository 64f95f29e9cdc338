// The assistant is killed before each time that it changes a file, and the next run goes on: nothing is lost, published
// wrongly or done twice otherwise than once.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readKeyFile } from '../../src/io/publish/rollover-key.ts'
import { parseRollover } from '../../src/io/publish/rollover-state.ts'
import { type FiledWorld, readFiledWorld, runOnce, writeFiledWorld } from './run-once.ts'
import { newKey } from './simulated-host.ts'

const root = mkdtempSync(join(tmpdir(), 'waxseal-killed-'))
after(() => rmSync(root, { recursive: true }))

const hour = 3_600_000
const recordOf = (spki: Uint8Array) => `3 1 1 ${createHash('sha256').update(spki).digest('hex')}`
const text = (spki: Uint8Array) => Buffer.from(spki).toString('base64')

interface Stage {
  readonly name: string
  readonly command: 'apply' | 'gate'
  /** What happened since the stage before, without the assistant. */
  readonly meanwhile: (world: FiledWorld, folder: string) => FiledWorld
}

const keysIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.key'))

const stages: readonly Stage[] = [
  { name: 'the first look of the gate', command: 'gate', meanwhile: (world) => world },
  { name: 'a key is made and published', command: 'apply', meanwhile: (world) => world },
  { name: 'it waits', command: 'apply', meanwhile: (world) => ({ ...world, now: world.now + hour }) },
  {
    name: 'the key is deployed',
    command: 'apply',
    meanwhile: (world, folder) => ({
      ...world,
      now: world.now + hour,
      live: keysIn(folder).map((name) => text(readKeyFile(join(folder, name)).spki)),
    }),
  },
  { name: 'the old record goes', command: 'apply', meanwhile: (world) => ({ ...world, now: world.now + 2 * hour }) },
  { name: 'that is seen, and the next key is made', command: 'apply', meanwhile: (world) => world },
]

const folder = join(root, 'whole')
const first = newKey('ecdsa').octets

test('DANE-81: killed anywhere in a whole change of keys, a run is followed by one that goes on', async () => {
  cpSync(mkdtempSync(join(root, 'empty-')), folder, { recursive: true })
  writeFiledWorld(folder, { now: Date.UTC(2026, 0, 1), records: [recordOf(first)], live: [text(first)] })
  let kills = 0
  for (const { name, command, meanwhile } of stages) {
    writeFiledWorld(folder, meanwhile(readFiledWorld(folder), folder))
    const before = readFiledWorld(folder)
    for (let count = 1; ; count++) {
      const copy = join(root, `copy-${kills}`)
      cpSync(folder, copy, { recursive: true })
      const program = join(import.meta.dirname, 'run-once.ts')
      const { signal, status, stderr } = spawnSync(process.execPath, [program, copy, command, String(count)], {
        encoding: 'utf8',
      })
      if (signal === null) {
        assert.equal(status, 0, stderr)
        break
      }
      kills++
      assertSound(copy, before, `${name}, killed before call ${count}`)
      // The next runs find the way to where one that was not killed gets.
      for (let run = 0; run < 2; run++) await runOnce(copy, command)
      assertSound(copy, before, `${name}, after call ${count}`)
      await assertArrived(copy, name)
    }
    await runOnce(folder, command)
  }
  assert.ok(kills > 25, `${kills}`)
  assert.equal(keysIn(folder).length, 2)
})

/** The state can be read or is not there yet, and the records hold for what is presented. */
function assertSound(copy: string, before: FiledWorld, when: string): void {
  const state = join(copy, 'state', 'host.json')
  if (existsSync(state)) assert.equal(parseRollover(readFileSync(state, 'utf8')).ok, true, when)
  const { records, live } = readFiledWorld(copy)
  for (const spki of live) assert.ok(records.includes(recordOf(Buffer.from(spki, 'base64'))), when)
  assert.deepEqual(live, before.live)
}

/** Where two runs that nobody disturbed get to from the folder as it was. */
async function assertArrived(copy: string, name: string): Promise<void> {
  const { records } = readFiledWorld(copy)
  const keys = keysIn(copy).map((file) => recordOf(readKeyFile(join(copy, file)).spki))
  const expected: Record<string, readonly string[]> = {
    'the first look of the gate': [recordOf(first)],
    'a key is made and published': [recordOf(first), ...keys],
    'it waits': [recordOf(first), ...keys],
    'the key is deployed': [recordOf(first), ...keys],
    'the old record goes': keys,
    'that is seen, and the next key is made': keys,
  }
  assert.deepEqual(records.toSorted(), expected[name]?.toSorted(), name)
}

test('two runs at once do one after the other, and the second does nothing twice', async () => {
  const other = join(root, 'at-once')
  cpSync(mkdtempSync(join(root, 'empty-')), other, { recursive: true })
  writeFiledWorld(other, { now: Date.UTC(2026, 0, 1), records: [recordOf(first)], live: [text(first)] })
  const both = await Promise.all([runOnce(other, 'apply'), runOnce(other, 'apply')])
  assert.deepEqual(new Set(both.map((one) => one?.kind)), new Set(['applied', 'locked']))
  assert.equal(keysIn(other).length, 1)
})
