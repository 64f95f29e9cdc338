import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readPrivateFile, writePrivateFile } from './private-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'waxseal-private-'))
after(() => rmSync(folder, { recursive: true }))

test('RES-48: a file is written whole, for its owner alone, and nothing is left beside it', async () => {
  const path = join(folder, 'one')
  writeFileSync(path, 'older, and readable by all', { mode: 0o644 })
  await writePrivateFile(path, Buffer.from('new'))
  assert.equal(readFileSync(path, 'utf8'), 'new')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['one'])
})

test('RES-48: a link stays one, and what it leads to is written', async () => {
  const [path, link] = [join(folder, 'one'), join(folder, 'link')]
  symlinkSync(path, link)
  await writePrivateFile(link, Buffer.from('by the link'))
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(readFileSync(path, 'utf8'), 'by the link')
})

test('RES-48: what is no plain file is neither read nor replaced, nor waited for', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  for (const path of [pipe, folder]) {
    assert.throws(() => readPrivateFile(path, 100), /no plain file/)
    await assert.rejects(writePrivateFile(path, Buffer.from('x')), /no plain file/)
  }
})

test('RES-48: a file that is not there is none, and one that is too long is not read', () => {
  assert.equal(readPrivateFile(join(folder, 'nowhere'), 100), undefined)
  const path = join(folder, 'long')
  writeFileSync(path, 'x'.repeat(101))
  assert.throws(() => readPrivateFile(path, 100), /longer than 100 octets/)
  assert.equal(readPrivateFile(path, 101)?.length, 101)
})

test('RES-48: where nothing can be written it says so, and leaves nothing', async () => {
  await assert.rejects(writePrivateFile(join(folder, 'no', 'such', 'folder'), Buffer.from('x')), /ENOENT/)
})
