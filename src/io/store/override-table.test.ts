import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import type { Override, OverrideRule, OverrideTarget } from '../../core/decision/override.ts'
import type { DomainName } from '../../core/name/domain.ts'
import { openStore } from './open-store.ts'

const now = 1_800_000_000_000
const day = 86_400_000

function domain(text: string): DomainName {
  return text as DomainName // the texts of these tests are such names
}

function at(name: string | undefined, host?: string): OverrideTarget {
  const pattern = (text: string | undefined) =>
    text === undefined ? undefined : { name: domain(text.replace(/^\./, '')), below: text.startsWith('.') }
  return { domain: pattern(name), host: pattern(host) }
}

function override(target: OverrideTarget, rule: OverrideRule, changes: Partial<Override> = {}): Override {
  return { target, rule, reason: 'why', author: 'alice', createdAt: now, expiresAt: now + day, ...changes }
}

const all: Override[] = [
  override(at('.example.org'), { kind: 'require', level: 'pkix', names: [domain('mail.example.org')] }),
  override(at('example.org', 'mx.example.net'), { kind: 'relax', level: 'may' }),
  override(at('example.org'), { kind: 'require', level: 'dane' }, { expiresAt: undefined }),
  override(at(undefined, '.pool.example'), { kind: 'skip' }, { reason: 'caf\u00e9' }),
]

function storePath(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'waxseal-overrides-'))
  context.after(() => rmSync(path, { recursive: true, force: true }))
  return join(path, 'store.db')
}

test('overrides put are found by another process, one for a target', async (context) => {
  const path = storePath(context)
  const [writer, reader] = [openStore(path), openStore(path)]
  const before = await reader.overrides.revision()
  for (const one of all) assert.equal(await writer.overrides.put(one), 'durable')
  const found = await reader.overrides.list()
  assert.deepEqual(new Set(found.map((one) => JSON.stringify(one))), new Set(all.map((one) => JSON.stringify(one))))
  assert.equal(found.length, all.length)
  const after = await reader.overrides.revision()
  assert.notEqual(after, before)
  assert.equal(await reader.overrides.revision(), after)
  const relaxed = override(at('example.org'), { kind: 'relax', level: 'encrypt' })
  await writer.overrides.put(relaxed)
  assert.equal((await reader.overrides.list()).length, all.length)
  assert.notEqual(await reader.overrides.revision(), after)
  await Promise.all([writer.close(), reader.close()])
})

test('the trail says who changed what, when and why, in both ways of changing', async () => {
  const { overrides, close } = openStore(':memory:')
  const target = at('example.org')
  await overrides.put(override(target, { kind: 'require', level: 'encrypt' }))
  await overrides.put(override(target, { kind: 'relax', level: 'may' }, { author: 'bob', reason: 'lapsed' }))
  assert.equal(await overrides.remove(target, { author: 'carol', at: now + 5, reason: 'mended' }), 'durable')
  assert.equal(await overrides.remove(target, { author: 'carol', at: now + 6, reason: 'again' }), 'absent')
  assert.deepEqual(await overrides.list(), [])
  const trail = await overrides.audit(10)
  assert.deepEqual(
    trail.map(({ action, author, at: when, reason, rule, isIntact }) => [action, author, when, reason, rule, isIntact]),
    [
      ['remove', 'carol', now + 5, 'mended', 'relax may', true],
      ['replace', 'bob', now, 'lapsed', 'relax may', true],
      ['add', 'alice', now, 'why', 'require encrypt', true],
    ],
  )
  const [newest] = trail
  assert.deepEqual(
    (await overrides.audit(1, newest?.id)).map(({ action }) => action),
    ['replace'],
  )
  assert.equal(await overrides.isAuditCut(), false)
  await close()
})

const forbidden = ["UPDATE override_audit SET reason = 'x'", 'DELETE FROM override_audit']
for (const statement of forbidden) {
  test(`the trail is only added to: ${statement}`, async (context) => {
    const path = storePath(context)
    const store = openStore(path)
    await store.overrides.put(override(at('example.org'), { kind: 'require', level: 'dane' }))
    await store.close()
    const database = new DatabaseSync(path)
    assert.throws(() => database.exec(statement), /the audit trail is only added to/)
    database.close()
  })
}

const forgeries: [what: string, statement: string, broken: readonly string[], isCut: boolean][] = [
  ['an entry that was changed', "UPDATE override_audit SET author = 'mallory' WHERE id = 2", ['2'], false],
  ['an entry that was taken out', 'DELETE FROM override_audit WHERE id = 2', ['3'], false],
  ['the last entry taken away', 'DELETE FROM override_audit WHERE id = 3', [], true],
]
for (const [what, statement, broken, isCut] of forgeries) {
  test(`the trail shows ${what} by hand`, async (context) => {
    const path = storePath(context)
    const before = openStore(path)
    for (const one of all.slice(0, 3)) await before.overrides.put(one)
    await before.close()
    const database = new DatabaseSync(path)
    database.exec('DROP TRIGGER override_audit_stays; DROP TRIGGER override_audit_is_kept')
    database.exec(statement)
    database.close()
    const { overrides, close } = openStore(path)
    const wrong = (await overrides.audit(10)).filter(({ isIntact }) => !isIntact)
    assert.deepEqual(
      wrong.map(({ id }) => String(id)),
      broken,
    )
    assert.equal(await overrides.isAuditCut(), isCut)
    await close()
  })
}

const damages = [
  'UPDATE overrides SET rule = \'{"kind":"relax","level":"may"}\'',
  "UPDATE overrides SET domain = 'example.net'",
  'UPDATE overrides SET expires_at = 0',
  "UPDATE overrides SET rule = 'x', digest = ''",
]
for (const statement of damages) {
  test(`a damaged override is never as good as none: ${statement}`, async (context) => {
    const path = storePath(context)
    const before = openStore(path)
    await before.overrides.put(override(at('example.org'), { kind: 'require', level: 'dane' }))
    await before.close()
    const database = new DatabaseSync(path)
    database.exec(statement)
    database.close()
    const { overrides, close } = openStore(path)
    await assert.rejects(overrides.list(), { name: 'StoreError', message: /^the override of example\.\w+ is damaged$/ })
    const [name] = statement.includes('net') ? ['example.net'] : ['example.org']
    assert.equal(await overrides.remove(at(name), { author: 'bob', at: now, reason: 'damaged' }), 'durable')
    assert.deepEqual(await overrides.list(), [])
    await close()
  })
}

test('a change that cannot be made takes no other with it', async () => {
  const warnings: string[] = []
  const store = openStore(':memory:', { onWarning: ({ table, key }) => warnings.push(`${table} ${key}`) })
  const impossible = override(at('b.example'), { kind: 'skip' }, { reason: null as unknown as string })
  const names = ['a.example', 'c.example']
  const [first, wrong, last] = await Promise.all([
    store.overrides.put(override(at(names[0]), { kind: 'skip' })),
    store.overrides.put(impossible),
    store.overrides.put(override(at(names[1]), { kind: 'skip' })),
  ])
  assert.deepEqual([first, wrong, last], ['durable', 'lost', 'durable'])
  assert.deepEqual(warnings, ['overrides b.example'])
  assert.deepEqual(
    (await store.overrides.list()).map(({ target }) => target.domain?.name),
    names,
  )
  assert.equal((await store.overrides.audit(10)).length, 2)
  await store.close()
})
