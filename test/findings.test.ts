// Every finding has a page of help, and every page a finding: ids, titles, severities and sections of standards in step.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findingRegistry } from '../src/core/check/findings/registry.ts'
import { severityWords } from '../src/core/check/formats/words.ts'

const folder = join(import.meta.dirname, '..', 'docs', 'findings')
const files = readdirSync(folder).toSorted()

test('each id is registered once, in letters that a link and a label may hold', () => {
  const ids = findingRegistry.map(({ id }) => id)
  assert.ok(ids.length > 100)
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(
    ids.filter((id) => !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(id)),
    [],
  )
})

test('each finding has a page, and no page is of none', () => {
  const wanted = findingRegistry.map(({ id }) => `${id}.md`)
  assert.deepEqual(
    wanted.filter((file) => !files.includes(file)),
    [],
    'pages that are missing',
  )
  assert.deepEqual(
    files.filter((file) => !wanted.includes(file)),
    [],
    'pages of no finding',
  )
})

const sections = ['What it means', 'What senders do', 'How to mend it', 'How to see that it is mended']

for (const { id, title, severity, rfc } of findingRegistry) {
  test(`the page of ${id} says what the code says, and what to do`, () => {
    const text = readFileSync(join(folder, `${id}.md`), 'utf8')
    assert.equal(text.split('\n')[0], `# ${title}`)
    assert.equal(text.split('\n')[2], `\`${id}\`, ${severityWords[severity]}, ${rfc}`)
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    assert.deepEqual(headings, sections)
    for (const part of text.split(/^## .+$/m).slice(1)) assert.ok(part.trim().length >= 10, `an empty section: ${part}`)
    assert.ok(text.split('\n').length <= 45, 'a page is read by somebody in trouble: keep it short')
    for (const [, file = ''] of text.matchAll(/\]\(([^)#]+)\)/g))
      assert.ok(files.includes(file), `no such page: ${file}`)
  })
}
