// Every row of the decision tables is named by a test beside the code, and shown by a scenario.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')

/** How many rows each table has, and what their numbers begin with. */
const tables: [table: string, letter: string, rows: number][] = [
  ['1a', 'M', 8],
  ['1b', 'H', 8],
  ['1c', 'S', 12],
  ['1d', '', 33],
  ['1e', '', 10],
]

function rowsIn(pattern: string, line: RegExp): Set<string> {
  const texts = globSync(pattern, { cwd: root }).map((file) => readFileSync(join(root, file), 'utf8'))
  const lines = texts.flatMap((text) => text.match(line) ?? [])
  return new Set(lines.flatMap((found) => found.match(/\b1[a-e]\/[MHS]?\d+\b/g) ?? []))
}

const tested = rowsIn('src/**/*.test.ts', /\brow 1[a-e]\/[MHS]?\d+/g)
const shown = rowsIn('test/scenarios/**/*.txt', /^(?:rows|expect row) .*$/gm)

for (const [table, letter, count] of tables) {
  test(`table ${table}: each of its ${count} rows is tested and shown`, () => {
    const rows = Array.from({ length: count }, (_, index) => `${table}/${letter}${index + 1}`)
    assert.deepEqual(
      rows.filter((row) => !tested.has(row)),
      [],
    )
    assert.deepEqual(
      rows.filter((row) => !shown.has(row)),
      [],
    )
  })
}
