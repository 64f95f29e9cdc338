import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLab } from './lab.ts'
import { playWorld } from './play/play.ts'
import type { Sent } from './play/sent.ts'
import { explainWorldFault } from './world/fault.ts'
import { parseWorld } from './world/parse.ts'

const root = join(import.meta.dirname, '../../..')
const files = globSync(['test/scenarios/**/*.txt', 'worlds/*.txt'], { cwd: root })

test('there are worlds', () => assert.ok(files.length > 0))

/** What a sender says who sends nothing at all. */
const idle: Sent = {
  decided: 'defer',
  outcome: 'held',
  rows: new Set(),
  hosts: new Map(),
  code: '4.4.4',
  reason: 'nothing was sent',
  protection: undefined,
}

for (const file of files) {
  test(`${file} is a world, and everything in it can happen`, async () => {
    const text = readFileSync(join(root, file), 'utf8')
    const world = parseWorld(text)
    assert.ok(world.ok, world.ok ? '' : explainWorldFault(text, world))
    const lab = await startLab(world.value)
    try {
      await playWorld(lab, async () => idle)
      assert.deepEqual(lab.received, [])
    } finally {
      await lab.close()
    }
  })
}
