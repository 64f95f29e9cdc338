import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLab } from '../../src/programs/lab/lab.ts'
import { playWorld } from '../../src/programs/lab/play/play.ts'
import { createSenders } from '../../src/programs/lab/play/sender.ts'

const files = globSync('**/*.txt', { cwd: import.meta.dirname }).sort()

test('there are at least 60 scenarios', () => assert.ok(files.length >= 60))

for (const file of files) {
  test(`scenario ${file}`, async () => {
    const lab = await startLab(readFileSync(join(import.meta.dirname, file), 'utf8'))
    const senders = createSenders(lab)
    try {
      const surprises = await playWorld(lab, senders.send)
      assert.deepEqual(surprises, [])
    } finally {
      await senders.close()
      await lab.close()
    }
  })
}
