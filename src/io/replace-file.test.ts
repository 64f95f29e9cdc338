import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { replaceFile } from './replace-file.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-replace-'))
})
after(() => rmSync(folder, { recursive: true }))

test('replaceFile makes a file, replaces one, and leaves nothing else behind', async () => {
  const path = join(folder, 'plain')
  await replaceFile(path, 'one')
  assert.equal(readFileSync(path, 'utf8'), 'one')
  await replaceFile(path, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.deepEqual(readdirSync(folder), ['plain'])
})

test('replaceFile writes what a link points to, and leaves its mode', async () => {
  const [path, link] = [join(folder, 'private'), join(folder, 'link')]
  writeFileSync(path, 'one', { mode: 0o600 })
  symlinkSync(path, link)
  await replaceFile(link, 'two')
  assert.equal(readFileSync(path, 'utf8'), 'two')
  assert.ok(lstatSync(link).isSymbolicLink())
  assert.equal(lstatSync(path).mode & 0o777, 0o600)
})

test('replaceFile rejects where it cannot write, and leaves what was there', async () => {
  const path = join(folder, 'a folder')
  mkdirSync(path)
  await assert.rejects(replaceFile(path, 'x'), { code: 'EISDIR' })
  await assert.rejects(replaceFile(join(folder, 'none', 'x'), 'x'), { code: 'ENOENT' })
  assert.ok(lstatSync(path).isDirectory())
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('a folder.')),
    [],
  )
})
