// `waxseal diff`: what it prints, with which status it ends, and what it refuses.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CheckReport } from '../../src/core/check/report.ts'
import { readReport } from '../../src/programs/check/report-schema.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import { brokenReport, ending, goodReport, saying } from '../support/sample-report.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-diff-'))
})
after(() => rmSync(folder, { recursive: true }))

function file(name: string, ...reports: readonly (CheckReport | object | string)[]): string {
  const path = join(folder, name)
  writeFileSync(path, reports.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join(''))
  return path
}

async function diff(...args: readonly string[]) {
  const written = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof written) => ({
    write(text: string) {
      written[name] += text
      return true
    },
    once: () => undefined,
  })
  const out = createOut({ stdout: sink('stdout'), stderr: sink('stderr'), environment: {} })
  const nothing = () => {
    throw new Error('not for this command')
  }
  const status = await runCommandLine(['diff', ...args], {
    ...{ out, signal: new AbortController().signal, clock: { now: () => 0 }, environment: {} },
    ...{ openInput: nothing, openWorld: nothing },
  })
  return { status, ...written }
}

const worse = { ...goodReport, checkedAt: goodReport.checkedAt + 3_600_000, verdict: 'opportunistic' as const }

test('people read a line for each domain, and one for each change', async () => {
  const ended = await diff(file('old', goodReport, brokenReport), file('new', brokenReport, worse))
  assert.deepEqual(ended, {
    status: 1,
    stdout: `bakery.example: nothing changed (2026-11-24 15:04 UTC to 2026-11-24 15:04 UTC)
clinic.example: worse (2026-11-24 15:04 UTC to 2026-11-24 16:04 UTC)
  - verdict: protected -> opportunistic
`,
    stderr: '',
  })
})

test('a program reads a line of JSON for each domain', async () => {
  const { stdout } = await diff('--json', file('old', goodReport), file('new', worse))
  assert.deepEqual(JSON.parse(stdout), {
    ...{ schema: 'waxseal.diff/1', domain: 'clinic.example', direction: 'worse' },
    ...{ beforeAt: goodReport.checkedAt, afterAt: worse.checkedAt },
    ...{ verdictBefore: 'protected', verdictAfter: 'opportunistic' },
    changes: [{ kind: 'verdict', what: 'verdict', before: 'protected', after: 'opportunistic', means: 'worse' }],
  })
})

const soon = { ...goodReport, findings: [ending] }
const statuses: [what: string, before: readonly CheckReport[], after: readonly CheckReport[], status: number][] = [
  ['nothing', [goodReport], [goodReport], 0],
  ['a day that moved', [soon], [{ ...soon, findings: [{ ...ending, date: '2026-12-24T00:00:00.000Z' }] }], 0],
  ['something worse, beside something better', [worse, brokenReport], [goodReport, saying('x', brokenReport)], 1],
  ['something better', [worse], [goodReport], 2],
  ['a verdict that cannot be told', [goodReport], [{ ...goodReport, verdict: 'undetermined' }], 3],
  ['a domain that came', [goodReport], [goodReport, brokenReport], 3],
  ['a domain that went', [goodReport, brokenReport], [goodReport], 3],
]
for (const [what, old, current, status] of statuses) {
  test(`the status is ${status} for ${what}`, async () => {
    const ended = await diff(file('old', ...old), file('new', ...current))
    assert.deepEqual([ended.status, ended.stderr], [status, ''])
  })
}

const refused: [what: string, lines: readonly (object | string)[], message: RegExp][] = [
  [
    'another version',
    [{ ...goodReport, schema: 'waxseal.check/2' }],
    /line 1: its schema is "waxseal\.check\/2", and this reads/,
  ],
  ['another schema', [{ schema: 'waxseal.explain/1' }], /line 1: its schema is "waxseal\.explain\/1"/],
  ['what is no JSON', [goodReport, '{'], /line 2: it is no result of "waxseal check --json"/],
  ['JSON of anything', ['[1]'], /line 1: it is no result/],
  [
    'a line that is an error',
    [{ line: 2, schema: 'waxseal.check/1', input: 'a b', error: 'bad-character' }],
    /line 1: domain: /,
  ],
  ['a verdict that is none', [{ ...goodReport, verdict: 'fine' }], /line 1: verdict: /],
  [
    'a report with a hole in it',
    [{ ...goodReport, grid: [{ host: 'a', preference: 1 }] }],
    /line 1: grid\.0\.addresses: /,
  ],
  ['nothing', [], /"[^"]*" is empty/],
  ['a schema that would move the cursor', [{ schema: '\x1b[2J' }], /its schema is "\\\\u001b\[2J"/],
]
for (const [what, content, message] of refused) {
  test(`results are refused for ${what}`, async () => {
    const ended = await diff(file('old', goodReport), file('new', ...content))
    assert.deepEqual([ended.status, ended.stdout], [65, ''])
    assert.match(ended.stderr, message)
    assert.doesNotMatch(ended.stderr, /\x1b/)
  })
}

test('a file that is not there is refused', async () => {
  const ended = await diff(file('old', goodReport), join(folder, 'nowhere'))
  assert.equal(ended.status, 66)
  assert.match(ended.stderr, /cannot read ".*nowhere": no such file/)
})

test('what a server said reaches a terminal escaped', async () => {
  const { stdout } = await diff(
    file('old', brokenReport),
    file('new', { ...saying('\x1b[2J\u202e'), domain: 'bakery.example' }),
  )
  assert.doesNotMatch(stdout, /[\x1b\u202e]/)
  assert.match(stdout, /\\x1b\[2J\\u202e/)
})

test('keys that are not known are passed over, and all that are known are read', () => {
  const read = readReport({ ...brokenReport, news: 1 })
  assert.ok(read.ok)
  assert.deepEqual(read.value, { ...brokenReport, news: 1 })
})
