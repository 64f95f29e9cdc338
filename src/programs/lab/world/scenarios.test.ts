import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { explainWorldFault } from './fault.ts'
import { parseWorld } from './parse.ts'

const root = join(import.meta.dirname, '../../../..')
const files = globSync(['test/scenarios/**/*.txt', 'worlds/*.txt'], { cwd: root })

test('there are worlds', () => assert.ok(files.length > 0))

for (const file of files) {
  test(`${file} is a world`, () => {
    const text = readFileSync(join(root, file), 'utf8')
    const world = parseWorld(text)
    assert.ok(world.ok, world.ok ? '' : explainWorldFault(text, world))
  })
}
