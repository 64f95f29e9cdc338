import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { exceptions } from './exceptions.ts'
import { type Engine, playRecording } from './play.ts'
import { readRecording } from './recording.ts'
import { worlds } from './worlds.ts'

const folder = process.env.WAXSEAL_SCENARIOS ?? fileURLToPath(new URL('../../../shared/scenarios', import.meta.url))

/** Made by our own signer, for what the others lack; here whatever else is not. */
const ours = fileURLToPath(new URL('worlds', import.meta.url))

interface Recordings {
  readonly place: string
  readonly engines: readonly Engine[]
}

/** What was recorded of an iterator's questions has no answers for a forwarder. */
const sets: readonly Recordings[] = [
  { place: `${folder}/validator`, engines: ['forward', 'iterate'] },
  { place: `${folder}/iterator`, engines: ['iterate'] },
  { place: ours, engines: ['forward', 'iterate'] },
]

test('the worlds in the repository are those that are declared', () => {
  assert.deepEqual(readdirSync(ours).sort(), worlds.map(({ name }) => `${name}.rpl`).sort())
})

for (const { place, engines } of sets) {
  const files = existsSync(place) ? readdirSync(place).filter((file) => file.endsWith('.rpl')) : []
  const without = files.length > 0 ? false : `no recordings in ${place}; see WAXSEAL_SCENARIOS`
  test(`recorded worlds are in ${basename(place)}`, { skip: without }, () => assert.ok(files.length > 0))
  for (const engine of engines) {
    for (const file of files) {
      test(`recorded world ${basename(place)}/${file}, ${engine}`, async () => {
        const recording = readRecording(readFileSync(`${place}/${file}`, 'utf8'))
        const surprises = await playRecording(recording, engine)
        const exception = exceptions[engine].get(file)
        if (exception === undefined) assert.deepEqual(surprises, [])
        else assert.notDeepEqual(surprises, [], `passes, although an exception says: ${exception}`)
      })
    }
  }
}

test('exceptions are about worlds that there are', { skip: existsSync(folder) ? false : `no ${folder}` }, () => {
  const files = new Map<Engine, string[]>()
  for (const { place, engines } of sets) {
    for (const engine of engines) {
      files.set(engine, [...(files.get(engine) ?? []), ...(existsSync(place) ? readdirSync(place) : [])])
    }
  }
  for (const engine of ['forward', 'iterate'] as const) {
    for (const file of exceptions[engine].keys()) assert.ok(files.get(engine)?.includes(file), `${engine} ${file}`)
  }
})
