// The way into MTA-STS, back and out of it, killed before each time that a file is changed: the next run goes on, nothing is
// announced that is not served, and no id is ever used twice.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { parseStsPolicy } from '../../src/core/mtasts/policy.ts'
import { namesBody } from '../../src/core/mtasts/sts-id.ts'
import { parseStsState } from '../../src/io/publish/sts-state-text.ts'
import { type Command, readFiledWorld, runEnding, runOnce, servedIn, writeFiledWorld } from './sts-run-once.ts'

const root = mkdtempSync(join(tmpdir(), 'waxseal-sts-killed-'))
after(() => rmSync(root, { recursive: true }))

const day = 86_400_000

/** What is done, how much later, and what is served and announced in the end. */
const stages: [command: Command, days: number, mode: string, isAnnounced: boolean][] = [
  ['up', 0, 'testing', true],
  ['up', 7, 'testing', true],
  ['up', 7, 'enforce', true],
  ['down', 1, 'testing', true],
  ['out', 1, 'none', true],
  ['out', 60, 'none', false],
]

test('STS-110, STS-112: ended anywhere on the way in, back or out, a run is followed by one that goes on', async () => {
  const folder = join(root, 'whole')
  mkdirSync(folder)
  writeFiledWorld(folder, { now: Date.UTC(2026, 0, 1), id: undefined })
  let kills = 0
  for (const [at, [command, days, mode, isAnnounced]] of stages.entries()) {
    const { now, id } = readFiledWorld(folder)
    writeFiledWorld(folder, { now: now + days * day, id })
    for (let count = 1; ; count++) {
      const copy = join(root, `copy-${kills}`)
      cpSync(folder, copy, { recursive: true })
      if (!(await runEnding(copy, command, count))) break
      kills++
      const when = `stage ${at}, ended before change ${count}`
      assertSound(copy, when)
      assert.equal(await runOnce(copy, command), 0, when)
      assertSound(copy, when)
      assert.match(servedIn(copy) ?? '', new RegExp(`mode: ${mode}\\r`), when)
      assert.equal(readFiledWorld(copy).id !== undefined, isAnnounced, when)
    }
    await runOnce(folder, command)
  }
  assert.ok(kills > 40, `${kills}`)
})

test('a lock goes with the process that had it', async () => {
  const folder = join(root, 'killed')
  mkdirSync(folder)
  writeFiledWorld(folder, { now: Date.UTC(2026, 0, 1), id: undefined })
  for (const count of [1, 4]) {
    const program = join(import.meta.dirname, 'sts-run-once.ts')
    const { signal } = spawnSync(process.execPath, [program, folder, 'up', String(count)], { encoding: 'utf8' })
    assert.equal(signal, 'SIGKILL')
    assertSound(folder, `killed before change ${count}`)
  }
  assert.equal(await runOnce(folder, 'up'), 0)
})

/** The state can be read or is not there yet, what is served is whole, and the id that is announced is of a policy served. */
function assertSound(copy: string, when: string): void {
  const state = join(copy, 'state', 'sts.json')
  const body = servedIn(copy)
  if (body !== undefined) assert.ok(parseStsPolicy(body).ok, when)
  const { id } = readFiledWorld(copy)
  if (existsSync(state)) {
    const read = parseStsState(readFileSync(state, 'utf8'))
    assert.ok(read.ok, when)
    const ids = read.value.served.map((term) => term.id)
    assert.equal(new Set(ids).size, ids.length, when)
    // What is announced was served at that time: it is the policy of now, or the one before it that is to be replaced.
    if (id !== undefined) assert.ok(ids.slice(-2).includes(id), when)
  }
  const isAhead = id !== undefined && body !== undefined && !namesBody(id, body)
  if (isAhead) assert.ok(existsSync(state), when)
}

test('two runs at once do one after the other', async () => {
  const folder = join(root, 'at-once')
  mkdirSync(folder)
  writeFiledWorld(folder, { now: Date.UTC(2026, 0, 1), id: undefined })
  const both = await Promise.all([runOnce(folder, 'up'), runOnce(folder, 'up')])
  assert.deepEqual(both.toSorted(), [0, 75])
  assert.equal(await runOnce(folder, 'up'), 0)
})
