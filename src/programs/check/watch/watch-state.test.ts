import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { brokenReport, goodReport } from '../../../../test/support/sample-report.ts'
import { nothingYet, watchStep } from '../../../core/check/watch/watch.ts'
import { freshState, openStateFile, type WatchState } from './watch-state.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-watch-'))
})
after(() => rmSync(folder, { recursive: true }))

const rules = { warnDays: [14], untoldAfter: 3, isPartial: false }
const first = watchStep(nothingYet, { ...brokenReport, verdict: 'protected' }, rules).after
const { after: second, notice } = watchStep(first, brokenReport, rules)
assert.ok(notice !== undefined)
const state: WatchState = {
  nextAt: 7,
  domains: new Map([[goodReport.domain, second]]),
  pending: [{ to: 'command', notice, attempts: 1, madeAt: 1, nextAt: 2 }],
}

async function read(path: string) {
  const warned: string[] = []
  return { state: await openStateFile(path).read((text) => warned.push(text)), warned }
}

test('what was written is read again, and nobody else may read it', async () => {
  const path = join(folder, 'state')
  await openStateFile(path).write(state)
  assert.deepEqual(await read(path), { state, warned: [] })
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('no file is a fresh beginning, without a word', async () => {
  assert.deepEqual(await read(join(folder, 'none')), { state: freshState, warned: [] })
})

const good = `${JSON.stringify({ schema: 'waxseal.watch/1', nextAt: 0, domains: {}, pending: [] })}\n`
const damaged: [what: string, text: string][] = [
  ['nothing', ''],
  ['the beginning of one', good.slice(0, 40)],
  ['octets of a disk', '\0\0\0\0'],
  ['JSON of something else', '{"schema":"waxseal.check/1"}'],
  ['a later version', good.replace('watch/1', 'watch/2')],
  [
    'a verdict that is none',
    good.replace('{}', '{"a":{"last":{"verdict":"x","findings":[]},"untold":0,"isUntoldTold":false,"dates":[]}}'),
  ],
]
for (const [what, text] of damaged) {
  test(`a state file that holds ${what} is put aside with a warning`, async () => {
    const path = join(folder, 'damaged')
    writeFileSync(path, text)
    const { state: fresh, warned } = await read(path)
    assert.deepEqual(fresh, freshState)
    assert.match(warned.join(), /is damaged, and now lies in ".*damaged\.damaged": this begins afresh/)
    assert.equal(readFileSync(`${path}.damaged`, 'utf8'), text)
    assert.equal(existsSync(path), false)
  })
}

test('what is no plain file is refused, and not put aside', async () => {
  const path = join(folder, 'folder')
  mkdirSync(path)
  await assert.rejects(read(path), /cannot read ".*folder"/)
  assert.ok(existsSync(path))
})

test('a process that is killed while it writes leaves a whole state', async () => {
  const path = join(folder, 'killed')
  const script = `
    import { openStateFile } from ${JSON.stringify(join(import.meta.dirname, 'watch-state.ts'))}
    const file = openStateFile(process.argv[1])
    const domains = new Map(Array.from({ length: 2000 }, (_, n) => ['d' + n + '.example', ${JSON.stringify(first)}]))
    for (let nextAt = 1; ; nextAt++) {
      await file.write({ nextAt, domains, pending: [] })
      process.stdout.write('written\\n')
    }`
  for (let turn = 0; turn < 3; turn++) {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
    const { state: left, warned } = await read(path)
    assert.deepEqual(warned, [])
    assert.equal(left.domains.size, 2000)
  }
  const drafts = readdirSync(folder).filter((name) => name.startsWith('killed.'))
  assert.ok(drafts.length <= 3, 'what is left over is at most one draft for each death')
})
