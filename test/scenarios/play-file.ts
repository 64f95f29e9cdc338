import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startLab } from '../../src/programs/lab/lab.ts'
import { playWorld } from '../../src/programs/lab/play/play.ts'
import { createSenders, type SendersOptions } from '../../src/programs/lab/play/sender.ts'

/** Every scenario, by its path in this folder. */
export const files: readonly string[] = globSync('**/*.txt', { cwd: import.meta.dirname }).sort()

export function readScenario(file: string): string {
  return readFileSync(join(import.meta.dirname, file), 'utf8')
}

/** Fails unless all comes as the scenario says. */
export async function playFile(file: string, engine: NonNullable<SendersOptions['engine']>): Promise<void> {
  const lab = await startLab(readScenario(file))
  const senders = createSenders(lab, { engine })
  try {
    assert.deepEqual(await playWorld(lab, senders.send), [])
  } finally {
    await senders.close()
    await lab.close()
  }
}
