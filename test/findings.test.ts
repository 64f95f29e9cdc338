// Every finding has a page of help, and every page a finding: ids, titles, severities and sections of standards in step.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { findingRegistry } from '../src/core/check/findings/registry.ts'
import { severityWords } from '../src/core/check/formats/words.ts'
import { parseRecord } from '../src/core/dns/zone-text.ts'
import { parseStsPolicy } from '../src/core/mtasts/policy.ts'
import { parseStsRecord } from '../src/core/mtasts/record.ts'
import { parseReportRecord } from '../src/core/tlsrpt/record.ts'

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

const blocks = files.flatMap((file) => {
  const text = readFileSync(join(folder, file), 'utf8')
  return [...text.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, block = '']) => ({ file, block }))
})

test('records that a page has people paste are zone text, and of the grammar of what they are for', () => {
  const lines = blocks.flatMap(({ file, block }) => block.split('\n').map((line) => ({ file, line })))
  const records = lines.filter(({ line }) => / IN +[A-Z]+ /.test(line))
  assert.ok(records.length > 40)
  for (const { file, line } of records) {
    // `...` and `<digest>` stand for the digest of a key, which a page cannot know.
    const whole = line.replace(/(TLSA 3 1 1) (?:\.\.\.|<[^>]+>)$/, `$1 ${'ab'.repeat(32)}`)
    const record = parseRecord(whole, { ttl: 3600 })
    assert.ok(record.ok, `${file}: ${line}`)
    const [, text] = /TXT +"(v=[^"]*)"/.exec(line) ?? []
    if (text?.startsWith('v=STSv1') === true) assert.ok(parseStsRecord(text).ok, `${file}: ${line}`)
    if (text?.startsWith('v=TLSRPTv1') === true) assert.ok(parseReportRecord(text).ok, `${file}: ${line}`)
  }
})

test('policies that a page has people paste are such', () => {
  const policies = blocks.filter(({ block }) => block.startsWith('version: STSv1\nmode'))
  assert.ok(policies.length >= 3)
  for (const { file, block } of policies) {
    const parsed = parseStsPolicy(block)
    assert.ok(parsed.ok && parsed.value.warnings.length === 0, file)
  }
})
