// MTA-STS policies from one machine to another: what is taken over, and what never is.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openStore } from '../../src/io/store/open-store.ts'
import type { StoredPolicy } from '../../src/io/store/store.ts'
import { createOut } from '../../src/programs/cli/out.ts'
import { runCommandLine } from '../../src/programs/cli/run-command-line.ts'
import { domain } from '../support/domain.ts'
import { movedClock } from '../support/moved-clock.ts'

const now = 1_800_000_000_000
const hour = 3_600_000

function policy(name: string, changes: Partial<StoredPolicy> = {}): StoredPolicy {
  const { maxAge = 86_400, mode = 'enforce' } = changes
  const body = `version: STSv1\nmode: ${mode}\nmx: mail.${name}\nmax_age: ${maxAge}\n`
  const fetchedAt = now - hour
  return { domain: domain(name), id: '1', body, mode, maxAge, fetchedAt, refreshAt: now + hour, ...changes }
}

interface Machine {
  path(name: string): string
  put(...policies: readonly StoredPolicy[]): Promise<void>
  find(name: string): Promise<StoredPolicy | undefined>
  run(...args: readonly string[]): Promise<{ readonly status: number; readonly out: string; readonly err: string }>
}

function machine(context: TestContext, clock = movedClock(now)): Machine {
  const folder = mkdtempSync(join(tmpdir(), 'waxseal-export-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  const store = join(folder, 'store.db')
  return {
    path: (name) => join(folder, name),
    async put(...policies) {
      const opened = openStore(store)
      await Promise.all(policies.map((one) => opened.policies.put(one)))
      await opened.close()
    },
    async find(name) {
      const opened = openStore(store)
      const found = await opened.policies.find(domain(name))
      await opened.close()
      return found
    },
    async run(...args) {
      const written = { out: '', err: '' }
      const sink = (name: keyof typeof written) => ({
        write: (text: string) => {
          written[name] += text
          return true
        },
        once: () => undefined,
      })
      const environment = {}
      const out = createOut({ stdout: sink('out'), stderr: sink('err'), environment })
      const isKeyOnly = args.includes('--new-key')
      const status = await runCommandLine(isKeyOnly ? args : [...args, '--store', store], {
        ...{ out, clock, environment, signal: new AbortController().signal },
        openInput: () => assert.fail('nothing is read there'),
        openWorld: () => assert.fail('the network is not needed'),
      })
      return { status, ...written }
    },
  }
}

/** A machine with keys, and its policies in a file. */
async function exported(context: TestContext, ...policies: readonly StoredPolicy[]) {
  const from = machine(context)
  const [key, publicKey, file] = ['key.pem', 'key.pub', 'policies'].map((name) => from.path(name)) as [
    string,
    string,
    string,
  ]
  writeFileSync(publicKey, (await from.run('export', '--new-key', key)).out)
  await from.put(...policies)
  const { status, out, err } = await from.run('export', '--key', key)
  assert.deepEqual([status, err], [0, ''])
  writeFileSync(file, out)
  return { from, key, publicKey, file, text: out }
}

test('policies in force go over with the time of their fetch, and nothing else does', async (context) => {
  const over = policy('over.example', { maxAge: 60 })
  const { publicKey, file, text } = await exported(context, policy('a.example'), policy('b.example', { id: '7' }), over)
  assert.ok(!text.includes('over.example'))
  assert.ok(!text.includes('PRIVATE'))
  const to = machine(context)
  const { status, out } = await to.run('import', '--public-key', publicKey, file)
  assert.deepEqual([status, out], [0, '2 taken over, 0 here as late or later, 0 over\n'])
  assert.deepEqual(await to.find('a.example'), { ...policy('a.example'), refreshAt: now + 11 * hour })
  assert.equal((await to.find('b.example'))?.id, '7')
})

test('STS-65: nothing lasts longer by it, whatever the clocks say', async (context) => {
  const { publicKey, file } = await exported(context, policy('a.example', { maxAge: 7200, fetchedAt: now - hour }))
  const late = machine(context, movedClock(now + hour))
  assert.equal(
    (await late.run('import', '--public-key', publicKey, file)).out,
    '0 taken over, 0 here as late or later, 1 over\n',
  )
  assert.equal(await late.find('a.example'), undefined)
  const early = machine(context, movedClock(now - 2 * hour))
  await early.run('import', '--public-key', publicKey, file)
  assert.equal((await early.find('a.example'))?.fetchedAt, now - 2 * hour)
  const soon = machine(context, movedClock(now + hour - 1000))
  await soon.run('import', '--public-key', publicKey, file)
  const { fetchedAt, refreshAt } = (await soon.find('a.example')) ?? assert.fail('not taken over')
  assert.equal(fetchedAt, now - hour)
  assert.ok(refreshAt >= now + hour - 1000 && refreshAt < now + hour, 'it is fetched again before it ends')
})

test('a policy that was fetched as late or later stays, and an older one gives way', async (context) => {
  const { publicKey, file } = await exported(
    context,
    policy('newer.example'),
    policy('same.example'),
    policy('older.example'),
  )
  const to = machine(context)
  const newer = policy('newer.example', { id: '2', fetchedAt: now - hour + 1 })
  const same = policy('same.example', { id: '2' })
  await to.put(newer, same, policy('older.example', { id: '2', fetchedAt: now - hour - 1 }))
  const { out } = await to.run('import', '--public-key', publicKey, file)
  assert.equal(out, '1 taken over, 2 here as late or later, 0 over\n')
  assert.deepEqual([await to.find('newer.example'), await to.find('same.example')], [newer, same])
  assert.equal((await to.find('older.example'))?.id, '1')
})

test('a file that was cut off, changed, or signed by another is refused whole', async (context) => {
  const { file, publicKey, text } = await exported(context, policy('a.example'), policy('b.example'))
  const other = await exported(context, policy('a.example'))
  const refused: [text: string, key: string, message: RegExp][] = [
    [text, other.publicKey, /was not signed by this key, or changed since/],
    [text.replace('enforce', 'testing'), publicKey, /was not signed by this key, or changed since/],
    [text.slice(0, -10), publicKey, /is no file of waxseal export, or not all of one/],
    [text.replace('policies/1', 'policies/2'), publicKey, /was written by a newer release/],
    ['', publicKey, /is no file of waxseal export/],
  ]
  const to = machine(context)
  for (const [wrong, key, message] of refused) {
    writeFileSync(file, wrong)
    const { status, err } = await to.run('import', '--public-key', key, file)
    assert.equal(status, 65)
    assert.match(err, message)
  }
  assert.equal(await to.find('b.example'), undefined)
})

test('keys are for their owners alone, and of the right kind and half', async (context) => {
  const { from, key, publicKey, file } = await exported(context)
  assert.equal(statSync(key).mode & 0o777, 0o600)
  assert.match(readFileSync(publicKey, 'utf8'), /^-----BEGIN PUBLIC KEY-----/)
  assert.match((await from.run('export', '--new-key', key)).err, /cannot make/)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  writeFileSync(from.path('rsa'), rsa.publicKey.export({ type: 'spki', format: 'pem' }))
  const refused: [key: string, message: RegExp][] = [
    [key, /is a private key: give the public one/],
    [file, /is no key in PEM/],
    [from.path('rsa'), /is no Ed25519 key/],
    [from.path('none'), /cannot read .*: no such file/],
  ]
  for (const [wrong, message] of refused) {
    const { status, err } = await from.run('import', '--public-key', wrong, file)
    assert.equal(status, 78)
    assert.match(err, message)
  }
  chmodSync(key, 0o640)
  assert.match((await from.run('export', '--key', key)).err, /is not its owner's alone \(mode 640\): chmod 600/)
})

for (const [args, message] of [
  [['export'], /give either --key or --new-key/],
  [['export', '--key', 'a', '--new-key', 'b'], /give either --key or --new-key/],
  [['import', 'x'], /give --public-key/],
] as const) {
  test(`refused: ${args.join(' ')}`, async (context) => {
    const { status, err } = await machine(context).run(...args)
    assert.equal(status, 64)
    assert.match(err, message)
  })
}

test('many policies are taken over, those that are due spread in time', async (context) => {
  const due = Array.from({ length: 2500 }, (_, at) => policy(`d${at}.example`, { fetchedAt: now - 20 * hour }))
  const { publicKey, file } = await exported(context, ...due)
  const to = machine(context)
  const { out, err } = await to.run('import', '--public-key', publicKey, file)
  assert.equal(err.slice(0, 300), '')
  assert.match(out, /^2500 taken over/)
  const times = await Promise.all([0, 1, 500, 996].map(async (at) => (await to.find(`d${at}.example`))?.refreshAt ?? 0))
  assert.ok(new Set(times).size > 1)
  for (const at of times) assert.ok(at >= now && at < now + 4 * hour, 'before it ends')
})
