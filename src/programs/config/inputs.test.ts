import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { openStore } from '../../io/store/open-store.ts'
import { checkInputs, readInputs } from './inputs.ts'
import { resolveSettings } from './resolve-settings.ts'
import { type SettingValues, valuesOf } from './settings.ts'

const now = Date.UTC(2026, 5, 1)
let folder = ''
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'waxseal-inputs-'))
  mkdirSync(join(folder, 'directory'))
  writeFileSync(join(folder, 'text'), `${'no database at all. '.repeat(10)}\n`)
  writeFileSync(join(folder, 'short'), 'SQLite')
  writeFileSync(join(folder, 'empty'), '')
  await openStore(join(folder, 'ours')).close()
  const foreign = new DatabaseSync(join(folder, 'foreign'))
  foreign.exec('PRAGMA application_id = 77; CREATE TABLE t (x)')
  foreign.close()
})
after(() => rmSync(folder, { recursive: true }))

function values(more: Partial<SettingValues>): SettingValues {
  return { ...valuesOf(resolveSettings({}, undefined)), engine: 'iterate', ...more }
}

const stores: [name: string, reason: string | undefined][] = [
  ['ours', undefined],
  ['empty', undefined],
  ['not-there-yet', undefined],
  ['directory', 'it is no file'],
  ['text', 'it is no database'],
  ['short', 'it is no database'],
  ['missing/store', 'its folder is missing'],
  ['foreign', 'is a database of something else'],
]
for (const [name, reason] of stores) {
  test(`the store "${name}" ${reason === undefined ? 'can be used' : `cannot be used: ${reason}`}`, async () => {
    const before = readdirSync(folder)
    const check = checkInputs(values({ store: join(folder, name) }), now)
    if (reason === undefined) await check
    else await assert.rejects(check, { name: 'ConfigError', message: new RegExp(`"${folder}/${name}".* ${reason}$`) })
    assert.deepEqual(readdirSync(folder), before)
  })
}

test('a store that is in use can be used', async () => {
  const store = openStore(join(folder, 'busy'))
  try {
    await checkInputs(values({ store: join(folder, 'busy') }), now)
  } finally {
    await store.close()
  }
})

test('an engine and servers that do not go together are found before anything is asked', async () => {
  const far = values({ engine: 'trust-ad', server: [{ address: '192.0.2.1', port: 53 }] })
  await assert.rejects(checkInputs(far, now), {
    ...{ name: 'ConfigError', message: /^engine trust-ad would believe 192\.0\.2\.1, which is not on this machine/ },
  })
})

test('DNSSEC-08: trust anchors of which none counts at this time are found', async () => {
  const path = join(folder, 'anchors')
  const digest = 'ab'.repeat(32)
  const until = new Date(now).toISOString()
  writeFileSync(
    path,
    `<TrustAnchor id="a" source="b"><Zone>.</Zone><KeyDigest id="K" validFrom="2017-02-02T00:00:00Z" validUntil="${until}">
    <KeyTag>1</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>${digest}</Digest></KeyDigest></TrustAnchor>`,
  )
  const given = values({ 'trust-anchor': path, store: ':memory:' })
  await checkInputs(given, now - 1)
  const message = `"${path}" holds for . nothing that counts now`
  await assert.rejects(checkInputs(given, now), { name: 'ConfigError', message })
})

const files = ['root-hints', 'trust-anchor', 'ca-file'] as const
for (const file of files) {
  test(`${file}: a file that is missing, a directory or without end is refused by name`, () => {
    const read = (path: string) => () => readInputs({ ...values({}), [file]: path })
    const name = 'ConfigError'
    assert.throws(read('/nonexistent/x'), { name, message: 'cannot read "/nonexistent/x": no such file' })
    assert.throws(read(folder), { name, message: `cannot read "${folder}": it is a directory` })
    assert.throws(read('/dev/zero'), { name, message: /^"\/dev\/zero" is longer than \d+ octets$/ })
  })
}
