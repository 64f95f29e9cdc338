// Holds docs/json.md and what commands print together: every key that is documented is printed, and no other.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Lab, startLab } from '../../src/programs/lab/lab.ts'
import { parseWorld } from '../../src/programs/lab/world/parse.ts'
import { certify } from '../support/key-chains.ts'
import { commandsIn, type LabCommands } from '../support/lab-commands.ts'

type Json = Readonly<Record<string, unknown>>

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'docs', 'json.md'), 'utf8')
let lab: Lab
let commands: LabCommands

before(async () => {
  lab = await startLab(`world  what JSON can show
zone   dane.example
zone   dane.example MX 10 mx.dane.example
zone   _25._tcp.mx.dane.example TLSA 3 1 1 {mx.dane.example.spki.sha256}
zone   alias.dane.example CNAME dane.example
host   mx.dane.example certificate=self-signed
zone   sts.example signed=no
zone   sts.example MX 10 mx.sts.example
host   mx.sts.example
policy sts.example mx=mx.sts.example
zone   bogus.example
zone   bogus.example MX 10 mx.bogus.example bogus
zone   lame.example
zone   lame.example NS lame.dane.example
zone   lame.dane.example A 198.51.100.1
zone   plain.example signed=no
zone   plain.example MX 10 mx.plain.example
host   mx.plain.example tls=1.1
zone   swapped.example
zone   swapped.example MX 10 mx.swapped.example
zone   _25._tcp.mx.swapped.example TLSA 3 1 1 {zeros.32}
host   mx.swapped.example
`)
  commands = commandsIn(lab)
})

after(async () => {
  commands.close()
  await lab.close()
})

interface Shape {
  /** Every key of the table. */
  readonly keys: readonly string[]
  /** The text that stands beside a key. */
  readonly notes: ReadonlyMap<string, string>
}

/** The table under a heading: keys in backticks in its first column. */
function shapeOf(heading: string): Shape {
  const start = text.indexOf(`\n${heading}\n`)
  assert.notEqual(start, -1, `no "${heading}" in docs/json.md`)
  const section = text.slice(start + heading.length + 2).split(/\n##/, 1)[0] ?? ''
  const notes = new Map<string, string>()
  for (const [, first = '', note = ''] of section.matchAll(/^\| (`[^|]+) \| (.*) \|$/gm)) {
    for (const [, key = ''] of first.matchAll(/`(\w+)`/g)) notes.set(key, note)
  }
  return { keys: [...notes.keys()], notes }
}

/** The keys of `{a, b}` beside a key of a shape. */
function partsOf(shape: Shape, key: string): string[] {
  return /`\{([^}]+)\}`/.exec(shape.notes.get(key) ?? '')?.[1]?.split(', ') ?? []
}

function assertKeys(value: Json, keys: readonly string[]): void {
  assert.deepEqual(Object.keys(value).sort(), [...keys].sort())
}

function assertLookup(value: Json, extra: readonly string[] = []): void {
  const shape = shapeOf('## `waxseal.dns/1`')
  const without = value.result === 'failure' ? 'not with `failure`' : 'only with `failure`'
  const isExpected = (key: string) => !['line', 'schema'].includes(key) && !shape.notes.get(key)?.includes(without)
  const expected = shape.keys.filter(isExpected)
  assertKeys(value, [...expected, ...extra])
  const zone = shapeOf('### A zone of the chain')
  for (const link of value.chain as Json[]) {
    assertKeys(link, zone.keys)
    for (const ds of link.ds as Json[]) assertKeys(ds, partsOf(zone, 'ds'))
    if (link.key !== null) assertKeys(link.key as Json, partsOf(zone, 'key'))
  }
  const error = shapeOf('### An extended error').keys
  for (const one of value.serverErrors as Json[]) assertKeys(one, error)
  for (const one of value.extendedErrors as Json[]) assertKeys(one, error.slice(0, 2))
  for (const alias of (value.aliases ?? []) as Json[]) assertKeys(alias, shapeOf('### An alias').keys)
}

async function print(...args: readonly string[]): Promise<Json> {
  const { stdout, stderr } = await commands.run(args)
  assert.equal(stderr, '')
  assert.match(stdout, /^[^\n]+\n$/)
  return JSON.parse(stdout) as Json
}

for (const [name, type, result] of [
  ['dane.example', 'MX', 'answer'],
  ['alias.dane.example', 'MX', 'answer'],
  ['sts.example', 'MX', 'answer'],
  ['dane.example', 'AAAA', 'nodata'],
  ['none.dane.example', 'MX', 'nxdomain'],
  ['bogus.example', 'MX', 'failure'],
] as const) {
  test(`dns --json of ${name} ${type} (${result}) has the keys of docs/json.md`, async () => {
    const found = await print('dns', '--json', ...commands.iterate, name, type)
    assert.equal(found.schema, 'waxseal.dns/1')
    assert.equal(found.result, result)
    assertLookup(found, ['schema'])
  })
}

test('tlsa gen --json has the keys of docs/json.md', async () => {
  const files = join(commands.folder, 'next')
  mkdirSync(join(files, 'live/next'), { recursive: true })
  const { pem, key } = await certify({ name: 'next', names: ['mx.dane.example'] })
  writeFileSync(join(files, 'live/next/fullchain.pem'), pem)
  writeFileSync(join(files, 'live/next/privkey.pem'), key, { mode: 0o600 })
  const line = ['tlsa', 'gen', '--json', ...commands.iterate, '--host', 'mx.dane.example', join(files, 'live/next')]
  const report = JSON.parse((await commands.run(line)).stdout) as {
    hosts: Record<string, Json[]>[]
    warnings: Json[]
  } & Json
  const [top, host, record] = ['## `waxseal.tlsa-gen/1`', '### A host with records', '### A record to publish'].map(
    shapeOf,
  )
  assert.ok(top !== undefined && host !== undefined && record !== undefined)
  assertKeys(report, top.keys)
  assert.ok(report.warnings.length > 0)
  for (const one of report.warnings) assertKeys(one, partsOf(top, 'warnings'))
  assert.equal(report.hosts.length, 1)
  for (const one of report.hosts) {
    assertKeys(one, host.keys)
    for (const part of ['renewals', 'addresses']) {
      assert.ok((one[part] ?? []).length > 0)
      for (const each of one[part] ?? []) assertKeys(each, partsOf(host, part))
    }
    for (const each of one.records ?? []) {
      assertKeys(each, record.keys)
      for (const part of ['tlsa', 'of']) assertKeys(each[part] as Json, partsOf(record, part))
      for (const shown of each.shownBy as Json[]) assertKeys(shown, partsOf(record, 'shownBy'))
    }
  }
})

for (const [name, status] of [
  ['dane.example', 0],
  ['sts.example', 1],
  ['plain.example', 3],
  ['swapped.example', 4],
  ['bogus.example', 4],
  ['none.dane.example', 4],
] as const) {
  test(`check --json of ${name} has the keys of docs/json.md`, async () => {
    const { stdout, status: ended } = await commands.run(['check', '--json', ...commands.iterate, name])
    assert.equal(ended, status)
    const report = JSON.parse(stdout) as Record<string, Json[]> & Json
    const shape = shapeOf('## `waxseal.check/1`')
    assertKeys(
      report,
      shape.keys.filter((key) => key !== 'line'),
    )
    for (const section of report.sections ?? []) assertKeys(section, partsOf(shape, 'sections'))
    for (const line of report.lines ?? []) assertKeys(line, shapeOf('### A protocol').keys)
    const sender = shapeOf('### A kind of sender')
    for (const row of report.senders ?? []) {
      assertKeys(row, sender.keys)
      for (const host of row.hosts as Json[]) assertKeys(host, partsOf(sender, 'hosts'))
    }
    const finding = shapeOf('### A finding')
    for (const one of report.findings ?? []) {
      assertKeys(one, finding.keys)
      for (const seen of one.seen as Json[]) assertKeys(seen, partsOf(finding, 'seen'))
      for (const text of one.publish as Json[]) assertKeys(text, partsOf(finding, 'publish'))
    }
    for (const operator of report.operators ?? []) assertKeys(operator, shapeOf('### An operator').keys)
    const host = shapeOf('### An MX host')
    const parts = [...(host.notes.get('addresses') ?? '').matchAll(/`\{([^}]+)\}`/g)].map(([, keys = '']) =>
      keys.split(', '),
    )
    for (const row of report.grid ?? []) {
      assertKeys(row, host.keys)
      for (const address of row.addresses as Json[]) {
        assertKeys(address, parts[0] ?? [])
        for (const key of address.keys as Json[]) assertKeys(key, parts[1] ?? [])
      }
    }
  })
}

for (const name of ['dane.example', 'sts.example', 'plain.example'] as const) {
  test(`setup --json of ${name} has the keys of docs/json.md`, async () => {
    const { stdout, status } = await commands.run(['setup', '--json', ...commands.iterate, name])
    assert.equal(status, 1)
    const plan = JSON.parse(stdout) as { steps: Json[] } & Json
    assertKeys(plan, shapeOf('## `waxseal.setup/1`').keys)
    const shape = shapeOf('### A step of a set-up')
    assert.ok(plan.steps.length > 5)
    for (const step of plan.steps) {
      assertKeys(step, shape.keys)
      for (const text of step.texts as Json[]) assertKeys(text, partsOf(shape, 'texts'))
      if (step.wait !== null) assertKeys(step.wait as Json, partsOf(shape, 'wait'))
    }
  })
}

for (const [name, status] of [
  ['dane.example', 0],
  ['plain.example', 2],
  ['swapped.example', 4],
] as const) {
  test(`tlsa doctor --json of ${name} has the keys of docs/json.md`, async () => {
    const line = ['tlsa', 'doctor', '--json', ...commands.iterate, '--domain', name]
    const { stdout, status: ended } = await commands.run(line)
    assert.equal(ended, status)
    const report = JSON.parse(stdout) as { hosts: Record<string, Json[]>[] } & Json
    assertKeys(report, shapeOf('## `waxseal.doctor/1`').keys)
    const [visited, step] = [shapeOf('### A visited host'), shapeOf('### A step of a doctor')]
    assert.equal(report.hosts.length, 1)
    for (const host of report.hosts) {
      assertKeys(host, visited.keys)
      for (const part of ['keys', 'records', 'servers']) {
        for (const one of host[part] ?? []) assertKeys(one, partsOf(visited, part))
      }
      for (const one of host.steps ?? []) {
        assertKeys(one, step.keys)
        for (const seen of one.seen as Json[]) assertKeys(seen, partsOf(step, 'seen'))
        for (const text of one.publish as Json[]) assertKeys(text, partsOf(step, 'publish'))
      }
    }
  })
}

test('dns --file prints the same with the line, and its own shape for what is no question', async () => {
  const list = join(commands.folder, 'questions')
  writeFileSync(list, 'dane.example MX\n# none\nbad..name\nbogus.example MX\n\xff\n', 'latin1')
  const { status, stdout } = await commands.run(['dns', ...commands.iterate, '--file', list])
  assert.equal(status, 65)
  const lines = stdout.trim().split('\n')
  const byLine = new Map(lines.map((line) => JSON.parse(line) as Json).map((line) => [line.line, line]))
  assert.deepEqual([...byLine.keys()].sort(), [1, 3, 4, 5])
  for (const at of [1, 4]) assertLookup(byLine.get(at) ?? {}, ['line', 'schema'])
  for (const at of [3, 5]) assertKeys(byLine.get(at) ?? {}, shapeOf('### A line that is no question').keys)
})

for (const [name, verdict] of [
  ['dane.example', 'agree'],
  ['lame.example', 'differ'],
  ['bogus.example', 'agree'],
] as const) {
  test(`dns --all-servers --json of ${name} (${verdict}) has the keys of docs/json.md`, async () => {
    const found = await print('dns', '--all-servers', '--json', ...commands.iterate, name, 'MX')
    const shape = shapeOf('## `waxseal.servers/1`')
    assertKeys(found, shape.keys)
    assert.deepEqual([found.schema, found.verdict], ['waxseal.servers/1', verdict])
    for (const answer of found.answers as Json[]) assertKeys(answer, partsOf(shape, 'answers'))
    for (const server of found.servers as Json[]) assertKeys(server, shapeOf('### A server').keys)
  })
}

function assertExplanation(report: Json, { listed }: { readonly listed: boolean }): void {
  const shape = shapeOf('## `waxseal.explain/1`')
  const [host, policy] = [shapeOf('### A host'), shapeOf('### A policy')]
  assertKeys(
    report,
    shape.keys.filter((key) => listed || key !== 'line'),
  )
  assertLookup(report.mx as Json)
  for (const one of report.hosts as Json[]) {
    assertKeys(one, host.keys)
    for (const lookup of [...(one.addressLookups as Json[]), ...(one.tlsaLookups as Json[])]) assertLookup(lookup)
    for (const record of one.tlsa as Json[]) assertKeys(record, partsOf(host, 'tlsa'))
  }
  assertKeys(report.policy as Json, policy.keys)
  assertLookup((report.policy as Json).record as Json)
}

for (const domain of ['dane', 'sts', 'bogus', 'plain', 'swapped', 'none'].map((name) => `${name}.example`)) {
  test(`explain --json of ${domain} has the keys of docs/json.md`, async () => {
    const report = await print('explain', '--json', ...commands.iterate, domain)
    assert.equal(report.schema, 'waxseal.explain/1')
    assertExplanation(report, { listed: false })
  })
}

test('explain --file prints the same with the line, and its own shape for what is no domain', async () => {
  const list = join(commands.folder, 'list')
  writeFileSync(list, 'dane.example\n\nbad..name\n\xff\n', 'latin1')
  const { status, stdout } = await commands.run(['explain', ...commands.iterate, '--file', list])
  assert.equal(status, 65)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Json)
  const byLine = new Map(lines.map((line) => [line.line, line]))
  assertExplanation(byLine.get(1) ?? {}, { listed: true })
  for (const [at, input, error] of [
    [3, 'bad..name', 'empty-label'],
    [4, null, 'not-utf8'],
  ] as const) {
    const bad = byLine.get(at) ?? {}
    assertKeys(bad, shapeOf('### A line that is no domain').keys)
    assert.deepEqual([bad.input, bad.error], [input, error])
  }
})

test('send --json has the keys of docs/json.md, and sessions of every kind', async () => {
  const store = ['--store', ':memory:']
  const to = ['dane', 'sts', 'bogus', 'plain', 'swapped'].map((name) => `you@${name}.example`)
  const { stdout } = await commands.run(['send', '--json', ...commands.iterate, ...store, ...to], {
    input: 'a: b\n\nc\n',
  })
  const report = JSON.parse(stdout) as Json
  const shape = shapeOf('## `waxseal.send/1`')
  const [tried, session] = [shapeOf('### A host that was tried'), shapeOf('### A session')]
  assertKeys(report, shape.keys)
  for (const recipient of report.recipients as Json[]) assertKeys(recipient, shapeOf('### A recipient').keys)
  const hosts = (report.domains as Json[]).flatMap((domain) => {
    assertKeys(domain, partsOf(shape, 'domains'))
    return domain.hosts as Json[]
  })
  const sessions = hosts.flatMap((host) => {
    assertKeys(host, tried.keys)
    return host.sessions as Json[]
  })
  for (const one of sessions) assertKeys(one, session.keys)
  for (const key of ['tls', 'tlsFailure']) {
    const found = sessions.map((one) => one[key]).filter((value) => value !== null) as Json[]
    assert.ok(found.length > 0, `no session with ${key}`)
    for (const value of found) assertKeys(value, partsOf(session, key))
  }
})

test('override list and audit --json have the keys of docs/json.md, and explain those of an override', async () => {
  const store = ['--store', join(commands.folder, 'overrides.db')]
  const to = ['--domain', 'dane.example', '--relax', 'may', '--until', '1d', '--reason', 'x', '--author', 'me']
  await commands.run(['override', 'add', ...to, ...store])
  const list = await print('override', 'list', '--json', ...store)
  assertKeys(list, shapeOf('## `waxseal.overrides/1`').keys)
  const [one] = list.overrides as Json[]
  assertKeys(one ?? {}, shapeOf('### A stored override').keys)
  assertKeys(await print('override', 'audit', '--json', ...store), shapeOf('## `waxseal.audit/1`').keys)
  const [shown] = (await print('explain', '--json', ...commands.iterate, ...store, 'dane.example')).overrides as Json[]
  assertKeys(shown ?? {}, shapeOf('### An override').keys)
})

test('demo --json has the keys of docs/json.md', async () => {
  const story = await print('demo', '--json')
  const shape = shapeOf('## `waxseal.demo/1`')
  const domain = shapeOf('### A domain under attack')
  assertKeys(story, shape.keys)
  for (const key of ['calm', 'after']) assertKeys(story[key] as Json, partsOf(shape, 'calm'))
  for (const one of story.domains as Json[]) {
    assertKeys(one, domain.keys)
    for (const attack of one.attacks as Json[]) assertKeys(attack, partsOf(domain, 'attacks'))
  }
})

test('config check --json has the keys of docs/json.md, and every setting of docs/configuration.md', async () => {
  const file = join(commands.folder, 'waxseal.toml')
  writeFileSync(file, 'timeout = 30\n')
  const found = await print('config', 'check', '--json', file)
  const shape = shapeOf('## `waxseal.config/1`')
  assertKeys(found, shape.keys)
  const settings = found.settings as Readonly<Record<string, Json>>
  for (const setting of Object.values(settings)) assertKeys(setting, partsOf(shape, 'settings'))
  assert.deepEqual(settings.timeout?.origin, { from: 'file', path: file, line: 1 })
  const configuration = readFileSync(join(root, 'docs', 'configuration.md'), 'utf8')
  const documented = [...configuration.matchAll(/^\| `([a-z0-9-]+)` +\|/gm)].map(([, key = '']) => key)
  assert.deepEqual(documented, Object.keys(settings))
})

test('docs/decisions.md has every row once, as a world may name it', () => {
  const decisions = readFileSync(join(root, 'docs', 'decisions.md'), 'utf8')
  const rows = [...decisions.matchAll(/^\| ([MHS]?\d+) +\|/gm)].map(([, row = '']) => row)
  assert.equal(new Set(rows).size, rows.length)
  const tables: Readonly<Record<string, string>> = { M: '1a', H: '1b', S: '1c' }
  const isRow = (row: string) => parseWorld(`world x\nrows ${tables[row.charAt(0)] ?? '1d'}/${row}\n`).ok
  assert.deepEqual(
    rows.filter((row) => !isRow(row)),
    [],
  )
  for (const [letter, count] of [
    ['M', 8],
    ['H', 8],
    ['S', 12],
    ['', 33],
  ] as const) {
    assert.equal(rows.filter((row) => row.replace(/\d+$/, '') === letter).length, count)
    assert.ok(!isRow(`${letter}${count + 1}`), `${letter}${count + 1} is missing`)
  }
})
