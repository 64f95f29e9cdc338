import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exceptions } from './exceptions.ts'
import { playRecording } from './play.ts'
import { readRecording } from './recording.ts'

const folder = process.env.WAXSEAL_SCENARIOS ?? fileURLToPath(new URL('../../../shared/scenarios', import.meta.url))
const place = `${folder}/validator`
const files = existsSync(place) ? readdirSync(place).filter((file) => file.endsWith('.rpl')) : []

test('recorded worlds are there', {
  skip: files.length > 0 ? false : `no recordings in ${place}; see WAXSEAL_SCENARIOS`,
}, () => {
  assert.ok(files.length > 0)
})

for (const engine of ['forward', 'iterate'] as const) {
  for (const file of files) {
    test(`recorded world ${file}, ${engine}`, async () => {
      const recording = readRecording(readFileSync(`${place}/${file}`, 'utf8'))
      const surprises = await playRecording(recording, engine)
      const exception = exceptions[engine].get(file)
      if (exception === undefined) assert.deepEqual(surprises, [])
      else assert.notDeepEqual(surprises, [], `passes, although an exception says: ${exception}`)
    })
  }
}
