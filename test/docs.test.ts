import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { limits } from '../src/core/limits.ts'
import { manPages } from '../src/programs/cli/man-pages.ts'

const root = join(import.meta.dirname, '..')
const { version, man } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string
  man: string[]
} // our own file

test('docs/standards.md is in step with the citations in the sources', () => {
  execFileSync(process.execPath, [join(root, 'scripts', 'make-standards.ts'), '--check'], { stdio: 'pipe' })
})

test('the manual pages are in step with the commands', async () => {
  const folder = join(root, 'docs', 'man')
  const pages = await manPages(version)
  assert.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort())
  for (const [file, text] of pages)
    assert.equal(readFileSync(join(folder, file), 'utf8'), text, `${file}: run npm run man`)
  assert.deepEqual([...man].sort(), [...pages.keys()].map((file) => `docs/man/${file}`).sort())
})

test('docs/limits.md names every limit with its value', () => {
  const text = readFileSync(join(root, 'docs', 'limits.md'), 'utf8')
  for (const [group, entries] of Object.entries(limits)) {
    for (const [name, value] of Object.entries(entries)) {
      const row = new RegExp(`^\\| \`${group}\\.${name}\` +\\| ${value} +\\| \\S`, 'm')
      assert.match(text, row, `${group}.${name} = ${value}`)
    }
  }
  const named = [...text.matchAll(/^\| `([a-z]+)\.([A-Za-z0-9]+)`/gm)]
  for (const [, group = '', name = ''] of named) {
    const known = (limits as Record<string, Record<string, number>>)[group]?.[name]
    assert.notEqual(known, undefined, `${group}.${name} is no limit`)
  }
})

test('nothing in the repository speaks of where it was made', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0')
  const texts = files.filter((file) => /\.(?:ts|cjs|mjs|md|json|txt|sh|toml|1)$/.test(file))
  const wrong = texts.filter((file) =>
    /registry\.npmjs\.org|\/work\/main|\/root\//.test(readFileSync(join(root, file), 'utf8')),
  )
  assert.deepEqual(
    wrong.filter((file) => file !== 'test/docs.test.ts'),
    [],
  )
})
